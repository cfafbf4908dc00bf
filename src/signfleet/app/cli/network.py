"""`signfleet network`"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from signfleet.app.cli.groups import Commands
from signfleet.app.cli.local_store import STORE, with_services
from signfleet.app.cli.options import settings_options
from signfleet.app.cli.output import json_option, show, show_table, wants_json
from signfleet.foundation import clock

if TYPE_CHECKING:
    from signfleet.app.wiring import Services
    from signfleet.identity.networks.schemas import Network
    from signfleet.identity.networks.store import NetworkRow
    from signfleet.identity.people.store import AccountRow


@click.group(cls=Commands)
def network() -> None:
    """Networks and their members."""


@network.command("list")
@json_option
@settings_options(*STORE)
def list_(**flags: Any) -> None:
    """List all networks with level and state."""
    networks = with_services(flags, lambda services: services.networks.list_())
    show_table(
        ["id", "name", "level", "state", "created"],
        [
            [
                found.id,
                found.name,
                found.subscription and found.subscription.level,
                "locked" if found.is_locked_out else "open",
                found.creation_date,
            ]
            for found in networks
        ],
    )


@network.command()
@click.argument("name")
@click.option("--administrator", metavar="LOGIN", help="A person who becomes its administrator.")
@json_option
@settings_options(*STORE)
def create(name: str, administrator: str | None, **flags: Any) -> None:
    """Create a network."""

    async def work(services: Services) -> Network:
        from signfleet.identity.access.operations.roles import ADMINISTRATORS

        now = clock.now()
        person = None if administrator is None else await person_of(services, administrator)
        made = await services.networks.create(name, now)
        if person is not None:
            await services.users.create(network_id=made.id, person_id=person.person_id, role=ADMINISTRATORS, now=now)
        return made

    made = with_services(flags, work)
    show({"id": made.id, "name": made.name})


@network.command()
@click.argument("name")
@click.argument("login")
@click.option("--role", default="Viewers", show_default=True, help="The name of a system role.")
@json_option
@settings_options(*STORE)
def admit(name: str, login: str, role: str, **flags: Any) -> None:
    """Make the person LOGIN a member of the network NAME."""

    async def work(services: Services) -> int:
        from signfleet.identity.roles.system import system_role

        found, person = await network_of(services, name), await person_of(services, login)
        return await services.users.create(
            network_id=found.id, person_id=person.person_id, role=system_role(role), now=clock.now()
        )

    show({"user": with_services(flags, work), "network": name, "login": login, "role": role})


@network.command()
@click.argument("name")
@click.argument("new_name")
@settings_options(*STORE)
def rename(name: str, new_name: str, **flags: Any) -> None:
    """Give the network NAME another name, NEW_NAME. People sign in as Network/login with the new name from then on."""

    async def work(services: Services) -> None:
        found = await network_of(services, name)
        await services.networks.rename(found.id, new_name, clock.now())

    with_services(flags, work)
    click.echo(f"The network {name} is now named {new_name.strip()}.")


@network.command()
@click.argument("name")
@settings_options(*STORE)
def lock(name: str, **flags: Any) -> None:
    """Lock a network at once: its users and players lose access."""
    _set_locked(name, True, flags)
    click.echo(f"Locked the network {name}: its users and players have no access.")


@network.command()
@click.argument("name")
@settings_options(*STORE)
def unlock(name: str, **flags: Any) -> None:
    """Unlock a network."""
    _set_locked(name, False, flags)
    click.echo(f"Unlocked the network {name}.")


@network.command()
@click.argument("name")
@click.argument("level", type=click.Choice(["Control", "Content", "Trial"]))
@settings_options(*STORE)
def level(name: str, level: str, **flags: Any) -> None:
    """Set the subscription level of a network."""

    async def work(services: Services) -> None:
        found = await network_of(services, name)
        await services.networks.set_level(found.id, level, clock.now())

    with_services(flags, work)
    click.echo(f"The network {name} now has the level {level}.")


@network.command("protocol-1")
@click.argument("name")
@click.option("--days", required=True, type=click.IntRange(0, 366), help="How many days; 0 ends it now.")
@json_option
@settings_options(*STORE)
def protocol_1(name: str, days: int, **flags: Any) -> None:
    """Let players of protocol version 1, which have no secrets, rejoin the network for a number of days."""

    async def work(services: Services) -> str | None:
        from signfleet.fleet.joining.schemas import JoiningRules
        from signfleet.foundation.wire import datetime
        from signfleet.foundation.wire.timespan import DAY

        now = clock.now()
        until = datetime.format(now + days * DAY) if days else None
        found = await network_of(services, name)
        await services.joining.set_rules(found.id, JoiningRules(protocol_1_until=until), now)
        return until

    until = with_services(flags, work)
    if wants_json():
        show({"network": name, "protocol 1 until": until})
    elif until:
        click.echo(f"Until {until}, players without secrets can join {name} again.")
    else:
        click.echo(f"From now on, no player without a secret can join {name} again.")


@network.command("join-by-record")
@click.argument("name")
@click.option("--allow/--forbid", "is_allowed", required=True, help="Whether players may join by their records.")
@json_option
@settings_options(*STORE)
def join_by_record(name: str, is_allowed: bool, **flags: Any) -> None:
    """Let players join the network without a setup token if it has a provisioning record of their serial.

    Prints the join address of the network, which follows the address of the server. It is no secret; forbid and allow
    again for a new one.
    """

    async def work(services: Services) -> str | None:
        import msgspec

        found = await network_of(services, name)
        rules = msgspec.structs.replace(await services.joining.rules(found.id), joins_by_record=is_allowed)
        await services.joining.set_rules(found.id, rules, clock.now())
        return (await services.joining.rules(found.id)).join_address or None

    address = with_services(flags, work)
    if wants_json():
        show({"network": name, "join address": address})
    elif address:
        click.echo(f"Players with a record join {name} at {address}")
    else:
        click.echo(f"From now on, players join {name} only with a setup token.")


def _set_locked(name: str, locked: bool, flags: dict[str, Any]) -> None:
    async def work(services: Services) -> None:
        found = await network_of(services, name)
        await services.networks.set_locked(found, locked, clock.now())

    with_services(flags, work)


async def network_of(services: Services, name: str) -> NetworkRow:
    """Returns the network with this name. Raises `NotFound`."""
    from signfleet.foundation.errors import NotFound

    found = await services.networks.find(name)
    if found is None:
        raise NotFound(f"There is no network '{name}'; `signfleet network list` shows them.")
    return found


async def person_of(services: Services, login: str) -> AccountRow:
    """Returns the person with this login. Raises `NotFound`."""
    from signfleet.foundation.errors import NotFound

    found = await services.people.find(login)
    if found is None:
        raise NotFound(f"There is no person '{login}'; `signfleet person list` shows them.")
    return found
