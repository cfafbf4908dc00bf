"""`signfleet permission`"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from signfleet.app.cli.groups import Commands
from signfleet.app.cli.local_store import STORE, with_services
from signfleet.app.cli.network import network_of, person_of
from signfleet.app.cli.options import settings_options
from signfleet.app.cli.output import json_option, show, show_table, wants_json

if TYPE_CHECKING:
    from signfleet.app.wiring import Services
    from signfleet.fleet.permission_explanation.schemas import Explanation


@click.group(cls=Commands)
def permission() -> None:
    """What users may do."""


@permission.command()
@click.option("--network", "name", metavar="NAME", help="The network; needed only if the login is a user of several.")
@click.option("--user", required=True, metavar="LOGIN", help="Login or id of a user of the network.")
@click.option("--operation", required=True, metavar="NAME", help="Key or uid, such as Device.UpdateDevice.")
@click.option("--device", metavar="SERIAL", help="Serial or id of a device; default: the general permission.")
@json_option
@settings_options(*STORE)
def explain(name: str | None, user: str, operation: str, device: str | None, **flags: Any) -> None:
    """Show whether a user may do an operation, which rule decides, and which rules it overrides."""

    async def work(services: Services) -> Explanation:
        network_id = await _only_network_of(services, user) if name is None else (await network_of(services, name)).id
        return await services.explanations.explain(network_id, user, operation, device)

    found = with_services(flags, work)
    if wants_json():
        show(_for_programs(found))
        return
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


def _for_programs(found: Explanation) -> dict[str, Any]:
    return {
        "user": found.user,
        "role": found.role,
        "operation": found.operation,
        "reason": found.reason,
        "device": None if found.device is None else found.device.serial,
        "allowed": found.is_allowed,
        "rules": [
            {
                "decides": rule.decides,
                "who": rule.principal,
                "operation": rule.operation,
                "with": rule.applies_to,
                "may": rule.is_allowed,
            }
            for rule in found.rules
        ],
    }


async def _only_network_of(services: Services, user: str) -> int:
    """Returns the network of a user, by id or by the login of a single user. Raises `NotFound`, `Invalid`."""
    from signfleet.foundation.errors import Invalid, NotFound
    from signfleet.foundation.wire.ids import id_of

    number = id_of(user)
    if number is not None:
        return int((await services.users.row(number)).network_id)
    rows = await services.users.of_person((await person_of(services, user)).person_id)
    if not rows:
        raise NotFound(f"'{user}' is a user of no network.")
    if len(rows) > 1:
        names = ", ".join(f"'{row.network_name}'" for row in rows)
        raise Invalid(f"'{user}' is a user of several networks, {names}; name one with --network.")
    return int(rows[0].network_id)


def _yes(value: bool) -> str:
    return "yes" if value else "no"
