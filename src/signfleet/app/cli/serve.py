"""`signfleet serve`"""

from __future__ import annotations

import contextlib
import json
import os
from secrets import token_urlsafe
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import click

from signfleet.app.cli.credentials_file import CredentialsFile
from signfleet.app.cli.echo import echo
from signfleet.app.cli.options import load_settings, settings_options
from signfleet.foundation import clock

if TYPE_CHECKING:
    from signfleet.app.server import Companion
    from signfleet.app.wiring import Services
    from signfleet.foundation.settings import Settings

#: The names that a first start uses; with `signfleet init` the operator chooses them.
NETWORK = "Main"
LOGIN = "admin@localhost"


@click.command()
@settings_options()
def serve(**flags: Any) -> None:
    """Run the server.

    The first start creates the store, a network and its administrator. It writes the administrator's password and an
    application's secret to `credentials.json` in the data folder, which only the user of the server can read. To
    choose the names yourself, run `signfleet init` first.

    You can also set each setting in the environment (--log-level is SIGNFLEET_LOG_LEVEL) or in a TOML file (log_level
    = "info"). A flag overrides the environment, and the environment overrides the file.
    """
    settings = load_settings(flags)
    run_server(settings, _announce_tests if settings.testing else _first_start)


def run_server(settings: Settings, companion: Companion) -> None:
    """Serves until a signal stops the process; a failed start ends the command with the reason."""
    from signfleet.app.server import CannotListen, run
    from signfleet.foundation.errors import SignfleetError
    from signfleet.foundation.settings import SettingsError
    from signfleet.foundation.storage.interface import StorageError
    from signfleet.foundation.storage.open import CannotOpen

    CredentialsFile(settings.data_folder).withdraw_if_stale()
    try:
        run(settings, companion)
    except (CannotListen, CannotOpen, SettingsError, SignfleetError, StorageError) as error:
        raise click.ClickException(str(error)) from error


async def _announce_tests(services: Services, address: str) -> None:
    """Publishes the address and the credentials of a testing server."""
    from signfleet.testing.accounts import CLIENT_ID, CLIENT_SECRET, LOGIN, PASSWORD
    from signfleet.testing.accounts import NETWORK as TESTING

    public = {"network": TESTING, "login": LOGIN, "password": PASSWORD}
    public |= {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
    file = CredentialsFile(services.settings.data_folder)
    services.readiness.release()  # a test that finds the file does not wait for more
    file.publish({"base_url": address, **public})
    echo(f"A testing server at {address}: its credentials, which are public, are in {file.path}.")


async def _first_start(services: Services, address: str) -> None:
    """Creates the first network unless there is one; another process may do so at the same time."""
    from signfleet.app.bootstrap import bootstrap, is_bootstrapped
    from signfleet.foundation.errors import Conflict
    from signfleet.foundation.private_files import write_private
    from signfleet.identity.access.passwords import generate

    file = CredentialsFile(services.settings.data_folder)
    if await is_bootstrapped(services.people):
        _correct_address(file, address)
        return
    secrets = {"password": generate(), "client_id": str(uuid4()), "client_secret": token_urlsafe(32)}
    # Before they are stored: if the process ends in between, they are not lost.
    mine = file.path.with_name(f"credentials.{os.getpid()}.json")
    mine.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_private(mine, json.dumps({"base_url": address, "network": NETWORK, "login": LOGIN, **secrets}, indent=1))
    try:
        await bootstrap(
            services.store,
            services.people,
            network=NETWORK,
            login=LOGIN,
            now=clock.now(),
            **secrets,
        )
    except Conflict:
        mine.unlink()
        return
    mine.replace(file.path)
    echo(
        f"A new installation at {address}: network {NETWORK}, login {LOGIN}. Its password and an application's secret"
        f" are in {file.path}; note them and delete the file."
    )


def _correct_address(file: CredentialsFile, address: str) -> None:
    """Writes the current address into a credentials file that an earlier start has left."""
    with contextlib.suppress(OSError, ValueError):
        values = file.read()
        if values is not None:
            file.publish(values | {"base_url": address})
