"""`signfleet change` and `signfleet import`: changes of many devices, as jobs with the permissions of a user."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from signfleet.app.cli.command import NETWORK
from signfleet.app.cli.jobs import USER, end_with, run_job, session_of
from signfleet.app.cli.local_store import STORE, with_services
from signfleet.app.cli.options import named_texts, named_values, settings_options, value_of
from signfleet.app.cli.output import json_option, show_json, show_table, wants_json
from signfleet.foundation import clock

if TYPE_CHECKING:
    from signfleet.app.wiring import Services
    from signfleet.fleet.changes.import_schemas import ImportPreview
    from signfleet.fleet.changes.schemas import DryRun
    from signfleet.identity.jobs.schemas import JobFailure
    from signfleet.identity.jobs.store import JobRow

_DEVICES, _RECORDS = "devices", "provisioning-records"


@click.command()
@click.option("--filter", "filter_", required=True, metavar="EXPRESSION", help="Which, such as \"[Serial] IS 'A*'\".")
@USER
@NETWORK
@click.option(
    "--set", "settings", multiple=True, callback=named_values, metavar="SETTING=VALUE", help="A setting; repeatable."
)
@click.option(
    "--tag",
    "tags",
    multiple=True,
    callback=named_texts,
    metavar="KEY=VALUE",
    help="As City=Rome; repeatable.",
)
@click.option("--untag", "removed", multiple=True, metavar="KEY", help="A tag to remove; repeatable.")
@click.option("--group", metavar="NAME", help="The group to move the devices to.")
@click.option("--command", metavar="NAME", help="A command to send, in one batch.")
@click.option(
    "--argument", "arguments", multiple=True, callback=named_values, metavar="NAME=VALUE", help="Of it; repeatable."
)
@click.option("--at-once", type=click.IntRange(1), metavar="N", help="At most N commands are unfinished at a time.")
@click.option("--stop-after", type=click.IntRange(1), metavar="N", help="Cancel the rest after N failed commands.")
@click.option("--delete", is_flag=True, help="Delete the devices.")
@click.option("--yes", is_flag=True, help="Do it; without it, only show what would change.")
@json_option
@settings_options(*STORE)
def change(filter_: str, login: str, network: str | None, yes: bool, **options: Any) -> None:
    """Change all devices that a filter matches: their settings, tags or group, or send them a command.

    Give one kind of change: --set, --tag and --untag, --group, --command, or --delete. Without --yes nothing changes.
    With it, the change runs as a job, which `signfleet jobs` shows, retries and undoes. The command ends with status 1
    if the change fails at a device.
    """
    body = {"filter": filter_, **_action(options)}

    async def work(services: Services) -> DryRun | tuple[JobRow, list[JobFailure]]:
        from signfleet.fleet.changes.schemas import NewChange
        from signfleet.web.contract.patch import converted

        new, session = converted(body, NewChange), await session_of(services, network, login)
        if not yes:
            return await services.changes.check(session, new, clock.now())
        job = await services.changes.submit(session, new, None, clock.now())
        return await run_job(services, session, job.id)

    done = with_services(options, work)
    if isinstance(done, tuple):
        end_with(*done, columns=("device",))
        return
    _preview(done)


def _action(options: dict[str, Any]) -> dict[str, Any]:
    """Takes what to change out of the flags; returns it as the body of a change has it."""
    settings, tags, removed, group = (options.pop(name) for name in ("settings", "tags", "removed", "group"))
    command, delete = options.pop("command"), options.pop("delete")
    limits = {"arguments": options.pop("arguments"), "atOnce": options.pop("at_once")}
    limits["stopAfter"] = options.pop("stop_after")
    operations = [{"op": "replace", "path": _path(name), "value": value} for name, value in settings.items()]
    given = {
        "settings": operations,
        "tags": (tags or removed)
        and {
            "set": {_key(name): value_of(text) if "::" in name else text for name, text in tags.items()},
            "remove": [_key(name) for name in removed],
        },
        "group": group and {"name": group},
        "command": command and {"name": command, **{name: value for name, value in limits.items() if value}},
        "delete": delete,
    }
    chosen = {name: value for name, value in given.items() if value}
    if len(chosen) != 1:
        raise click.UsageError("Give one kind of change: --set, --tag and --untag, --group, --command, or --delete.")
    if any(limits.values()) and not command:
        raise click.UsageError("--argument, --at-once and --stop-after go with --command.")
    return chosen


def _key(name: str) -> str:
    """Returns the key of a tag: `City` is short for `string::[Device].<City>`."""
    return name if "::" in name else f"string::[Device].<{name}>"


def _path(name: str) -> str:
    return name if name.startswith("/") else "/settings/" + name.replace(".", "/")


def _preview(found: DryRun) -> None:
    if wants_json():
        import msgspec

        show_json(msgspec.to_builtins(found))
    else:
        show_table(["device", "what", "old", "new"], [row for example in found.examples for row in _lines(example)])
    click.echo(f"Nothing was changed; --yes changes {found.count} devices.", err=True)


def _lines(example: Any) -> list[list[Any]]:
    if example.error is not None:
        return [[example.serial, example.error, None, None]]
    lines = [[example.serial, path, example.before.get(path), new] for path, new in example.after.items()]
    return lines or [[example.serial, "stays as it is", None, None]]


@click.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@USER
@NETWORK
@click.option(
    "--into", type=click.Choice([_DEVICES, _RECORDS]), default=_DEVICES, show_default=True, help="What the lines are."
)
@click.option("--yes", is_flag=True, help="Import the file; without it, only show which lines would fail.")
@json_option
@settings_options(*STORE)
def import_(file: Path, login: str, network: str | None, into: str, yes: bool, **flags: Any) -> None:
    """Change the devices, or create and change the provisioning records, that the lines of the CSV file FILE name.

    Lists the lines that fail. Without --yes nothing changes. The columns are in docs/mass-changes.md. It ends with
    status 1 if a line fails.
    """
    content = file.read_bytes()

    async def work(services: Services) -> ImportPreview | tuple[JobRow, list[JobFailure]]:
        session = await session_of(services, network, login)
        imports = services.record_imports if into == _RECORDS else services.device_imports
        if not yes:
            return await imports.check(session, content, clock.now())
        job = await imports.submit(session, content, None, clock.now())
        return await run_job(services, session, job.id)

    done = with_services(flags, work)
    if isinstance(done, tuple):
        end_with(*done, columns=("line", "column"))
        return
    show_table(["line", "column", "reason"], [[each.line, each.column, each.reason] for each in done.errors])
    click.echo(f"Nothing was changed; --yes imports {done.count - done.error_count} lines.", err=True)
    if done.error_count:
        click.get_current_context().exit(1)
