"""A player reports: status, errors, downloads, or just that it lives."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from httpx import AsyncClient

from signfleet.app.wiring import Services
from signfleet.fleet.devices.catalogue import DEVICES
from signfleet.foundation.storage.interface import Row, Transaction
from signfleet.foundation.storage.query import Query
from signfleet.foundation.storage.tables import (
    device,
    device_document,
    device_download,
    device_error,
    device_properties,
)
from signfleet.foundation.wire import datetime
from signfleet.foundation.wire.timespan import DAY, MINUTE
from tests.conftest import CallAs
from tests.fleet.players.conftest import HD1024, PLAYER, Device
from tests.world import next_second

ERRORS = Query(device_error.select().order_by(device_error.c.id))
DOWNLOADS = Query(device_download.select().order_by(device_download.c.id))
DEVICE = Query(device.select())
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


async def test_a_sign_of_life_makes_the_device_known_to_be_well(player: AsyncClient, device: Device) -> None:
    answer = await report(player)
    status = (await device())["status"]
    assert answer["sequence"] == 1
    assert (status["health"], status["firmware"]) == ("Normal", None)
    assert abs((datetime.parse(status["lastModifiedDate"]) or 0) - now()) < MINUTE


async def test_every_report_moves_last_modified_on(player: AsyncClient, admin: AsyncClient) -> None:
    path = f"/Devices/{HD1024['serial']}/"
    change = [{"op": "replace", "path": "/settings/description/", "value": "x"}]
    for sequence in (1, 2, 3):
        await next_second()
        seen = (await admin.get(path)).headers["last-modified"]
        assert (await admin.get(path, headers={"If-Modified-Since": seen})).status_code == 304
        await report(player, sequence)
        assert (await admin.get(path, headers={"If-Modified-Since": seen})).status_code == 200
    assert (await admin.patch(path, json=change, headers={"If-Unmodified-Since": seen})).status_code == 204


async def test_a_status_is_kept_whole_and_replaced_whole(player: AsyncClient, device: Device) -> None:
    await report(player, 1, status={"firmware": {"version": "9.0.1"}, "uptime": "1.08:20", "storage": [STORAGE]})
    first = (await device())["status"]
    assert (first["firmware"], first["uptime"]) == ({"version": "9.0.1"}, "1.08:20:00")
    assert first["storage"] == [{"system": None, **STORAGE}]
    await report(player, 2, status={"timezone": "CET"})
    second = (await device())["status"]
    assert (second["firmware"], second["timezone"]) == (None, "CET")


async def test_filters_know_of_a_device_what_is_answered(
    services: Services, player: AsyncClient, device: Device, admin: AsyncClient
) -> None:
    async def compared() -> dict[str, Any]:
        [row] = await rows(services, PROPERTIES)
        return {path: value for path, value in msgspec.json.decode(row.properties).items() if value is not None}

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
    ("said", "is_its_id"),
    [
        ({"name": "default"}, lambda id_: id_ > 0),
        ({"name": "nobody's"}, lambda id_: id_ == 0),
        ({"id": 77, "name": "Default"}, lambda id_: id_ == 77),
    ],
)
async def test_a_group_that_is_only_named_gets_its_id(
    said: dict[str, Any], is_its_id: Callable[[int], bool], player: AsyncClient, device: Device
) -> None:
    await report(player, 1, status={"group": said})
    group = (await device())["status"]["group"]
    assert group["name"] == said["name"]
    assert is_its_id(group["id"])


async def test_a_sign_of_life_leaves_the_status_as_it_was(player: AsyncClient, device: Device) -> None:
    await report(player, 1, status={"timezone": "CET"})
    await report(player, 2)
    assert (await device())["status"]["timezone"] == "CET"


async def test_a_status_can_be_filtered_by_as_long_as_it_holds(player: AsyncClient, admin: AsyncClient) -> None:
    async def count(expression: str) -> int:
        return int((await admin.get("/Devices/Count/", params={"filter": expression})).json())

    await report(player, 1, status={"firmware": {"version": "9.0.1"}, "presentation": {"id": 7, "name": "Menu"}})
    assert await count("[Status].[Firmware].[Version] IS '9.0.1'") == 1
    assert await count("[Status].[Presentation].[Name] IS 'menu'") == 1
    await report(player, 2, status={"firmware": {"version": "9.0.2"}})
    assert await count("[Status].[Firmware].[Version] IS '9.0.1'") == 0
    assert await count("[Status].[Presentation] IS NULL") == 1
    assert await count("[Status].[Health] IS 'Normal'") == 1


async def test_a_report_does_not_count_as_a_change_of_the_device(player: AsyncClient, admin: AsyncClient) -> None:
    path = f"/Devices/{HD1024['serial']}/"
    before = await admin.get(path)
    await report(player, 1, status={"timezone": "CET"})
    after = await admin.get(path)
    assert after.json()["lastModifiedDate"] == before.json()["lastModifiedDate"]
    assert after.headers["ETag"] != before.headers["ETag"]
    assert after.headers["ETag"].partition("-")[0] == before.headers["ETag"].partition("-")[0]


async def test_the_same_report_again_doubles_nothing(player: AsyncClient, services: Services) -> None:
    what = {"status": {"timezone": "CET"}, "errors": [ERROR], "downloads": [DOWNLOAD, DOWNLOAD]}
    first = await report(player, 5, **what)
    again = await report(player, 5, **what)
    assert again == first
    assert len(await rows(services, ERRORS)) == 1
    assert len(await rows(services, DOWNLOADS)) == 2


async def test_the_same_report_many_times_at_once_doubles_nothing(player: AsyncClient, services: Services) -> None:
    await asyncio.gather(*(report(player, 5, errors=[ERROR]) for _ in range(10)))
    assert len(await rows(services, ERRORS)) == 1


async def test_an_older_number_is_told_the_highest_taken(player: AsyncClient, services: Services) -> None:
    await report(player, 9)
    assert (await report(player, 3, errors=[ERROR]))["sequence"] == 9
    assert await rows(services, ERRORS) == []


async def test_numbers_go_on_when_a_player_registers_again(
    player: AsyncClient, call_as: CallAs, setup_token: str, registered: dict[str, Any]
) -> None:
    await report(player, 9)
    body = HD1024 | {"device_secret": registered["device_secret"]}
    again = await call_as(setup_token).post(f"{PLAYER}/register", json=body)
    assert again.json()["sequence"] == 9


async def test_errors_and_downloads_are_kept_as_they_were_told(player: AsyncClient, services: Services) -> None:
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


async def test_time_stamps_of_a_wrong_clock_are_set_right(player: AsyncClient, services: Services) -> None:
    behind = now() - 40 * DAY
    stamp = datetime.format(behind - 5 * MINUTE)
    await report(player, sentAt=datetime.format(behind), errors=[ERROR | {"timestamp": stamp}])
    (error,) = await rows(services, ERRORS)
    assert abs(error.timestamp - (now() - 5 * MINUTE)) < MINUTE


@pytest.mark.parametrize("stamp", ["2999-01-01T00:00:00Z", "0001-01-01T00:00:00", None])
async def test_a_time_stamp_still_to_come_or_not_set_means_now(
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


async def test_health_is_due_to_be_judged_anew(player: AsyncClient, services: Services) -> None:
    await report(player)
    (row,) = await rows(services, DEVICE)
    assert row.health_due_date == row.status_date + 10 * MINUTE


async def test_the_answer_says_when_to_report_again_and_whether_settings_changed(player: AsyncClient) -> None:
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
        ({"errors": [{}]}, "'errors[0]'"),
        ({"errors": [ERROR | {"responseCode": 2**31}]}, "'errors[0].responseCode'"),
        ({"errors": [ERROR, ERROR | {"timestamp": "x"}]}, "'errors[1].timestamp'"),
        ({"errors": [ERROR | {"reason": "x" * 4097}]}, "'errors[0].reason'"),
        ({"downloads": [DOWNLOAD | {"progress": 101}]}, "'downloads[0].progress'"),
        ({"downloads": [DOWNLOAD | {"fileHash": "MD5:00"}]}, "'downloads[0].fileHash'"),
    ],
)
async def test_what_does_not_fit_is_refused_by_name_and_nothing_is_taken(
    player: AsyncClient, services: Services, wrong: dict[str, Any], place: str
) -> None:
    whole = {"sequence": 1, "errors": [ERROR], "downloads": [DOWNLOAD], **wrong}
    answer = await player.post(f"{PLAYER}/report", json=whole)
    assert answer.status_code == 400
    assert place in answer.json()["message"]
    assert await rows(services, ERRORS) == []
    assert (await rows(services, DEVICE))[0].report_sequence == 0


async def test_a_report_beyond_the_limit_is_too_large(player: AsyncClient) -> None:
    answer = await player.post(f"{PLAYER}/report", json={"sequence": 1, "pad": "x" * 262_144})
    assert answer.status_code == 413


async def test_people_and_strangers_do_not_report(admin: AsyncClient, client: AsyncClient) -> None:
    assert (await admin.post(f"{PLAYER}/report", json={"sequence": 1})).status_code == 403
    assert (await client.post(f"{PLAYER}/report", json={"sequence": 1})).status_code == 401
    assert (await client.get(f"{PLAYER}/settings")).status_code == 401


async def test_a_players_token_opens_nothing_of_the_operators(player: AsyncClient) -> None:
    assert (await player.get("/Devices/")).status_code == 403


@pytest.mark.parametrize("founded", ["postgresql"], indirect=True)  # SQLite has one writer
async def test_a_report_that_waits_for_a_change_knows_of_it(player: AsyncClient, services: Services) -> None:
    before = await report(player)
    changed, go_on = asyncio.Event(), asyncio.Event()

    async def change(tx: Transaction) -> None:
        await tx.execute(Query(device.update().values(version=device.c.version + 1)))
        await tx.execute(Query(device_document.update().values(settings='{"name":"New"}')))
        changed.set()
        await go_on.wait()

    changing = asyncio.create_task(services.store.write(change))
    await changed.wait()
    reporting = asyncio.create_task(report(player, 2))
    await asyncio.sleep(0.2)
    assert not reporting.done()
    go_on.set()
    await changing
    after = await reporting
    assert after["settingsETag"] != before["settingsETag"]
    assert after["settingsETag"] == (await player.get(f"{PLAYER}/settings")).headers["etag"]


@pytest.mark.parametrize("digits", ["1", "123456789", "1234567890123456789"])
async def test_a_time_stamp_may_have_any_number_of_digits(player: AsyncClient, services: Services, digits: str) -> None:
    stamp = f"2026-03-13T15:51:01.{digits}Z"
    status = {"currentSettingsTimestamp": stamp, "uptime": f"00:00:01.{digits}"}
    errors, downloads = [ERROR | {"timestamp": stamp}], [DOWNLOAD | {"timestamp": stamp}]
    await report(player, status=status, errors=errors, downloads=downloads)
    (error,), (download,) = await rows(services, ERRORS), await rows(services, DOWNLOADS)
    assert error.timestamp == download.timestamp == datetime.parse("2026-03-13T15:51:01Z") + int((digits + "00")[:3])


async def test_lists_that_are_too_long_are_cut_and_the_sign_of_life_counts(
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


async def test_many_words_in_one_member_refuse_nothing(player: AsyncClient, device: Device) -> None:
    await report(player, status={"storage": [{"access": ["Read"] * 10_000}]})
    assert (await device())["status"]["storage"][0]["access"] == "Read"
