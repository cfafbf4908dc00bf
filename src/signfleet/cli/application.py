"""`signfleet application`"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from signfleet import clock
from signfleet.cli.network import person_of
from signfleet.cli.offline import STORE, show, show_table, with_services
from signfleet.cli.options import settings_options

if TYPE_CHECKING:
    from signfleet.applications.service import Credentials
    from signfleet.storage.interface import Row
    from signfleet.wiring import Services


@click.group()
def application() -> None:
    """Programs that act for a person, by client id and secret."""


@application.command("list")
@settings_options(*STORE)
def list_(**flags: Any) -> None:
    """List all applications; their secrets are not kept."""
    applications = with_services(flags, lambda services: services.applications.list_())
    show_table(
        ["client id", "name", "acts for", "scope"],
        [[found.client_id, found.name, found.login, found.scope] for found in applications],
    )


@application.command()
@click.argument("name")
@click.option("--person", required=True, metavar="LOGIN", help="The person for whom it acts.")
@click.option("--scope", metavar="SCOPES", help="What it may do, separated by blanks; by default all that people may.")
@settings_options(*STORE)
def create(name: str, person: str, scope: str | None, **flags: Any) -> None:
    """Register an application and show its secret, once."""

    async def work(services: Services) -> Credentials:
        from signfleet.access.tokens import USER_SCOPE

        owner = await person_of(services, person)
        return await services.applications.create(
            name, owner.person_id, clock.now(), " ".join((scope or USER_SCOPE).split())
        )

    made = with_services(flags, work)
    show({"name": name, "client id": made.client_id, "client secret": made.client_secret})


@application.command()
@click.argument("client_id")
@settings_options(*STORE)
def secret(client_id: str, **flags: Any) -> None:
    """Give an application a new secret and show it, once; the old one and its tokens end."""

    async def work(services: Services) -> str:
        found = await _application_of(services, client_id)
        return await services.applications.rotate_secret(found.person_id, found.id, clock.now())

    show({"client id": client_id, "client secret": with_services(flags, work)})


@application.command()
@click.argument("client_id")
@settings_options(*STORE)
def delete(client_id: str, **flags: Any) -> None:
    """Remove an application; its tokens end."""

    async def work(services: Services) -> None:
        from signfleet.http.conditional import NONE

        found = await _application_of(services, client_id)
        await services.applications.delete(found.person_id, found.id, NONE, clock.now())

    with_services(flags, work)


async def _application_of(services: Services, client_id: str) -> Row:
    """The application of that client id. Raises `NotFound`."""
    from signfleet.errors import NotFound

    for found in await services.applications.list_():
        if found.client_id == client_id:
            return found
    raise NotFound(f"There is no application '{client_id}'; `signfleet application list` shows them.")
