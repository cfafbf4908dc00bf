"""`bsn-cloud-api` as published: signs in with client credentials, chooses its network, lists devices."""

from __future__ import annotations

from tests.clients.conftest import Fleet, RunClient

SIGN_IN = """
import json, sys
import bsn_cloud_api
bsn_cloud_api.configure(**json.loads(sys.argv[1]))
"""


def sign_in(fleet: Fleet) -> dict[str, str]:
    network = fleet.network
    return {"client_id": network.client_id, "secret": network.client_secret, "network": network.network}


def test_it_lists_the_devices_by_name(fleet: Fleet, run_client: RunClient) -> None:
    page = run_client(SIGN_IN + "print(json.dumps(bsn_cloud_api.get_devices()))", **sign_in(fleet))
    assert page["items"] == sorted(fleet.devices, key=lambda device: device["settings"]["name"].casefold())


def test_it_gets_one_device_by_its_serial_number(fleet: Fleet, run_client: RunClient) -> None:
    device = fleet.devices[0]
    script = SIGN_IN + f"print(json.dumps(bsn_cloud_api.get_device(serial_number={device['serial']!r})))"
    assert run_client(script, **sign_in(fleet)) == device


def test_it_reports_a_wrong_secret(fleet: Fleet, run_client: RunClient) -> None:
    script = SIGN_IN + "print(json.dumps(bsn_cloud_api.login().error))"
    assert run_client(script, **sign_in(fleet) | {"secret": "wrong"}) == "Error authenticating"
