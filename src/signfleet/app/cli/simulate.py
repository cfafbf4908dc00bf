"""`signfleet simulate`"""

from __future__ import annotations

import asyncio
import re
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from signfleet.app.cli.output import json_option, named, show_json, wants_json
from signfleet.simulator.faults import FAULTS
from signfleet.simulator.fleet import DEFAULT_SEED

if TYPE_CHECKING:
    from signfleet.simulator.player import Tally


#: Up to so many players listen by default.
LISTENING = 500


def _address(_context: click.Context, _option: click.Parameter, value: str) -> str:
    if not re.fullmatch(r"https?://(\[[0-9a-fA-F:.]+\]|[^\s/?#@\[\]:]+)(:[0-9]{1,5})?(/[^\s?#]*)?", value):
        raise click.BadParameter("expected an address such as http://127.0.0.1:8080.")
    return value


def _token(_context: click.Context, _option: click.Parameter, value: str | None) -> str | None:
    if value is not None and not re.fullmatch(r"[!-~]+", value):
        raise click.BadParameter("expected a token as `signfleet token issue` prints it.")
    return value


def _join_address(_context: click.Context, _option: click.Parameter, value: str | None) -> tuple[str, str] | None:
    """Returns the server and the key of a join address."""
    if value is None:
        return None
    server, path, key = value.partition("/player/v1/join/")
    if not path or not re.fullmatch(r"[A-Za-z0-9_-]+", key):
        raise click.BadParameter("expected an address such as http://127.0.0.1:8080/player/v1/join/KEY.")
    return _address(_context, _option, server), key


@click.command()
@json_option
@click.option(
    "--url",
    default="http://127.0.0.1:8080",
    show_default=True,
    callback=_address,
    help="The server that the players report to.",
)
@click.option(
    "--setup-token",
    default=None,
    envvar="SETUP_TOKEN",
    callback=_token,
    help="Setup token of the network they join, from `signfleet token issue`; or the variable SETUP_TOKEN.",
)
@click.option(
    "--join-address",
    metavar="URL",
    default=None,
    callback=_join_address,
    help="Join address of a network, instead of server and setup token: players whose serial has a record join.",
)
@click.option("--players", type=click.IntRange(1, 1_000_000), default=25, show_default=True, help="How many players.")
@click.option("--seed", type=int, default=DEFAULT_SEED, show_default=True, help="Each seed makes another fleet.")
@click.option(
    "--first", type=click.IntRange(0), default=0, help="Index of the first player of the fleet, counted from 0."
)
@click.option(
    "--period",
    type=click.FloatRange(0),
    default=None,
    help="Seconds between two reports; default: what the server asks for.",
)
@click.option(
    "--rounds",
    type=click.IntRange(1),
    default=None,
    help="Stop after this many reports of each player; default: never.",
)
@click.option("--concurrency", type=click.IntRange(1, 1000), default=32, show_default=True, help="Concurrent requests.")
@click.option(
    "--listen/--no-listen",
    default=None,
    help="Let the players obey commands at once, by a connection each; default: up to 500 players do.",
)
@click.option(
    "--secrets",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="File of the players' secrets: with it, the same players return in a later run.",
)
@click.option(
    "--misbehave",
    "faults",
    multiple=True,
    type=click.Choice(FAULTS),
    help="Let all players refuse a part of their settings, have a wrong clock, or lose half of the answers.",
)
@click.option("--dark", metavar="PLACE", help="Town, region or country whose players fall silent.")
@click.option(
    "--dark-file",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Players at the places that this file lists, one a line, are silent for as long as it does.",
)
@click.option(
    "--dark-after",
    type=click.FloatRange(0),
    default=60,
    show_default=True,
    metavar="SECONDS",
    help="When they fall silent, counted from the start.",
)
def simulate(
    url: str,
    setup_token: str | None,
    *,
    join_address: tuple[str, str] | None,
    players: int,
    listen: bool | None,
    secrets: Path | None,
    **how: Any,
) -> None:
    """Run simulated players: they register, report, upload pictures, and misbehave a little.

    The same seed makes the same fleet. The players speak only the public player protocol, so they work against any
    server that implements it. Stop them with Ctrl-C.
    """
    from signfleet.simulator.darkness import Darkness
    from signfleet.simulator.player import Tally
    from signfleet.simulator.run import simulate as run
    from signfleet.simulator.secrets import Secrets

    if join_address is not None:
        (url, how["join_key"]), setup_token = join_address, None
    elif setup_token is None:
        raise click.UsageError("Missing option '--setup-token' or '--join-address'.")
    tally = Tally()
    try:
        known = Secrets(secrets)
    except (OSError, ValueError) as error:
        raise click.ClickException(f"{secrets} is not a file of players' secrets: {error}.") from error
    how["darkness"] = Darkness(how.pop("dark"), how.pop("dark_after"), how.pop("dark_file"))
    started = time.monotonic()

    async def work() -> None:
        progress = asyncio.create_task(_show_progress(tally, players))
        try:
            listens = players <= LISTENING if listen is None else listen
            await run(url, setup_token, players, tally=tally, secrets=known, listens=listens, **how)
        finally:
            progress.cancel()

    try:
        asyncio.run(work())
    except KeyboardInterrupt:
        click.echo(err=True)
    _show_result(tally, players, time.monotonic() - started)
    if tally.registered == 0:
        raise click.ClickException(tally.last_refusal or _no_answer(url, tally.last_failure))


def _no_answer(url: str, reason: str) -> str:
    if "CERTIFICATE_VERIFY_FAILED" in reason:
        what = reason.partition("certificate verify failed: ")[2].partition(" (_ssl")[0] or "it cannot be verified"
        return (
            f"The certificate of {url} is not accepted: {what}. Where an authority of your own has issued it, name"
            " the authority's certificate in the variable SSL_CERT_FILE."
        )
    return f"{url} did not answer: {reason}" if reason else f"{url} did not answer"


def _show_result(tally: Tally, players: int, seconds: float) -> None:
    if not wants_json():
        click.echo(f"{_summary(tally, players)} in {seconds:.1f} s")
        return
    counts = {"players": players, "registered": tally.registered, "reports": tally.reports}
    counts |= {
        "pictures": tally.screenshots,
        "commands": tally.commands,
        "refused": tally.refused,
        "retries": tally.retries,
    }
    show_json(named({**counts, "seconds": round(seconds, 1), "last refusal": tally.last_refusal or None}))


async def _show_progress(tally: Tally, players: int) -> None:
    """Prints the counts every five seconds, and each new reason of a refusal."""
    shown = ""
    while True:
        await asyncio.sleep(5)
        if tally.last_refusal != shown:
            shown = tally.last_refusal
            click.echo(f"refused: {shown}", err=True)
        click.echo(_summary(tally, players), err=wants_json())


def _summary(tally: Tally, players: int) -> str:
    return (
        f"{tally.registered} of {players} players registered; {tally.reports} reports, {tally.screenshots} pictures,"
        f" {tally.refused} refused, {tally.retries} retries"
    )
