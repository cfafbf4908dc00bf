"""The form of requests and answers of Remote DWS, as its clients spell and read them."""

from __future__ import annotations

from typing import Any, Final, NamedTuple
from urllib.parse import parse_qsl, quote

import msgspec

from signfleet.fleet.remote.table import segments_of
from signfleet.foundation.errors import Invalid
from signfleet.foundation.wire.json import encode
from signfleet.web.http.call import Answer, Call, answer_json
from signfleet.web.http.charsets import as_utf8, charset_of
from signfleet.web.http.errors import ErrorBody
from signfleet.web.http.pipeline import decode_json

PREFIX: Final = "/rest/v1/"
_ADDRESS: Final = ("destinationtype", "destinationname")
_OBJECT: Final = msgspec.json.Decoder(dict[str, Any])


class Request(NamedTuple):
    """What a client asks of a player: `query` are the parameters that do not name the player."""

    method: str
    segments: list[str]
    query: dict[str, str]
    data: dict[str, Any]

    @property
    def route(self) -> str:
        """Returns the route as answers show it."""
        return "/v1/" + "/".join(self.segments)

    @property
    def path(self) -> str:
        """Returns the route as players get it: each segment is escaped."""
        return "/v1/" + "/".join(quote(segment, safe="") for segment in self.segments)


def player_of(call: Call) -> str:
    """Returns the serial number that a call names. Raises `Invalid`."""
    kind, serial = call.parameter("destinationType"), call.parameter("destinationName")
    if kind != "player":
        raise Invalid("Query parameter 'destinationType' has to be 'player'.")
    if serial is None:
        raise Invalid("Query parameter 'destinationName' must be the serial number of the player.")
    return serial


async def read_request(call: Call) -> Request:
    """Returns the request of a call to a route. Raises `Invalid`."""
    query = parse_qsl(call.query, keep_blank_values=True)
    others = {name: value for name, value in query if name.lower() not in _ADDRESS}
    method = "GET" if call.method == "HEAD" else call.method
    return Request(method, _route(call), others, _data(await read_object(call)))


def _route(call: Call) -> list[str]:
    raw = call.raw_path.decode("latin-1")
    return segments_of(raw[raw.lower().index(PREFIX) + len(PREFIX) :])


async def read_message(call: Call) -> Request:
    """Returns the request in the body of sendWsMessage. Raises `Invalid`."""
    body = {name.lower(): value for name, value in (await read_object(call)).items()}
    route, method = body.get("route"), body.get("method", "GET")
    if not isinstance(route, str) or not route.strip("/"):
        raise Invalid("'route' must be the route on the player, such as '/v1/info'.")
    if not isinstance(method, str) or method.upper() not in ("GET", "POST", "PUT", "DELETE"):
        raise Invalid("'method' must be GET, POST, PUT or DELETE.")
    path, _, query = route.partition("?")
    segments = segments_of(path)
    known = dict(parse_qsl(query, keep_blank_values=True))
    given = body.get("data")
    return Request(
        method.upper(),
        segments[1:] if segments[0] == "v1" else segments,
        known,
        given if isinstance(given, dict) else {},
    )


async def read_object(call: Call) -> dict[str, Any]:
    """Returns the body, which may be missing. Raises `Invalid` for one that is no JSON object."""
    body = call.body or b""
    if not body.strip():
        return {}
    return dict(await decode_json(as_utf8(body, charset_of(call.header(b"content-type"))), _OBJECT))


def _data(body: dict[str, Any]) -> dict[str, Any]:
    """Returns the members of `data`, or of the body itself where a client leaves out `data`."""
    (name,) = [*(name for name in body if name.lower() == "data"), ""][:1]
    inner = body.get(name) if name else body
    if inner is None:
        return {}
    return inner if isinstance(inner, dict) else body


def envelope(request: Request, result: bytes, status: int = 200) -> Answer:
    """Answers with a result, which is JSON."""
    head = encode({"route": request.route, "method": request.method, "data": {"result": None}})
    return Answer(status, head.removesuffix(b"null}}") + result + b"}}")


def refusal(request: Request, status: int, error: str, message: str) -> Answer:
    """Answers an error of the player or of the way to it."""
    return answer_json(_error(request.route, request.method, status, ErrorBody(error, message)), status=status)


def error_body(call: Call, status: int, error: ErrorBody) -> dict[str, Any]:
    """Returns an error in the form that all clients read."""
    is_message = call.raw_path.rstrip(b"/").lower().endswith(b"sendwsmessage")
    route = "/v1/sendWsMessage" if is_message else "/v1/" + "/".join(_route(call))
    return _error(route, call.method, status, error)


def _error(route: str, method: str, status: int, error: ErrorBody) -> dict[str, Any]:
    return {
        "error": error.error,
        "message": error.message,
        "details": error.details,
        "route": route,
        "method": method,
        "data": {"error": {"message": error.message, "status": status}},
    }
