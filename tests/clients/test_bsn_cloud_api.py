"""`bsn-cloud-api` as published: signs in, lists devices, manages setups and provisioning records.

`test_remote_dws.py` calls its functions that drive players.
"""

from __future__ import annotations

import inspect
import json
from typing import Any

import bsn_cloud_api as published
import pytest

from tests.api import Api
from tests.clients.conftest import Fleet, RunClient
from tests.clients.test_remote_dws import FUNCTIONS as FUNCTIONS_OF_PLAYERS

SIGN_IN = """
import json, sys
import bsn_cloud_api
bsn_cloud_api.configure(**json.loads(sys.argv[1]))
"""
#: Calls functions in order; `{"result of": n}` among the arguments of one stands for the result of the call n.
CALL_ALL = """
import json, sys
import bsn_cloud_api
arguments = json.loads(sys.argv[1])
calls = json.loads(arguments.pop("calls"))
bsn_cloud_api.configure(**arguments)
answers = []
def resolved(given):
    if isinstance(given, list):
        return [resolved(each) for each in given]
    return answers[given["result of"]]["result"] if isinstance(given, dict) else given
for name, given in calls:
    answer = getattr(bsn_cloud_api, name)(*resolved(given))
    answers.append(answer if isinstance(answer, dict) else {"success": answer.success, "bearer": answer.bearer})
print(json.dumps(answers))
"""
#: The package has 88 functions besides these two.
CREDENTIALS = {"configure", "login"}
OWNER = "joe@example.com"
FIRST, SECOND, THIRD = ({"result of": number} for number in range(3))


def sign_in(fleet: Fleet) -> dict[str, str]:
    network = fleet.network
    return {"client_id": network.client_id, "secret": network.client_secret, "network": network.network}


def all_calls(fleet: Fleet, setup: dict[str, Any]) -> list[tuple[str, list[Any]]]:
    """Returns the functions that drive no player, with their arguments; `setup` is stored already."""
    new, known = "create_provisioning_record", "update_provisioning_record"
    of_lobby = [None, None, None, "Lobby"]
    return [
        (new, ["P1", OWNER, "Hall", "By the door", setup["_id"], "Lobby", None, "XT1145", '{"floor": 2}']),
        (new, ["P2", OWNER, *of_lobby]),
        (new, ["P3", OWNER, *of_lobby]),
        (new, ["p1", OWNER, *of_lobby]),
        (known, [FIRST, "P1", OWNER, "Foyer", None, setup["_id"], "Lobby"]),
        ("get_provisioning_record", [FIRST]),
        ("get_provisioning_record", [None, "P2"]),
        ("get_provisioning_records", [True, 1, 2]),
        ("delete_provisioning_record", [FIRST]),
        ("delete_provisioning_records", [[SECOND, THIRD]]),
        ("get_provisioning_records", []),
        ("get_setups", [1, 10, fleet.network.network]),
        ("update_setup", [json.dumps(setup | {"setupType": "standalone"}), OWNER]),
        ("get_setups", []),
        ("get_devices", []),
        ("get_device", [fleet.devices[0]["serial"]]),
        ("login", []),
    ]


@pytest.fixture(scope="module")
def setup(fleet: Fleet) -> dict[str, Any]:
    """A setup that the server stores: its document and id."""
    document = {"bDeploy": {"networkName": fleet.network.network, "packageName": "Lobby"}, "ofNobody": [1, None]}
    with Api(fleet.address, fleet.network) as api:
        created = api.http.post("/rest-setup/v3/setup", json=document).raise_for_status()
    return document | {"_id": created.json()["result"]}


@pytest.fixture(scope="module")
def answers(fleet: Fleet, run_client: RunClient, setup: dict[str, Any]) -> dict[str, Any]:
    """The answers to all calls, by function; where one is called again, by its name and a number."""
    calls = all_calls(fleet, setup)
    found: dict[str, Any] = {}
    for (name, _), answer in zip(calls, run_client(CALL_ALL, calls=json.dumps(calls), **sign_in(fleet)), strict=True):
        again = sum(known.partition(" ")[0] == name for known in found)
        found[f"{name} {again + 1}" if again else name] = answer
    return found


def test_no_public_function_is_left_out(answers: dict[str, Any]) -> None:
    functions = {name for name, _ in inspect.getmembers(published, inspect.isfunction)}
    assert functions == set(published.__all__)
    assert functions - {"configure"} == FUNCTIONS_OF_PLAYERS | {name.partition(" ")[0] for name in answers}
    assert len(functions - CREDENTIALS) == 88


def test_records_are_created_changed_found_and_deleted(answers: dict[str, Any]) -> None:
    new, found = "create_provisioning_record", "get_provisioning_records"
    ids = [answers[name]["result"] for name in (new, f"{new} 2", f"{new} 3")]
    taken = answers[f"{new} 4"]
    assert taken["error"] == 409
    assert "'p1'" in taken["details"]
    changed = answers["update_provisioning_record"]["result"]
    assert (changed["_id"], changed["serial"], changed["name"], changed["desc"], changed["userData"]) == (
        ids[0],
        "P1",
        "Foyer",
        "By the door",
        '{"floor": 2}',
    )
    assert answers["get_provisioning_record"]["result"]["players"] == [changed]
    assert [record["_id"] for record in answers["get_provisioning_record 2"]["result"]["players"]] == ids[1:2]
    page = answers[found]["result"]
    assert (page["total"], page["matched"], [record["serial"] for record in page["players"]]) == (3, 3, ["P1", "P2"])
    assert answers["delete_provisioning_record"]["error"] is None
    assert sorted(answers["delete_provisioning_records"]["result"]["deletedIds"]) == sorted(ids[1:])
    assert answers[f"{found} 2"]["result"]["total"] == 0


def test_a_setup_is_replaced_whole(answers: dict[str, Any], setup: dict[str, Any]) -> None:
    (row,), (changed,) = answers["get_setups"]["result"], answers["get_setups 2"]["result"]
    document = answers["update_setup"]["result"]
    assert document == setup | {"setupType": "standalone"}
    assert (row["setupType"], changed["setupType"]) == (None, "standalone")
    assert json.loads(changed["setupJson"]) | {"_id": changed["_id"]} == document


def test_devices_are_listed_by_name_and_found_by_serial(answers: dict[str, Any], fleet: Fleet) -> None:
    by_name = sorted(fleet.devices, key=lambda device: device["settings"]["name"].casefold())
    assert [item for item in answers["get_devices"]["items"] if item in by_name] == by_name
    assert answers["get_device"] == fleet.devices[0]


def test_it_signs_in(answers: dict[str, Any]) -> None:
    assert answers["login"]["success"] is True
    assert answers["login"]["bearer"].startswith("Bearer ")


def test_it_reports_a_wrong_secret(fleet: Fleet, run_client: RunClient) -> None:
    script = SIGN_IN + "print(json.dumps(bsn_cloud_api.login().error))"
    assert run_client(script, **sign_in(fleet) | {"secret": "wrong"}) == "Error authenticating"
