"""`signfleet serve`"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import click

from signfleet.cli.options import load_settings, settings_options

if TYPE_CHECKING:
    from signfleet.server import Companion
    from signfleet.settings import Settings
    from signfleet.wiring import Services

#: What a first start founds; `signfleet init` lets the operator choose instead.
NETWORK = "Main"
LOGIN = "admin@localhost"


@click.command()
@settings_options()
def serve(**flags: Any) -> None:
    """Run the server.

    The first start creates the store, a network and its administrator, and prints the administrator's password,
    once; run `signfleet init` before it to choose names yourself.

    Each setting may also be given in the environment (--log-level is SIGNFLEET_LOG_LEVEL) or in a TOML file
    (log_level = "info"); a flag wins over the environment, the environment over the file.
    """
    run_server(load_settings(flags), _first_start)


def run_server(settings: Settings, companion: Companion) -> None:
    """Serve until the process is told to stop; a failing start ends the command with its reason."""
    from signfleet import logs
    from signfleet.errors import SignfleetError
    from signfleet.server import CannotListen, run
    from signfleet.settings import SettingsError
    from signfleet.storage.opening import CannotOpen

    logs.configure(settings.log_level)
    try:
        run(settings, companion)
    except (CannotListen, CannotOpen, SettingsError, SignfleetError) as error:
        raise click.ClickException(str(error)) from error


async def _first_start(services: Services, address: str) -> None:
    """Found the installation unless it is; another process that starts at the same time may be first."""
    from signfleet.errors import Conflict
    from signfleet.founding import found, is_founded

    if await is_founded(services.people):
        return
    try:
        founded = await found(
            services.store, services.people, network=NETWORK, login=LOGIN, now=time.time_ns() // 1_000_000
        )
    except Conflict:
        return
    click.echo(
        f"A new installation at {address}. These are shown once:\n"
        f"  network        {founded.network}\n"
        f"  login          {founded.login}\n"
        f"  password       {founded.password}\n"
        f"  client id      {founded.client_id}\n"
        f"  client secret  {founded.client_secret}"
    )
