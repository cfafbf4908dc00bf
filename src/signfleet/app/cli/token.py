"""`signfleet token`"""

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
    from signfleet.fleet.joining.schemas import IssuedSetupToken, SetupToken


@click.group(cls=Commands)
def token() -> None:
    """Setup tokens, which let players join a network."""


@token.command()
@click.option("--network", required=True, metavar="NAME", help="The network that players join.")
@click.option(
    "--uses", type=click.IntRange(1, 1_000_000), help="Number of new players that may join; default: unlimited."
)
@click.option(
    "--days", type=click.IntRange(1, 3650), help="Days until it expires; default: the setting of the network."
)
@json_option
@settings_options(*STORE)
def issue(network: str, uses: int | None, days: int | None, **flags: Any) -> None:
    """Issue a setup token and print it once.

    Standard output gets only the token, for scripts. Standard error gets the expiry date and the next steps.
    """

    async def work(services: Services) -> IssuedSetupToken:
        from signfleet.fleet.joining.schemas import NewSetupToken

        found = await network_of(services, network)
        limits = NewSetupToken(max_uses=uses, days=days)
        return await services.setup_token_lists.issue(found.id, limits, clock.now())

    issued = with_services(flags, work)
    if wants_json():
        show({"token": issued.token, "id": issued.id, "expires": issued.valid_to, "uses": issued.max_uses})
        return
    click.echo(issued.token)
    count = "any number of players" if issued.max_uses is None else f"{issued.max_uses} new players"
    click.echo(
        f"Valid until {issued.valid_to} for {count}. Players send it when they register (docs/player-protocol.md);"
        f" try it with `signfleet simulate --setup-token TOKEN`. To revoke it, run `signfleet token revoke --network"
        f" {network} {issued.id}`.",
        err=True,
    )


@token.command("list")
@click.option("--network", required=True, metavar="NAME", help="The network.")
@json_option
@settings_options(*STORE)
def list_(network: str, **flags: Any) -> None:
    """List the setup tokens that have not expired, without the tokens themselves."""

    async def work(services: Services) -> list[SetupToken]:
        found, marker, tokens = await network_of(services, network), None, []
        while True:
            page = await services.setup_token_lists.page(found.id, marker, 1000, clock.now())
            tokens += page.items
            marker = page.next_marker
            if marker is None:
                return tokens

    show_table(
        ["id", "issued", "expires", "uses", "by"],
        [
            [each.id, each.valid_from, each.valid_to, each.max_uses and f"{each.uses} of {each.max_uses}", each.author]
            for each in with_services(flags, work)
        ],
    )


@token.command()
@click.option("--network", required=True, metavar="NAME", help="The network.")
@click.argument("id_", metavar="ID")
@settings_options(*STORE)
def revoke(network: str, id_: str, **flags: Any) -> None:
    """Revoke the setup token with this ID; players that joined with it stay."""

    async def work(services: Services) -> None:
        found = await network_of(services, network)
        await services.setup_token_lists.revoke(found.id, id_, clock.now())

    with_services(flags, work)
    click.echo("Revoked.")
