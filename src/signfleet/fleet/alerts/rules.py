"""Creates, changes and deletes rules and maintenance windows."""

from __future__ import annotations

from typing import Any, get_args

import msgspec

from signfleet.fleet.alerts import store as queries
from signfleet.fleet.alerts.conditions import read_condition
from signfleet.fleet.alerts.schemas import Condition, MaintenanceWindow, NewRule, NewWindow, Rule, RuleChange, date_of
from signfleet.fleet.alerts.store import RuleRow, WindowRow
from signfleet.fleet.devices.catalogue import DEVICES
from signfleet.fleet.health.rules import ReasonCode
from signfleet.fleet.webhooks.store import ALL as ALL_WEBHOOKS
from signfleet.foundation.errors import Invalid, NotFound, of_another
from signfleet.foundation.quotas import check_quota
from signfleet.foundation.storage import counters
from signfleet.foundation.storage.interface import Duplicate, Store, Transaction, UnitOfWork
from signfleet.foundation.wire import datetime
from signfleet.foundation.wire.datetime import next_moment
from signfleet.foundation.wire.json import encode
from signfleet.foundation.wire.text import fold
from signfleet.foundation.wire.timespan import DAY, MINUTE
from signfleet.identity.audit.recording import AuditEntry, record
from signfleet.identity.users.store import USERS_AMONG
from signfleet.notify.events.kinds import KINDS
from signfleet.web.caller.actor import acting
from signfleet.web.contract.conditional import NONE, Precondition

#: How many maintenance windows a network may have.
WINDOWS_LIMIT = 100
_PERIODS = {"never": 366 * DAY, "daily": DAY, "weekly": 7 * DAY}


class AlertRules:
    """The rules of each network, of which there are at most `most`, and its maintenance windows."""

    def __init__(self, store: Store, most: int) -> None:
        self._store = store
        self._most = most

    async def list_(self, network_id: int) -> list[Rule]:
        """Returns the rules of a network, by name."""
        return [_entity(row) for row in await self._store.all(queries.RULES, in_network=network_id)]

    async def get(self, network_id: int, ref: str) -> Rule:
        """Returns a rule. Raises `NotFound`."""
        row = await self._store.one(queries.RULE, in_network=network_id, this_id=_id(ref))
        if row is None:
            raise NotFound.in_network("rule", ref)
        return _entity(row)

    async def create(self, network_id: int, new: NewRule, now: int) -> Rule:
        """Creates a rule; the next evaluation compares all devices with it. Raises `Invalid`, `QuotaReached`."""
        values = await self._values(network_id, new)

        async def work(tx: Transaction) -> RuleRow:
            id_ = await tx.next_id("alert_rule")
            await counters.add(tx, network_id, "AlertRule", 0)  # locks the counter: adding to one network is serial
            (count,) = await tx.all(queries.COUNT_RULES, in_network=network_id)
            check_quota(count.number, self._most, "alert rules in this network", "alert_rules_per_network")
            dates = {"creation_date": now, "last_modified_date": now}
            await tx.execute(queries.INSERT_RULE, network_id=network_id, id=id_, **values, **dates)
            row = await tx.one(queries.RULE, in_network=network_id, this_id=id_)
            assert row is not None
            await record(tx, network_id, AuditEntry("Create", "AlertRule", id_, row.name, after=_audited(row)), now)
            return row

        return _entity(await self._write(work, new.name))

    async def update(
        self, network_id: int, ref: str, change: RuleChange, now: int, precondition: Precondition = NONE
    ) -> None:
        """Replaces a rule. Raises `NotFound`, `Stale`, `Invalid`."""
        values = await self._values(network_id, change)

        async def work(tx: Transaction) -> None:
            row = await self._lock(tx, network_id, ref)
            precondition.check(row.last_modified_date, row.last_modified_date)
            key = {"in_network": network_id, "this_id": row.id}
            if change.id not in (None, row.id):
                other = await tx.one(queries.RULE, in_network=network_id, this_id=change.id)
                if other is not None:
                    raise of_another("id", "rule", change.id, row.id)
            new = {f"new_{name}": value for name, value in values.items()}
            await tx.execute(queries.UPDATE_RULE, **key, **new, now=next_moment(row.last_modified_date, now))
            after = await tx.one(queries.RULE, **key)
            assert after is not None
            entry = AuditEntry("Update", "AlertRule", row.id, row.name, _audited(row), _audited(after))
            await record(tx, network_id, entry, now)

        await self._write(work, change.name)

    async def delete(self, network_id: int, ref: str, now: int, precondition: Precondition = NONE) -> None:
        """Deletes a rule; the next evaluation resolves its alerts. Raises `NotFound`, `Stale`."""

        async def work(tx: Transaction) -> None:
            row = await self._lock(tx, network_id, ref)
            precondition.check(row.last_modified_date, row.last_modified_date)
            await tx.execute(queries.DELETE_RULE, in_network=network_id, this_id=row.id)
            await record(tx, network_id, AuditEntry("Delete", "AlertRule", row.id, row.name, _audited(row)), now)

        await self._store.write(work)

    async def windows(self, network_id: int) -> list[MaintenanceWindow]:
        """Returns the maintenance windows of a network."""
        return [_window(row) for row in await self._store.all(queries.WINDOWS, in_network=network_id)]

    async def create_window(self, network_id: int, new: NewWindow, now: int) -> MaintenanceWindow:
        """Creates a maintenance window. Raises `Invalid`."""
        await _check_filter(new.filter)
        begin, end = date_of(new.begin, "begin"), date_of(new.end, "end")
        if begin is None or end is None or not begin < end <= begin + _PERIODS[new.repeats]:
            most = {"never": "366 days", "daily": "a day", "weekly": "a week"}[new.repeats]
            raise Invalid(f"'end' has to be a date after 'begin', by at most {most}.")

        async def work(tx: Transaction) -> WindowRow:
            id_ = await tx.next_id("alert_window")
            if len(await tx.all(queries.WINDOWS, in_network=network_id)) >= WINDOWS_LIMIT:
                raise Invalid(f"A network has at most {WINDOWS_LIMIT} maintenance windows; delete some first.")
            await tx.execute(
                queries.INSERT_WINDOW,
                network_id=network_id,
                id=id_,
                name=new.name.strip(),
                filter=new.filter or None,
                begin_date=begin,
                end_date=end,
                repeats=new.repeats,
                author=acting().name,
                creation_date=now,
            )
            row = await tx.one(queries.WINDOW, in_network=network_id, this_id=id_)
            assert row is not None
            entry = AuditEntry("Create", "MaintenanceWindow", id_, row.name, after=_window(row))
            await record(tx, network_id, entry, now)
            return row

        return _window(await self._store.write(work))

    async def delete_window(self, network_id: int, ref: str, now: int) -> None:
        """Deletes a maintenance window. Raises `NotFound`."""

        async def work(tx: Transaction) -> None:
            key = {"in_network": network_id, "this_id": _id(ref)}
            row = await tx.one(queries.WINDOW, **key)
            if row is None or not await tx.execute(queries.DELETE_WINDOW, **key):
                raise NotFound.in_network("maintenance window", ref)
            entry = AuditEntry("Delete", "MaintenanceWindow", row.id, row.name, _window(row))
            await record(tx, network_id, entry, now)

        await self._store.write(work)

    async def _values(self, network_id: int, new: NewRule) -> dict[str, Any]:
        """Returns the columns of a body. Raises `Invalid`."""
        name = new.name.strip()
        if not name or not name.isprintable():
            raise Invalid("'name': a rule's name has 1 to 128 printable characters.")
        await _check_filter(new.filter)
        _check_condition(new.condition)
        if new.condition.kind == "event" and new.minutes:
            raise Invalid("'minutes': an event does not last; leave it out.")
        users = {row.id for row in await self._store.all(USERS_AMONG, network_id=network_id, ids=new.mail_to)}
        _check_ids("mailTo", "user", new.mail_to, users)
        webhooks = {row.id for row in await self._store.all(ALL_WEBHOOKS, in_network=network_id)}
        _check_ids("webhooks", "webhook", new.webhooks, webhooks)
        return {
            "name": name,
            "name_key": fold(name),
            "is_enabled": new.is_enabled,
            "filter": new.filter or None,
            "condition": encode(new.condition).decode(),
            "delay": new.minutes * MINUTE,
            "notifies_users": new.notifies_users,
            "mail_to": encode(sorted(set(new.mail_to))).decode(),
            "webhooks": encode(sorted(set(new.webhooks))).decode(),
        }

    async def _lock(self, tx: Transaction, network_id: int, ref: str) -> RuleRow:
        row = await tx.one(queries.LOCK_RULE, in_network=network_id, this_id=_id(ref))
        if row is None:
            raise NotFound.in_network("rule", ref)
        return row

    async def _write(self, work: UnitOfWork[Any], name: str) -> Any:
        try:
            return await self._store.write(work)
        except Duplicate as error:
            raise Invalid(f"'name': there is a rule '{name.strip()}' in this network already.") from error


