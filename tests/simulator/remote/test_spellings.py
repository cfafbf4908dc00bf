"""Requests of public clients that no registry offers, in their spelling, and what they read back."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest

from signfleet.simulator.machine import Machine
from signfleet.simulator.remote.dispatch import answer
from signfleet.simulator.remote.state import State
from tests.fleet.remote.calling import HEALTHY, NOW


class Sent(NamedTuple):
    """What a client sends, and what the route answers to GET afterwards; None where there is nothing to read."""

    client: str
    method: str
    route: str
    data: dict[str, Any]
    read: dict[str, Any] | None = None
    query: dict[str, str] | None = None


_FILE = {"fileName": "config.xml", "fileContents": "data:text/xml;base64,PGEvPg==", "fileType": "text/xml"}
_CAPTURE = {"filename": "a.pcap", "interface": "eth0", "duration": 9, "maxPackets": 5, "snaplen": 64, "filter": "udp"}
_PICTURE = {
    "format": "png",
    "quality": 90,
    "includeMetadata": True,
    "output": "base64",
    "compression": 6,
    "displayId": 0,
    "region": {"x": 0, "y": 0, "width": 64, "height": 36},
}
_STATIC = {"type": "static", "ipAddress": "10.0.0.5", "netmask": "24", "gateway": "10.0.0.1", "dns": ["10.0.0.1"]}
_PASSWORD = {"password": {"isResultValid": True, "isBlank": False}}
REQUESTS = [
    Sent("Go SDK", "PUT", "control/reboot", {"crash_report": True}),
    Sent("Go SDK", "PUT", "control/reboot", {"factory_reset": True}),
    Sent("Go SDK", "PUT", "control/reboot", {"autorun": "disable"}),
    Sent("Express demo", "PUT", "control/reboot", {}),
    Sent("Go SDK", "PUT", "control/local-dws", {"enabled": False}, {"enabled": False}),
    Sent("Express demo", "PUT", "control/local-dws", {"enable": False}, {"value": False}),
    Sent("Go SDK", "PUT", "control/dws-password", {"password": "x", "previous_password": ""}, _PASSWORD),
    Sent("Python package", "PUT", "control/dws-password", {"password": "x", "previousPassword": ""}, _PASSWORD),
    Sent("Python package", "PUT", "control/ssh-host-keys/reset", {"reboot": "true"}),
    Sent("Go SDK", "PUT", "custom", {"data": "command:refresh"}),
    Sent("Express demo", "PUT", "custom", {"command": "next", "returnimmediately": True}),
    Sent("page on UDP", "PUT", "custom", {"command": "next", "return immediately": True}),
    Sent("Go SDK", "PUT", "diagnostics/ssh", {"enabled": True, "port": 2222, "password": "x"}, {"port": 2222}),
    Sent("Python package", "PUT", "diagnostics/telnet", {"enabled": True, "portnumber": 24}, {"portNumber": 24}),
    Sent("Go SDK", "PUT", "diagnostics/network-configuration/eth0", _STATIC, _STATIC),
    Sent("Go SDK", "POST", "diagnostics/packet-capture", _CAPTURE, {"running": True, "interface": "eth0"}),
    Sent("Go SDK", "PUT", "files/sd", {"fileUploadPath": "/sd/", "files": [_FILE]}, {"name": "sd", "type": "dir"}),
    Sent("Go SDK", "PUT", "files/sd/configs", {}, {"type": "dir", "path": "/sd/configs"}),
    Sent("Go SDK", "DELETE", "storage/ssd", {}),
    Sent("Go SDK", "GET", "download-firmware", {}, query={"url": "https://files.example/a-9.1.99-update.bsfw"}),
    Sent("Go SDK", "POST", "snapshot", _PICTURE),
    Sent("Express demo", "POST", "snapshot", {}),
    Sent("signage back end", "POST", "snapshot", {"shouldCaptureFullResolution": False}),
    Sent("Go SDK", "PUT", "registry/networking/ru", {"value": 23}, {"value": "23"}),
    Sent("Go SDK", "PUT", "registry/recovery_url", {"url": "http://r.example"}, {"url": "http://r.example"}),
    Sent(
        "Python package",
        "PUT",
        "display-control/white-balance",
        {"redbalance": 1, "greenbalance": 2, "bluebalance": 3},
        {"redBalance": 1, "greenBalance": 2, "blueBalance": 3},
    ),
]


@pytest.mark.parametrize("sent", REQUESTS, ids=lambda sent: f"{sent.client}: {sent.method} {sent.route}")
def test_a_player_understands_each_client(sent: Sent) -> None:
    state = State(Machine(HEALTHY, NOW))
    given = {"method": sent.method, "route": f"/v1/{sent.route}", "data": sent.data, "query": sent.query}
    said = answer(state, given, NOW).result
    assert said["status"] == 200, said
    assert said.get("file") or said["data"].get("success", True) is True
    if sent.read is not None:
        shown = answer(state, {"method": "GET", "route": f"/v1/{sent.route}"}, NOW).result["data"]
        assert shown.items() >= sent.read.items()
