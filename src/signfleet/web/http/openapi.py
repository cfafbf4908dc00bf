"""Builds the OpenAPI 3.1 document from the declarations of the endpoints."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from http import HTTPStatus
from typing import Any

import msgspec

from signfleet import __version__
from signfleet.web.http import openapi_examples as examples
from signfleet.web.http.csv_lists import CSV_TYPE, is_list
from signfleet.web.http.documented import PREFIX
from signfleet.web.http.endpoint import FORM, Endpoint, Parameter
from signfleet.web.http.errors import ErrorBody, OAuthErrorBody
from signfleet.web.http.media import ERROR_TYPE, EVENT_STREAM, HTML_TYPE, JSON_TYPE

Json = dict[str, Any]

#: Where a client finds access tokens.
TOKEN_URL = "/realms/bsncloud/protocol/openid-connect/token"  # noqa: S105 - an address

#: Descriptions of the path parameters; a test fails if one is missing.
PATH_PARAMETERS = {
    "alert": "Id of an alert.",
    "application": "The application's id.",
    "batch": "The id of the batch of commands.",
    "command": "The command's id.",
    "connector": "Name of a connector of the model.",
    "device": "Id or serial of a device. Digits that fit 32 bits are an id.",
    "entity": "The kind of entity that operations act on, such as `Device`.",
    "expires": "When the link expires, as given in the link.",
    "file": "Name of a file, as given in the link.",
    "file_name": "Name of a file of a command.",
    "group": "Id or name of a group. Digits are an id if a group has that id.",
    "guide": "Name of a guide, such as `expressions`.",
    "invitation": "The invitation's id.",
    "job": "The job's id.",
    "join_key": "What the join address of the network ends with.",
    "key": "Key of a profile property, in any letter case.",
    "location_path": "Country, region and city: `US/California/Los Gatos`. A shorter path covers a larger area.",
    "login": "Login of a person.",
    "message": "Id of a message in the outbox.",
    "model": "Name of a player model.",
    "name": "Name of a beacon.",
    "network": "Id or name of a network. Digits that fit 32 bits are an id.",
    "route": "A route of the player's web interface; the description lists them.",
    "role": "Id or name of a role. Digits that fit 32 bits are an id.",
    "rule": "Id of an alert rule.",
    "serial": "Serial number of a player.",
    "setup_token": "Id of a setup token, as listed.",
    "session": "The session's id.",
    "setup": "The setup's id, 24 hexadecimal digits.",
    "ids": "A JSON list of ids of records, or one id.",
    "signature": "The signature of the link, as given in the link.",
    "timestamp": "A point in time in UTC, such as `2024-03-13T16:30:00.000Z`.",
    "token": "A token, as issued.",
    "user": "Id of a user.",
    "wall_link": "Id of a link to a wall.",
    "webhook": "Id of a webhook.",
    "window": "Id of a maintenance window.",
}

_CONDITIONS = {
    "304": (
        Parameter("If-None-Match", "Answer 304 if the entity tag is still one of these."),
        Parameter("If-Modified-Since", "Answer 304 if nothing has changed since; an HTTP date, in whole seconds."),
    ),
    "412": (
        Parameter("If-Match", "Answer 412 unless the entity tag is still one of these."),
        Parameter("If-Unmodified-Since", "Answer 412 if it has changed since; an HTTP date, in whole seconds."),
    ),
}

_HEADERS = {
    "ETag": "The entity tag, for If-None-Match and If-Match.",
    "Last-Modified": "When it last changed, in whole seconds, for If-Modified-Since and If-Unmodified-Since.",
    "Location": "The address of the new entity, or of the job.",
    "Retry-After": "The seconds after which a retry may succeed; not always present.",
    "WWW-Authenticate": "How to authenticate; with an error of RFC 6750 if a token was sent.",
}

_PARAMETER = re.compile(r"\{(\w+)(?::\w+)?\}")
#: The schema of bytes that are not text.
BINARY = {"type": "string", "format": "binary"}
_REFERENCE = "#/components/schemas/{name}"


def document(endpoints: Iterable[Endpoint], base: str = "") -> Json:
    """Returns the document of these endpoints, offered at `base`."""
    offered = sorted(endpoints, key=lambda endpoint: endpoint.path.lower())
    schemas, components = _schemas(offered)
    paths: dict[str, Json] = {}
    for endpoint in offered:
        path = _PARAMETER.sub(r"{\1}", endpoint.path)
        paths.setdefault(path, {})[endpoint.method.lower()] = _operation(endpoint, schemas, components)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "signfleet",
            "version": __version__,
            "description": "Control plane for fleets of digital-signage players.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": base or "/"}],
        "tags": [{"name": family} for family in dict.fromkeys(endpoint.family for endpoint in offered)],
        "paths": paths,
        "components": {"schemas": components, "securitySchemes": {"token": _security(offered, base)}},
    }


def _schemas(endpoints: Sequence[Endpoint]) -> tuple[dict[str, Json], Json]:
    """Returns the schema of every type, by the type's `repr`, and the components that they refer to, by name."""
    types: list[Any] = [ErrorBody, OAuthErrorBody]
    for endpoint in endpoints:
        types += [kind for kind in (endpoint.body, endpoint.answer) if kind not in (None, bytes)]
        types += [parameter.type for parameter in endpoint.parameters]
    schemas, components = msgspec.json.schema_components(types, ref_template=_REFERENCE)
    _simplify(schemas)
    _simplify(components)
    return {repr(kind): schema for kind, schema in zip(types, schemas, strict=True)}, components


