"""`signfleet command` and `signfleet commands`"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from signfleet.app.cli.groups import WithDefault
from signfleet.app.cli.local_store import STORE, with_services
from signfleet.app.cli.network import network_of
from signfleet.app.cli.options import named_values, settings_options
from signfleet.app.cli.output import json_option, show, show_table, wants_json
from signfleet.foundation import clock

if TYPE_CHECKING:
    from signfleet.app.wiring import Services
    from signfleet.fleet.commands.store import AnsweredCommand
    from signfleet.identity.networks.store import NetworkRow

#: Seconds between two looks at the outcomes.
LOOK = 0.1
NETWORK = click.option("--network", "network", metavar="NAME", help="The network; default: the only one.")


@click.group(cls=WithDefault, default="send")
def command() -> None:
    """Send commands to players, show what became of one, and cancel it.

    `signfleet command NAME …` is short for `signfleet command send NAME …`.
    """


@command.command()
@click.argument("name")
@NETWORK
@click.option("--device", "devices", multiple=True, metavar="SERIAL", help="A device, by serial or id; repeatable.")
@click.option("--filter", "filter_", metavar="EXPRESSION", help="All devices that match, such as \"[Serial] IS 'A*'\".")
@click.option("--argument", "arguments", multiple=True, callback=named_values, metavar="NAME=VALUE", help="Repeatable.")
@click.option("--wait", type=click.FloatRange(0), default=30, show_default=True, help="Seconds to wait for outcomes.")
@click.option(
    "--output", type=click.Path(file_okay=False, path_type=Path), metavar="FOLDER", help="Where pictures and files go."
)
@json_option
@settings_options(*STORE, "blobs")
def send(name: str, **options: Any) -> None:
    """Send the command NAME to players and show what became of it. The word `send` may be left out.

    `signfleet command screenshot --filter "[Serial] IS 'A*'" --output pictures` stores a picture of each player.
    Commands are in docs/commands.md. A server has to run: it hands the commands to the players. A player that cannot do
    the command gets none; its line has the state "unable".
    """
    devices, filter_, arguments = options.pop("devices"), options.pop("filter_"), options.pop("arguments")
    network, wait, output = options.pop("network"), options.pop("wait"), options.pop("output")
    if bool(devices) == bool(filter_):
        raise click.UsageError("Name either devices with --device, or a filter with --filter.")

    as_text = not wants_json()

    async def work(services: Services) -> list[list[Any]]:
        found = await chosen_network(services, network)
        ids = await services.command_line.find(found.id, devices, filter_)
        sent = await services.command_line.send(found.id, ids, name, arguments, clock.now())
        files: dict[int, str | None] = {}
        async for rows in _looks(services, found.id, sent.ids, wait):
            # Each picture is stored when it comes, whatever the others wait for.
            for row in rows:
                if row.end_date is not None and row.id not in files:
                    files[row.id] = await _store(services, row, output)
        left_out = [[None, each.serial, name, each.state, each.reason, None, None] for each in sent.left_out]
        return [*[[*_cells(row, as_text=as_text), files.get(row.id)] for row in rows], *left_out]

    show_table(["id", "device", "command", "state", "message", "result", "files"], with_services(options, work))


@command.command("show")
@click.argument("id_", metavar="ID", type=click.IntRange(1))
@NETWORK
@click.option(
    "--output", type=click.Path(file_okay=False, path_type=Path), metavar="FOLDER", help="Where pictures and files go."
)
@json_option
@settings_options(*STORE, "blobs")
def show_command(id_: int, network: str | None, output: Path | None, **flags: Any) -> None:
    """Show the command ID, what its player answered, and where its files are."""
    as_text = not wants_json()

    async def work(services: Services) -> dict[str, Any]:
        from signfleet.foundation.errors import NotFound

        found = await chosen_network(services, network)
        rows = await services.command_line.read(found.id, [id_])
        if not rows:
            raise NotFound.in_network("command", str(id_))
        return _properties(rows[0], as_text=as_text) | {"files": await _store(services, rows[0], output)}

    show(with_services(flags, work))


@command.command()
@click.argument("id_", metavar="ID", type=click.IntRange(1))
@NETWORK
@settings_options(*STORE)
def cancel(id_: int, network: str | None, **flags: Any) -> None:
    """Cancel the command ID, which its player has not begun."""

    async def work(services: Services) -> None:
        found = await chosen_network(services, network)
        await services.command_line.cancel(found.id, id_, clock.now())

    with_services(flags, work)
    click.echo(f"Cancelled command {id_}.")


@click.command()
@NETWORK
@click.option("--filter", "filter_", metavar="EXPRESSION", help="Only those that match, such as \"[State] IS 'lost'\".")
@click.option("--count", type=click.IntRange(1, 100), default=20, show_default=True, help="How many.")
@json_option
@settings_options(*STORE)
def commands(network: str | None, filter_: str | None, count: int, **flags: Any) -> None:
    """List the newest commands of a network."""

    async def work(services: Services) -> list[list[Any]]:
        found = await chosen_network(services, network)
        rows = await services.command_line.newest(found.id, filter_, count)
        return [[row.id, row.serial, row.name, row.state, row.author, row.message] for row in rows]

    show_table(["id", "device", "command", "state", "by", "message"], with_services(flags, work))


async def chosen_network(services: Services, name: str | None) -> NetworkRow:
    """Returns the network with a name, or the only one. Raises `NotFound`, `Invalid`."""
    from signfleet.foundation.errors import Invalid

    if name is not None:
        return await network_of(services, name)
    networks = await services.networks.list_()
    if len(networks) != 1:
        raise Invalid(f"There are {len(networks)} networks; name one with --network.")
    return await network_of(services, networks[0].name)


async def _looks(
    services: Services, network_id: int, sent: list[int], wait: float
) -> AsyncIterator[list[AnsweredCommand]]:
    """Yields all commands as they are, again and again, until all have an outcome or the time is over."""
    deadline = time.monotonic() + wait
    while True:
        is_last = time.monotonic() >= deadline
        rows = await services.command_line.read(network_id, sent)
        yield rows
        if is_last or all(row.end_date is not None for row in rows):
            return
        await asyncio.sleep(LOOK)


def _properties(row: AnsweredCommand, *, as_text: bool) -> dict[str, Any]:
    """Returns what is shown of one command, without its secrets."""
    from signfleet.fleet.commands.kinds import KINDS
    from signfleet.foundation.wire import datetime

    dates = {"created": row.creation_date, "released": row.release_date, "sent": row.sent_date}
    dates |= {"started": row.start_date, "ended": row.end_date, "expires": row.expiration_date}
    arguments = KINDS[row.name].shown(row.arguments)
    result = row.result if as_text or row.result is None else json.loads(row.result)
    return {
        "id": row.id,
        "device": row.serial,
        "command": row.name,
        "arguments": json.dumps(arguments) if as_text else arguments,
        "state": row.state,
        "message": row.message,
        "by": row.author,
        **{name: None if date is None else datetime.format(date) for name, date in dates.items()},
        "batch": row.batch_id,
        "result": result,
    }


def _cells(row: AnsweredCommand, *, as_text: bool) -> list[Any]:
    result = row.result if as_text or row.result is None else json.loads(row.result)
    return [row.id, row.serial, row.name, row.state, row.message, result]


async def _store(services: Services, row: AnsweredCommand, folder: Path | None) -> str | None:
    """Stores the picture and the files of a command in a folder; returns their paths."""
    paths = []
    for name, blob in () if folder is None else await services.command_line.files(row):
        content = await services.blobs.get(blob)
        if folder is not None and content is not None:
            paths.append(_write(folder, f"{row.serial}-{row.id}-{name}", content))
    return ", ".join(paths) or None


def _write(folder: Path, name: str, content: bytes) -> str:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_bytes(content)
    return str(path)
