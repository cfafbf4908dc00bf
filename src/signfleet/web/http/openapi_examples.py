"""Provides examples for the OpenAPI document: the contract's own, or else one made from the schema."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Literal

from signfleet.web.http.documented import documented

Json = dict[str, Any]

#: Realistic values by the name of the property, in lower case.
_NAMED: Mapping[str, Any] = {
    "access_token": "Wm9kaWFjLU5vdC1BLVJlYWwtVG9rZW4tMDAwMDAwMDA",
    "address": "192.168.0.12/24",
    "applicationid": "6f1ed002",
    "city": "Los Gatos",
    "color": "FF000000",
    "connector": "HDMI",
    "country": "US",
    "currency": "USD",
    "description": "Above the main entrance",
    "device": "46C89C101839",
    "email": "jane@example.com",
    "emails": ["jane@example.com"],
    "error": "InvalidParameter",
    "family": "Pagani",
    "filehash": "SHA1:da39a3ee5e6b4b0d3255bfef95601890afd80709",
    "filename": "lobby.mp4",
    "filter": "[Settings].[Name] IS 'Lobby'",
    "firmware": "8.5.35",
    "firstname": "Jane",
    "groupname": "Default",
    "grant_type": "client_credentials",
    "health": "Normal",
    "interface": "eth0",
    "key": "theme",
    "lastname": "Doe",
    "latitude": 37.236,
    "login": "jane@example.com",
    "longitude": -121.962,
    "mac": "90:ac:3f:0a:0b:0c",
    "message": "'name' has to be a text.",
    "model": "HD1024",
    "name": "Lobby",
    "operationuid": "0cf93b59-bc06-4b92-ab97-c4a6b8a43c84",
    "password": "7t#Sqg7*",
    "presentationname": "Welcome",
    "refresh_token": "Wm9kaWFjLU5vdC1BLVJlYWwtVG9rZW4tMTExMTExMTE",
    "region": "California",
    "scope": "bsn.api.main",
    "serial": "46C89C101839",
    "timezone": "PST",
    "token": "Wm9kaWFjLU5vdC1BLVJlYWwtVG9rZW4tMjIyMjIyMjI",
    "token_type": "bearer",
    "username": "jane@example.com",
    "value": "dark",
    "version": "8.5.35",
}
#: Values for patterns, tried in this order.
_FORMS = (
    "00:05:00",
    "2024-03-13T16:30:00Z",
    "46C89C101839",
    "FF000000",
    "0cf93b59-bc06-4b92-ab97-c4a6b8a43c84",
    "SHA1:da39a3ee5e6b4b0d3255bfef95601890afd80709",
    "AAAAAAAAAAAAAA==",
    "AAAAAAAA",
    "https://example.com",
    "example",
    "1",
)
_MAX_DEPTH = 12
_FOLDER = files(__package__) / "contract_examples"


@cache
def of_contract(method: str, route: str, kind: Literal["request", "answer"]) -> Any:
    """Returns the contract's example of a body, decoded, or None. `route` is a path as signfleet declares it."""
    for row in documented():
        if (row.method, row.route) == (method, route):
            words = "-".join(re.findall(r"\w+", row.path)).lower()
            form = re.compile(rf"{row.seed}-\d+-{method.lower()}-{re.escape(words)}-{kind}(-2)?\.json")
            for name in filter(form.fullmatch, _names()):
                return json.loads((_FOLDER / name).read_text(encoding="utf-8"))
    return None


@cache
def _names() -> list[str]:
    return sorted(entry.name for entry in _FOLDER.iterdir())


def of_schema(schema: Json, components: Json, name: str = "", depth: int = 0) -> Any:
    """Returns a value that fits the schema, which may refer to `components`; `name` is the name of the property."""
    if "$ref" in schema:
        return of_schema(components[schema["$ref"].rpartition("/")[2]], components, name, depth)
    for key in ("examples", "enum"):
        if key in schema:
            return next(value for value in schema[key] if value is not None)
    if "const" in schema:
        return schema["const"]
    if "anyOf" in schema:
        options = [option for option in schema["anyOf"] if option.get("type") != "null"]
        return of_schema(options[0], components, name, depth + 1) if options and depth < _MAX_DEPTH else None
    if "type" not in schema:
        return _NAMED.get(name.lower(), {})
    return _of_type(schema, components, name, depth)


def _of_type(schema: Json, components: Json, name: str, depth: int) -> Any:
    match schema["type"]:
        case "object":
            return {
                key: of_schema(value, components, key, depth + 1) for key, value in schema.get("properties", {}).items()
            }
        case "array":
            items = schema.get("items") or (schema.get("prefixItems") or [None])[0]
            return [of_schema(items, components, name.removesuffix("s"), depth + 1)] if items else []
        case "string":
            return _text(schema, name)
        case "integer" | "number":
            value = _NAMED.get(name.lower())
            number = value if isinstance(value, int | float) else 1
            return max(number, schema.get("minimum", number))
        case "boolean":
            return True
        case _:
            return None


def _text(schema: Json, name: str) -> str:
    if "RFC 3339" in schema.get("description", "") or name.lower().endswith(("date", "timestamp")):
        return "2024-03-13T16:30:00Z"
    value = _NAMED.get(name.lower())
    wanted = ([value] if isinstance(value, str) else []) + list(_FORMS)
    least, most, pattern = schema.get("minLength", 0), schema.get("maxLength", 1 << 20), schema.get("pattern", "")
    fitting = (text for text in wanted if least <= len(text) <= most and re.search(pattern, text))
    preferred = wanted[0] if isinstance(value, str) else "example"
    if least <= len(preferred) <= most and re.search(pattern, preferred):
        return preferred
    return next(fitting, "")
