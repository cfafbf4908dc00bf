"""A backup is one consistent, checked file, and restores the same installation into an empty place."""

from __future__ import annotations

import asyncio
import os
import stat
import tarfile
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from httpx import ASGITransport, AsyncClient
from sqlalchemy import select

from signfleet.app.backup import archive
from signfleet.app.backup.archive import BackupError, Manifest
from signfleet.app.backup.service import back_up, restore, verify
from signfleet.app.wiring import Services, build, make_app
from signfleet.foundation.settings import Settings
from signfleet.foundation.storage.open import open_store
from signfleet.foundation.storage.query import Query
from signfleet.foundation.storage.tables import device_group, screenshot
from signfleet.simulator.fleet import fleet
from signfleet.simulator.screenshots import picture
from tests.conftest import BASE, ROOT, CallAs
from tests.postgres import Postgres
from tests.world import World

JPEG = picture(next(fleet(1)), 0, size=(320, 180))

GROUPS = Query(select(device_group.c.name))
PICTURES = Query(select(screenshot.c.blob, screenshot.c.thumbnail, screenshot.c.utc_timestamp))

Upload = Callable[[int], Awaitable[None]]


@pytest.fixture(autouse=True)
def _client_programs(postgres: Postgres, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"{postgres.programs}{os.pathsep}{os.environ['PATH']}")


@pytest.fixture
async def upload(call_as: CallAs, world: World) -> Upload:
    """Uploads the picture with this second in its date, as the player A1."""
    player = call_as((await world.player()).access_token)

    async def send(second: int) -> None:
        path = f"{ROOT}/player/v1/screenshots/2026-03-13T12:00:{second:02}Z"
        assert (await player.put(path, content=JPEG, headers={"Content-Type": "image/jpeg"})).status_code == 201

    return send


@pytest.fixture
async def written(settings: Settings, world: World, upload: Upload, tmp_path: Path) -> tuple[Path, Manifest]:
    """A backup of a network with a device and its two pictures."""
    await upload(1)
    await upload(2)
    path = tmp_path / "backup.tar"
    return path, await back_up(settings, path)


@pytest.fixture
def elsewhere(settings: Settings, postgres_url: str, tmp_path: Path) -> Settings:
    """Settings of an empty place with a store of the same kind."""
    folder = tmp_path / "elsewhere"
    sqlite = settings.database_url.startswith("sqlite")
    database = f"sqlite:///{folder / 'signfleet.db'}" if sqlite else postgres_url
    return msgspec.structs.replace(settings, data=str(folder), database=database)


@pytest.fixture
async def restored(
    written: tuple[Path, Manifest], elsewhere: Settings, admin_token: str
) -> AsyncIterator[tuple[Services, AsyncClient]]:
    """The server on the restored store, and a client with the administrator's token from before the backup."""
    await restore(elsewhere, written[0])
    services = await build(elsewhere)
    app: Any = make_app(services)
    headers = {"Authorization": f"Bearer {admin_token}"}
    async with AsyncClient(transport=ASGITransport(app), base_url=BASE, headers=headers) as client:
        yield services, client
    await services.close()


def is_there(path: str) -> bool:
    return Path(path).exists()


def left_over(folder: Path) -> list[str]:
    """Temporary files of a backup."""
    return [path.name for path in folder.iterdir() if path.name.startswith((".backup-", "backup.tar."))]


def damaged(path: Path, change: Callable[[bytes], bytes]) -> Path:
    """A copy of the file with other bytes."""
    copy = path.with_name("damaged.tar")
    copy.write_bytes(change(path.read_bytes()))
    return copy


async def test_a_restored_server_gives_the_same_answers(
    restored: tuple[Services, AsyncClient], admin: AsyncClient
) -> None:
    for path in ("/Devices/", "/Devices/A1/", "/Groups/Regular/", "/Roles/", "/Users/", "/Devices/A1/Beacons/"):
        assert (await restored[1].get(path)).content == (await admin.get(path)).content


async def test_restored_pictures_have_their_files(restored: tuple[Services, AsyncClient]) -> None:
    pictures = (await restored[1].get("/Devices/A1/Screenshots/")).json()["items"]
    links = [picture[name] for picture in pictures for name in ("filePath", "thumbPath")]
    assert len(links) == 4
    for link in links:
        assert (await restored[1].get(link)).status_code == 200


async def test_a_restored_store_takes_writes(restored: tuple[Services, AsyncClient]) -> None:
    made = await restored[1].post("/Groups/Regular/", json={"name": "After the restore"})
    assert made.status_code == 201


async def test_only_the_owner_may_read_a_backup(written: tuple[Path, Manifest]) -> None:
    assert stat.S_IMODE(written[0].stat().st_mode) == 0o600


