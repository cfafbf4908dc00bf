"""`signfleet backup`, `signfleet restore` and `signfleet upgrade`"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from signfleet.app.cli.local_store import existing_store
from signfleet.app.cli.options import load_settings, settings_options
from signfleet.app.cli.output import json_option, named, show, show_json, wants_json

if TYPE_CHECKING:
    from signfleet.app.backup.archive import Manifest

T = TypeVar("T")

#: The settings that name the places of what a backup contains.
PLACES = ("data", "database", "blobs")


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@json_option
@settings_options(*PLACES)
def backup(file: Path, **flags: Any) -> None:
    """Write the store and all pictures to FILE, and read it back to check it.

    Servers may keep running: the backup is a snapshot. It contains secrets (Wi-Fi passphrases of players, hashes of
    passwords), so only its owner may read it. To back up a PostgreSQL store, use `pg_dump`.
    """
    from signfleet.app.backup.service import back_up

    settings = existing_store(load_settings(flags))
    show(_summary(file, _run(back_up(settings, file))))


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--dry-run", is_flag=True, help="Read and check FILE, and restore nothing.")
@json_option
@settings_options(*PLACES)
def restore(file: Path, dry_run: bool, **flags: Any) -> None:
    """Restore the backup FILE into a new store.

    The data folder or the database must be empty. The next `signfleet serve` or `signfleet upgrade` upgrades a backup
    of an older version. Sessions and links that were valid when the backup was made become valid again.
    """
    from signfleet.app.backup.service import restore as restore_backup
    from signfleet.app.backup.service import verify

    settings = load_settings(flags)
    if dry_run:
        show(_summary(file, _run(asyncio.to_thread(verify, file))))
        return
    show(_summary(file, _run(restore_backup(settings, file))))


@click.command()
@click.option(
    "--backup",
    "file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="File to back up to; by default one in the folder `backups` of the data folder.",
)
@click.option("--no-backup", is_flag=True, help="Upgrade without a backup.")
@json_option
@settings_options(*PLACES)
def upgrade(file: Path | None, no_backup: bool, **flags: Any) -> None:
    """Upgrade the store to this version, after a backup.

    Stop the servers that use the store first. `signfleet serve` upgrades too, without a backup. The backup is the only
    way back.
    """
    from signfleet.app.backup.service import back_up
    from signfleet.foundation.storage.migrations import HEAD, is_current
    from signfleet.foundation.storage.open import CannotOpen, open_store, revision_of

    settings = existing_store(load_settings(flags))

    async def work() -> None:
        before = await revision_of(settings.database_url)
        if is_current(before, upgrade=True):
            _show_upgrade(before, HEAD, None)
            return
        summary = None
        if not no_backup:
            path = file or _backup_path(settings.data_folder, before)
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            summary = _summary(path, await back_up(settings, path))
            if not wants_json():
                show(summary)
        await (await open_store(settings.database_url, connections=1)).close()
        _show_upgrade(before, HEAD, summary)

    try:
        _run(work())
    except CannotOpen as error:
        raise click.ClickException(str(error)) from error


def _show_upgrade(before: str | None, after: str, backup: dict[str, Any] | None) -> None:
    if wants_json():
        show_json({"from": before, "to": after, "backup": None if backup is None else named(backup)})
    elif before == after:
        click.echo(f"The store has schema {after} already.")
    else:
        click.echo(f"Upgraded the store from schema {before} to {after}.")


def _backup_path(folder: Path, revision: str | None) -> Path:
    return folder / "backups" / f"schema-{revision}-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.tar"


def _summary(file: Path, manifest: Manifest) -> dict[str, Any]:
    return {
        "file": file,
        "size": f"{file.stat().st_size / 1e6:.1f} MB",
        "created": manifest.created,
        "version": f"{manifest.version}, schema {manifest.schema}",
        "store": manifest.store,
        "pictures": len(manifest.pictures),
        "missing pictures": len(manifest.missing) or None,
        "checked": "every member has the hash that the manifest lists",
    }


def _run(work: Coroutine[Any, Any, T]) -> T:
    from signfleet.app.backup.archive import BackupError
    from signfleet.foundation.storage.migrations import WrongSchema
    from signfleet.foundation.storage.open import CannotOpen

    try:
        return asyncio.run(work)
    except (BackupError, CannotOpen, WrongSchema) as error:
        raise click.ClickException(str(error)) from error
