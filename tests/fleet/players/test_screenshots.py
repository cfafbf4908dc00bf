"""A player uploads pictures of what it shows."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from httpx import AsyncClient, Response
from PIL import Image

from signfleet.app.wiring import Services
from signfleet.fleet.devices.retention.service import WRITING_TIME, discard_files
from signfleet.foundation.settings import Settings
from signfleet.foundation.storage.interface import Row, StorageError
from signfleet.foundation.storage.query import Query
from signfleet.foundation.storage.tables import screenshot
from signfleet.foundation.wire import datetime
from signfleet.foundation.wire.timespan import DAY, MINUTE
from signfleet.simulator.fleet import fleet
from signfleet.simulator.screenshots import picture
from tests.conftest import ROOT
from tests.fleet.players.conftest import PLAYER

NOON = "2024-03-13T12:00:00Z"
JPEG = picture(next(fleet(1)), 0, size=(320, 180))
SCREENSHOTS = Query(screenshot.select().order_by(screenshot.c.utc_timestamp))

Upload = Callable[..., Awaitable[Response]]


@pytest.fixture
def upload(player: AsyncClient) -> Upload:
    async def send(timestamp: str = NOON, content: bytes = JPEG, type_: str = "image/jpeg", **query: str) -> Response:
        headers = {"Content-Type": type_}
        return await player.put(f"{PLAYER}/screenshots/{timestamp}", content=content, headers=headers, params=query)

    return send


@pytest.fixture
def stored(services: Services) -> Callable[[], Awaitable[list[Row]]]:
    async def rows() -> list[Row]:
        return await services.store.scan_all(SCREENSHOTS)

    return rows


def now() -> int:
    return time.time_ns() // 1_000_000


def later() -> int:
    """When every upload has come to an end."""
    return now() + WRITING_TIME


def files(settings: Settings) -> list[Path]:
    return [path for path in Path(settings.blobs_place).rglob("*") if path.is_file()]


async def test_a_picture_is_stored_with_a_thumbnail(
    upload: Upload, stored: Callable[[], Awaitable[list[Row]]], services: Services, settings: Settings
) -> None:
    answer = await upload(group="Lobbies", presentation="Menü")
    assert answer.status_code == 201
    (row,) = await stored()
    assert answer.json() == {"id": row.id, "width": 320, "height": 180, "fileSize": len(JPEG)}
    assert (row.group_name, row.presentation_name, row.presentation_name_key) == ("Lobbies", "Menü", "menü")
    assert datetime.format(row.utc_timestamp) == NOON
    assert await services.blobs.get(row.blob) == JPEG
    assert Image.open(BytesIO(await services.blobs.get(row.thumbnail) or b"")).size == (150, 150)
    assert len(files(settings)) == 2


async def test_a_png_is_stored_too(upload: Upload, stored: Callable[[], Awaitable[list[Row]]]) -> None:
    file = BytesIO()
    Image.open(BytesIO(JPEG)).save(file, "PNG")
    assert (await upload(content=file.getvalue(), type_="image/png")).status_code == 201
    assert (await stored())[0].blob.endswith(".png")


async def test_missing_names_and_the_local_time_come_from_the_device(
    player: AsyncClient, upload: Upload, stored: Callable[[], Awaitable[list[Row]]], call_as: Any, setup_token: str
) -> None:
    registration = {"serial": "Z1", "model": "HD1024", "firmware": "1", "timezone": "EST1", "group": "Hall"}
    answer = await call_as(setup_token).post(f"{PLAYER}/register", json=registration)
    other = call_as(answer.json()["access_token"])
    await other.post(f"{PLAYER}/report", json={"sequence": 1, "status": {"presentation": {"name": "Welcome"}}})
    await other.put(f"{PLAYER}/screenshots/{NOON}", content=JPEG)
    (row,) = await stored()
    assert (row.serial, row.group_name, row.presentation_name) == ("Z1", "Hall", "Welcome")
    assert datetime.format_wall_clock(row.local_timestamp) == "2024-03-13T07:00:00"


async def test_a_repeated_upload_changes_nothing(
    upload: Upload, stored: Callable[[], Awaitable[list[Row]]], settings: Settings
) -> None:
    first = await upload(group="One")
    again = await upload("2024-03-13T12:00:00.000Z", group="Two")
    assert (again.status_code, again.json()) == (200, first.json())
    assert [row.group_name for row in await stored()] == ["One"]
    assert len(files(settings)) == 2


async def test_concurrent_uploads_of_one_moment_are_stored_once(
    upload: Upload, stored: Callable[[], Awaitable[list[Row]]], services: Services, settings: Settings
) -> None:
    answers = await asyncio.gather(upload(), upload())
    assert sorted(answer.status_code for answer in answers) == [200, 201]
    assert len(await stored()) == 1
    await services.retention.delete_files(later())
    assert len(files(settings)) == 2


async def test_a_third_concurrent_picture_is_refused_and_can_be_retried(upload: Upload) -> None:
    moments = [f"2024-03-13T12:00:0{second}Z" for second in range(3)]
    answers = await asyncio.gather(*map(upload, moments))
    assert sorted(answer.status_code for answer in answers) == [201, 201, 429]
    assert next(answer for answer in answers if answer.status_code == 429).headers["Retry-After"] == "1"
    assert sorted([(await upload(moment)).status_code for moment in moments]) == [200, 200, 201]


async def test_the_oldest_pictures_are_deleted_beyond_the_limit(
    upload: Upload, stored: Callable[[], Awaitable[list[Row]]], services: Services, settings: Settings
) -> None:
    for minute in range(7):
        assert (await upload(f"2024-03-13T12:{minute:02d}:00Z")).status_code == 201
    stamps = [datetime.format(row.utc_timestamp) for row in await stored()]
    assert stamps == [f"2024-03-13T12:{minute:02d}:00Z" for minute in range(2, 7)]
    await services.retention.delete_files(now())
    assert len(files(settings)) == 2 * 5


async def test_a_picture_survives_a_lost_answer_to_its_commit(
    upload: Upload,
    stored: Callable[[], Awaitable[list[Row]]],
    services: Services,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    write = services.store.write

    async def write_and_lose(work: Any) -> Any:
        await write(work)
        if work.__name__ == "insert":
            raise StorageError("the connection ended while the commit was under way")

    monkeypatch.setattr(services.store, "write", write_and_lose)
    assert (await upload()).status_code == 503
    monkeypatch.undo()
    assert (await upload()).status_code == 200
    await services.retention.delete_files(later())
    (row,) = await stored()
    assert await services.blobs.get(row.blob) == JPEG
    assert len(files(settings)) == 2


async def test_a_broken_upload_leaves_no_file_behind(
    upload: Upload,
    stored: Callable[[], Awaitable[list[Row]]],
    services: Services,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    put = services.blobs.put

    async def put_half(name: str, content: bytes) -> None:
        if "thumb" in name:
            raise StorageError("the object storage is away")
        await put(name, content)

    monkeypatch.setattr(services.blobs, "put", put_half)
    assert (await upload()).status_code == 503
    monkeypatch.undo()
    await services.retention.delete_files(now())
    assert len(files(settings)) == 1, "it may be under way"
    await services.retention.delete_files(later())
    assert (files(settings), await stored()) == ([], [])


async def test_an_upload_that_takes_too_long_is_refused(
    upload: Upload,
    stored: Callable[[], Awaitable[list[Row]]],
    services: Services,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    put = services.blobs.put

    async def put_slowly(name: str, content: bytes) -> None:
        await put(name, content)
        if "thumb" in name:
            await services.retention.delete_files(later())

    monkeypatch.setattr(services.blobs, "put", put_slowly)
    assert (await upload()).status_code == 503
    assert (files(settings), await stored()) == ([], [])


async def test_a_link_shows_the_picture_without_a_token(
    upload: Upload, stored: Callable[[], Awaitable[list[Row]]], services: Services, client: AsyncClient
) -> None:
    await upload()
    (row,) = await stored()
    link = services.links.path(row.blob, now())
    answer = await client.get(f"{ROOT}{link}", headers={"Accept": "application/json"})
    assert (answer.status_code, answer.headers["Content-Type"], answer.content) == (200, "image/jpeg", JPEG)
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    past = services.links.path(row.blob, now() - 2 * DAY)
    for broken in (past, link[:-1], link.replace("/files/", "/files/1"), services.links.path("other.jpg", now())):
        assert (await client.get(f"{ROOT}{broken}")).status_code == 404


@pytest.mark.parametrize(
    "timestamp", ["now", "2024-03-13", "0001-01-01T00:00:00Z", "2024-03-13T25:00:00Z", "%00", "x" * 99]
)
async def test_a_malformed_moment_is_refused(upload: Upload, timestamp: str) -> None:
    answer = await upload(timestamp)
    assert answer.status_code == 400
    assert "timestamp" in answer.json()["message"]


async def test_a_moment_far_ahead_is_refused(upload: Upload) -> None:
    assert (await upload(datetime.format(now() + DAY - MINUTE))).status_code == 201
    assert (await upload(datetime.format(now() + DAY + MINUTE))).status_code == 400


async def test_a_moment_in_the_future_is_stored_as_now(
    upload: Upload, stored: Callable[[], Awaitable[list[Row]]]
) -> None:
    ahead = datetime.format(now() + DAY - MINUTE)
    assert (await upload(ahead)).status_code == 201
    assert (await stored())[0].utc_timestamp <= now()
    assert (await upload(ahead)).status_code == 200


@pytest.mark.parametrize("off", [-50 * 365 * DAY, -120 * DAY, -61_000, 61_000, 3 * DAY])
async def test_sent_at_corrects_a_wrong_clock(
    upload: Upload, stored: Callable[[], Awaitable[list[Row]]], off: int
) -> None:
    taken = now() - 10 * MINUTE
    stamp, sent = datetime.format(taken + off), datetime.format(now() + off)
    assert (await upload(stamp, sentAt=sent)).status_code == 201
    (row,) = await stored()
    assert abs(row.utc_timestamp - taken) < 30_000
    later = datetime.format(now() + off + 20_000)
    assert (await upload(stamp, sentAt=later)).status_code == 200, "sent again a little later"
    assert len(await stored()) == 1


async def test_a_clock_within_the_tolerance_is_not_corrected(
    upload: Upload, stored: Callable[[], Awaitable[list[Row]]]
) -> None:
    assert (await upload(NOON, sentAt=datetime.format(now() - 30_000))).status_code == 201
    assert datetime.format((await stored())[0].utc_timestamp) == NOON


async def test_a_restarted_clock_may_send_two_pictures_of_one_moment(
    upload: Upload, stored: Callable[[], Awaitable[list[Row]]]
) -> None:
    assert (await upload("1970-01-01T00:00:30Z", sentAt="1970-01-01T00:00:31Z")).status_code == 201
    assert (await upload("1970-01-01T00:00:30Z", sentAt="1970-01-01T00:10:31Z")).status_code == 201
    assert len(await stored()) == 2


@pytest.mark.parametrize("sent", ["yesterday", "2024-03-13"])
async def test_a_malformed_sent_at_is_refused(upload: Upload, sent: str) -> None:
    answer = await upload(sentAt=sent)
    assert (answer.status_code, "'sentAt'" in answer.json()["message"]) == (400, True)


async def test_the_first_arrived_is_deleted_first_whatever_its_time_stamp(
    upload: Upload, stored: Callable[[], Awaitable[list[Row]]], services: Services
) -> None:
    for minute in range(5):
        await upload(f"2024-03-13T12:{minute:02d}:00Z")
    assert (await upload("1970-01-01T00:00:00Z")).status_code == 201
    stamps = [datetime.format(row.utc_timestamp) for row in await stored()]
    assert stamps == ["1970-01-01T00:00:00Z", *(f"2024-03-13T12:{minute:02d}:00Z" for minute in range(1, 5))]
    await services.retention.sweep(now() + 200 * DAY)
    assert [datetime.format(row.utc_timestamp) for row in await stored()] == ["1970-01-01T00:00:00Z"]


async def test_a_picture_with_an_old_time_stamp_survives_the_next_sweep(
    upload: Upload, stored: Callable[[], Awaitable[list[Row]]], services: Services
) -> None:
    await upload("1970-01-01T00:00:00Z")
    await upload()
    await services.retention.sweep(now())
    assert len(await stored()) == 2


async def test_bytes_of_a_network_are_bounded(
    upload: Upload, stored: Callable[[], Awaitable[list[Row]]], services: Services, call_as: Any, setup_token: str
) -> None:
    services.screenshots._bytes_per_network = 3 * len(JPEG)
    for minute in range(5):
        assert (await upload(f"2024-03-13T12:{minute:02d}:00Z")).status_code == 201
    stamps = [datetime.format(row.utc_timestamp) for row in await stored()]
    assert stamps == [f"2024-03-13T12:{minute:02d}:00Z" for minute in (2, 3, 4)]
    registration = {"serial": "Z1", "model": "HD1024", "firmware": "1"}
    answer = await call_as(setup_token).post(f"{PLAYER}/register", json=registration)
    other = call_as(answer.json()["access_token"])
    headers = {"Content-Type": "image/jpeg"}
    refused = await other.put(f"{PLAYER}/screenshots/{NOON}", content=JPEG, headers=headers)
    assert (refused.status_code, refused.json()["error"]) == (400, "quota_reached")
    assert "screenshot_megabytes_per_network" in refused.json()["message"]
    assert len(await stored()) == 3
    (device_id,) = {row.device_id for row in await stored()}
    assert device_id


@pytest.mark.parametrize(
    ("content", "type_", "status"),
    [
        (b"", "image/jpeg", 400),
        (b"not a picture", "image/jpeg", 400),
        (JPEG[:-200], "image/jpeg", 400),
        (JPEG, "image/gif", 415),
        (JPEG, "application/json", 415),
        (b"\xff\xd8" + bytes(8_388_608), "image/jpeg", 413),
    ],
)
async def test_what_is_no_picture_is_refused_and_leaves_nothing_behind(
    upload: Upload, settings: Settings, content: bytes, type_: str, status: int
) -> None:
    answer = await upload(content=content, type_=type_)
    assert answer.status_code == status
    assert answer.json()["message"]
    assert files(settings) == []


async def test_names_have_a_limit(upload: Upload) -> None:
    assert (await upload(group="x" * 129)).status_code == 400


async def test_people_upload_no_pictures(admin: AsyncClient) -> None:
    assert (await admin.put(f"{PLAYER}/screenshots/{NOON}", content=JPEG)).status_code == 403


async def test_a_device_may_go_whose_pictures_another_has_just_let_go(
    services: Services, upload: Upload, admin: AsyncClient, player: AsyncClient
) -> None:
    await upload()
    (row,) = await services.store.all(SCREENSHOTS)
    await services.store.write(lambda tx: discard_files(tx, [row.blob, row.thumbnail]))
    await services.store.write(lambda tx: discard_files(tx, [row.blob]))
    assert (await admin.delete(f"/Devices/{row.serial}/")).status_code == 204
