"""`signfleet subscription`"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from signfleet.app.cli.groups import Commands
from signfleet.app.cli.local_store import STORE, with_services
from signfleet.app.cli.network import network_of
from signfleet.app.cli.options import settings_options
from signfleet.app.cli.output import json_option, show
from signfleet.foundation import clock

if TYPE_CHECKING:
    from signfleet.app.wiring import Services


@click.group(cls=Commands)
def subscription() -> None:
    """Device subscriptions, if they are managed (`subscriptions = "managed"`)."""


@subscription.command()
@click.argument("network")
@click.option("--count", default=1, show_default=True, type=click.IntRange(1, 10_000), help="How many to add.")
@click.option(
    "--type",
    "kind",
    default="Commercial",
    show_default=True,
    type=click.Choice(["Commercial", "Demo"]),
    help="Their type.",
)
@click.option(
    "--days",
    default=365,
    show_default=True,
    type=click.IntRange(1, 36_500),
    help="Days that each lasts, from its activation.",
)
@json_option
@settings_options(*STORE)
def add(network: str, count: int, kind: Any, days: int, **flags: Any) -> None:
    """Add subscriptions to the stock of a network; waiting devices get theirs at once."""

    async def work(services: Services) -> list[int]:
        from signfleet.foundation.wire.timespan import DAY

        found = await network_of(services, network)
        return await services.subscriptions.add(found.id, kind, days * DAY, count, clock.now())

    ids = with_services(flags, work)
    show({"network": network, "type": kind, "added": len(ids), "ids": f"{ids[0]} to {ids[-1]}"})
