"""Operators manage webhooks, see what was sent, and send it again."""

from __future__ import annotations

import asyncio
import hmac
import json
import logging
from base64 import b64decode, b64encode
from collections.abc import AsyncIterator
from itertools import pairwise
from typing import Any

import pytest
import time_machine
from httpx import AsyncClient

from signfleet.app.bootstrap import Tenant
from signfleet.app.wiring import Services
from signfleet.foundation.storage.interface import Transaction
from signfleet.identity.access.operations.roles import VIEWERS
from signfleet.notify.outbox.channel import Message
from signfleet.notify.webhooks.delivery import WebhookQueue
from tests.conftest import ON_SQLITE, ROOT, CallAs, SignIn
from tests.notify.webhooks import receiver as behaviour
from tests.notify.webhooks.receiver import Received, Receiver, receiving
from tests.world import now

HOOKS, OUTBOX = f"{ROOT}/admin/v1/webhooks/", f"{ROOT}/admin/v1/outbox/"

pytestmark = [pytest.mark.settings(webhook_addresses="127.0.0.1"), ON_SQLITE]


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as started:
        yield started


@pytest.fixture
async def webhook(admin: AsyncClient, receiver: Receiver) -> dict[str, Any]:
    created = await admin.post(HOOKS, json={"name": "Desk", "url": receiver.url})
    assert created.status_code == 201, created.text
    return dict(created.json())


class Sender:
    """Puts messages to one webhook into the outbox, and sends what is due."""

    def __init__(self, services: Services, network_id: int, webhook_id: int) -> None:
        self._services, self._network_id, self._webhook_id = services, network_id, webhook_id

    async def put(self, content: str = "{}") -> int:
        message = Message("webhook", "Desk", "events", content, self._network_id, self._webhook_id)

        async def work(tx: Transaction) -> int:
            return await self._services.outbox.put(tx, message, now())

        return await self._services.store.write(work)

    async def send(self) -> None:
        services = self._services
        await WebhookQueue(services.store, services.outbox, services.webhook_delivery).send_due()


@pytest.fixture
def sender(services: Services, network: Tenant, webhook: dict[str, Any]) -> Sender:
    return Sender(services, network.network_id, webhook["id"])


def is_signed(request: Received, secret: str) -> bool:
    """Verifies a request as docs/webhooks.md describes it."""
    key = b64decode(secret.removeprefix("whsec_"))
    signed = f"{request.headers['webhook-id']}.{request.headers['webhook-timestamp']}.".encode() + request.body
    wanted = "v1," + b64encode(hmac.digest(key, signed, "sha256")).decode()
    return wanted in request.headers["webhook-signature"].split()


async def deliveries(admin: AsyncClient, webhook: dict[str, Any], **parameters: str) -> list[dict[str, Any]]:
    answer = await admin.get(f"{HOOKS}{webhook['id']}/deliveries/", params=parameters)
    assert answer.status_code == 200, answer.text
    return list(answer.json()["items"])


