"""What no player could apply is refused with its place; what is stored can always be sent back."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from httpx import AsyncClient

from signfleet.app.bootstrap import Tenant
from signfleet.app.wiring import Services
from signfleet.fleet.devices.schemas import PlayerSettings
from signfleet.fleet.devices.settings_rules import check
from signfleet.foundation.errors import Invalid
from tests.fleet.devices.stored import example, store_player

EXAMPLES = ["001-05-get-devices-id-int-answer", "001-06-put-devices-id-int-request", "001-09-get-devices-serial-answer"]
PLAYER = example(EXAMPLES[0])
ETHERNET, VLAN, WIFI, CELLULAR, *_ = PLAYER["settings"]["network"]["interfaces"]
UNUSABLE: list[tuple[dict[str, Any], str]] = [
    ({"name": ""}, "name"),
    ({"name": " \t"}, "name"),
    ({"timezone": "Foo/Bar"}, "timezone"),
    ({"timezone": ""}, "timezone"),
    ({"brightWall": {"id": 7, "name": None}}, "brightWall"),
    ({"brightWall": {"name": "Wall"}}, "brightWall"),
    ({"screen": {"splashUrl": "not a url"}}, "screen.splashUrl"),
    ({"synchronization": {"content": {"start": "1.00:00:00"}}}, "synchronization.content.start"),
    ({"synchronization": {"content": {"end": "2.00:00"}}}, "synchronization.content.end"),
    ({"logging": {"uploadTime": "1.03:00:00"}}, "logging.uploadTime"),
    ({"network": {"hostname": "bad host!"}}, "network.hostname"),
    ({"network": {"hostname": "-lobby"}}, "network.hostname"),
    ({"network": {"hostname": "lobby..example"}}, "network.hostname"),
    ({"network": {"hostname": f"{'x' * 64}.example"}}, "network.hostname"),
    ({"network": {"proxyServer": "proxy"}}, "network.proxyServer"),
    ({"network": {"proxyServer": "http://proxy:99999"}}, "network.proxyServer"),
    ({"network": {"timeServers": ["http://time.example.com/", "not a url"]}}, "network.timeServers[1]"),
    ({"network": {"timeServers": ["http://"]}}, "network.timeServers[0]"),
    ({"network": {"timeServers": ["http://[::1"]}}, "network.timeServers[0]"),
    ({"network": {"interfaces": [ETHERNET | {"ip": ["999.1.1.1/24"]}]}}, "network.interfaces[0].ip[0]"),
    ({"network": {"interfaces": [ETHERNET | {"ip": ["10.0.0.1/8", "10.0.0.1/33"]}]}}, "network.interfaces[0].ip[1]"),
    ({"network": {"interfaces": [ETHERNET | {"ip": ["fe80::1/129"]}]}}, "network.interfaces[0].ip[0]"),
    ({"network": {"interfaces": [ETHERNET | {"ip": ["10.0.0.1/٨"]}]}}, "network.interfaces[0].ip[0]"),
    ({"network": {"interfaces": [ETHERNET | {"gateway": "router"}]}}, "network.interfaces[0].gateway"),
    ({"network": {"interfaces": [ETHERNET | {"gateway": "10.0.0.1/8"}]}}, "network.interfaces[0].gateway"),
    ({"network": {"interfaces": [ETHERNET | {"dns": ["10.0.0"]}]}}, "network.interfaces[0].dns[0]"),
    ({"network": {"interfaces": [ETHERNET | {"name": "eth 0"}]}}, "network.interfaces[0].name"),
    ({"network": {"interfaces": [ETHERNET, ETHERNET]}}, "network.interfaces[1].name"),
    ({"network": {"interfaces": [ETHERNET, VLAN | {"vlanId": 9999}]}}, "network.interfaces[1].vlanId"),
    ({"network": {"interfaces": [ETHERNET, VLAN | {"vlanId": 0}]}}, "network.interfaces[1].vlanId"),
    ({"network": {"interfaces": [ETHERNET, VLAN | {"vlanId": None}]}}, "network.interfaces[1].vlanId"),
    ({"network": {"interfaces": [ETHERNET, VLAN | {"parent": "eth7"}]}}, "network.interfaces[1].parent"),
    ({"network": {"interfaces": [ETHERNET, VLAN | {"parent": None}]}}, "network.interfaces[1].parent"),
    ({"network": {"interfaces": [VLAN | {"parent": VLAN["name"]}]}}, "network.interfaces[0].parent"),
    ({"network": {"interfaces": [VLAN]}}, "network.interfaces[0].parent"),
    ({"network": {"interfaces": [WIFI | {"ssid": "é" * 17}]}}, "network.interfaces[0].ssid"),
    (
        {"network": {"interfaces": [CELLULAR | {"sims": [{"mcc": "99", "mnc": "01"}]}]}},
        "network.interfaces[0].sims[0].mcc",
    ),
]


@pytest.fixture
async def device(services: Services, network: Tenant) -> None:
    group = {"id": network.group_id, "name": "Default", "link": None}
    player = PLAYER | {"settings": PLAYER["settings"] | {"group": group}}
    await store_player(services.store, network.network_id, player)


@pytest.mark.usefixtures("device")
@pytest.mark.parametrize(("wanted", "place"), UNUSABLE)
async def test_what_no_player_could_apply_is_refused(wanted: Any, place: str, admin: AsyncClient) -> None:
    before = (await admin.get("/Devices/12345/")).content
    put = await admin.put("/Devices/12345/", json={"settings": wanted})
    assert (put.status_code, put.json()["message"].partition(" - at ")[2]) == (400, f"'settings.{place}'.")
    [(name, value)] = wanted.items()
    if not isinstance(value, dict):
        change = [{"op": "replace", "path": f"/settings/{name}/", "value": value}]
        patch = await admin.patch("/Devices/12345/", json=change)
        assert (patch.status_code, patch.json()["message"]) == (400, put.json()["message"])
    assert (await admin.get("/Devices/12345/")).content == before


@pytest.mark.usefixtures("device")
@pytest.mark.parametrize(
    "wanted",
    [
        {"network": {"hostname": "lobby_1.example.com"}},
        {"network": {"hostname": ""}},
        {"network": {"hostname": None}},
        {"network": {"proxyServer": "http://user:password@proxy.example.com:3128"}},
        {"network": {"timeServers": ["ntp://pool.ntp.org", "https://time.example.com", "http://[2001:db8::1]/"]}},
        {"network": {"interfaces": [ETHERNET | {"gateway": "fe80::1%eth0", "ip": ["10.0.0.1"]}]}},
        {"network": {"interfaces": [WIFI | {"ssid": ""}]}},
        {"network": {"interfaces": [ETHERNET | {"parent": None, "vlanId": 0}]}},
        {"brightWall": {"id": None, "name": None, "screen": 0}},
        {"screen": {"splashUrl": "https://example.com/splash.png"}},
        {"timezone": None},
    ],
)
async def test_what_clients_send_passes(wanted: Any, admin: AsyncClient) -> None:
    assert (await admin.put("/Devices/12345/", json={"settings": wanted})).status_code == 204


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_examples_of_the_contract_pass(name: str) -> None:
    stored = msgspec.convert(example(name)["settings"], PlayerSettings)
    check(stored, msgspec.to_builtins(stored), {})


@pytest.mark.parametrize(("wanted", "place"), UNUSABLE)
def test_what_is_stored_can_be_sent_back(wanted: Any, place: str) -> None:
    whole = msgspec.convert({"name": "Lobby"} | wanted, PlayerSettings)
    with pytest.raises(Invalid, match="at 'settings"):
        check(whole, msgspec.to_builtins(whole), {})
    check(whole, msgspec.to_builtins(whole), msgspec.to_builtins(whole))


@pytest.mark.usefixtures("device")
@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        ("europe/berlin", "Europe/Berlin"),
        ("W. Europe Standard Time", "Europe/Berlin"),
        ("cet", "CET"),
        ("gmt+9:30", "GMT+9:30"),
        ("Asia/Tokyo", "Asia/Tokyo"),
    ],
)
async def test_time_zones_are_stored_as_players_know_them(sent: str, stored: str, admin: AsyncClient) -> None:
    change = [{"op": "replace", "path": "/settings/timezone", "value": sent}]
    assert (await admin.patch("/Devices/12345/", json=change)).status_code == 204
    assert (await admin.get("/Devices/12345/")).json()["settings"]["timezone"] == stored


@pytest.mark.usefixtures("device")
async def test_a_put_takes_names_in_any_letter_case_and_an_exact_one_first(admin: AsyncClient) -> None:
    body = {"Settings": {"Description": "a", "Network": {"HOSTNAME": "b"}, "name": "c", "Name": "d"}}
    assert (await admin.put("/Devices/12345/", json=body)).status_code == 204
    after = (await admin.get("/Devices/12345/")).json()["settings"]
    assert (after["description"], after["network"]["hostname"], after["name"]) == ("a", "b", "c")


@pytest.mark.usefixtures("device")
async def test_an_unknown_time_zone_is_answered_with_the_nearest(admin: AsyncClient) -> None:
    change = [{"op": "replace", "path": "/settings/timezone", "value": "Europe/Berln"}]
    answer = await admin.patch("/Devices/12345/", json=change)
    assert answer.status_code == 400
    assert "There is no time zone 'Europe/Berln'; the nearest are Europe/Berlin, " in answer.json()["message"]
