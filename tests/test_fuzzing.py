"""Requests that the OpenAPI document allows, and some it does not, made up for every operation: the server never fails.

The server has a few devices and the caller may do everything, so that requests get as far as they can.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from signfleet.app import wiring
from signfleet.web.http.openapi import document
from tests.api import Api
from tests.running import bootstrapped, running_server

if TYPE_CHECKING:
    import schemathesis

PLAYERS = 3
#: For each operation; enough to reach every kind of mistake in a few runs, few enough to wait for.
EXAMPLES = 6

DOCUMENT = document(wiring.endpoints())
OPERATIONS = [(path, method) for path, item in DOCUMENT["paths"].items() for method in item if method != "parameters"]


@pytest.fixture(scope="module")
def schema() -> Any:
    """The document as the fuzzer reads it. The fuzzer is loaded here, since that takes seconds."""
    from schemathesis import openapi

    return openapi.from_dict(DOCUMENT)


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    folder = tmp_path_factory.mktemp("fuzzing")
    network = bootstrapped(folder)
    with running_server("--data", str(folder), "--no-access-log") as server, Api(server.address, network) as api:
        api.add_players(PLAYERS)
        yield api
        server.stop()
        assert [line for line in server.log if line["level"] == "error"] == []


@pytest.mark.parametrize(("path", "method"), OPERATIONS)
def test_no_request_makes_the_server_fail(api: Api, schema: Any, path: str, method: str) -> None:
    import requests
    from schemathesis.generation import GenerationMode

    with Api(api.address, api.network) as caller:  # the last operation may have ended the last token
        headers = {"Authorization": caller.http.headers["Authorization"]}
    cases = st.one_of(*(schema[path][method].as_strategy(generation_mode=mode) for mode in GenerationMode))

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=cases, device=st.sampled_from(["1", str(PLAYERS), "no-such-device"]))
    def check(case: schemathesis.Case, device: str) -> None:
        if "device" in (case.path_parameters or {}):
            case.path_parameters["device"] = device
        answer = case.call(base_url=api.address, headers=headers, session=session)
        assert answer.status_code < 500, answer.text

    with requests.Session() as session:
        check()
