"""`signfleet demo`: runs a server with a network and simulated players, to try signfleet."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import uuid4

import click

from signfleet.app.cli.credentials_file import NAME as CREDENTIALS
from signfleet.app.cli.credentials_file import CredentialsFile
from signfleet.app.cli.demo_accounts import Account, admit, make_accounts
from signfleet.app.cli.demo_players import BRISK, PERIOD, set_up_players
from signfleet.app.cli.demo_token import NAME as TOKEN
from signfleet.app.cli.demo_token import TokenFile
from signfleet.app.cli.echo import echo
from signfleet.app.cli.options import load_settings, settings_options
from signfleet.app.cli.serve import run_server
from signfleet.foundation import clock
from signfleet.foundation.wire.timespan import DAY

if TYPE_CHECKING:
    from signfleet.app.wiring import Services

NETWORK = "Demo"
LOGIN = "admin@example.com"
#: File of the secrets of the simulated players, which return with each start.
SECRETS = "players.secrets"

#: Lifetime (ms) of the setup token of a start. The number of valid setup tokens of a network is limited.
SETUP_TOKEN_LIFETIME = 7 * DAY
#: Seconds after which the players of `--dark` fall silent.
DARK_AFTER = 60.0
#: The notifications that the demo's administrator asks for: their mails arrive in the folder `outbox`.
NOTIFICATIONS = ("deviceDisconnected", "devicesDisconnected", "deviceFailure", "devicesFailure")
#: File in the data folder that lists places whose players are silent.
DARK_FILE = "dark"
#: Seconds that mails about players which report often wait for others of their kind.
GATHER_SECONDS = 15
#: Seconds that the demo waits for its players to join; then it continues without the missing ones.
PATIENCE = 20.0


class Credentials(NamedTuple):
    """The content of `credentials.json`: random for each installation, created before the store."""

    base_url: str
    network: str
    login: str
    password: str
    client_id: str
    client_secret: str
    #: Other accounts: a user for each role, and one of a second network. Files of older versions have none.
    accounts: Sequence[Account] = ()


@click.command()
@settings_options("data", "host", "port")
@click.option("--players", default=25, show_default=True, type=click.IntRange(0, 100_000), help="Number of players.")
@click.option("--dark", metavar="PLACE", help="Town, region or country whose players fall silent after a minute.")
def demo(players: int, dark: str | None, **flags: Any) -> None:
    """Run a server with simulated players in a network of their own.

    All data is in the data folder, and the next start continues with it; delete the folder to start afresh. The demo
    prints its credentials. While it runs, they are also in `credentials.json` in that folder.
    """
    flags |= {"legacy_token_endpoint": True, "self_registration": True, "access_log": False, "log_level": "warning"}
    flags["testing"] = False
    if players <= BRISK:
        flags["alert_gather_seconds"] = GATHER_SECONDS
    settings = load_settings(flags)
    folder = settings.data_folder
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise click.ClickException(f"Cannot write to the folder {folder}: {error.strerror}.") from error

    async def populate(services: Services, address: str) -> None:
        file = CredentialsFile(folder)
        credentials, network_id, is_new = await _bootstrap(services, file, address)
        file.publish(credentials._asdict())
        services.readiness.release()
        try:
            await _simulate(services, network_id, players, credentials, is_new=is_new, dark=dark)
        finally:
            file.withdraw()

    run_server(settings, populate)


async def _bootstrap(services: Services, file: CredentialsFile, address: str) -> tuple[Credentials, int, bool]:
    """Returns the credentials, the id of the demo's network, and whether this start created it."""
    from signfleet.app.bootstrap import bootstrap
    from signfleet.identity.access.passwords import generate

    credentials = _read(file)
    network = await services.networks.find(NETWORK)
    if network is not None:
        known = {application.client_id for application in await services.applications.list_()}
        if credentials is None or credentials.client_id not in known:
            raise click.ClickException(f"{file.path} does not belong to this store; delete its folder to start again.")
        accounts = credentials.accounts or make_accounts(NETWORK, LOGIN, credentials.password)
        credentials = credentials._replace(base_url=address, accounts=accounts)
        file.prepare(credentials._asdict())
        await admit(services, credentials.accounts, clock.now())
        return credentials, int(network.id), False
    if credentials is None:
        password = generate()
        accounts = make_accounts(NETWORK, LOGIN, password)
        credentials = Credentials(address, NETWORK, LOGIN, password, str(uuid4()), secrets.token_urlsafe(32), accounts)
    # Written first: if the process ends before the network exists, the next start creates it with these.
    credentials = credentials._replace(base_url=address)
    file.prepare(credentials._asdict())
    tenant = await bootstrap(
        services.store,
        services.people,
        network=credentials.network,
        login=credentials.login,
        password=credentials.password,
        application="Demo",
        client_id=credentials.client_id,
        client_secret=credentials.client_secret,
        now=clock.now(),
    )
    await admit(services, credentials.accounts, clock.now())
    user = await services.users.row(tenant.user_id)
    wanted = {f"{name}NotificationEnabled": True for name in NOTIFICATIONS}
    await services.notifications.put(user, wanted, clock.now())
    return credentials, tenant.network_id, True


