"""The OpenAPI document, of the server's own endpoints and of small ones."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from signfleet.app import wiring
from signfleet.web.http.openapi import document
from tests.examples import example
from tests.web.http import app


@pytest.fixture(scope="module")
def small() -> dict[str, Any]:
    described = [endpoint for endpoint in app.endpoints() if not endpoint.path.startswith("/open/fail")]
    return json.loads(json.dumps(document(described)))


@pytest.fixture(scope="module")
def served() -> dict[str, Any]:
    """The document of the server itself."""
    return json.loads(json.dumps(document(wiring.endpoints())))


def operation(api: dict[str, Any], method: str, path: str) -> dict[str, Any]:
    return api["paths"][path][method]


def test_the_servers_own_document_is_valid() -> None:
    from openapi_spec_validator import validate  # takes a second to load

    validate(json.loads(json.dumps(document(wiring.endpoints()))))


def test_every_operation_has_an_id_of_its_own() -> None:
    ids = [
        operation["operationId"]
        for operations in document(wiring.endpoints())["paths"].values()
        for operation in operations.values()
    ]
    assert len(ids) == len(set(ids))


def contents(api: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every body of a request or a response that has a schema of its own, with its place."""
    for path, operations in api["paths"].items():
        for method, described in operations.items():
            bodies = [described.get("requestBody", {}), *described["responses"].values()]
            for body in bodies:
                for media_type, content in body.get("content", {}).items():
                    if content["schema"].get("type") != "string":
                        yield f"{method} {path} {media_type}", content


def test_every_body_has_an_example_that_fits_its_schema(served: dict[str, Any]) -> None:
    misfits = [
        (place, error.message)
        for place, content in contents(served)
        for error in Draft202012Validator({**content["schema"], "components": served["components"]}).iter_errors(
            content["example"]
        )
    ]
    assert misfits == []


@pytest.mark.parametrize(
    ("method", "path", "file"),
    [
        ("get", "/2022/06/REST/Devices/{device}/", "001-05-get-devices-id-int-answer"),
        ("post", "/2022/06/REST/Self/", "002-02-post-self-answer-2"),
    ],
)
def test_the_contracts_example_is_the_example(served: dict[str, Any], method: str, path: str, file: str) -> None:
    assert operation(served, method, path)["responses"]["200"]["content"]["application/json"]["example"] == example(
        file
    )


def test_names_of_schemas_are_plain(served: dict[str, Any]) -> None:
    assert [name for name in served["components"]["schemas"] if not re.fullmatch(r"\w+", name)] == []


def test_patterns_work_in_other_regular_expression_engines(served: dict[str, Any]) -> None:
    assert re.findall(r'"pattern": "[^"]*\(\?[=!<]', json.dumps(served)) == []


def test_responses_list_the_headers_that_clients_use(served: dict[str, Any]) -> None:
    device = operation(served, "get", "/2022/06/REST/Devices/{device}/")["responses"]
    assert device["200"]["headers"].keys() == device["304"]["headers"].keys() == {"ETag", "Last-Modified"}
    assert device["401"]["headers"].keys() == {"WWW-Authenticate"}
    assert operation(served, "post", "/2022/06/REST/Roles/")["responses"]["201"]["headers"].keys() == {"Location"}
    assert operation(served, "post", "/2022/06/REST/Self/")["responses"]["429"]["headers"].keys() == {"Retry-After"}


def test_statuses_beyond_the_contracts_list_are_described(served: dict[str, Any]) -> None:
    assert "412" in operation(served, "put", "/2022/06/REST/Self/Networks/{network}/Settings/")["responses"]


def test_the_size_of_a_page_has_its_limits(served: dict[str, Any]) -> None:
    parameters = operation(served, "get", "/2022/06/REST/Devices/")["parameters"]
    (size,) = [parameter["schema"] for parameter in parameters if parameter["name"] == "pageSize"]
    assert (size["minimum"], size["maximum"]) == (1, 100)


def test_the_document_lists_exactly_the_endpoints() -> None:
    described = document(wiring.endpoints())["paths"]
    assert sum(len(operations) for operations in described.values()) == len(wiring.endpoints())


def test_a_page_may_fail_as_a_page() -> None:
    responses = operation(document(wiring.endpoints()), "get", "/account/activate")["responses"]
    assert {"text/html", "application/json"} < responses["404"]["content"].keys()


def test_an_operation_names_its_scope_and_business_operation(small: dict[str, Any]) -> None:
    described = operation(small, "get", "/2022/06/REST/Things/{device}/")
    assert described["security"] == [{"token": ["things.read"]}]
    assert "`Device.ViewDevice`" in described["description"]


def test_scopes_of_which_one_is_enough_are_alternatives(small: dict[str, Any]) -> None:
    described = operation(small, "get", "/2022/06/REST/Things/Alternatives/")
    assert described["security"] == [{"token": ["things.first"]}, {"token": ["things.second"]}]


def test_a_token_without_scope_differs_from_no_token(small: dict[str, Any]) -> None:
    assert operation(small, "get", "/open/device")["security"] == [{"token": []}]
    assert operation(small, "get", "/open/large")["security"] == []


def test_parameters_of_path_query_and_condition_are_described(small: dict[str, Any]) -> None:
    [device, *conditions] = operation(small, "get", "/2022/06/REST/Things/{device}/")["parameters"]
    assert (device["name"], device["in"], device["required"]) == ("device", "path", True)
    assert "Id or serial" in device["description"]
    assert [header["name"] for header in conditions] == ["If-None-Match", "If-Modified-Since"]
    [size] = operation(small, "get", "/open/parameters")["parameters"]
    assert (size["name"], size["in"], size["schema"]) == (
        "pageSize",
        "query",
        {"type": "integer", "minimum": 1, "maximum": 100},
    )


def test_a_body_is_described_by_its_type(small: dict[str, Any]) -> None:
    body = operation(small, "put", "/2022/06/REST/Things/{device}/")["requestBody"]
    assert body["required"] is True
    assert body["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/Thing"}
    assert small["components"]["schemas"]["Thing"]["required"] == ["serialNumber"]


def test_a_partial_body_requires_no_property(small: dict[str, Any]) -> None:
    content = operation(small, "patch", "/2022/06/REST/Things/{device}/")["requestBody"]["content"]
    assert list(content) == ["application/json-patch+json", "application/json"]
    schema = content["application/json"]["schema"]
    assert set(schema["properties"]) == {"serialNumber", "size"}
    assert "required" not in schema


def test_an_optional_body_is_not_required(small: dict[str, Any]) -> None:
    assert operation(small, "post", "/open/optional")["requestBody"]["required"] is False


def test_failures_are_the_error_entity_in_both_media_types(small: dict[str, Any]) -> None:
    failure = operation(small, "get", "/open/large")["responses"]["406"]
    assert set(failure["content"]) == {"application/vnd.bsn.error+json", "application/json"}
    assert set(small["components"]["schemas"]["ErrorBody"]["properties"]) == {"error", "message", "details"}


def test_aliases_are_described(small: dict[str, Any]) -> None:
    assert "`/open/alias`" in operation(small, "get", "/open/parameters")["description"]


def test_a_form_is_described_by_its_fields() -> None:
    described = operation(document(wiring.endpoints()), "post", "/player/v1/token")
    schema = described["requestBody"]["content"]["application/x-www-form-urlencoded"]["schema"]
    assert list(schema["properties"]) == ["grant_type", "refresh_token", "client_id", "client_secret"]
    assert schema["required"] == ["grant_type"]
