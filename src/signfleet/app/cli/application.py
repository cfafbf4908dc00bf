"""`signfleet application`"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from signfleet.app.cli.groups import Commands
from signfleet.app.cli.local_store import STORE, with_services
from signfleet.app.cli.network import person_of
from signfleet.app.cli.options import settings_options
from signfleet.app.cli.output import json_option, show, show_table
from signfleet.foundation import clock
from signfleet.foundation.wire import datetime
from signfleet.foundation.wire.timespan import DAY

if TYPE_CHECKING:
    from signfleet.app.wiring import Services
    from signfleet.identity.access.application_store import ApplicationWithLogin
    from signfleet.identity.applications.schemas import Credentials, SecretExpiry


DAYS = click.option("--days", type=click.IntRange(1, 3650), help="Days after which the secret expires; default: never.")


@click.group(cls=Commands)
def application() -> None:
    """Programs that act for a person, with a client id and a secret."""


@application.command("list")
@json_option
@settings_options(*STORE)
def list_(**flags: Any) -> None:
    """List all applications, without their secrets: the server stores only hashes of them."""
    applications = with_services(flags, lambda services: services.applications.list_())
    show_table(
        ["client id", "name", "acts for", "scope", "secret expires"],
        [
            [found.client_id, found.name, found.login, found.scope, _date(found.secret_expiration_date)]
            for found in applications
        ],
    )


@application.command()
@click.argument("name")
@click.option("--person", required=True, metavar="LOGIN", help="The person it acts for.")
@click.option("--scope", metavar="SCOPES", help="Its scopes, separated by spaces; default: all scopes of a person.")
@DAYS
@json_option
@settings_options(*STORE)
def create(name: str, person: str, scope: str | None, days: int | None, **flags: Any) -> None:
    """Register an application and show its secret once."""
    now = clock.now()

    async def work(services: Services) -> Credentials:
        from signfleet.web.caller.scopes import USER_SCOPE

        owner = await person_of(services, person)
        scopes = " ".join((scope or USER_SCOPE).split())
        return await services.applications.create(name, owner.person_id, now, scopes, secret_expiry=_expiry(days, now))

    made = with_services(flags, work)
    show({"name": name, "client id": made.client_id, "client secret": made.client_secret, **_shown(days, now)})


@application.command()
@click.argument("client_id")
@DAYS
@json_option
@settings_options(*STORE)
def secret(client_id: str, days: int | None, **flags: Any) -> None:
    """Give an application a new secret and show it once; the old secret and its tokens become invalid."""
    now = clock.now()

    async def work(services: Services) -> str:
        found = await _application_of(services, client_id)
        return await services.applications.rotate_secret(found.person_id, found.id, now, _expiry(days, now))

    show({"client id": client_id, "client secret": with_services(flags, work), **_shown(days, now)})


@application.command()
@click.argument("client_id")
@settings_options(*STORE)
def delete(client_id: str, **flags: Any) -> None:
    """Delete an application; its tokens become invalid."""

    async def work(services: Services) -> None:
        from signfleet.web.contract.conditional import NONE

        found = await _application_of(services, client_id)
        await services.applications.delete(found.person_id, found.id, NONE, clock.now())

    with_services(flags, work)
    click.echo(f"Deleted the application {client_id}; its tokens are invalid now.")


def _expiry(days: int | None, now: int) -> SecretExpiry:
    from signfleet.identity.applications.schemas import NEVER, SecretExpiry

    return NEVER if days is None else SecretExpiry(now + days * DAY)


def _date(expiry: int | None) -> str | None:
    return None if expiry is None else datetime.format(expiry)


def _shown(days: int | None, now: int) -> dict[str, str]:
    return {} if days is None else {"secret expires": datetime.format(now + days * DAY)}


async def _application_of(services: Services, client_id: str) -> ApplicationWithLogin:
    """Returns the application with this client id. Raises `NotFound`."""
    from signfleet.foundation.errors import NotFound

    for found in await services.applications.list_():
        if found.client_id == client_id:
            return found
    raise NotFound(f"There is no application '{client_id}'; `signfleet application list` shows them.")
