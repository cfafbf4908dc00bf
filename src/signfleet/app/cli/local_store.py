"""Opens the store for commands that work whether or not the server runs."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from getpass import getuser
from typing import TYPE_CHECKING, Any, TypeVar

import click

from signfleet.app.cli.options import load_settings

if TYPE_CHECKING:
    from signfleet.app.wiring import Services
    from signfleet.foundation.settings import Settings

T = TypeVar("T")

#: The settings that name the store.
STORE = ("data", "database")


def with_services(flags: dict[str, Any], work: Callable[[Services], Awaitable[T]], *, new: bool = False) -> T:
    """Opens the store that `flags` name, runs `work` and closes the store. A failure ends the command with its reason.

    A missing file is created and an older schema upgraded only if the store may be `new`: otherwise the folder is
    likely to be mistyped, or an older server still runs on the store.
    """
    settings = load_settings(flags) if new else existing_store(load_settings(flags))
    from signfleet.app.wiring import build
    from signfleet.foundation.errors import SignfleetError
    from signfleet.foundation.settings import SettingsError
    from signfleet.foundation.storage.interface import StorageError
    from signfleet.foundation.storage.open import CannotOpen
    from signfleet.web.caller.actor import Actor, act_as

    async def opened() -> T:
        act_as(Actor(f"command line ({_operator()})"))
        services = await build(settings, upgrade=new)
        try:
            return await work(services)
        finally:
            await services.close()

    try:
        return asyncio.run(opened())
    except (SignfleetError, SettingsError, StorageError, CannotOpen) as error:
        raise click.ClickException(str(error)) from error


def existing_store(settings: Settings) -> Settings:
    """Returns the settings if their store exists; otherwise ends the command with an error."""
    from signfleet.foundation.storage.open import is_missing

    if is_missing(settings.database_url):
        raise click.ClickException(
            f"There is no store at {settings.database_url}; name its folder with --data, or create one with"
            " `signfleet init`."
        )
    return settings


def _operator() -> str:
    """Returns the user who runs the command; in a container there may be none."""
    try:
        return getuser()
    except (KeyError, OSError):
        return "unnamed"
