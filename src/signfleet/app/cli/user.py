"""`signfleet user`"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import click

from signfleet.app.cli.groups import Commands
from signfleet.app.cli.local_store import STORE, with_services
from signfleet.app.cli.network import network_of
from signfleet.app.cli.options import settings_options
from signfleet.app.cli.output import json_option, show, show_table
from signfleet.foundation import clock

if TYPE_CHECKING:
    from signfleet.app.wiring import Services
    from signfleet.identity.users.store import UserRow


@click.group(cls=Commands)
def user() -> None:
    """Users: the members of a network. To add one, run `signfleet network admit`."""


@user.command("list")
@click.argument("network")
@json_option
@settings_options(*STORE)
def list_(network: str, **flags: Any) -> None:
    """List the users of a network with role and state."""

    async def work(services: Services) -> list[list[Any]]:
        from signfleet.identity.roles.system import role_name

        rows = await services.users.of_network((await network_of(services, network)).id)
        return [[row.id, row.login, role_name(row), _state(row)] for row in rows]

    show_table(["id", "login", "role", "state"], with_services(flags, work))


def _state(row: UserRow) -> str:
    if row.is_locked_out:
        return "locked"
    return "invited" if row.activation_date is None else "member"


@user.command()
@click.argument("network")
@click.argument("login")
@click.argument("role")
@json_option
@settings_options(*STORE)
def role(network: str, login: str, role: str, **flags: Any) -> None:
    """Give a user another system role, effective at once."""

    async def change(services: Services, row: UserRow, now: int) -> None:
        from signfleet.identity.roles.system import system_role

        await services.users.set_role(row, system_role(role).id, now)

    _change(network, login, flags, change)
    show({"network": network, "login": login, "role": role})


@user.command()
@click.argument("network")
@click.argument("login")
@settings_options(*STORE)
def lock(network: str, login: str, **flags: Any) -> None:
    """Lock a user of a network at once."""
    _change(network, login, flags, lambda services, row, now: services.users.set_locked(row, True, now))
    click.echo(f"Locked {login} out of the network {network}.")


@user.command()
@click.argument("network")
@click.argument("login")
@settings_options(*STORE)
def unlock(network: str, login: str, **flags: Any) -> None:
    """Unlock a user of a network."""
    _change(network, login, flags, lambda services, row, now: services.users.set_locked(row, False, now))
    click.echo(f"Unlocked {login} in the network {network}.")


def _change(
    network: str, login: str, flags: dict[str, Any], change: Callable[[Services, UserRow, int], Awaitable[None]]
) -> None:
    async def work(services: Services) -> None:
        from signfleet.foundation.errors import NotFound

        found = await network_of(services, network)
        row = await services.users.find(found.id, login)
        if row is None:
            raise NotFound(f"There is no user '{login}' in the network '{network}'.")
        await change(services, row, clock.now())

    with_services(flags, work)
