"""Creates, changes and tests webhooks, and gives each its keys."""

from __future__ import annotations

import secrets
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import uuid4
from zlib import crc32

import idna
import msgspec

from signfleet.fleet.devices.catalogue import DEVICES
from signfleet.fleet.webhooks import store as queries
from signfleet.fleet.webhooks.schemas import (
    CreatedWebhook,
    IssuedKey,
    KeyRotation,
    NewWebhook,
    Webhook,
    WebhookChange,
    WebhookTest,
)
from signfleet.fleet.webhooks.store import WebhookRow
from signfleet.foundation.errors import Invalid, NotFound, of_another
from signfleet.foundation.quotas import check_quota
from signfleet.foundation.rate_limit import RateLimit
from signfleet.foundation.storage import counters
from signfleet.foundation.storage.interface import Duplicate, Store, Transaction
from signfleet.foundation.wire import datetime
from signfleet.foundation.wire.datetime import next_moment
from signfleet.foundation.wire.json import encode
from signfleet.foundation.wire.text import fold
from signfleet.foundation.wire.timespan import HOUR
from signfleet.identity.audit.recording import AuditEntry, record
from signfleet.identity.events.catalogue import EVENTS
from signfleet.notify.outbox.service import Outbox
from signfleet.notify.webhooks.delivery import WebhookDelivery
from signfleet.notify.webhooks.signing import SALT_BYTES, WebhookKeys
from signfleet.web.contract.conditional import NONE, Precondition

#: Stands for a new secret in audit entries, which mask it.
NEW_SECRET: Final = "new"  # noqa: S105 - no secret


