"""A player reports: status, errors, downloads, or just that it lives."""

import asyncio
import gzip
import time
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from httpx import AsyncClient
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from signfleet.app.wiring import Services
from signfleet.fleet.devices.catalogue import DEVICES
from signfleet.fleet.players.report_writing import is_newer
from signfleet.foundation.storage.interface import Row, Transaction
from signfleet.foundation.storage.query import Query
from signfleet.foundation.storage.tables import (
    device,
    device_document,
    device_download,
    device_error,
    device_properties,
    device_status,
)
from signfleet.foundation.wire import datetime
from signfleet.foundation.wire.json import encode
from signfleet.foundation.wire.timespan import DAY, MINUTE
from tests.conftest import CallAs
from tests.fleet.players.conftest import HD1024, PLAYER, Device, Register
from tests.world import next_second

ERRORS = Query(device_error.select().order_by(device_error.c.id))
DOWNLOADS = Query(device_download.select().order_by(device_download.c.id))
STATUS = Query(device_status.select())
PROPERTIES = Query(device_properties.select())

STORAGE = {"interface": "SD1", "access": "Read, Write", "stats": {"sizeTotal": 1000, "sizeFree": 900}}
ERROR = {"errorName": "FileDownloadFailure", "reason": "timed out", "responseCode": -28}
DOWNLOAD = {"fileName": "a.jpg", "progress": 100, "status": "ok"}


def now() -> int:
    return time.time_ns() // 1_000_000


async def report(player: AsyncClient, sequence: int = 1, **what: Any) -> dict[str, Any]:
    answer = await player.post(f"{PLAYER}/report", json={"sequence": sequence, **what})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def rows(services: Services, query: Query) -> list[Row]:
    return await services.store.scan_all(query)


async def test_a_report_without_a_status_makes_the_health_normal(player: AsyncClient, device: Device) -> None:
    answer = await report(player)
    status = (await device())["status"]
    assert answer["sequence"] == 1
    assert (status["health"], status["firmware"]) == ("Normal", None)
    assert abs((datetime.parse(status["lastModifiedDate"]) or 0) - now()) < MINUTE


async def test_every_report_advances_last_modified(player: AsyncClient, admin: AsyncClient) -> None:
    path = f"/Devices/{HD1024['serial']}/"
    change = [{"op": "replace", "path": "/settings/description/", "value": "x"}]
    for sequence in (1, 2, 3):
        await next_second()
        seen = (await admin.get(path)).headers["last-modified"]
        assert (await admin.get(path, headers={"If-Modified-Since": seen})).status_code == 304
        await report(player, sequence)
        assert (await admin.get(path, headers={"If-Modified-Since": seen})).status_code == 200
    assert (await admin.patch(path, json=change, headers={"If-Unmodified-Since": seen})).status_code == 204


async def test_a_status_is_stored_and_replaced_as_a_whole(player: AsyncClient, device: Device) -> None:
    await report(player, 1, status={"firmware": {"version": "9.0.1"}, "uptime": "1.08:20", "storage": [STORAGE]})
    first = (await device())["status"]
    assert (first["firmware"], first["uptime"]) == ({"version": "9.0.1"}, "1.08:20:00")
    assert first["storage"] == [{"system": None, **STORAGE}]
    await report(player, 2, status={"timezone": "CET"})
    second = (await device())["status"]
    assert (second["firmware"], second["timezone"]) == (None, "CET")


async def test_filters_match_the_status_that_is_answered(
    services: Services, player: AsyncClient, device: Device, admin: AsyncClient
) -> None:
    async def compared() -> dict[str, Any]:
        flat: dict[str, Any] = {}
        for query in (PROPERTIES, STATUS):
            [row] = await rows(services, query)
            flat |= msgspec.json.decode(row.properties)
        return {path: value for path, value in flat.items() if value is not None}

    assert await compared() == DEVICES.flatten(await device())
    await report(player, 1, status={"firmware": {"version": "9.0.1"}, "uptime": "1.08:20", "storage": [STORAGE]})
    assert await compared() == DEVICES.flatten(await device())
    body = {"settings": {"description": "By the door", "lws": None, "network": {"proxyBypass": ["localhost"]}}}
    assert (await admin.put(f"/Devices/{HD1024['serial']}/", json=body)).status_code == 204
    await report(player, 2, status={"timezone": "CET"})
    assert await compared() == DEVICES.flatten(await device())
    none = await admin.get("/Devices/Count/", params={"filter": "[TaggedGroups] IS NULL"})
    assert none.json() == 0  # an empty array is not null


