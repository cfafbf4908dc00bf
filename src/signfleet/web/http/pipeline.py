"""Processes every request in this order: token, scope, network, operation, media types, body, handler."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, nullcontext, suppress
from functools import cache, partial
from typing import Any, Protocol

import msgspec

from signfleet.foundation import clock
from signfleet.foundation.errors import Invalid, TooLarge
from signfleet.foundation.storage.query import run_in_thread
from signfleet.foundation.wire import datetime
from signfleet.foundation.wire.numbers import LONG, with_whole_numbers
from signfleet.foundation.wire.validation_messages import explain, malformed
from signfleet.web.caller.actor import act_as
from signfleet.web.contract.conditional import TooSoon, is_unchanged
from signfleet.web.contract.spelling import AT_ONCE, Spelling
from signfleet.web.http.body_budget import SMALL, BodyBudget
from signfleet.web.http.call import Answer, Call, Disconnected
from signfleet.web.http.charsets import as_utf8, charset_of, form_as_utf8
from signfleet.web.http.compression import compress, unpack
from signfleet.web.http.csv_lists import answer_csv, is_list, names_csv
from signfleet.web.http.endpoint import BODY_LIMIT, FORM, JSON, JSON_PATCH, Endpoint, ErrorForm, Handler
from signfleet.web.http.entity_check import BodyCheck
from signfleet.web.http.errors import (
    ErrorBody,
    NotAcceptable,
    UnsupportedMediaType,
    as_oauth_error,
    error_response,
)
from signfleet.web.http.media import EVENT_STREAM, JSON_TYPE, admits, is_sent_as
from signfleet.web.http.response import NO_STORE, Header, Response, content_type, header
from signfleet.web.http.routing import Responder

#: Some clients begin a text with it; RFC 8259 lets a parser ignore it.
BOM = b"\xef\xbb\xbf"

#: How many values a longer body may have: many small values take longer to decode than one long text.
VALUES_LIMIT = 16_384

#: How often a change with a date as its precondition waits for the next second.
WAITS = 3

BodyReader = Callable[[Call], Awaitable[Any]]

#: Headers of answers that carry a secret.
_NOT_STORED = (NO_STORE, header("Pragma", "no-cache"))
#: Of answers with validators: without this header, browsers guess how long an answer stays fresh.
_REVALIDATE = header("Cache-Control", "private, no-cache")


class Gate(Protocol):
    """Authorizes calls of private endpoints."""

    async def admit(self, call: Call, endpoint: Endpoint) -> None:
        """Sets `call.session`. Raises `Unauthenticated` or `Forbidden`."""


def responder(
    endpoint: Endpoint, handler: Handler, gate: Gate, bodies: BodyBudget, check: BodyCheck | None = None
) -> Responder:
    """Returns the responder of `endpoint`: it runs the checks, then `handler`, which has its services.

    `check` rejects a decoded body.
    """
    read = _reader(endpoint, check)
    is_public = endpoint.caller == "public"
    is_read = endpoint.method == "GET"
    produces, streams = endpoint.produces, endpoint.streams
    lists = is_list(endpoint.method, endpoint.answer)

    async def respond(call: Call, **parameters: str) -> Response:
        if not is_public:
            await gate.admit(call, endpoint)
        if not is_read:
            act_as(call.actor)
        accept = call.header(b"accept")
        if accept is not None and not admits(accept, produces) and not (streams and admits(accept, EVENT_STREAM)):
            if lists and names_csv(accept):
                admit = partial(gate.admit, call, endpoint)
                return _response(call, await answer_csv(call, handler, parameters, endpoint.answer, admit), endpoint)
            raise NotAcceptable(f"The answer is {produces}, which the Accept header '{accept}' does not admit.")
        for name, value in parameters.items():
            if "\x00" in value or "\ufffd" in value:
                raise Invalid(f"Path segment '{name}' is not valid UTF-8 text or contains a NUL character.")
        if is_read:
            return _response(call, await handler(call, **parameters), endpoint)
        if read is None:
            return _response(call, await _handle(handler, call, parameters), endpoint)
        async with _room(bodies, call, endpoint.body_limit):
            call.body = await read(call)
            return _response(call, await _handle(handler, call, parameters), endpoint)

    if endpoint.error_body is not None:
        return _with_own_errors(respond, endpoint.path, endpoint.error_body)
    return _with_oauth_errors(respond) if endpoint.oauth else respond


def _room(bodies: BodyBudget, call: Call, limit: int) -> AbstractAsyncContextManager[None]:
    """Reserves memory for a large body until its answer is ready."""
    size = call.body_length(limit)
    if size <= SMALL:
        return nullcontext()
    session = call.known_session
    owner = call.address if session is None else (session.person_id, session.device_id)
    return bodies.admit(size, owner)


async def _handle(handler: Handler, call: Call, parameters: dict[str, str]) -> Answer:
    """Calls `handler`, again in the next second where dates could not distinguish its change from the previous one."""
    for _ in range(WAITS):
        try:
            return await handler(call, **parameters)
        except TooSoon:
            await asyncio.sleep(1 - clock.now() % 1000 / 1000 + 0.005)  # a timer may fire a little early
    return await handler(call, **parameters)


def _with_own_errors(respond: Responder, path: str, error_body: ErrorForm) -> Responder:
    """Answers errors in the form that the clients of an endpoint read."""

    async def respond_to_client(call: Call, **parameters: str) -> Response:
        try:
            return await respond(call, **parameters)
        except Disconnected:
            raise
        except Exception as error:
            response = error_response(call, path, error)
            entity = msgspec.json.decode(response.body, type=ErrorBody)
            response.headers[-1] = content_type(JSON_TYPE)
            response.body = msgspec.json.encode(error_body(call, response.status, entity))
            return response

    return respond_to_client


def _with_oauth_errors(respond: Responder) -> Responder:
    async def respond_to_client(call: Call, **parameters: str) -> Response:
        try:
            return await respond(call, **parameters)
        except Disconnected:
            raise
        except (Exception, asyncio.CancelledError) as error:
            raise as_oauth_error(error) from error

    return respond_to_client


def _reader(endpoint: Endpoint, check: BodyCheck | None) -> BodyReader | None:
    """Returns what reads and decodes the declared body."""
    if endpoint.body is None:
        return None
    consumes, limit = endpoint.consumes, endpoint.body_limit
    is_json = consumes in (JSON, JSON_PATCH)
    is_form = consumes == FORM
    decoder = msgspec.json.Decoder(dict[str, Any] if endpoint.partial else endpoint.body)
    otherwise = None if endpoint.body_otherwise is None else msgspec.json.Decoder(endpoint.body_otherwise)
    packed = endpoint.packed
    spelling = _spelling(endpoint.body) if is_json else None

    async def read(call: Call) -> Any:
        media_type = call.header(b"content-type")
        if not is_sent_as(media_type, consumes):
            raise UnsupportedMediaType(f"The body has to be {' or '.join(consumes)}; Content-Type says '{media_type}'.")
        encoding = (call.header(b"content-encoding") or "").strip().lower()
        is_packed = packed and encoding in ("gzip", "x-gzip")
        if encoding not in ("", "identity") and not is_packed:
            ways = "plain or with gzip" if packed else "plain"
            raise UnsupportedMediaType(f"The body has to be sent {ways}; Content-Encoding says '{encoding}'.")
        body = await call.read(limit)
        if body and is_packed:
            body = await unpack(body, limit)
        if body is None:
            raise TooLarge(f"The body is longer than the {limit} bytes that are allowed.")
        if not body:
            if endpoint.body_optional:
                return None
            raise Invalid("The request has no body; one is needed.")
        if is_json:
            text = as_utf8(body, charset_of(media_type))
            try:
                decoded = await decode_json(text, decoder, spelling)
            except Invalid:
                if otherwise is None:
                    raise
                decoded = await _decoded_otherwise(text, otherwise, decoder, spelling)
            if check is not None:
                await _checked(text, check)
            return decoded
        return form_as_utf8(body, charset_of(media_type)) if is_form else body

    return read


#: Types are compiled once, however many apps a process builds.
_spelling = cache(Spelling)


async def decode_json(body: bytes, decoder: msgspec.json.Decoder[Any], spelling: Spelling | None = None) -> Any:
    """Decodes a body, whose names may have any letter case. Raises `Invalid` with the place of the mistake."""
    if b"\\u0000" in body and b"\\u0000" in body.replace(b"\\\\", b""):  # an escaped backslash escapes nothing
        raise Invalid("The body has the character U+0000, which no text may have.")
    if len(body) > BODY_LIMIT and sum(map(body.count, b",[{")) > VALUES_LIMIT:
        raise TooLarge(f"The body has more than {VALUES_LIMIT} commas and opening brackets; send less at once.")
    body = body.removeprefix(BOM)
    try:
        if spelling is not None and not spelling.is_exact(body):
            body = await run_in_thread(spelling.spell, body) if len(body) > AT_ONCE else spelling.spell(body)
        try:
            return decoder.decode(body)
        except msgspec.ValidationError as error:
            if "got `float`" not in str(error):
                raise
            whole = await run_in_thread(with_whole_numbers, body) if len(body) > LONG else with_whole_numbers(body)
            if whole is None:
                raise
            return decoder.decode(whole)
    except msgspec.ValidationError as error:
        raise Invalid(f"The body does not fit: {explain(error, decoder.type)}.") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Invalid(f"The body is not valid JSON: {malformed(error)}.") from error
    except RecursionError as error:
        raise Invalid("The body is nested too deeply.") from error


async def _decoded_otherwise(
    text: bytes, otherwise: msgspec.json.Decoder[Any], decoder: msgspec.json.Decoder[Any], spelling: Spelling | None
) -> Any:
    """Decodes a body by its looser type. Raises `Invalid` for the declared one where neither fits."""
    with suppress(Invalid):
        return await decode_json(text, otherwise, spelling)
    return await decode_json(text, decoder, spelling)


async def _checked(body: bytes, check: BodyCheck) -> None:
    """Runs `check`, for a long body outside the event loop."""
    parts = msgspec.json.decode(body.removeprefix(BOM))
    if len(body) > LONG:
        await run_in_thread(check, parts)
    else:
        check(parts)


#: Compressed already; drawings (SVG) are text.
_PICTURES = ("image/jpeg", "image/png", "image/webp", "image/gif")


def _response(call: Call, answer: Answer, endpoint: Endpoint) -> Response:
    """Returns the response for a handler's answer: 304 if the client has it already, compressed if it accepts that."""
    headers: list[Header] = []
    is_get = endpoint.method == "GET"
    if answer.last_modified is not None:
        date = min(datetime.settled(answer.last_modified), call.now)
        headers.append((b"last-modified", datetime.format_http(date).encode()))
    if answer.etag is not None:
        headers.append((b"etag", b'"%b"' % answer.etag.encode()))
    if headers:
        if not endpoint.secret and "Cache-Control" not in answer.headers:
            headers.append(_REVALIDATE)
        if is_get and _is_known(call, answer):
            return Response(304, headers)
    if endpoint.secret:
        headers += _NOT_STORED
    elif not headers and is_get and "Cache-Control" not in answer.headers:
        headers.append(NO_STORE)
    if answer.headers:
        headers += [header(name, value) for name, value in answer.headers.items()]
    response = Response(answer.status, headers, answer.body or b"", answer.stream)
    if answer.body is not None or answer.stream is not None:
        headers.append(content_type(answer.media_type))
    if not endpoint.secret and "Content-Encoding" not in answer.headers and not answer.media_type.startswith(_PICTURES):
        compress(response, call.header(b"accept-encoding"))
    return response


def _is_known(call: Call, answer: Answer) -> bool:
    """Returns whether the client has the answer already."""
    if not (call.has_header(b"if-none-match") or call.has_header(b"if-modified-since")):
        return False
    tags, since = call.header(b"if-none-match"), call.header(b"if-modified-since")
    return is_unchanged(tags, since, answer.last_modified, answer.etag)
