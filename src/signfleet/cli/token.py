"""`signfleet token`"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import click

from signfleet.cli.network import network_of
from signfleet.cli.offline import STORE, with_services
from signfleet.cli.options import settings_options

if TYPE_CHECKING:
    from signfleet.wiring import Services


@click.group()
def token() -> None:
    """Setup tokens, with which players join a network."""


@token.command()
@click.option("--network", required=True, metavar="NAME", help="The network that players join with it.")
@settings_options(*STORE)
def issue(network: str, **flags: Any) -> None:
    """Issue a setup token and print it, once: any number of players may join with it until it expires."""

    async def work(services: Services) -> str:
        found = await network_of(services, network)
        return (await services.provisioning.issue(found.id, time.time_ns() // 1_000_000)).token

    click.echo(with_services(flags, work))
