"""Turns notices into mails: one for what belongs together, to users who may see it, no more than a few an hour."""

from __future__ import annotations

import asyncio
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

import msgspec

from signfleet.fleet.alerts import notice_store as notice_queries
from signfleet.fleet.alerts import store as queries
from signfleet.fleet.alerts.asking import Asker, Rules, Topic, Ways, ended_by_link, settings_of, topic_of
from signfleet.fleet.alerts.digest import Cluster, Subject, clusters
from signfleet.fleet.alerts.headlines import headline_of
from signfleet.fleet.alerts.lease import Lease
from signfleet.fleet.alerts.matching import DeviceMatcher
from signfleet.fleet.alerts.notice_store import NoticeRow, Recipient, Waiting
from signfleet.fleet.alerts.notices import RECOVERED, SUBSCRIPTION_TOPICS
from signfleet.fleet.alerts.store import Reader
from signfleet.fleet.alerts.unsubscribing import Unsubscribing
from signfleet.fleet.devices.store import DEVICE_ID
from signfleet.foundation.settings import Settings
from signfleet.foundation.storage import counters
from signfleet.foundation.storage.interface import Store, Transaction
from signfleet.foundation.wire.timespan import HOUR, MINUTE, SECOND
from signfleet.identity.access.operations.definitions import VIEW_DEVICE, VIEW_SUBSCRIPTION
from signfleet.identity.access.permissions import Permissions
from signfleet.notify.mail.composing import Composer, Mail
from signfleet.notify.outbox.service import Outbox
from signfleet.web.caller.session import Session

#: However many others come, notices wait no longer than this.
LONGEST: Final = 10 * MINUTE
#: How many notices of one rule become mails in one step, and how many devices a mail lists.
STEP: Final = 1000
LISTED: Final = 50

#: How many devices are read before others get their turn.
_AT_ONCE: Final = 100
_PLACEHOLDER: Final = re.compile(r"\{\{\s*(\w+)\s*\}\}")


class _Location(msgspec.Struct, rename="camel"):
    path: str | None = None


class _Named(msgspec.Struct):
    name: str | None = None
    version: str | None = None


class _Settings(msgspec.Struct):
    name: str | None = None
    group: _Named | None = None
    location: _Location | None = None


class _Status(msgspec.Struct):
    firmware: _Named | None = None


class _Document(msgspec.Struct):
    """The parts of a Player entity that mails name."""

    settings: _Settings
    status: _Status | None = None


class _NetworkName(NamedTuple):
    id: int
    name: str


class _Content(NamedTuple):
    """What a mail says: its rules are those by which its recipient gets it."""

    topic: Topic
    cluster: Cluster
    ways: set[Ways]
    rules: str


class _Letters(NamedTuple):
    """The mails to one user; `omitted` are those beyond what a user gets within an hour, which nobody has written."""

    recipient: Recipient
    mails: list[Mail]
    omitted: int


_read = msgspec.json.Decoder(_Document).decode


