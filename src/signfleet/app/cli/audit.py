"""`signfleet audit`"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from signfleet.app.cli.groups import Commands
from signfleet.app.cli.local_store import STORE, with_services
from signfleet.app.cli.network import network_of
from signfleet.app.cli.options import settings_options

if TYPE_CHECKING:
    from signfleet.app.wiring import Services


@click.group(cls=Commands)
def audit() -> None:
    """The audit trail: who changed what, when and from where."""


@audit.command()
@click.option(
    "--network", "name", metavar="NAME", help="The network; default: changes outside networks (people, applications)."
)
@click.option(
    "--format",
    "form",
    default="jsonl",
    show_default=True,
    type=click.Choice(["jsonl", "csv"]),
    help="The output format.",
)
@click.option(
    "--filter", "filter_", metavar="EXPRESSION", help="Only these changes, such as \"[Actor] IS 'x@example.com'\"."
)
@settings_options(*STORE)
def export(name: str | None, form: str, filter_: str | None, **flags: Any) -> None:
    """Write the audit trail to standard output, newest change first."""

    async def work(services: Services) -> None:
        from signfleet.identity.audit.recording import NO_NETWORK

        network_id = NO_NETWORK if name is None else (await network_of(services, name)).id
        write = services.audit.csv if form == "csv" else services.audit.lines
        async for chunk in write(network_id, filter_, None):
            sys.stdout.buffer.write(chunk)
        sys.stdout.buffer.flush()

    with_services(flags, work)
