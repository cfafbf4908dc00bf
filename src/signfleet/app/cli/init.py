"""`signfleet init`"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from signfleet.app.cli.local_store import STORE, with_services
from signfleet.app.cli.options import settings_options
from signfleet.app.cli.output import json_option, show
from signfleet.foundation import clock

if TYPE_CHECKING:
    from signfleet.app.bootstrap import Tenant
    from signfleet.app.wiring import Services


@click.command()
@click.option("--network", prompt="Network", metavar="NAME", help="The network's name.")
@click.option("--login", prompt="Login (an e-mail address)", metavar="EMAIL", help="The administrator's login.")
@click.option(
    "--password",
    prompt="Password (empty: generate one)",
    default="",
    hide_input=True,
    show_default=False,
    metavar="TEXT",
    help="The administrator's password; if empty, one is generated and shown.",
)
@click.option("--first-name", metavar="NAME", help="The administrator's first name.")
@click.option("--last-name", metavar="NAME", help="The administrator's last name.")
@click.option("--application", default="Command line", show_default=True, help="Name of the first application.")
@json_option
@settings_options(*STORE)
def init(  # noqa: PLR0917 - click hands options over by name
    network: str,
    login: str,
    password: str,
    first_name: str | None,
    last_name: str | None,
    application: str,
    **flags: Any,
) -> None:
    """Create a network with an administrator and an application; prompts for missing flags."""

    async def work(services: Services) -> Tenant:
        from signfleet.app.bootstrap import bootstrap

        return await bootstrap(
            services.store,
            services.people,
            network=network,
            login=login,
            password=password or None,
            application=application,
            first_name=first_name,
            last_name=last_name,
            now=clock.now(),
        )

    tenant = with_services(flags, work, new=True)
    show(
        {
            "network": f"{tenant.network} (id {tenant.network_id})",
            "login": tenant.login,
            "password": "as given" if password else tenant.password,
            "client id": tenant.client_id,
            "client secret": tenant.client_secret,
        }
    )