@pytest.mark.parametrize(
    ("sent", "is_its_id"),
    [
        ({"name": "default"}, lambda id_: id_ > 0),
        ({"name": "nobody's"}, lambda id_: id_ == 0),
        ({"id": 77, "name": "Default"}, lambda id_: id_ == 77),
    ],
)
async def test_a_group_given_by_name_gets_its_id(
    sent: dict[str, Any], is_its_id: Callable[[int], bool], player: AsyncClient, device: Device
) -> None:
    await report(player, 1, status={"group": sent})
    group = (await device())["status"]["group"]
    assert group["name"] == sent["name"]
    assert is_its_id(group["id"])


async def test_a_report_without_a_status_leaves_the_status_unchanged(player: AsyncClient, device: Device) -> None:
    await report(player, 1, status={"timezone": "CET"})
    await report(player, 2)
    assert (await device())["status"]["timezone"] == "CET"


async def test_a_replaced_status_no_longer_matches_filters(player: AsyncClient, admin: AsyncClient) -> None:
    async def count(expression: str) -> int:
        return int((await admin.get("/Devices/Count/", params={"filter": expression})).json())

    await report(player, 1, status={"firmware": {"version": "9.0.1"}, "presentation": {"id": 7, "name": "Menu"}})
    assert await count("[Status].[Firmware].[Version] IS '9.0.1'") == 1
    assert await count("[Status].[Presentation].[Name] IS 'menu'") == 1
    await report(player, 2, status={"firmware": {"version": "9.0.2"}})
    assert await count("[Status].[Firmware].[Version] IS '9.0.1'") == 0
    assert await count("[Status].[Presentation] IS NULL") == 1
    assert await count("[Status].[Health] IS 'Normal'") == 1


async def test_a_report_does_not_change_the_modification_date(player: AsyncClient, admin: AsyncClient) -> None:
    path = f"/Devices/{HD1024['serial']}/"
    before = await admin.get(path)
    await report(player, 1, status={"timezone": "CET"})
    after = await admin.get(path)
    assert after.json()["lastModifiedDate"] == before.json()["lastModifiedDate"]
    assert after.headers["ETag"] != before.headers["ETag"]
    assert after.headers["ETag"].partition("-")[0] == before.headers["ETag"].partition("-")[0]


async def test_a_repeated_report_is_stored_once(player: AsyncClient, services: Services) -> None:
    what = {"status": {"timezone": "CET"}, "errors": [ERROR], "downloads": [DOWNLOAD, DOWNLOAD]}
    first = await report(player, 5, **what)
    again = await report(player, 5, **what)
    assert again == first | {"duplicate": True}
    assert len(await rows(services, ERRORS)) == 1
    assert len(await rows(services, DOWNLOADS)) == 2


async def test_concurrent_repeats_of_a_report_are_stored_once(player: AsyncClient, services: Services) -> None:
    await asyncio.gather(*(report(player, 5, errors=[ERROR]) for _ in range(10)))
    assert len(await rows(services, ERRORS)) == 1


async def test_a_stale_sequence_number_gets_the_highest_accepted_one(player: AsyncClient, services: Services) -> None:
    await report(player, 9)
    assert (await report(player, 3, errors=[ERROR]))["sequence"] == 9
    assert await rows(services, ERRORS) == []


async def test_sequence_numbers_continue_after_another_registration(
    player: AsyncClient, call_as: CallAs, setup_token: str, registered: dict[str, Any]
) -> None:
    await report(player, 9)
    body = HD1024 | {"device_secret": registered["device_secret"]}
    again = await call_as(setup_token).post(f"{PLAYER}/register", json=body)
    assert again.json()["sequence"] == 9