class Webhooks:
    """The webhooks of each network, of which there are at most `most`."""

    def __init__(
        self, store: Store, outbox: Outbox, delivery: WebhookDelivery, keys: WebhookKeys, *, most: int
    ) -> None:
        self._store = store
        self._outbox = outbox
        self._delivery = delivery
        self._keys = keys
        self._most = most
        self._tests = RateLimit(5, 10, "There were too many tests of this webhook")

    async def list_(self, network_id: int) -> list[Webhook]:
        """Returns the webhooks of a network, by name."""
        return [_entity(row) for row in await self._store.all(queries.ALL, in_network=network_id)]

    async def get(self, network_id: int, ref: str) -> Webhook:
        """Returns a webhook. Raises `NotFound`."""
        return _entity(await self.row(network_id, ref))

    async def row(self, network_id: int, ref: str) -> WebhookRow:
        """Returns the row of a webhook by its id as text. Raises `NotFound`."""
        row = await self._store.one(queries.ONE, in_network=network_id, this_id=_id(ref))
        if row is None:
            raise NotFound.in_network("webhook", ref)
        return row

    async def create(self, network_id: int, new: NewWebhook, now: int) -> CreatedWebhook:
        """Creates a webhook and returns it with its secret, once. Raises `Invalid`, `QuotaReached`."""
        values = await self._values(new)
        salt = secrets.token_bytes(SALT_BYTES)

        async def work(tx: Transaction) -> WebhookRow:
            id_ = await tx.next_id("webhook")
            await counters.add(tx, network_id, "Webhook", 0)  # locks the counter: adding to one network is serial
            (count,) = await tx.all(queries.COUNT, in_network=network_id)
            check_quota(count.number, self._most, "webhooks in this network", "webhooks_per_network")
            await tx.execute(
                queries.INSERT,
                **values,
                network_id=network_id,
                id=id_,
                creation_date=now,
                last_modified_date=now,
                salt=salt,
                key_date=now,
                previous_salt=None,
                previous_until=None,
                failures=0,
                paused_until=None,
            )
            row = await tx.one(queries.ONE, in_network=network_id, this_id=id_)
            assert row is not None
            await record(tx, network_id, AuditEntry("Create", "Webhook", id_, row.name, after=_audited(row)), now)
            return row

        row = await self._write(work, new.name)
        shown: dict[str, Any] = msgspec.structs.asdict(_entity(row))
        return CreatedWebhook(**shown, secret=self._keys.secret(salt))

    async def update(
        self, network_id: int, ref: str, change: WebhookChange, now: int, precondition: Precondition = NONE
    ) -> None:
        """Replaces everything but the keys, and ends a pause after failures. Raises `NotFound`, `Stale`, `Invalid`."""
        values = await self._values(change)

        async def work(tx: Transaction) -> None:
            row = await self._lock(tx, network_id, ref)
            precondition.check(row.last_modified_date, row.last_modified_date)
            await self._check_id(tx, row, change.id)
            await tx.execute(
                queries.UPDATE,
                in_network=network_id,
                this_id=row.id,
                now=next_moment(row.last_modified_date, now),
                **{f"new_{name}": value for name, value in values.items()},
            )
            after = await tx.one(queries.ONE, in_network=network_id, this_id=row.id)
            assert after is not None
            entry = AuditEntry("Update", "Webhook", row.id, row.name, _audited(row), _audited(after))
            await record(tx, network_id, entry, now)

        await self._write(work, change.name)
        self._outbox.send()

    async def delete(self, network_id: int, ref: str, now: int, precondition: Precondition = NONE) -> None:
        """Deletes a webhook and its log; what waits for it is not delivered. Raises `NotFound`, `Stale`."""

        async def work(tx: Transaction) -> int:
            row = await self._lock(tx, network_id, ref)
            precondition.check(row.last_modified_date, row.last_modified_date)
            await tx.execute(queries.DELETE, in_network=network_id, this_id=row.id)
            await record(tx, network_id, AuditEntry("Delete", "Webhook", row.id, row.name, _audited(row)), now)
            return row.id

        id_ = await self._store.write(work)
        key = {"in_network": network_id, "this_id": id_}
        while await self._store.write(lambda tx: tx.execute(queries.DELETE_DELIVERIES, **key)):
            pass

    async def rotate_key(self, network_id: int, ref: str, rotation: KeyRotation, now: int) -> IssuedKey:
        """Gives the webhook a new key; the present one signs too for a while. Raises `NotFound`."""
        salt = secrets.token_bytes(SALT_BYTES)
        until = now + rotation.overlap_hours * HOUR if rotation.overlap_hours else None

        async def work(tx: Transaction) -> None:
            row = await self._lock(tx, network_id, ref)
            await tx.execute(
                queries.SET_KEY,
                in_network=network_id,
                this_id=row.id,
                new_salt=salt,
                old_salt=row.salt if until else None,
                until=until,
                now=next_moment(row.last_modified_date, now),
            )
            after = {"secret": NEW_SECRET, "previousKeyValidTo": _date(until)}
            entry = AuditEntry("Update", "Webhook", row.id, row.name, {"secret": None}, after)
            await record(tx, network_id, entry, now)

        await self._store.write(work)
        return IssuedKey(secret=self._keys.secret(salt), previous_key_valid_to=_date(until))

    async def test(self, network_id: int, ref: str, now: int) -> WebhookTest:
        """Sends a message of the type `test` at once. Raises `NotFound`, `Throttled`."""
        row = await self.row(network_id, ref)
        self._tests.check((network_id, row.id))
        body = encode({"type": "test", "timestamp": datetime.format(now), "networkId": network_id, "data": []})
        result = await self._delivery.test(row, f"msg_test_{uuid4().hex}", body)
        answer = result.answer
        return WebhookTest(
            status=None if answer is None else answer.status,
            answer=None if answer is None else answer.excerpt,
            error=result.error,
            duration=result.duration,
        )

    async def _values(self, new: NewWebhook) -> dict[str, Any]:
        """Returns the columns of a body. Raises `Invalid`."""
        name = new.name.strip()
        if not name or not name.isprintable():
            raise Invalid("'name': a webhook's name has 1 to 128 printable characters.")
        for member, catalogue, text in (("filter", DEVICES, new.filter), ("eventFilter", EVENTS, new.event_filter)):
            try:
                await catalogue.read_filter(text)
            except Invalid as error:
                raise Invalid(f"'{member}': {error.message}") from error
        return {
            "name": name,
            "name_key": fold(name),
            "url": checked_url(new.url),
            "is_enabled": new.is_enabled,
            "kinds": encode(new.kinds).decode(),
            "filter": new.filter or None,
            "event_filter": new.event_filter or None,
        }

    async def _lock(self, tx: Transaction, network_id: int, ref: str) -> WebhookRow:
        row = await tx.one(queries.LOCK, in_network=network_id, this_id=_id(ref))
        if row is None:
            raise NotFound.in_network("webhook", ref)
        return row

    async def _check_id(self, tx: Transaction, row: WebhookRow, given: int | None) -> None:
        """Raises `Invalid` for the id of another webhook."""
        if given in (None, row.id):
            return
        if await tx.one(queries.ONE, in_network=row.network_id, this_id=given) is not None:
            raise of_another("id", "webhook", given, row.id)

    async def _write(self, work: Any, name: str) -> Any:
        try:
            return await self._store.write(work)
        except Duplicate as error:
            raise Invalid(f"'name': there is a webhook '{name.strip()}' in this network already.") from error


