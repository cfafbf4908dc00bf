"""`signfleet device`"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from signfleet.app.cli.groups import Commands
from signfleet.app.cli.local_store import STORE, with_services
from signfleet.app.cli.network import network_of
from signfleet.app.cli.options import settings_options
from signfleet.app.cli.output import json_option, show, show_table, wants_json
from signfleet.foundation import clock

if TYPE_CHECKING:
    from signfleet.app.wiring import Services
    from signfleet.fleet.devices.counts.store import MissingCountRow
    from signfleet.fleet.joining.schemas import BlockedSerial
    from signfleet.fleet.joining.store import NamedClaim


@click.group(cls=Commands)
def device() -> None:
    """Decide which players may join as which devices, and check what is derived from devices."""


@device.command()
@click.argument("network")
@click.argument("serial")
@settings_options(*STORE)
def release(network: str, serial: str, **flags: Any) -> None:
    """Let the device SERIAL rejoin NETWORK without its secret, such as after its storage was replaced."""

    async def work(services: Services) -> None:
        found = await network_of(services, network)
        await services.joining.release_serial(found.id, serial, clock.now())

    with_services(flags, work)
    click.echo(
        f"{serial} may join {network} again: the next player with a setup token and this serial becomes the device."
    )


@device.command()
@click.argument("network")
@json_option
@settings_options(*STORE)
def blocked(network: str, **flags: Any) -> None:
    """List the serials of deleted devices that NETWORK does not let join again."""

    async def work(services: Services) -> list[BlockedSerial]:
        found, marker, serials = await network_of(services, network), None, []
        while True:
            page = await services.joining.blocked(found.id, marker, 1000)
            serials += page.items
            marker = page.next_marker
            if marker is None:
                return serials

    show_table(["serial", "deleted"], [[each.serial, each.date] for each in with_services(flags, work)])


@device.command()
@click.argument("network")
@click.argument("serial")
@settings_options(*STORE)
def unblock(network: str, serial: str, **flags: Any) -> None:
    """Let the serial of a deleted device join NETWORK again, as a new device."""

    async def work(services: Services) -> None:
        found = await network_of(services, network)
        await services.joining.unblock(found.id, serial, clock.now())

    with_services(flags, work)
    click.echo(f"{serial} may join {network} again.")


@device.command()
@json_option
@settings_options(*STORE)
def claims(**flags: Any) -> None:
    """List the claims of networks to serials that another network has."""

    async def work(services: Services) -> list[NamedClaim]:
        return await services.claims.all()

    from signfleet.foundation.wire import datetime

    rows = with_services(flags, work)
    show_table(
        ["serial", "network", "by", "date"],
        [[row.serial, row.name, row.author, datetime.format(row.date)] for row in rows],
    )


@device.command("accept-claim")
@click.argument("network")
@click.argument("serial")
@json_option
@settings_options(*STORE)
def accept_claim(network: str, serial: str, **flags: Any) -> None:
    """Delete the device SERIAL from its network, so that it can join NETWORK, which claims it."""

    async def work(services: Services) -> bool:
        found = await network_of(services, network)
        return await services.claims.accept(found.id, serial, clock.now())

    was_there = with_services(flags, work)
    if wants_json():
        show({"serial": serial, "network": network, "deleted": was_there})
        return
    click.echo(
        f"Deleted {serial} from its network; it may join {network} now."
        if was_there
        else f"No other network has {serial}; it may join {network}."
    )


@device.command("reject-claim")
@click.argument("network")
@click.argument("serial")
@settings_options(*STORE)
def reject_claim(network: str, serial: str, **flags: Any) -> None:
    """Reject the claim of NETWORK to SERIAL; nothing else changes."""

    async def work(services: Services) -> None:
        found = await network_of(services, network)
        await services.claims.withdraw(found.id, serial, clock.now())

    with_services(flags, work)
    click.echo(f"Rejected the claim of {network} to {serial}.")


@device.command()
@json_option
@settings_options(*STORE)
def recount(**flags: Any) -> None:
    """Compare the maintained counts of devices with the devices, and correct them."""

    async def work(services: Services) -> list[MissingCountRow]:
        missing = await services.maintained_counts.missing()
        if missing:
            await services.maintained_counts.correct()
        return missing

    rows = with_services(flags, work)
    show_table(
        ["network id", "by", "key", "health", "corrected by"],
        [[row.network_id, row.by, row.key, row.health, row.total] for row in rows],
    )