def _simplify(part: Any) -> None:
    """Removes Python's look-aheads from patterns, which other regular expression engines reject."""
    if isinstance(part, list):
        for item in part:
            _simplify(item)
    elif isinstance(part, dict):
        if isinstance(part.get("pattern"), str):
            part["pattern"] = part["pattern"].replace(r"(?!\n)", "")  # in ECMAScript `$` matches at the very end only
        for value in part.values():
            _simplify(value)


def _operation(endpoint: Endpoint, schemas: dict[str, Json], components: Json) -> Json:
    description = [endpoint.description]
    if endpoint.operation is not None:
        other = "".join(f" or `{each.key}`" for each in endpoint.alternatives)
        description.append(f"Needs the operation `{endpoint.operation.key}`{other}.")
    if endpoint.aliases:
        others = (alias.replace("/*/*/", "/{year}/{month}/") for alias in endpoint.aliases)
        description.append(f"Also at {', '.join(f'`{alias}`' for alias in others)}.")
    operation: Json = {
        "operationId": _id(endpoint),
        "tags": [endpoint.family],
        "summary": endpoint.summary.rstrip("."),
        "description": "\n\n".join(description),
        "parameters": _parameters(endpoint, schemas),
        "responses": _responses(endpoint, schemas, components),
        "security": _alternatives(endpoint),
    }
    if endpoint.body is not None:
        operation["requestBody"] = _request_body(endpoint, schemas, components)
    return operation


def _id(endpoint: Endpoint) -> str:
    """Returns an id such as `get_devices_device_tags`: method and path are unique."""
    words = re.findall(r"\w+", _PARAMETER.sub(r"\1", endpoint.path.removeprefix(PREFIX)))
    return "_".join((endpoint.method, *words)).lower()


def _alternatives(endpoint: Endpoint) -> list[Json]:
    """Returns the security requirements, of which any one is enough."""
    if endpoint.caller == "public":
        return []
    return [{"token": [scope]} for scope in endpoint.scopes] or [{"token": []}]


def _parameters(endpoint: Endpoint, schemas: dict[str, Json]) -> list[Json]:
    in_path: list[Json] = [
        {
            "name": name,
            "in": "path",
            "required": True,
            "description": PATH_PARAMETERS.get(name, ""),
            "schema": {"type": "string"},
        }
        for name in _PARAMETER.findall(endpoint.path)
    ]
    in_query: list[Json] = [
        {
            "name": parameter.name,
            "in": "query",
            "required": parameter.required,
            "description": parameter.description,
            "schema": schemas[repr(parameter.type)],
        }
        for parameter in endpoint.parameters
    ]
    in_header: list[Json] = [
        {"name": header.name, "in": "header", "description": header.description, "schema": {"type": "string"}}
        for status, headers in _CONDITIONS.items()
        if status in endpoint.statuses + endpoint.errors + endpoint.more
        for header in headers
    ]
    return in_path + in_query + in_header


