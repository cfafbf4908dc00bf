"""Requests to receivers that somebody else has chosen, against real sockets."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import trustme

from signfleet.notify.webhooks import client as client_module
from signfleet.notify.webhooks.addresses import WebhookAddresses
from signfleet.notify.webhooks.client import ANSWER_LIMIT, EXCERPT, NoResponse, WebhookClient
from tests.notify.webhooks import receiver as behaviour
from tests.notify.webhooks.receiver import Receiver, receiving

NOBODY = WebhookAddresses("")
THIS_MACHINE = WebhookAddresses("127.0.0.1")


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as started:
        yield started


async def post(url: str, *, seconds: float = 5, addresses: WebhookAddresses = THIS_MACHINE) -> client_module.Response:
    return await WebhookClient(addresses, seconds).post(url, {"webhook-id": "msg_1"}, b"{}")


async def test_a_request_arrives_as_json_with_its_headers(receiver: Receiver) -> None:
    response = await post(receiver.url)
    (request,) = receiver.requests
    assert request.target == "/hook?x=1"
    assert request.body == b"{}"
    assert request.headers["host"] == f"127.0.0.1:{receiver.port}"
    assert request.headers["content-type"] == "application/json"
    assert response.status == 200
    assert response.excerpt == "taken \ufffd[31m\ufffd"  # nothing that a terminal obeys


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (behaviour.silence, "no complete answer within 0.3 seconds"),
        (behaviour.drip, "no complete answer within 0.3 seconds"),
        (behaviour.nonsense, "."),
        (behaviour.nothing, "."),
        (behaviour.endless_head, "."),
    ],
)
async def test_a_receiver_that_lies_or_sleeps_is_no_answer(
    receiver: Receiver, answer: Callable[[Any], Awaitable[None]], expected: str
) -> None:
    receiver.answer = answer
    with pytest.raises(NoResponse, match=expected):
        await post(receiver.url, seconds=0.3)


async def test_of_an_endless_body_only_the_beginning_is_read(receiver: Receiver) -> None:
    receiver.answer = behaviour.endless_body
    response = await post(receiver.url)
    assert response.excerpt == "a" * EXCERPT
    assert ANSWER_LIMIT < 10_000


async def test_redirects_are_not_followed(receiver: Receiver) -> None:
    receiver.answer = behaviour.redirect_to(receiver.url)
    assert (await post(receiver.url)).status == 307
    assert len(receiver.requests) == 1


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "127.1", "0", "2130706433", "[::1]", "[::ffff:127.0.0.1]"])
@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_this_machine_is_not_reached_under_any_name(receiver: Receiver, host: str, scheme: str) -> None:
    with pytest.raises(NoResponse):
        await post(f"{scheme}://{host}:{receiver.port}/", addresses=NOBODY)
    assert receiver.requests == []


async def test_the_address_that_was_checked_is_the_one_connected_to(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name server that answers differently the second time gets no second question."""
    answers = ["127.0.0.1", "127.0.0.2"]
    asked: list[str] = []

    def changing(host: str, port: int, *_: Any, **__: Any) -> list[Any]:
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (answers[min(len(asked), 2) - 1], port))]

    monkeypatch.setattr(client_module.socket, "getaddrinfo", changing)
    url = f"http://rebinding.example:{receiver.port}/"
    assert (await post(url)).status == 200
    assert asked == ["rebinding.example"]
    with pytest.raises(NoResponse, match="webhook_addresses"):
        await post(url)  # now it is another address, which the setting does not name
    assert len(receiver.requests) == 1


async def test_of_several_addresses_only_admitted_ones_are_tried(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (host, receiver.port)) for host in ("127.0.0.2", "127.0.0.1")]
    monkeypatch.setattr(client_module.socket, "getaddrinfo", lambda *_, **__: found)
    assert (await post(f"http://both.example:{receiver.port}/")).status == 200


async def test_a_certificate_is_verified_for_the_name_of_the_url(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("hooks.example").configure_cert(context)
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    receiver = Receiver()
    server = await asyncio.start_server(receiver.serve, "127.0.0.1", 0, ssl=context)
    port = server.sockets[0].getsockname()[1]
    look_up = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]
    monkeypatch.setattr(client_module.socket, "getaddrinfo", lambda *_, **__: look_up)
    with pytest.raises(NoResponse, match="certificate is not accepted"):
        await post(f"https://hooks.example:{port}/")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    assert (await post(f"https://hooks.example:{port}/")).status == 200
    with pytest.raises(NoResponse, match="certificate is not accepted"):
        await post(f"https://others.example:{port}/")
    server.close()
    await receiver.close()
