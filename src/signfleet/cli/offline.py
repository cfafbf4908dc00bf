"""Commands that work on the store of an installation, whether its server runs or not."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from getpass import getuser
from typing import TYPE_CHECKING, Any, TypeVar

import click

from signfleet.cli.options import load_settings

if TYPE_CHECKING:
    from signfleet.wiring import Services

T = TypeVar("T")

#: The settings that tell which store it is.
STORE = ("data", "database")


def with_services(flags: dict[str, Any], work: Callable[[Services], Awaitable[T]], *, new: bool = False) -> T:
    """Open the store that `flags` name, do `work`, close it. What goes wrong ends the command with its reason.

    A file that is not there is made if the store may be `new`; otherwise the folder is likely to be mistyped.
    """
    settings = load_settings(flags)
    from signfleet.actor import Actor, act_as
    from signfleet.errors import SignfleetError
    from signfleet.settings import SettingsError
    from signfleet.storage.interface import StorageError
    from signfleet.storage.opening import CannotOpen, is_missing
    from signfleet.wiring import build

    if not new and is_missing(settings.database_url):
        raise click.ClickException(
            f"There is no store at {settings.database_url}; name its folder with --data, or make one with"
            " `signfleet init`."
        )

    async def opened() -> T:
        act_as(Actor(f"command line ({_operator()})"))
        services = await build(settings)
        try:
            return await work(services)
        finally:
            await services.close()

    try:
        return asyncio.run(opened())
    except (SignfleetError, SettingsError, StorageError, CannotOpen) as error:
        raise click.ClickException(str(error)) from error


def _operator() -> str:
    """The name of who runs the command; in a container there may be none."""
    try:
        return getuser()
    except (KeyError, OSError):
        return "unnamed"


def show(values: dict[str, Any]) -> None:
    """One thing, a property a line."""
    width = max(map(len, values)) + 2
    for name, value in values.items():
        click.echo(f"{name:<{width}}{'' if value is None else value}")


def show_table(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Many things, one a line, in columns."""
    texts = [list(columns), *[["" if value is None else str(value) for value in row] for row in rows]]
    widths = [max(len(text[place]) for text in texts) for place in range(len(columns))]
    for text in texts:
        click.echo("  ".join(f"{value:<{width}}" for value, width in zip(text, widths, strict=True)).rstrip())