async def test_errors_and_downloads_are_stored_as_sent(player: AsyncClient, services: Services) -> None:
    sha1 = "sha1:311822ed6a306cb3f2775cb3d9ff1a8c96680e92"
    stamp = "2024-03-13T16:20:01.25Z"
    await report(
        player,
        errors=[ERROR | {"timestamp": stamp}, {"errorName": "diskError"}],
        downloads=[DOWNLOAD | {"timestamp": stamp, "fileHash": sha1}],
    )
    first, second = await rows(services, ERRORS)
    assert (first.name, first.event, first.reason, first.response_code) == (
        "FileDownloadFailure",
        "deviceError",
        "timed out",
        -28,
    )
    assert datetime.format(first.timestamp) == stamp
    assert (second.reason, second.response_code) == (None, 0)
    assert abs(second.timestamp - now()) < MINUTE
    (download,) = await rows(services, DOWNLOADS)
    assert (download.file_name, download.progress, download.status) == ("a.jpg", 100, "ok")
    assert download.file_hash == sha1.upper()


async def test_time_stamps_of_a_wrong_clock_are_corrected(player: AsyncClient, services: Services) -> None:
    behind = now() - 40 * DAY
    stamp = datetime.format(behind - 5 * MINUTE)
    await report(player, sentAt=datetime.format(behind), errors=[ERROR | {"timestamp": stamp}])
    (error,) = await rows(services, ERRORS)
    assert abs(error.timestamp - (now() - 5 * MINUTE)) < MINUTE


@pytest.mark.parametrize("stamp", ["2999-01-01T00:00:00Z", "0001-01-01T00:00:00", None])
async def test_a_missing_or_future_time_stamp_means_now(
    player: AsyncClient, services: Services, stamp: str | None
) -> None:
    await report(player, errors=[ERROR | {"timestamp": stamp}])
    (error,) = await rows(services, ERRORS)
    assert abs(error.timestamp - now()) < MINUTE


async def test_health_follows_from_errors_and_storage(player: AsyncClient, device: Device) -> None:
    async def health(sequence: int, **what: Any) -> str:
        await report(player, sequence, **what)
        return str((await device())["status"]["health"])

    full = STORAGE | {"stats": {"sizeTotal": 1000, "sizeFree": 5}}
    assert await health(1, status={"storage": [STORAGE]}) == "Normal"
    assert await health(2, errors=[ERROR]) == "Warning"
    assert await health(3) == "Warning"
    assert await health(4, status={"storage": [full]}) == "Error"
    assert await health(5) == "Error"


async def test_a_report_sets_when_health_is_due(player: AsyncClient, services: Services) -> None:
    await report(player)
    (row,) = await rows(services, STATUS)
    assert row.health_due_date == row.status_date + 10 * MINUTE


async def test_the_answer_has_the_next_report_and_the_settings_etag(player: AsyncClient) -> None:
    answer = await report(player)
    assert answer.keys() == {"sequence", "settingsETag", "nextReport"}
    assert answer["nextReport"] == 300
    assert answer["settingsETag"] == (await player.get(f"{PLAYER}/settings")).headers["ETag"]


@pytest.mark.parametrize(
    ("wrong", "place"),
    [
        ({"sequence": 0}, "'sequence'"),
        ({"sequence": "1"}, "'sequence'"),
        ({"sequence": 2**53}, "'sequence'"),
        ({"sequence": 1.5}, "'sequence'"),
        ({"sequence": None}, "'sequence'"),
        ({"sentAt": "yesterday"}, "'sentAt'"),
        ({"status": []}, "'status'"),
        ({"status": {"uptime": "-00:00:01"}}, "'status.uptime'"),
        ({"status": {"uptime": "٠٠:00:01"}}, "'status.uptime'"),
        ({"status": {"timezone": "x" * 200}}, "'status.timezone'"),
        ({"status": {"group": {"id": -1}}}, "'status.group.id'"),
        ({"status": {"currentSettingsTimestamp": "soon"}}, "'status.currentSettingsTimestamp'"),
        ({"status": {"storage": [{"stats": {"sizeFree": "much"}}]}}, "'status.storage[0].stats[...]'"),
        ({"status": {"network": {"interfaces": [{"metric": 1e30}]}}}, "'status.network.interfaces[0].metric'"),
        ({"status": {"network": {"interfaces": {"eth0": 1}}}}, "'status.network.interfaces'"),
        ({"status": {"synchronization": {"content": {"enabled": 1}}}}, "'status.synchronization.content.enabled'"),
        ({"errors": {}}, "'errors'"),
        ({"downloads": "none"}, "'downloads'"),
        ({"errors": [{}], "status": {"uptime": "-00:00:01"}}, "'status.uptime'"),
    ],
)
async def test_a_malformed_report_is_refused_by_member_and_not_stored(
    player: AsyncClient, services: Services, wrong: dict[str, Any], place: str
) -> None:
    whole = {"sequence": 1, "errors": [ERROR], "downloads": [DOWNLOAD], **wrong}
    answer = await player.post(f"{PLAYER}/report", json=whole)
    assert answer.status_code == 400
    assert place in answer.json()["message"]
    assert await rows(services, ERRORS) == []
    assert (await rows(services, STATUS))[0].report_sequence == 0


