"""`pybrightsign` as published: finds the API version, signs in by name and password, lists networks and devices."""

from __future__ import annotations

from tests.clients.conftest import Fleet, RunClient

SIGN_IN = """
import json, sys
import pybrightsign
server = pybrightsign.Server("bsn.cloud", api_version="2022/06")
server.authorize(json.loads(sys.argv[1]))
"""


def sign_in(fleet: Fleet) -> dict[str, str]:
    network = fleet.network
    return {
        "client_id": "digital signage scripts",
        "client_secret": "of no matter",
        "username": network.login,
        "password": network.password,
        "network": network.network,
    }


def test_it_lists_the_devices(fleet: Fleet, run_client: RunClient) -> None:
    page = run_client(SIGN_IN + "print(json.dumps(server.requests.get('/devices').json()))", **sign_in(fleet))
    assert page["items"] == fleet.devices


def test_it_names_the_networks(fleet: Fleet, run_client: RunClient) -> None:
    script = SIGN_IN + "print(json.dumps(server.get_network_names()))"
    assert run_client(script, **sign_in(fleet)) == [fleet.network.network]
