"""`signfleet backup`, `signfleet restore` and `signfleet upgrade`"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from signfleet.cli.offline import existing_store
from signfleet.cli.options import load_settings, settings_options
from signfleet.cli.output import json_option, show

if TYPE_CHECKING:
    from signfleet.backup.archive import Manifest

T = TypeVar("T")

#: The settings that say where everything is that a backup contains.
PLACES = ("data", "database", "blobs")


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@json_option
@settings_options(*PLACES)
def backup(file: Path, **flags: Any) -> None:
    """Write the store and all pictures to FILE, and read it back.

    Servers may go on meanwhile: the backup shows one moment. It holds secrets (Wi-Fi passphrases of players, hashes of
    passwords), so only its owner may read it. A PostgreSQL store needs PostgreSQL's own `pg_dump`.
    """
    from signfleet.backup.service import back_up

    settings = existing_store(load_settings(flags))
    show(_summary(file, _run(back_up(settings, file))))


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--dry-run", is_flag=True, help="Only read FILE and check it.")
@json_option
@settings_options(*PLACES)
def restore(file: Path, dry_run: bool, **flags: Any) -> None:
    """Restore the backup FILE into a new store.

    The data folder or the database must be empty. A backup of an older version is upgraded by the next `signfleet
    serve` or by `signfleet upgrade`. Afterwards all sessions and links of the backup's time work again.
    """
    from signfleet.backup.service import restore as restore_backup
    from signfleet.backup.service import verify

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
    help="Where the backup goes; by default into the folder `backups` of the data folder.",
)
@click.option("--no-backup", is_flag=True, help="Upgrade without a backup.")
@settings_options(*PLACES)
def upgrade(file: Path | None, no_backup: bool, **flags: Any) -> None:
    """Upgrade the store to this version, after a backup.

    Stop the servers that use the store first. `signfleet serve` upgrades too, without a backup. There is no way back
    but the backup.
    """
    from signfleet.backup.service import back_up
    from signfleet.storage.migrations import HEAD, is_current
    from signfleet.storage.opening import CannotOpen, open_store, revision_of

    settings = existing_store(load_settings(flags))

    async def work() -> None:
        before = await revision_of(settings.database_url)
        if is_current(before, upgrade=True):
            click.echo(f"The store has schema {HEAD} already.")
            return
        if not no_backup:
            path = file or _backup_path(settings.data_folder, before)
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            show(_summary(path, await back_up(settings, path)))
        await (await open_store(settings.database_url, connections=1)).close()
        click.echo(f"Upgraded the store from schema {before} to {HEAD}.")

    try:
        _run(work())
    except CannotOpen as error:
        raise click.ClickException(str(error)) from error


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
    from signfleet.backup.archive import BackupError
    from signfleet.storage.migrations import WrongSchema
    from signfleet.storage.opening import CannotOpen

    try:
        return asyncio.run(work)
    except (BackupError, CannotOpen, WrongSchema) as error:
        raise click.ClickException(str(error)) from error
