"""Explains why a user may or may not do something: which rule decides, and which ones it outranks."""

from __future__ import annotations

import msgspec

from signfleet.fleet.devices.store import DEVICE_BY_ID, DEVICE_BY_SERIAL
from signfleet.fleet.subscriptions.schemas import DeviceReference
from signfleet.foundation.errors import Invalid, NotFound
from signfleet.foundation.storage.interface import Row, Store
from signfleet.foundation.wire.ids import id_of
from signfleet.foundation.wire.mailboxes import mailbox_key
from signfleet.foundation.wire.text import fold
from signfleet.identity.access.operations.definitions import DEVICE, ROOTS, VIEW_DEVICE, VIEW_USER, by_uid
from signfleet.identity.access.operations.operation import Operation
from signfleet.identity.access.permissions import Permissions
from signfleet.identity.access.rules import Rule, relevant
from signfleet.identity.roles.system import role_name
from signfleet.identity.users.store import MEMBER_BY_ID, MEMBER_BY_LOGIN
from signfleet.web.caller.session import Session


class ExplainedRule(msgspec.Struct, rename="camel"):
    """A rule that says something of the operation, in words."""

    principal: str
    operation: str
    applies_to: str
    is_allowed: bool
    decides: bool


class Explanation(msgspec.Struct, rename="camel"):
    """Whether a user may do an operation, and why; `rules` are in the order in which they count."""

    user: str
    role: str | None
    operation: str
    device: DeviceReference | None
    is_allowed: bool
    reason: str
    rules: list[ExplainedRule]


def operation_named(text: str) -> Operation:
    """The operation of a uid, a key such as `Device.UpdateDevice`, or a name. Raises `Invalid`."""
    found = by_uid(text.strip())
    if found is not None:
        return found
    wanted = fold(text).replace(" ", "")
    named = [
        operation
        for root in ROOTS.values()
        for operation in root
        if wanted in (fold(operation.key), fold(operation.singular).replace(" ", ""))
    ]
    if len(named) == 1:
        return named[0]
    hint = (
        f"; it may be {', '.join(operation.key for operation in named)}" if named else ", such as Device.UpdateDevice"
    )
    raise Invalid(f"'operation': name one by its uid or its key{hint}.")


class Explanations:
    """Answers for the users of a network."""

    def __init__(self, store: Store, permissions: Permissions) -> None:
        self._store = store
        self._permissions = permissions

    async def explain(
        self, network_id: int, user: str, operation: str, device: str | None, asker: Session | None = None
    ) -> Explanation:
        """Why the user, by id or login, may or may not do the operation: in general, or on one device.

        What `asker` may not see is not there; None is the operator, who sees everything. Raises `Invalid` for an
        unknown operation, or one that is not about devices, and `NotFound`.
        """
        asked = operation_named(operation)
        member = await self._user(network_id, user, asker)
        found = None if device is None else await self._device(network_id, device, asker)
        if found is not None and asked.root is not DEVICE:
            raise Invalid(f"'device': '{asked.key}' is not done with devices.")
        session = _session_of(member)
        rules = await self._permissions.rules_on(session, asked, 0 if found is None else found.id)
        ordered = relevant(rules, asked)
        allowed = bool(ordered) and ordered[0].is_allowed
        reason = _reason(ordered, asked, member, found)
        if allowed and found is not None and asked is not VIEW_DEVICE:
            seen = relevant(rules, VIEW_DEVICE)
            if not seen or not seen[0].is_allowed:
                allowed = False
                reason = f"Denied: the device does not exist for them. {_reason(seen, VIEW_DEVICE, member, found)}"
        outside = _outside(member)
        if outside is not None:
            allowed = False
            reason = f"Denied: {outside}. But for that: {reason}"
        if asked is VIEW_USER:
            reason += " Their own entry everybody may view; that is fixed."
        return Explanation(
            user=member.login,
            role=role_name(member),
            operation=asked.full_name,
            device=None if found is None else DeviceReference(id=found.id, serial=found.serial),
            is_allowed=allowed,
            reason=reason,
            rules=[_told(rule, member, found, decides=number == 0) for number, rule in enumerate(ordered)],
        )

    async def _user(self, network_id: int, segment: str, asker: Session | None) -> Row:
        number = id_of(segment)
        key = {"mailbox_key": mailbox_key(segment)} if number is None else {"id": number}
        query = MEMBER_BY_LOGIN if number is None else MEMBER_BY_ID
        row = await self._store.one(query, network_id=network_id, **key)
        if asker is not None:
            row = await self._permissions.visible(asker, VIEW_USER, row)
        if row is None:
            raise NotFound.in_network("user", segment)
        return row

    async def _device(self, network_id: int, segment: str, asker: Session | None) -> Row:
        number = id_of(segment)
        key = {"serial_key": fold(segment)} if number is None else {"id": number}
        row = await self._store.one(DEVICE_BY_SERIAL if number is None else DEVICE_BY_ID, network_id=network_id, **key)
        if asker is not None:
            row = await self._permissions.visible(asker, VIEW_DEVICE, row)
        if row is None:
            raise NotFound.in_network("device", segment)
        return row


def _outside(member: Row) -> str | None:
    """Why the user gets in nowhere, whatever the rules say; None for a user who does."""
    if member.activation_date is None:
        return f"the user {member.login} has not accepted the invitation"
    if member.person_is_locked_out:
        return f"the person {member.login} is locked out"
    if member.is_locked_out:
        return f"the user {member.login} is locked out"
    return f"the network '{member.network_name}' is locked out" if member.network_is_locked_out else None


def _session_of(member: Row) -> Session:
    """A session as the user would have it."""
    return Session(
        id=0,
        person_id=member.person_id,
        application_id=None,
        network_id=member.network_id,
        user_id=member.id,
        role_id=member.role_id,
        device_id=None,
        login=member.login,
        scope="",
        last_modified=0,
    )


def _told(rule: Rule, member: Row, device: Row | None, *, decides: bool) -> ExplainedRule:
    operation = by_uid(rule.operation_uid)
    assert operation is not None
    return ExplainedRule(
        principal=_principal(rule, member),
        operation=operation.full_name,
        applies_to=f"device {device.serial}" if rule.is_for_instance and device is not None else "all",
        is_allowed=rule.is_allowed,
        decides=decides,
    )


def _principal(rule: Rule, member: Row) -> str:
    return f"user {member.login}" if rule.is_for_user else f"role {role_name(member)}"


def _reason(ordered: list[Rule], asked: Operation, member: Row, device: Row | None) -> str:
    if not ordered:
        return f"Denied: nothing is said of '{asked.full_name}', neither to the user nor to their role."
    rule = ordered[0]
    told = _told(rule, member, device, decides=True)
    verdict, verb = ("Allowed", "may") if rule.is_allowed else ("Denied", "may not")
    where = f"with the {told.applies_to}" if rule.is_for_instance else "in general"
    includes = "" if rule.operation_uid == asked.uid else f", which includes '{asked.full_name}'"
    others = len(ordered) - 1
    outranks = f" This outranks {others} other rule{'s' if others > 1 else ''}." if others else ""
    return f"{verdict}: the {told.principal} {verb} do '{told.operation}'{includes}, {where}.{outranks}"
