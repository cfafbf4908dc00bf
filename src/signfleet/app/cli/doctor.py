"""`signfleet doctor`"""

from __future__ import annotations

import asyncio
import os
import platform
import shutil
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from urllib.parse import urlsplit

import click

from signfleet.app.cli.options import load_settings, settings_options
from signfleet.app.cli.output import json_option, named, show_json, wants_json

if TYPE_CHECKING:
    from signfleet.app.wiring import Services
    from signfleet.foundation.settings import Settings

#: With less free space (bytes) the store may soon refuse writes.
LITTLE_SPACE: Final = 1 << 30
FEW_FILES: Final = 4096
#: Settings whose values are secrets, and those that may have one inside a URL.
SECRETS: Final = {"monitoring_token", "smtp_password"}
URLS: Final = {"database", "database_pooler", "blobs", "public_url"}
LIBRARIES: Final = ("uvicorn", "uvloop", "httptools", "msgspec", "sqlalchemy", "asyncpg", "obstore", "pillow", "isal")


class Finding(NamedTuple):
    """A line of the report. `problem` says what to do, and is empty where all is well."""

    name: str
    value: str
    problem: str = ""


@click.command()
@json_option
@settings_options()
def doctor(**flags: Any) -> None:
    """Print a report on this installation without secrets, to paste when you ask for help.

    Use the settings of the server. The command changes nothing. A line that begins with `!` is a problem; the exit
    status is 1 if there is one.
    """
    settings = load_settings(flags)
    report = {
        "program": list(_program()),
        "settings": list(_settings(settings)),
        "data folder": list(_folder(settings)),
        "store": asyncio.run(_store(settings)),
        "pictures": asyncio.run(_pictures(settings)),
    }
    problems = sum(bool(finding.problem) for findings in report.values() for finding in findings)
    if wants_json():
        show_json(
            named({part: [each._asdict() for each in found] for part, found in report.items()} | {"problems": problems})
        )
    else:
        _show_report(report, problems)
    sys.exit(1 if problems else 0)


def _show_report(report: dict[str, list[Finding]], problems: int) -> None:
    for part, findings in report.items():
        click.echo("settings that differ from their defaults" if part == "settings" else part)
        for finding in findings:
            click.echo(f"{'!' if finding.problem else ' '} {finding.name:<24} {finding.value}".rstrip())
            if finding.problem:
                click.echo(f"    {finding.problem}")
    click.echo(f"{problems} problems" if problems != 1 else "1 problem")


def _program() -> Iterator[Finding]:
    from signfleet import __version__

    yield Finding("signfleet", __version__)
    yield Finding("Python", f"{platform.python_version()} ({platform.python_implementation()})")
    yield Finding("system", f"{platform.system()} {platform.release()} {platform.machine()}")
    for name in LIBRARIES:
        try:
            yield Finding(name, metadata.version(name))
        except metadata.PackageNotFoundError:
            yield Finding(name, "not installed")
    if sys.platform != "win32":
        import resource

        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        few = 0 <= hard < FEW_FILES
        yield Finding(
            "open files allowed", f"{soft}, at most {hard}", f"Allow at least {FEW_FILES} (ulimit -n)." if few else ""
        )


def _settings(settings: Settings) -> Iterator[Finding]:
    from signfleet.foundation.settings import describe_settings

    for setting in describe_settings():
        value = getattr(settings, setting.name)
        if value != setting.default:
            yield Finding(setting.name, _redacted(setting.name, value))


def _redacted(name: str, value: Any) -> str:
    if name in SECRETS:
        return "(set)"
    if name in URLS and "@" in str(value):
        url = urlsplit(str(value))
        return url._replace(netloc=f"***@{url.netloc.rpartition('@')[2]}", query="***" if url.query else "").geturl()
    return str(value)


def _folder(settings: Settings) -> Iterator[Finding]:
    folder = settings.data_folder
    if not folder.is_dir():
        yield Finding("path", str(folder), "There is no such folder; name it with --data, or run `signfleet init`.")
        return
    mode = folder.stat().st_mode & 0o777
    yield Finding("path", str(folder.resolve()))
    yield Finding("mode", f"{mode:04o}", "Others can read it: chmod 700." if mode & 0o077 else "")
    yield Finding("writable", *(("yes",) if os.access(folder, os.W_OK) else ("no", "The server cannot write here.")))
    free = shutil.disk_usage(folder).free
    yield Finding("free space", f"{free / 1e9:.1f} GB", "Little space is left." if free < LITTLE_SPACE else "")


async def _store(settings: Settings) -> list[Finding]:
    from signfleet.app.wiring import build
    from signfleet.foundation.storage.migrations import HEAD, WrongSchema, is_current
    from signfleet.foundation.storage.open import CannotOpen, is_missing, revision_of

    database = settings.database_url
    findings = [Finding("address", _redacted("database", database))]
    if is_missing(database):
        return [*findings, Finding("schema", "none", "There is no store; `signfleet init` creates one.")]
    try:
        revision = await revision_of(database)
        findings.append(Finding("schema", f"{revision}; this version needs {HEAD}"))
        is_current(revision, upgrade=False)
        services = await build(settings, upgrade=False)
    except (CannotOpen, WrongSchema) as error:
        return [*findings, Finding("state", "cannot be opened", str(error))]
    try:
        people, networks = await services.people.list_(), await services.networks.list_()
        counts, search = await _counts(services), await _search(services)
    finally:
        await services.close()
    return [*findings, Finding("people", str(len(people))), Finding("networks", str(len(networks))), counts, search]


async def _search(services: Services) -> Finding:
    from signfleet.foundation.storage.search_index import MAKE, has_search_index

    there = await has_search_index(services.store)
    return Finding(
        "search index",
        "present" if there else "missing: searches read every text",
        "" if there else f"As a role that may, run in the database: {MAKE}",
    )


async def _counts(services: Services) -> Finding:
    from signfleet.foundation.errors import Invalid

    name = "counts of devices"
    try:
        wrong = len(await services.maintained_counts.missing())
    except Invalid:
        return Finding(name, "not checked: the store is busy")
    return Finding(name, *((f"{wrong} wrong", "Run `signfleet device recount`.") if wrong else ("right",)))


async def _pictures(settings: Settings) -> list[Finding]:
    from signfleet.foundation.blobs.files import open_blobs
    from signfleet.foundation.storage.interface import StorageError
    from signfleet.foundation.storage.open import CannotOpen

    place = Finding("place", _redacted("blobs", settings.blobs_place))
    if "://" not in settings.blobs_place and not _is_folder(settings.blobs_place):
        return [place, Finding("state", "no pictures yet")]
    try:
        await open_blobs(settings.blobs_place).get("doctor/no-such-file")
    except (CannotOpen, StorageError) as error:
        return [place, Finding("state", "cannot be read", str(error))]
    return [place, Finding("state", "answers")]


def _is_folder(path: str) -> bool:
    return Path(path).is_dir()