def checked_url(text: str) -> str:
    """Returns the URL of a webhook with its host as DNS has it. Raises `Invalid`."""
    problem = None
    try:
        parts = urlsplit(text)
        host = parts.hostname or ""
        port = parts.port
        if not host.isascii():
            host = idna.encode(host, uts46=True).decode("ascii")
    except (ValueError, idna.IDNAError):
        raise Invalid("'url' is no valid URL.") from None
    if parts.scheme not in ("http", "https") or not host:
        problem = "has to begin with 'https://' or 'http://' and name a host"
    elif parts.username is not None or parts.password is not None:
        problem = "may not contain a user name or a password; receivers check the signature"
    elif parts.fragment:
        problem = "may not have a fragment"
    elif not (parts.path + parts.query).isascii() or not text.isprintable() or " " in text or "\\" in text:
        problem = "may contain only printable ASCII characters without spaces and backslashes behind the host"
    if problem is not None:
        raise Invalid(f"'url' {problem}.")
    place = f"[{host}]" if ":" in host else host
    return parts._replace(netloc=place if port is None else f"{place}:{port}").geturl()


def _entity(row: WebhookRow) -> Webhook:
    return Webhook(
        id=row.id,
        name=row.name,
        url=row.url,
        is_enabled=bool(row.is_enabled),
        kinds=msgspec.json.decode(row.kinds),
        filter=row.filter,
        event_filter=row.event_filter,
        creation_date=datetime.format(row.creation_date),
        last_modified_date=datetime.format(row.last_modified_date),
        key_date=datetime.format(row.key_date),
        previous_key_valid_to=_date(row.previous_until),
        failures=row.failures,
        paused_until=_date(row.paused_until),
    )


def _audited(row: WebhookRow) -> dict[str, Any]:
    """Returns a webhook as audit entries show it. Of the URL only the host: some services put a secret behind it."""
    parts = urlsplit(row.url)
    return {
        "name": row.name,
        "host": f"{parts.scheme}://{parts.netloc}",
        # A change of what is not shown shows all the same.
        "urlChecksum": f"{crc32(row.url.encode()):08x}",
        "isEnabled": bool(row.is_enabled),
        "kinds": msgspec.json.decode(row.kinds),
        "filter": row.filter,
        "eventFilter": row.event_filter,
    }


def _date(ms: int | None) -> str | None:
    return None if ms is None else datetime.format(ms)


def _id(ref: str) -> int:
    return int(ref) if ref.isascii() and ref.isdigit() and len(ref) < 19 else 0
