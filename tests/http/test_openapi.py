"""The OpenAPI document, of the server's own endpoints and of small ones."""

from __future__ import annotations

import json
from typing import Any

import pytest
from openapi_spec_validator import validate

from signfleet import wiring
from signfleet.http.openapi import document
from tests.http import app


@pytest.fixture(scope="module")
def small() -> dict[str, Any]:
    described = [endpoint for endpoint in app.endpoints() if not endpoint.path.startswith("/open/fail")]
    return json.loads(json.dumps(document(described)))


def operation(api: dict[str, Any], method: str, path: str) -> dict[str, Any]:
    return api["paths"][path][method]


def test_the_servers_own_document_is_valid() -> None:
    validate(json.loads(json.dumps(document(wiring.endpoints()))))


def test_every_operation_has_an_id_of_its_own() -> None:
    ids = [
        operation["operationId"]
        for operations in document(wiring.endpoints())["paths"].values()
        for operation in operations.values()
    ]
    assert len(ids) == len(set(ids))


def test_all_that_is_offered_is_there_and_nothing_else() -> None:
    offered = [endpoint for endpoint in wiring.endpoints() if endpoint.is_offered]
    described = document(wiring.endpoints())["paths"]
    assert sum(len(operations) for operations in described.values()) == len(offered)


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


def test_a_token_without_scope_is_told_apart_from_none(small: dict[str, Any]) -> None:
    assert operation(small, "get", "/open/device")["security"] == [{"token": []}]
    assert operation(small, "get", "/open/large")["security"] == []


def test_parameters_of_path_query_and_condition_are_described(small: dict[str, Any]) -> None:
    [device, *conditions] = operation(small, "get", "/2022/06/REST/Things/{device}/")["parameters"]
    assert (device["name"], device["in"], device["required"]) == ("device", "path", True)
    assert "Id or serial" in device["description"]
    assert [header["name"] for header in conditions] == ["If-None-Match", "If-Modified-Since"]
    [size] = operation(small, "get", "/open/parameters")["parameters"]
    assert (size["name"], size["in"], size["schema"]) == ("pageSize", "query", {"type": "integer"})


def test_a_body_is_described_by_its_type(small: dict[str, Any]) -> None:
    body = operation(small, "put", "/2022/06/REST/Things/{device}/")["requestBody"]
    assert body == {
        "required": True,
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}},
    }
    assert small["components"]["schemas"]["Thing"]["required"] == ["serialNumber"]


def test_of_a_partial_body_nothing_is_required(small: dict[str, Any]) -> None:
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


def test_other_addresses_are_told(small: dict[str, Any]) -> None:
    assert "`/open/alias`" in operation(small, "get", "/open/parameters")["description"]


def test_a_form_is_described_by_its_fields() -> None:
    described = operation(document(wiring.endpoints()), "post", "/player/v1/token")
    schema = described["requestBody"]["content"]["application/x-www-form-urlencoded"]["schema"]
    assert list(schema["properties"]) == schema["required"] == ["grant_type", "refresh_token"]