async def test_the_manifest_lists_store_and_pictures(written: tuple[Path, Manifest], settings: Settings) -> None:
    path, manifest = written
    with tarfile.open(path) as members:
        assert [*manifest.members, archive.MANIFEST] == members.getnames()
    assert len(manifest.pictures) == 4  # two pictures, each with its thumbnail
    assert manifest.missing == []
    assert settings.database_url.startswith(manifest.store)


async def test_a_backup_leaves_no_other_file(written: tuple[Path, Manifest]) -> None:
    assert left_over(written[0].parent) == []


async def test_a_listed_picture_without_a_file_is_reported(settings: Settings, upload: Upload, tmp_path: Path) -> None:
    await upload(1)
    (lost,) = [path for path in (tmp_path / "blobs").rglob("*") if path.is_file()][:1]
    lost.unlink()
    manifest = await back_up(settings, tmp_path / "backup.tar")
    assert manifest.missing == [lost.relative_to(tmp_path / "blobs").as_posix()]


async def test_a_backup_shows_one_moment_while_others_write(
    settings: Settings, admin: AsyncClient, upload: Upload, elsewhere: Settings, tmp_path: Path
) -> None:
    """Each turn makes a group, then a picture: the newest picture is always of one of the last two turns."""
    begun, done = asyncio.Event(), asyncio.Event()

    async def write() -> int:
        turn = 0
        while not done.is_set() and turn < 59:
            turn += 1
            assert (await admin.post("/Groups/Regular/", json={"name": f"Turn {turn}"})).status_code == 201
            await upload(turn)
            if turn == 3:
                begun.set()
        return turn

    writing = asyncio.create_task(write())
    try:
        await begun.wait()
        manifest = await back_up(settings, tmp_path / "backup.tar")
    finally:
        done.set()
        await writing
    await restore(elsewhere, tmp_path / "backup.tar")
    restored = await open_store(elsewhere.database_url)
    try:
        turns = [row.name for row in await restored.scan_all(GROUPS) if row.name.startswith("Turn")]
        pictures = await restored.scan_all(PICTURES)
    finally:
        await restored.close()
    newest = max(row.utc_timestamp for row in pictures) // 1000 % 60
    assert newest in {len(turns) - 1, len(turns)}
    assert manifest.missing == []
    assert {name for row in pictures for name in (row.blob, row.thumbnail)} <= set(manifest.pictures)


async def test_an_existing_file_is_not_overwritten(written: tuple[Path, Manifest], settings: Settings) -> None:
    before = written[0].read_bytes()
    with pytest.raises(BackupError, match=r"backup\.tar exists already"):
        await back_up(settings, written[0])
    assert written[0].read_bytes() == before


async def test_a_store_is_not_overwritten(written: tuple[Path, Manifest], settings: Settings) -> None:
    with pytest.raises(BackupError, match="already; restore into an empty"):
        await restore(settings, written[0])


async def test_a_damaged_picture_is_found_and_nothing_is_restored(
    written: tuple[Path, Manifest], elsewhere: Settings
) -> None:
    copy = damaged(written[0], lambda content: content.replace(JPEG, JPEG[:-9] + b"!" + JPEG[-8:]))
    with pytest.raises(BackupError, match="is damaged: 2 members differ from the manifest"):
        await restore(elsewhere, copy)
    assert not is_there(elsewhere.data)


@pytest.mark.parametrize("share", [0.0, 0.2, 0.5, 0.9])
async def test_a_truncated_backup_is_refused(written: tuple[Path, Manifest], share: float) -> None:
    copy = damaged(written[0], lambda content: content[: int(len(content) * share)])
    with pytest.raises(BackupError, match="no whole backup"):
        verify(copy)


async def test_a_file_that_is_no_backup_is_refused(tmp_path: Path) -> None:
    other = tmp_path / "other.tar"
    with tarfile.open(other, "w") as members:
        members.add(__file__, "../../etc/passwd")
    with pytest.raises(BackupError, match=r"no backup of signfleet: unexpected member '\.\./\.\./etc/passwd'"):
        verify(other)


async def test_a_backup_of_a_newer_version_is_refused(
    written: tuple[Path, Manifest], elsewhere: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("signfleet.app.backup.service.HEAD", "0001")
    with pytest.raises(BackupError, match=r"knows schemas up to 0001"):
        await restore(elsewhere, written[0])


async def test_a_backup_of_the_other_kind_of_store_is_refused(
    written: tuple[Path, Manifest], elsewhere: Settings, postgres_url: str, tmp_path: Path
) -> None:
    other = f"sqlite:///{tmp_path / 'new.db'}" if written[1].store == "postgresql" else postgres_url
    with pytest.raises(BackupError, match="The backup is of a"):
        await restore(msgspec.structs.replace(elsewhere, database=other), written[0])
