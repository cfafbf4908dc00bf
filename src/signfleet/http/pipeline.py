"""What happens to every request, in this order: token, scope, network, operation, media types, body, handler."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import falcon.asgi
import msgspec

from signfleet.audit.actor import act_as
from signfleet.errors import Forbidden, Invalid, TooLarge
from signfleet.http.call import Answer, Call
from signfleet.http.compression import compress
from signfleet.http.conditional import is_unchanged
from signfleet.http.endpoint import JSON, JSON_PATCH, Endpoint
from signfleet.http.errors import NotAcceptable, UnsupportedMediaType
from signfleet.http.media import admits, is_sent_as
from signfleet.wire import datetime

if TYPE_CHECKING:
    from signfleet.wiring import Services

#: Some clients begin a text with it; RFC 8259 lets a reader pass over it.
BOM = b"\xef\xbb\xbf"

Responder = Callable[..., Awaitable[None]]
Reader = Callable[[falcon.asgi.Request], Awaitable[Any]]


def responder(endpoint: Endpoint, services: Services) -> Responder:
    """The function that Falcon calls for `endpoint`."""
    read = _reader(endpoint)
    handler = endpoint.handler
    is_public = endpoint.caller == "public"
    is_read = endpoint.method == "GET"
    produces = endpoint.produces

    async def respond(request: falcon.asgi.Request, response: falcon.asgi.Response, **segments: str) -> None:
        call = Call(services, request)
        if not is_public:
            await _admit(call, endpoint)
        if not is_read:
            act_as(call.actor)
        accept = request.get_header("Accept")
        if accept is not None and not admits(accept, produces):
            raise NotAcceptable(f"The answer is {produces}, which the Accept header '{accept}' does not admit.")
        for name, value in segments.items():
            if "\x00" in value or "\ufffd" in value:
                raise Invalid(f"Path segment '{name}' is not valid UTF-8 text or holds a NUL character.")
        if read is not None:
            call.body = await read(request)
        answer = await handler(call, **segments)
        if is_read and is_unchanged(request, answer.last_modified, answer.etag):
            answer = Answer(304, last_modified=answer.last_modified, etag=answer.etag)
        _write(request, response, answer, endpoint)

    return respond


async def _admit(call: Call, endpoint: Endpoint) -> None:
    """401 without a good token, 403 where it does not reach."""
    session = call.session = await call.services.sessions.authenticate(call.bearer_token, call.now)
    call.request.context.session = session
    if endpoint.scopes and not any(session.covers(scope) for scope in endpoint.scopes):
        raise Forbidden(f"The access token lacks the scope '{endpoint.scopes[0]}'.")
    if endpoint.caller == "network":
        if session.network_id is None:
            raise Forbidden("No network is chosen; choose one with PUT /2022/06/REST/Self/Session/Network/.")
        if endpoint.operation is not None:
            await call.services.permissions.demand(session, endpoint.operation)
    elif endpoint.caller == "person" and session.person_id is None:
        raise Forbidden("This is for people's tokens; the access token belongs to a device.")
    elif endpoint.caller == "device" and session.device_id is None:
        raise Forbidden("This is for players' tokens; the access token belongs to a person.")


def _reader(endpoint: Endpoint) -> Reader | None:
    """Reads and decodes the declared body."""
    if endpoint.body is None:
        return None
    consumes, limit = endpoint.consumes, endpoint.body_limit
    is_json = consumes in (JSON, JSON_PATCH)
    decode = msgspec.json.Decoder(dict[str, Any] if endpoint.partial else endpoint.body).decode

    async def read(request: falcon.asgi.Request) -> Any:
        content_type = request.get_header("Content-Type")
        if not is_sent_as(content_type, consumes):
            raise UnsupportedMediaType(f"The body has to be {consumes[0]}; Content-Type says '{content_type}'.")
        encoding = request.get_header("Content-Encoding")
        if encoding is not None and encoding.strip().lower() not in ("", "identity"):
            raise UnsupportedMediaType(f"The body has to be sent plain; Content-Encoding says '{encoding}'.")
        body = await read_body(request, limit)
        if not body:
            if endpoint.body_optional:
                return None
            raise Invalid("The request has no body; one is needed.")
        return decode_json(body, decode) if is_json else body

    return read


async def read_body(request: falcon.asgi.Request, limit: int) -> bytes:
    """The whole body. Raises `TooLarge` beyond `limit` bytes."""
    length = request.content_length
    if length is not None and length > limit:
        raise TooLarge(f"The body has {length} bytes; {limit} are allowed.")
    # A chunked body tells no length: one byte more than allowed is enough to know.
    body: bytes = await request.stream.read(limit + 1)
    if len(body) > limit:
        raise TooLarge(f"The body is longer than the {limit} bytes that are allowed.")
    return body


def decode_json(body: bytes, decode: Callable[[bytes], Any]) -> Any:
    """Decode, or raise `Invalid` with the place of the mistake."""
    if b"\\u0000" in body:
        raise Invalid("The body holds the character U+0000, which no text may hold.")
    try:
        return decode(body.removeprefix(BOM))
    except msgspec.ValidationError as error:
        raise Invalid(f"The body does not fit: {error}.") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Invalid(f"The body is not valid JSON: {error}.") from error
    except RecursionError as error:
        raise Invalid("The body is nested too deeply.") from error


def _write(request: falcon.asgi.Request, response: falcon.asgi.Response, answer: Answer, endpoint: Endpoint) -> None:
    response.status = answer.status
    body = answer.body
    if body is not None:
        response.content_type = answer.media_type
        if not endpoint.secret and not answer.media_type.startswith("image/"):
            body = compress(request, response, body)
        response.data = body
    elif answer.stream is not None:
        response.content_type = answer.media_type
        response.stream = answer.stream
    if endpoint.secret:
        response.set_header("Cache-Control", "no-store")
        response.set_header("Pragma", "no-cache")
    if answer.last_modified is not None:
        response.set_header("Last-Modified", datetime.format_http(answer.last_modified))
    if answer.etag is not None:
        response.set_header("ETag", f'"{answer.etag}"')
    if answer.headers:
        response.set_headers(answer.headers)