async def test_the_secret_is_shown_once_and_never_again(
    admin: AsyncClient, webhook: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    secret = webhook["secret"]
    assert secret.startswith("whsec_")
    assert len(b64decode(secret.removeprefix("whsec_"))) == 32
    with caplog.at_level(logging.DEBUG):
        rotated = (await admin.post(f"{HOOKS}{webhook['id']}/keys/", json={"overlapHours": 2})).json()
    assert rotated["secret"] != secret
    audit = (await admin.get(f"{ROOT}/admin/v1/audit/")).text
    shown = (await admin.get(HOOKS)).text + (await admin.get(f"{HOOKS}{webhook['id']}/")).text + audit + caplog.text
    for part in (secret, rotated["secret"], secret[6:]):
        assert part not in shown
    assert "/hook" not in audit  # some services put a secret into the path


async def test_two_keys_sign_while_both_are_valid(
    admin: AsyncClient, webhook: dict[str, Any], receiver: Receiver, sender: Sender
) -> None:
    rotated = (await admin.post(f"{HOOKS}{webhook['id']}/keys/", json={"overlapHours": 2})).json()
    await sender.put()
    await sender.send()
    with time_machine.travel(now() / 1000 + 3 * 3600):
        await sender.put()
        await sender.send()
    during, after = receiver.requests
    assert is_signed(during, webhook["secret"])
    assert is_signed(during, rotated["secret"])
    assert not is_signed(after, webhook["secret"])
    assert is_signed(after, rotated["secret"])
    assert not is_signed(after._replace(body=b"[]"), rotated["secret"])


async def test_a_test_says_what_came_of_it(admin: AsyncClient, webhook: dict[str, Any], receiver: Receiver) -> None:
    address = f"{HOOKS}{webhook['id']}/test/"
    good = await admin.post(address)
    assert good.status_code == 200
    assert (good.json()["status"], good.json()["error"]) == (200, None)
    assert json.loads(receiver.requests[0].body)["type"] == "test"
    receiver.answer = behaviour.redirect_to("http://169.254.169.254/")
    assert (await admin.post(address)).json()["error"] == "The receiver answered 307; redirects are not followed."
    receiver.answer = behaviour.nothing
    assert (await admin.post(address)).json()["error"].startswith("No answer: ")
    await admin.post(address), await admin.post(address)
    assert (await admin.post(address)).status_code == 429


async def test_an_address_that_the_setting_does_not_name_is_not_reached(admin: AsyncClient) -> None:
    made = (await admin.post(HOOKS, json={"name": "Near", "url": "http://127.0.0.2:1/"})).json()
    answer = (await admin.post(f"{HOOKS}{made['id']}/test/")).json()
    assert "webhook_addresses" in answer["error"]


async def test_deliveries_leave_a_log_and_can_be_sent_again(
    admin: AsyncClient, webhook: dict[str, Any], receiver: Receiver, sender: Sender
) -> None:
    id_ = await sender.put('{"n":1}')
    await sender.send()
    (logged,) = await deliveries(admin, webhook)
    assert (logged["id"], logged["state"], logged["status"], logged["attempts"]) == (id_, "delivered", 200, 1)
    assert logged["answer"].startswith("taken")
    assert logged["lastAttemptDate"] is not None
    assert is_signed(receiver.requests[0], webhook["secret"])
    assert (await admin.post(f"{HOOKS}{webhook['id']}/deliveries/{id_}/replay/")).status_code == 204
    await sender.send()
    assert receiver.ids == [receiver.ids[0]] * 2  # receivers drop repeats by the id
    assert [request.body for request in receiver.requests] == [b'{"n":1}'] * 2


async def test_a_failing_receiver_is_retried_with_longer_waits_for_a_day_and_then_given_up(
    admin: AsyncClient, webhook: dict[str, Any], receiver: Receiver, sender: Sender
) -> None:
    receiver.answer = 500
    arrivals = []
    with time_machine.travel("2031-05-01T12:00:00Z", tick=False) as clock:
        id_ = await sender.put()
        for minute in range(27 * 60):
            before = len(receiver.requests)
            await sender.send()
            if len(receiver.requests) > before:
                arrivals.append(minute)
            clock.shift(60)
    waits = [after - before for before, after in pairwise(arrivals)]
    assert 15 <= len(arrivals) <= 25
    assert max(waits) <= 151  # two hours and a quarter
    assert waits[-1] > waits[0]
    assert arrivals[-1] >= 24 * 60 - 150
    (dead,) = (await admin.get(OUTBOX, params={"filter": "[Message].[State] IS 'failed'"})).json()["items"]
    assert (dead["id"], dead["status"], dead["nextAttemptDate"]) == (id_, 500, None)
    receiver.answer = 200
    assert (await admin.post(f"{OUTBOX}{id_}/replay/")).status_code == 204
    await sender.send()
    assert [each["state"] for each in await deliveries(admin, webhook)] == ["delivered"]


async def test_a_receiver_that_is_away_gets_one_attempt_not_one_for_each_message(
    admin: AsyncClient, webhook: dict[str, Any], receiver: Receiver, sender: Sender
) -> None:
    receiver.answer = behaviour.come_back_later
    with time_machine.travel("2031-05-01T12:00:00Z", tick=False) as clock:
        for _ in range(5):
            await sender.put()
        await sender.send()
        await sender.send()
        assert len(receiver.requests) == 1
        receiver.answer = 200
        clock.shift(119)
        await sender.send()
        assert len(receiver.requests) == 1  # it asked for two minutes
        clock.shift(60)
        await sender.send()
    assert len(set(receiver.ids)) == 5
    assert {each["state"] for each in await deliveries(admin, webhook)} == {"delivered"}


async def test_gone_gives_up_at_once(
    admin: AsyncClient, webhook: dict[str, Any], receiver: Receiver, sender: Sender
) -> None:
    receiver.answer = 410
    await sender.put()
    await sender.send()
    (dead,) = await deliveries(admin, webhook, filter="[Delivery].[Status] IS 410")
    assert (dead["state"], dead["attempts"]) == ("failed", 1)


async def test_a_slow_receiver_does_not_stop_another(
    admin: AsyncClient, receiver: Receiver, sender: Sender, services: Services, network: Tenant
) -> None:
    receiver.answer = behaviour.silence
    await sender.put()
    async with receiving() as other:
        made = (await admin.post(HOOKS, json={"name": "Other", "url": other.url})).json()
        second = Sender(services, network.network_id, made["id"])
        await second.put()
        sending = asyncio.create_task(sender.send())
        await other.arrived.wait()
        assert not sending.done()
        sending.cancel()


async def test_a_receiver_that_breaks_and_lies_gets_its_message_again_under_its_id_and_stops_nobody(
    admin: AsyncClient,
    webhook: dict[str, Any],
    receiver: Receiver,
    sender: Sender,
    services: Services,
    network: Tenant,
) -> None:
    services.webhook_delivery._client._timeout = 2.0
    async with receiving() as other:
        made = (await admin.post(HOOKS, json={"name": "Other", "url": other.url})).json()
        second = Sender(services, network.network_id, made["id"])
        with time_machine.travel(now() / 1000) as clock:
            await sender.put('{"n":1}')
            for number, receiver.answer in enumerate(behaviour.REFUSING):
                await second.put(f"[{number}]")
                await sender.send()
                assert (len(receiver.requests), len(set(other.ids))) == (number + 1, number + 1), number
                clock.shift(2 ** (number + 1) * 10)
            receiver.answer = behaviour.saying(b"HTTP/1.1 200 OK\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n")
            await sender.send()
            await sender.send()
    attempts = len(behaviour.REFUSING) + 1
    assert (len(receiver.ids), len(set(receiver.ids))) == (attempts, 1)
    assert {(request.target, request.body) for request in receiver.requests} == {("/hook?x=1", b'{"n":1}')}
    (logged,) = await deliveries(admin, webhook)
    assert (logged["state"], logged["attempts"]) == ("delivered", attempts)


async def test_a_disabled_webhook_gets_nothing_until_it_is_enabled(
    admin: AsyncClient, webhook: dict[str, Any], receiver: Receiver, sender: Sender
) -> None:
    address, body = f"{HOOKS}{webhook['id']}/", {"name": "Desk", "url": receiver.url}
    assert (await admin.put(address, json={**body, "isEnabled": False})).status_code == 204
    await sender.put()
    await sender.send()
    assert receiver.requests == []
    assert (await admin.put(address, json=body)).status_code == 204
    await sender.send()
    assert len(receiver.requests) == 1


async def test_deleting_a_webhook_deletes_its_log(
    admin: AsyncClient, webhook: dict[str, Any], receiver: Receiver, sender: Sender
) -> None:
    await sender.put()
    assert (await admin.delete(f"{HOOKS}{webhook['id']}/")).status_code == 204
    await sender.send()
    assert receiver.requests == []
    assert (await admin.get(OUTBOX)).json()["totalItemCount"] == 0
    assert (await admin.get(f"{HOOKS}{webhook['id']}/")).status_code == 404


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"url": "ftp://x.example/"}, "'url' has to begin with"),
        ({"url": "https:///x"}, "'url' has to begin with"),
        ({"url": "https://u:p@x.example/"}, "'url' may not contain a user name"),
        ({"url": "https://x.example/#top"}, "'url' may not have a fragment"),
        ({"url": "https://x.example/a b"}, "'url' may contain only"),
        ({"url": "https://x.example:99999/"}, "'url' is no valid URL"),
        ({"name": "  "}, "'name'"),
        ({"filter": "[Nonsense] IS 1"}, "'filter': Unknown property [Nonsense]"),
    ],
)
async def test_what_cannot_be_a_webhook_is_refused(admin: AsyncClient, change: dict[str, str], complaint: str) -> None:
    answer = await admin.post(HOOKS, json={"name": "N", "url": "https://x.example/"} | change)
    assert answer.status_code == 400
    assert complaint in answer.json()["message"]


async def test_a_host_in_another_script_is_written_as_dns_has_it(admin: AsyncClient) -> None:
    made = await admin.post(HOOKS, json={"name": "N", "url": "https://müller.example:8443/ok?a=b"})
    assert made.json()["url"] == "https://xn--mller-kva.example:8443/ok?a=b"


@pytest.mark.settings(webhooks_per_network=2)
async def test_names_are_unique_and_the_number_is_limited(admin: AsyncClient) -> None:
    body = {"name": "One", "url": "https://x.example/"}
    assert (await admin.post(HOOKS, json=body)).status_code == 201
    assert (await admin.post(HOOKS, json=body | {"name": "ONE"})).status_code == 400
    assert (await admin.post(HOOKS, json=body | {"name": "Two"})).status_code == 201
    assert "webhooks_per_network" in (await admin.post(HOOKS, json=body | {"name": "Three"})).json()["message"]


async def test_only_administrators_see_webhooks_and_the_outbox(call_as: CallAs, sign_in: SignIn) -> None:
    viewer = call_as(await sign_in("viewer@example.com", role=VIEWERS))
    assert (await viewer.get(HOOKS)).status_code == 403
    assert (await viewer.get(OUTBOX)).status_code == 403
