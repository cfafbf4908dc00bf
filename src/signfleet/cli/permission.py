"""`signfleet permission`"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from signfleet.cli.network import network_of
from signfleet.cli.offline import STORE, show, show_table, with_services
from signfleet.cli.options import settings_options

if TYPE_CHECKING:
    from signfleet.access.explanation.service import Explanation
    from signfleet.wiring import Services


@click.group()
def permission() -> None:
    """What users may do."""


@permission.command()
@click.option("--network", "name", required=True, metavar="NAME", help="The network.")
@click.option("--user", required=True, metavar="LOGIN", help="Login or id of a user of the network.")
@click.option("--operation", required=True, metavar="NAME", help="Key or uid, such as Device.UpdateDevice.")
@click.option("--device", metavar="SERIAL", help="Serial or id of a device; without one, what holds in general.")
@settings_options(*STORE)
def explain(name: str, user: str, operation: str, device: str | None, **flags: Any) -> None:
    """Say whether a user may do an operation, which rule decides, and which ones it outranks."""

    async def work(services: Services) -> Explanation:
        network = await network_of(services, name)
        return await services.explanations.explain(network.id, user, operation, device)

    found = with_services(flags, work)
    show(
        {
            "user": found.user,
            "role": found.role,
            "operation": found.operation,
            "device": None if found.device is None else found.device.serial,
            "allowed": "yes" if found.is_allowed else "no",
            "reason": found.reason,
        }
    )
    if found.rules:
        click.echo()
        show_table(
            ["", "who", "operation", "with", "may"],
            [
                [
                    "decides" if rule.decides else "",
                    rule.principal,
                    rule.operation,
                    rule.applies_to,
                    _yes(rule.is_allowed),
                ]
                for rule in found.rules
            ],
        )


def _yes(value: bool) -> str:
    return "yes" if value else "no"