async def _check_filter(text: str | None) -> None:
    try:
        await DEVICES.read_filter(text)
    except Invalid as error:
        raise Invalid(f"'filter': {error.message}") from error


def _check_condition(condition: Condition) -> None:
    """Raises `Invalid` for a condition without what its kind compares, or with an unknown word."""
    member = {"health": "health", "silent": "minutes", "event": "events"}[condition.kind]
    if not getattr(condition, member):
        raise Invalid(f"'condition.{member}': a condition of the kind '{condition.kind}' needs it.")
    for word in condition.events:
        if word not in KINDS:
            raise Invalid(f"'condition.events': there is no kind of event '{word}'.")
    for word in condition.reasons:
        if word not in get_args(ReasonCode):
            raise Invalid(
                f"'condition.reasons': there is no reason '{word}'; there are {', '.join(get_args(ReasonCode))}."
            )


def _check_ids(member: str, what: str, given: list[int], known: set[int]) -> None:
    for id_ in given:
        if id_ not in known:
            raise Invalid(f"'{member}': there is no {what} {id_} in this network.")


def _entity(row: RuleRow) -> Rule:
    return Rule(
        id=row.id,
        name=row.name,
        condition=read_condition(row.condition),
        is_enabled=bool(row.is_enabled),
        filter=row.filter,
        minutes=row.delay // MINUTE,
        notifies_users=bool(row.notifies_users),
        mail_to=msgspec.json.decode(row.mail_to),
        webhooks=msgspec.json.decode(row.webhooks),
        creation_date=datetime.format(row.creation_date),
        last_modified_date=datetime.format(row.last_modified_date),
    )


def _audited(row: RuleRow) -> Any:
    """Returns a rule as audit entries show it, without its dates."""
    shown = msgspec.to_builtins(_entity(row))
    return {name: value for name, value in shown.items() if name not in ("id", "creationDate", "lastModifiedDate")}


def _window(row: WindowRow) -> MaintenanceWindow:
    return MaintenanceWindow(
        id=row.id,
        name=row.name,
        begin=datetime.format(row.begin_date),
        end=datetime.format(row.end_date),
        filter=row.filter,
        repeats=row.repeats,  # type: ignore[arg-type]  # the store has these words alone
        author=row.author,
        creation_date=datetime.format(row.creation_date),
    )


def _id(ref: str) -> int:
    return int(ref) if ref.isascii() and ref.isdigit() and len(ref) < 19 else 0
