"""`signfleet person`"""

from __future__ import annotations

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
    from signfleet.identity.people.schemas import Person
    from signfleet.identity.people.store import AccountRow


@click.group(cls=Commands)
def person() -> None:
    """People who may sign in."""


@person.command("list")
@json_option
@settings_options(*STORE)
def list_(**flags: Any) -> None:
    """List all people with their state."""
    from signfleet.foundation.wire import datetime

    rows = with_services(flags, lambda services: services.people.rows())
    show_table(
        ["id", "login", "first name", "last name", "state", "created"],
        [
            [
                row.person_id,
                row.login,
                row.first_name,
                row.last_name,
                _state(row),
                datetime.format(row.person_creation_date),
            ]
            for row in rows
        ],
    )


def _state(row: AccountRow) -> str:
    if row.is_locked_out:
        return "locked"
    return "not activated" if row.activation_date is None else "active"


@person.command()
@click.argument("login")
@click.option("--password", metavar="TEXT", help="The password; by default one is generated and shown.")
@click.option("--first-name", metavar="NAME", help="First name.")
@click.option("--last-name", metavar="NAME", help="Last name.")
@click.option("--network", metavar="NAME", help="A network to make the person a member of.")
@click.option("--role", default="Viewers", show_default=True, help="The system role in that network.")
@json_option
@settings_options(*STORE)
def create(login: str, network: str | None, role: str, **options: Any) -> None:
    """Create a person; LOGIN is an e-mail address."""
    personal = {name: options.pop(name) for name in ("password", "first_name", "last_name")}

    async def work(services: Services) -> Person:
        from signfleet.identity.roles.system import system_role

        now = clock.now()
        member_of = None if network is None else await network_of(services, network)
        chosen = system_role(role)
        made = await services.people.create(login=login, now=now, **personal)
        if member_of is not None:
            await services.users.create(network_id=member_of.id, person_id=made.id, role=chosen, now=now)
        return made

    made = with_services(options, work)
    show({"id": made.id, "login": made.login, "password": made.password or "as given"})


@person.command()
@click.argument("login")
@click.option("--password", metavar="TEXT", help="The password; by default one is generated and shown.")
@json_option
@settings_options(*STORE)
def password(login: str, password: str | None, **flags: Any) -> None:
    """Set a person's password and end all their sessions."""
    made = with_services(flags, lambda services: services.people.set_password(login, password, clock.now()))
    show({"login": login, "password": made or "as given"})


@person.command()
@click.argument("login")
@click.option("--force", is_flag=True, help="Lock even the last administrator of a network.")
@settings_options(*STORE)
def lock(login: str, force: bool, **flags: Any) -> None:
    """Lock a person at once: all their tokens become invalid."""
    now = clock.now()
    with_services(flags, lambda services: services.people.set_locked(login, True, now, even_last=force))
    click.echo(f"Locked {login}: they cannot sign in, and all their tokens are invalid now.")


@person.command()
@click.argument("login")
@settings_options(*STORE)
def unlock(login: str, **flags: Any) -> None:
    """Unlock a person."""
    with_services(flags, lambda services: services.people.set_locked(login, False, clock.now()))
    click.echo(f"Unlocked {login}.")