def _request_body(endpoint: Endpoint, schemas: dict[str, Json], components: Json) -> Json:
    if endpoint.body is bytes:
        schema: Json = _form(endpoint.form) if endpoint.consumes == FORM else BINARY
    else:
        schema = schemas[repr(endpoint.body)]
    if endpoint.partial:
        schema = _partial(schema, components)
    content: Json = {"schema": schema}
    if endpoint.body is not bytes or endpoint.consumes == FORM:
        content["example"] = examples.of_contract(endpoint.method, endpoint.path, "request") or examples.of_schema(
            schema, components
        )
    return {
        "required": not endpoint.body_optional,
        "content": dict.fromkeys(endpoint.consumes, content),
    }


def _form(fields: tuple[Parameter, ...]) -> Json:
    properties = {field.name: {"type": "string", "description": field.description} for field in fields}
    required = [field.name for field in fields if field.required]
    return {"type": "object", "properties": properties} | ({"required": required} if required else {})


def _partial(schema: Json, components: Json) -> Json:
    """Returns `schema` with no property required: omitted properties do not change."""
    whole = components[schema["$ref"].rpartition("/")[2]]
    return {"type": "object", "description": "Omitted properties do not change.", "properties": whole["properties"]}


def _responses(endpoint: Endpoint, schemas: dict[str, Json], components: Json) -> Json:
    responses: Json = {}
    for status in endpoint.statuses:
        responses[status] = _described(endpoint, status)
        if endpoint.answer is not None and status in ("200", "201", "202"):
            responses[status]["content"] = {endpoint.produces: _answer(endpoint, schemas, components)}
            if is_list(endpoint.method, endpoint.answer):
                responses[status]["content"][CSV_TYPE] = {"schema": {"type": "string"}}
            if endpoint.streams:
                responses[status]["content"][EVENT_STREAM] = {"schema": {"type": "string"}}
    kind = OAuthErrorBody if endpoint.oauth else ErrorBody
    error = {"schema": schemas[repr(kind)], "example": examples.of_schema(schemas[repr(kind)], components)}
    content: Json = {JSON_TYPE: error} if endpoint.oauth else {ERROR_TYPE: error, JSON_TYPE: error}
    if endpoint.error_body is not None:
        content = {JSON_TYPE: {"schema": {"type": "object"}, "example": {"error": "invalid_request"}}}
    if endpoint.produces == HTML_TYPE:  # an expired link answers with a page
        content[HTML_TYPE] = {"schema": {"type": "string"}}
    for status in (*endpoint.errors, *endpoint.more):
        responses[status] = _described(endpoint, status) | {"content": content}
    responses["default"] = {"description": "Any other failure", "content": content}
    return responses


def _answer(endpoint: Endpoint, schemas: dict[str, Json], components: Json) -> Json:
    if endpoint.answer is bytes:
        return {"schema": {"type": "string"} if endpoint.produces.startswith("text/") else BINARY}
    schema = schemas[repr(endpoint.answer)]
    example = examples.of_contract(endpoint.method, endpoint.path, "answer")
    return {"schema": schema, "example": examples.of_schema(schema, components) if example is None else example}


def _described(endpoint: Endpoint, status: str) -> Json:
    """Returns a response without its content, with the headers that clients use."""
    names = []
    if status in ("200", "304") and "304" in endpoint.statuses:
        names = ["ETag", "Last-Modified"] if endpoint.path.startswith(PREFIX) else ["ETag"]
    elif endpoint.method == "POST" and (status == "202" or (status == "201" and endpoint.path.startswith(PREFIX))):
        names = ["Location"]
    elif status == "401":
        names = ["WWW-Authenticate"]
    elif status in ("429", "5XX"):
        names = ["Retry-After"]
    headers = {name: {"description": _HEADERS[name], "schema": {"type": "string"}} for name in names}
    return {"description": _phrase(status)} | ({"headers": headers} if headers else {})


def _phrase(status: str) -> str:
    if status == "5XX":
        return "The server failed"
    return HTTPStatus(int(status)).phrase


def _security(endpoints: Sequence[Endpoint], base: str) -> Json:
    scopes = sorted({scope for endpoint in endpoints for scope in endpoint.scopes})
    return {
        "type": "oauth2",
        "description": "Send the access token as `Authorization: Bearer <token>`.",
        "flows": {"clientCredentials": {"tokenUrl": base + TOKEN_URL, "scopes": dict.fromkeys(scopes, "")}},
    }