@pytest.mark.parametrize(
    ("member", "item", "place"),
    [
        ("errors", {}, "'errors[1]'"),
        ("errors", 7, "'errors[1]'"),
        ("errors", None, "'errors[1]'"),
        ("errors", ERROR | {"responseCode": 2**31}, "'errors[1].responseCode'"),
        ("errors", ERROR | {"timestamp": "x"}, "'errors[1].timestamp'"),
        ("errors", ERROR | {"reason": "x" * 4097}, "'errors[1].reason'"),
        ("downloads", DOWNLOAD | {"progress": 101}, "'downloads[1].progress'"),
        ("downloads", DOWNLOAD | {"progress": 33.5}, "'downloads[1].progress'"),
        ("downloads", DOWNLOAD | {"fileHash": "MD5:0"}, "'downloads[1].fileHash'"),
    ],
)
async def test_a_wrong_item_is_rejected_and_the_others_are_stored(
    player: AsyncClient, services: Services, member: str, item: Any, place: str
) -> None:
    good = ERROR if member == "errors" else DOWNLOAD
    whole = {"sequence": 1, member: [good, item, {**good, "TIMESTAMP": "2024-03-13T16:20:01Z"}], "status": {}}
    answers = [await player.post(f"{PLAYER}/report", json=whole) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200]
    first, repeated = (answer.json() for answer in answers)
    [rejected] = first["rejected"]
    assert (rejected["in"], rejected["index"]) == (member, 1)
    assert place in rejected["reason"]
    assert repeated == first | {"duplicate": True}
    assert len(await rows(services, ERRORS if member == "errors" else DOWNLOADS)) == 2


async def test_a_hash_of_any_algorithm_is_stored(player: AsyncClient, services: Services) -> None:
    digests = [f"sha256:{'0a' * 32}", "CRC32:deadbeef", f"Sha3-512:{'ff' * 64}"]
    answer = await report(player, downloads=[DOWNLOAD | {"fileHash": digest} for digest in digests])
    assert "rejected" not in answer
    assert [row.file_hash for row in await rows(services, DOWNLOADS)] == [digest.upper() for digest in digests]


async def test_a_number_near_the_highest_locks_nobody_out(player: AsyncClient) -> None:
    assert (await report(player, 2**53 - 1))["sequence"] == 2**53 - 1
    answer = await report(player, 1_710_347_352_001)
    assert answer["sequence"] == 1_710_347_352_001
    assert "duplicate" not in answer
    assert (await report(player, 1_710_347_352_000))["duplicate"]


@given(st.integers(1, 2**53 - 1), st.integers(0, 2**53 - 1))
def test_a_number_is_newer_if_it_is_higher_or_very_much_lower(number: int, stored: int) -> None:
    assert is_newer(number, stored) == (number > stored or number < stored - 2**52)
    assert any(is_newer(further, number) for further in (1, number + 1) if further < 2**53)


async def test_a_report_may_be_compressed(player: AsyncClient, services: Services) -> None:
    async def send(body: bytes) -> Any:
        headers = {"Content-Encoding": "gzip", "Content-Type": "application/json"}
        return await player.post(f"{PLAYER}/report", content=body, headers=headers)

    large = encode({"sequence": 1, "errors": [ERROR] * 50, "status": {"timezone": "CET"}})
    assert (await send(gzip.compress(large))).status_code == 200
    assert len(await rows(services, ERRORS)) == 1
    for wrong, status in (
        (gzip.compress(large)[:-10], 400),
        (gzip.compress(large) + b"more", 400),
        (b"plain", 400),
        (gzip.compress(b'{"sequence": 2, "pad": "' + b"x" * 262_144), 413),
        (gzip.compress(bytes(100_000_000)), 413),
    ):
        answer = await send(wrong)
        assert answer.status_code == status, answer.text
        assert answer.json()["message"]


async def test_a_report_beyond_the_limit_is_too_large(player: AsyncClient) -> None:
    answer = await player.post(f"{PLAYER}/report", json={"sequence": 1, "pad": "x" * 262_144})
    assert answer.status_code == 413


