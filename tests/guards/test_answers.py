"""What the server answers is what the OpenAPI document describes: statuses, headers, media types and bodies."""

from __future__ import annotations

import json
import re
from functools import cache
from typing import Any

import pytest
from httpx import AsyncClient, Response
from jsonschema import Draft202012Validator

from signfleet.app import wiring
from signfleet.web.http.openapi import document
from tests.conftest import ON_SQLITE, CallAs
from tests.world import OFFERED, World, name

#: The server as its operator's users name it: behind a proxy, below a path.
PUBLIC = "https://example.com/signs"
#: The headers that clients work with.
HEADERS = {"ETag", "Last-Modified", "Location", "Retry-After"}
#: What reads a thing that the world lacks, or always refuses.
REFUSED = {"GET /Devices/Regions/{location_path:path}/", "GET /Token"}


@cache
def described() -> dict[str, Any]:
    return json.loads(json.dumps(document(wiring.endpoints())))


def misfits(answer: Response, operation: dict[str, Any]) -> list[str]:
    """Where the answer differs from the operation's description."""
    response = operation["responses"].get(str(answer.status_code))
    if response is None:
        return [f"{answer.status_code} is not described"]
    listed = response.get("headers", {}).keys()
    absent = [f"no header {header}" for header in listed if header not in answer.headers]
    absent += [f"header {header} is not described" for header in HEADERS - listed if header in answer.headers]
    if not answer.content:
        return absent + [f"no body: {media_type}" for media_type in response.get("content", {})]
    sent_as = answer.headers["Content-Type"].partition(";")[0]
    content = response.get("content", {})
    if sent_as not in content and "*/*" not in content:
        return [*absent, f"{sent_as} is not described"]
    schema = content.get(sent_as, {}).get("schema", {"type": "string"})
    if sent_as != "application/json" or schema.get("type") == "string":
        return absent
    validator = Draft202012Validator({**schema, "components": described()["components"]})
    return absent + [f"{error.json_path}: {error.message}" for error in validator.iter_errors(answer.json())]


@ON_SQLITE
@pytest.mark.settings(public_url=f"{PUBLIC}/")
async def test_every_answer_is_as_described(world: World, admin: AsyncClient, call_as: CallAs) -> None:
    player = call_as((await world.player()).access_token)
    clients = {"network": admin, "person": admin, "device": player, "public": call_as()}
    wrong: dict[str, Any] = {}
    # The device of the player is the first to go: those that are for players come before.
    for endpoint in sorted(OFFERED, key=lambda endpoint: (endpoint.caller, endpoint.method != "GET")):
        method, url, sent = await world.request(endpoint)
        answer = await clients[endpoint.caller].request(method, url, **sent)
        assert answer.status_code < 400 or name(endpoint) in REFUSED, (name(endpoint), answer.text)
        operation = described()["paths"][re.sub(r"\{(\w+):\w+\}", r"{\1}", endpoint.path)][method.lower()]
        if found := misfits(answer, operation):
            wrong[name(endpoint)] = found
        await world.restore()
    # A group has an entity tag for its writes, though the contract lists no 304 for it.
    assert wrong == {"GET /Groups/Regular/{group}/": ["header ETag is not described"]}


@ON_SQLITE
@pytest.mark.settings(public_url=f"{PUBLIC}/")
async def test_a_new_entity_is_found_at_its_location(world: World, admin: AsyncClient) -> None:
    """It is an absolute URI, which names the path that a proxy takes off."""
    made = []
    for endpoint in OFFERED:
        if endpoint.method == "POST" and "201" in endpoint.statuses and "/2022/06/REST/" in endpoint.path:
            method, url, sent = await world.request(endpoint)
            answer = await admin.request(method, url, **sent)
            location = answer.headers["Location"]
            assert location.startswith(f"{PUBLIC}/2022/06/REST/"), (name(endpoint), location)
            assert (await admin.get(location.removeprefix(PUBLIC).removeprefix("/2022/06/REST"))).status_code == 200
            made.append(name(endpoint))
    assert len(made) == 8


@ON_SQLITE
async def test_a_name_is_encoded_in_location(world: World, admin: AsyncClient) -> None:
    for new in ("a b/c", "日本", "100 %?#"):
        beacon = {"name": new, "mode": "EddystoneUrl", "power": 1, "url": "http://x.example"}
        answer = await admin.post("/Devices/A1/Beacons/", json=beacon)
        assert answer.status_code == 201, answer.text
        assert (await admin.get(answer.headers["Location"])).json()["name"] == new