def _read(file: CredentialsFile) -> Credentials | None:
    try:
        values = file.read()
        return None if values is None else Credentials(**values)
    except (TypeError, ValueError) as error:
        raise click.ClickException(f"{file.path} is damaged; delete its folder to start again.") from error


async def _simulate(
    services: Services, network_id: int, players: int, credentials: Credentials, *, is_new: bool, dark: str | None
) -> None:
    """Lets the players join, tags them if the network `is_new`, prints that they have joined, and runs them."""
    from signfleet.app.cli.simulate import LISTENING
    from signfleet.simulator.darkness import Darkness
    from signfleet.simulator.player import Tally
    from signfleet.simulator.run import simulate
    from signfleet.simulator.secrets import Secrets

    folder = services.settings.data_folder
    issued = await services.provisioning.issue(network_id, clock.now(), lifetime=SETUP_TOKEN_LIFETIME)
    tally, known = Tally(), Secrets(folder / SECRETS)
    token = TokenFile(folder, credentials.base_url, _token_form(credentials))
    async with asyncio.TaskGroup() as tasks:
        work = tasks.create_task(
            simulate(
                credentials.base_url,
                issued.token,
                players,
                tally=tally,
                secrets=known,
                period=PERIOD if players <= BRISK else None,
                darkness=Darkness(dark, DARK_AFTER, folder / DARK_FILE),
                listens=players <= LISTENING,
            )
        )
        tasks.create_task(token.renew())
        deadline = time.monotonic() + PATIENCE
        while tally.reports < players and time.monotonic() < deadline and not work.done():  # noqa: ASYNC110 - numbers
            await asyncio.sleep(0.02)
        if is_new:
            await set_up_players(credentials.base_url, _token_form(credentials), players)
        while not token.path.exists() and time.monotonic() < deadline:  # noqa: ASYNC110 - a file
            await asyncio.sleep(0.02)
        echo(_summary(credentials, folder, players))
        echo(f"{tally.registered} of {players} simulated players have joined. {tally.last_refusal}")


def _summary(credentials: Credentials, folder: Path, players: int) -> str:
    url = credentials.base_url
    return f"""Open {url}/console/ in a browser and sign in:
  login          {credentials.login}
  password       {credentials.password}

signfleet runs at {url}
  API            {url}/2022/06/REST/
  its reference  {url}/docs

  network        {credentials.network}
  client id      {credentials.client_id}
  client secret  {credentials.client_secret}
  (also in {folder / CREDENTIALS}, with a user for each role and a user of a second network)

List the devices, with a token for this login from a file that exists while the demo runs:
  curl -s -K {quote(str(folder / TOKEN))} {url}/2022/06/REST/Devices/
Watch what happens to them, live:
  curl -s -N -K {quote(str(folder / TOKEN))} -H 'Accept: text/event-stream' {url}/admin/v1/events/
{_site(folder, players)}
Press Ctrl+C to stop.\n"""


def _site(folder: Path, players: int) -> str:
    """Returns how to make the country with the most players go dark."""
    from signfleet.simulator.fleet import fleet

    countries = Counter(profile.place.country for profile in fleet(min(players, BRISK)))
    if not countries:
        return ""
    file = quote(str(folder / DARK_FILE))
    soon = "within two minutes" if players <= BRISK else "within 20 minutes"
    return f"""Let the players of a place go dark; {soon} a mail about it is in {folder / "outbox"}:
  echo {countries.most_common(1)[0][0]} > {file}
Bring them back:
  rm {file}
"""


def _token_form(credentials: Credentials) -> dict[str, str]:
    return {
        "grant_type": "password",
        "client_id": credentials.client_id,
        "client_secret": credentials.client_secret,
        "username": f"{credentials.network}/{credentials.login}",
        "password": credentials.password,
    }