async def test_only_devices_report(admin: AsyncClient, client: AsyncClient) -> None:
    assert (await admin.post(f"{PLAYER}/report", json={"sequence": 1})).status_code == 403
    assert (await client.post(f"{PLAYER}/report", json={"sequence": 1})).status_code == 401
    assert (await client.get(f"{PLAYER}/settings")).status_code == 401


async def test_a_device_token_is_refused_by_the_main_api(player: AsyncClient) -> None:
    assert (await player.get("/Devices/")).status_code == 403


@pytest.mark.parametrize("bootstrapped", ["postgresql"], indirect=True)  # SQLite has one writer
async def test_a_report_that_waited_for_a_change_sees_it_and_delays_no_other_report(
    player: AsyncClient, register: Register, call_as: CallAs, services: Services
) -> None:
    other = call_as((await register(serial="46C89C101840")).json()["access_token"])
    before, _ = await report(player), await report(other)
    changed, go_on = asyncio.Event(), asyncio.Event()
    is_first = device.c.serial == HD1024["serial"]
    document_of_first = device_document.c.device_id.in_(select(device.c.id).where(is_first))

    async def change(tx: Transaction) -> None:
        await tx.execute(Query(device.update().where(is_first).values(version=device.c.version + 1)))
        await tx.execute(Query(device_document.update().where(document_of_first).values(settings='{"name":"New"}')))
        changed.set()
        await go_on.wait()

    changing = asyncio.create_task(services.store.write(change))
    await changed.wait()
    reporting = asyncio.create_task(report(player, 2))
    await report(other, 2)
    await asyncio.sleep(0.2)
    assert not reporting.done()
    go_on.set()
    await changing
    after = await reporting
    assert after["settingsETag"] != before["settingsETag"]
    assert after["settingsETag"] == (await player.get(f"{PLAYER}/settings")).headers["etag"]


@pytest.mark.parametrize("digits", ["1", "123456789", "1234567890123456789"])
async def test_a_time_stamp_may_have_any_number_of_fractional_digits(
    player: AsyncClient, services: Services, digits: str
) -> None:
    stamp = f"2026-03-13T15:51:01.{digits}Z"
    status = {"currentSettingsTimestamp": stamp, "uptime": f"00:00:01.{digits}"}
    errors, downloads = [ERROR | {"timestamp": stamp}], [DOWNLOAD | {"timestamp": stamp}]
    await report(player, status=status, errors=errors, downloads=downloads)
    (error,), (download,) = await rows(services, ERRORS), await rows(services, DOWNLOADS)
    assert error.timestamp == download.timestamp == datetime.parse("2026-03-13T15:51:01Z") + int((digits + "00")[:3])


async def test_lists_that_are_too_long_are_shortened_and_the_report_counts(
    player: AsyncClient, services: Services, device: Device
) -> None:
    status = {
        "storage": [STORAGE | {"stats": {f"s{number}": number for number in range(40)}}] * 17,
        "network": {"interfaces": [{"name": f"eth{number}", "ip": ["10.0.0.1/8"] * 33} for number in range(33)]},
        "script": {"plugins": [{"fileName": "a"}] * 101},
    }
    errors = [ERROR | {"errorName": f"E{number}"} for number in range(60)]
    downloads = [DOWNLOAD | {"fileName": f"F{number}"} for number in range(110)]
    assert (await report(player, status=status, errors=errors, downloads=downloads))["sequence"] == 1
    seen = (await device())["status"]
    interfaces = seen["network"]["interfaces"]
    assert [len(interfaces), len(interfaces[0]["ip"]), interfaces[-1]["name"]] == [32, 32, "eth31"]
    assert [len(seen["storage"]), len(seen["storage"][0]["stats"]), len(seen["script"]["plugins"])] == [16, 32, 100]
    assert [row.name for row in await rows(services, ERRORS)] == [f"E{number}" for number in range(10, 60)]
    assert [row.file_name for row in await rows(services, DOWNLOADS)] == [f"F{number}" for number in range(10, 110)]


async def test_many_words_in_one_member_are_shortened(player: AsyncClient, device: Device) -> None:
    await report(player, status={"storage": [{"access": ["Read"] * 10_000}]})
    assert (await device())["status"]["storage"][0]["access"] == "Read"