class Mailing:
    """Writes the mails of notices into the outbox; a user gets at most `most` within an hour, then a summary."""

    def __init__(
        self,
        store: Store,
        outbox: Outbox,
        permissions: Permissions,
        unsubscribing: Unsubscribing,
        settings: Settings,
    ) -> None:
        self._store = store
        self._outbox = outbox
        self._permissions = permissions
        self._unsubscribing = unsubscribing
        self._composer = Composer(settings)
        self._most = settings.alert_mails_per_hour
        #: Notices wait until no other has come for so long (ms).
        self._quiet = settings.alert_gather_seconds * SECOND
        self._matcher = DeviceMatcher(store)

    async def flush(self, lease: Lease, now: int) -> None:
        """Writes the mails of everything that has waited long enough, and the summaries of the hours that are over."""
        for allowance in await self._store.all(notice_queries.ENDED_ALLOWANCES, before=now - HOUR):
            await self._end_hour(lease, allowance.network_id, allowance.user_id, now)
        for waiting in await self._store.scan_all(notice_queries.WAITING):
            if now - waiting.last >= self._quiet or now - waiting.first >= LONGEST:
                await self._write(lease, waiting, now)

    async def _write(self, lease: Lease, waiting: Waiting, now: int) -> None:
        key = {"network_id": waiting.network_id, "topic": waiting.topic, "cause": waiting.cause}
        notices = await self._store.all(notice_queries.TAKE, **key, count=STEP)
        letters = await self._letters(waiting.network_id, topic_of(waiting), notices)

        async def work(tx: Transaction, _reader: Reader) -> None:
            ids = [notice.id for notice in notices]
            await tx.execute(notice_queries.DELETE, network_id=waiting.network_id, ids=ids)
            for each in letters:
                await self._post(tx, waiting.network_id, each, now)

        await lease.write(work)

    async def _post(self, tx: Transaction, network_id: int, letters: _Letters, now: int) -> None:
        """Puts mails into the outbox, and counts as omitted what is more than the user gets within the hour."""
        user_id, mails, omitted = letters.recipient.id, letters.mails, letters.omitted
        key = {"in_network": network_id, "of_user": user_id}
        allowance = await tx.one(notice_queries.ALLOWANCE, **key)
        posted = mails[: max(0, self._most - (0 if allowance is None else allowance.sent))]
        omitted += len(mails) - len(posted)
        if allowance is None:
            row = {"network_id": network_id, "user_id": user_id, "since_date": now}
            await tx.execute(notice_queries.INSERT_ALLOWANCE, **row, sent=len(posted), omitted=omitted)
        else:
            await tx.execute(notice_queries.COUNT_MAIL, **key, more=len(posted), fewer=omitted)
        for mail in posted:
            await self._outbox.put(tx, mail.message(network_id), now)

    async def _end_hour(self, lease: Lease, network_id: int, user_id: int, now: int) -> None:
        """Ends an hour; a user who would have got more mails gets one that says how many."""
        recipients = await self._store.all(notice_queries.RECIPIENTS, network_id=network_id)
        recipient = next((each for each in recipients if each.id == user_id), None)
        network = await self._network_name(network_id)

        async def work(tx: Transaction, _reader: Reader) -> None:
            key = {"in_network": network_id, "of_user": user_id}
            row = await tx.one(notice_queries.ALLOWANCE, **key)
            await tx.execute(notice_queries.DELETE_ALLOWANCE, **key)
            if row is not None and row.omitted and recipient is not None:
                mail = self._composer.compose(
                    "alert-summary", recipient.login, network=network, number=row.omitted, limit=self._most
                )
                await self._outbox.put(tx, mail.message(network_id), now)

        await lease.write(work)

    async def _letters(self, network_id: int, topic: Topic, notices: Sequence[NoticeRow]) -> list[_Letters]:
        """Writes the mails, one and then others get their turn: very many players may have nothing in common."""
        subjects = await self._subjects(network_id, notices, in_stock=topic.name in SUBSCRIPTION_TOPICS)
        network = _NetworkName(network_id, await self._network_name(network_id))
        rules = Rules(await self._store.all(queries.RULES, in_network=network_id))
        by_rules: dict[tuple[str, str], list[tuple[int, object]]] = defaultdict(list)
        for notice in notices:
            by_rules[notice.rules, notice.earlier].append(_key(notice))
        groups = [(*map(msgspec.json.decode, texts), keys) for texts, keys in by_rules.items()]
        letters: list[_Letters] = []
        for recipient in await self._store.all(notice_queries.RECIPIENTS, network_id=network_id):
            asker = Asker(topic, recipient.id, settings_of(recipient))
            asked: dict[tuple[int, object], Ways] = {}
            for ids, earlier, keys in groups:
                if ways := asker.ways(rules, ids, earlier):
                    asked = dict.fromkeys(keys, ways) | asked
            own = await self._visible(network_id, recipient, [subjects[key] for key in asked]) if asked else []
            mails: list[Mail] = []
            omitted = 0
            for cluster in clusters(own):
                of_cluster = {asked[subject.key] for subject in cluster.subjects}
                if not asker.wants(of_cluster, len(cluster.subjects)):
                    continue
                if len(mails) == self._most:
                    omitted += 1
                    continue
                names = {rules.name(id_): None for ways in of_cluster for id_ in ways.rules}
                content = _Content(topic, cluster, of_cluster, ", ".join(names))
                mails.append(self._mail(network, recipient, asker.settings, content))
                await asyncio.sleep(0)
            if mails or omitted:
                letters.append(_Letters(recipient, mails, omitted))
            await asyncio.sleep(0)
        return letters

    def _mail(
        self, network: _NetworkName, recipient: Recipient, settings: Mapping[str, Any], content: _Content
    ) -> Mail:
        topic, cluster, ways, rule = content
        number, first = len(cluster.subjects), cluster.subjects[0]
        has_form = not topic.is_of_rules or any(each.by_settings for each in ways)
        headed_by = RECOVERED if topic.is_over else topic.name if has_form else "rule"
        headline = headline_of(headed_by, cluster, network=network.name, rule=rule)
        values = {
            "headline": headline,
            "network": network.name,
            "subjects": cluster.subjects[:LISTED],
            "more": max(0, number - LISTED),
            "shared": cluster.shared if number > 1 else [],
            "rule": rule,
        }
        link = self._unsubscribing.link(network.id, recipient.id, ended_by_link(topic, ways))
        own = settings.get(f"{topic.settings[number > 1]}NotificationTemplate") if has_form else None
        if not own:
            return self._composer.compose("alert", recipient.login, unsubscribe=link, **values)
        texts = {
            "headline": headline,
            "network": network.name,
            "devices": "\n".join(subject.label for subject in cluster.subjects[:LISTED]),
            "number": str(number),
            "reason": first.reason or "",
        }
        text = _PLACEHOLDER.sub(lambda found: texts.get(found[1], found[0]), own)
        return self._composer.compose("alert-own", recipient.login, unsubscribe=link, headline=headline, own=text)

    async def _subjects(
        self, network_id: int, notices: Sequence[NoticeRow], *, in_stock: bool
    ) -> dict[tuple[int, object], Subject]:
        """Returns what the notices are about, each once, with its latest reason.

        With `in_stock` those without a device are subscriptions of the stock.
        """
        latest = {_key(notice): notice for notice in notices}
        ids = [device_id for device_id, _ in latest if device_id]
        rows = await self._store.scan_all(notice_queries.FACTS, network_id=network_id, ids=ids) if ids else []
        facts = {row.id: row for row in rows}
        found: dict[tuple[int, object], Subject] = {}
        for number, (key, notice) in enumerate(latest.items()):
            if number % _AT_ONCE == 0:
                await asyncio.sleep(0)
            device_id = notice.device_id
            row = facts.get(device_id)
            if row is None:
                stock = notice.reason if in_stock and not device_id else None
                found[key] = Subject(device_id, notice.serial or "", None, notice.reason, subscription=stock)
                continue
            document = _read(row.document)
            settings, status = document.settings, document.status
            found[key] = Subject(
                device_id,
                row.serial,
                settings.name,
                notice.reason,
                place=None if settings.location is None else settings.location.path,
                address=row.address,
                group=None if settings.group is None else settings.group.name,
                model=row.model,
                firmware=None if status is None or status.firmware is None else status.firmware.version,
            )
        return found

    async def _visible(self, network_id: int, recipient: Recipient, subjects: Sequence[Subject]) -> list[Subject]:
        """Returns what the recipient may view: devices, and subscriptions of the stock."""
        changes = await self._store.one(counters.TOTAL, network_id=network_id, entity=counters.PERMISSION_CHANGES)
        session = Session(
            id=0,
            person_id=recipient.person_id,
            application_id=None,
            network_id=network_id,
            user_id=recipient.id,
            role_id=recipient.role_id,
            device_id=None,
            login=recipient.login,
            scope="",
            last_modified=0,
            permission_changes=0 if changes is None else changes.total,
        )
        scope = await self._permissions.scope(session, VIEW_DEVICE, DEVICE_ID)
        ids = [subject.device_id for subject in subjects if subject.device_id]
        seen = await self._matcher.matching(network_id, None, ids, scope)
        is_about_stock = any(subject.is_in_stock for subject in subjects)
        if not is_about_stock or await self._permissions.allows(session, VIEW_SUBSCRIPTION):
            seen.add(0)
        return [subject for subject in subjects if subject.device_id in seen]

    async def _network_name(self, network_id: int) -> str:
        row = await self._store.one(queries.NAME_OF_NETWORK, network_id=network_id)
        return "" if row is None else row.name


def _key(notice: NoticeRow) -> tuple[int, object]:
    """Returns what a notice is about: a device, or a subscription of the stock by its name."""
    return notice.device_id, notice.device_id or notice.serial or ""
