"""Explains why a user may or may not do something: which rule decides, and which rules it overrides."""

from __future__ import annotations

from signfleet.fleet.devices.store import DEVICE_BY_ID, DEVICE_BY_SERIAL, FoundDevice
from signfleet.fleet.permission_explanation.schemas import ExplainedRule, Explanation, Obstacle
from signfleet.fleet.subscriptions.schemas import DeviceReference
from signfleet.foundation.errors import Invalid, NotFound
from signfleet.foundation.storage.interface import Store
from signfleet.foundation.wire.ids import id_of
from signfleet.foundation.wire.mailboxes import mailbox_key
from signfleet.foundation.wire.text import fold
from signfleet.identity.access.operations.definitions import DEVICE, ROOTS, VIEW_DEVICE, VIEW_USER, by_uid
from signfleet.identity.access.operations.operation import Operation
from signfleet.identity.access.permissions import Permissions
from signfleet.identity.access.rules import Rule, relevant
from signfleet.identity.roles.system import role_name
from signfleet.identity.users.store import MEMBER_BY_ID, MEMBER_BY_LOGIN, UserRow
from signfleet.web.caller.session import Session


def operation_named(text: str) -> Operation:
    """Returns the operation with a uid, a key such as `Device.UpdateDevice`, or a name. Raises `Invalid`."""
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
    """Explains the permissions of the users of a network."""

    def __init__(self, store: Store, permissions: Permissions) -> None:
        self._store = store
        self._permissions = permissions

    async def explain(
        self, network_id: int, user: str, operation: str, device: str | None, caller: Session | None = None
    ) -> Explanation:
        """Explains whether a user, by id or login, may do an operation, in general or on one device.

        Raises `NotFound` for a user or device that the `caller` may not see; None is the operator, who sees all. Raises
        `Invalid` for an unknown operation, or for one that does not apply to devices if a device is given.
        """
        asked = operation_named(operation)
        member = await self._user(network_id, user, caller)
        found = None if device is None else await self._device(network_id, device, caller)
        if found is not None and asked.root is not DEVICE:
            raise Invalid(f"'device': operation '{asked.key}' does not apply to devices.")
        session = _session_of(member)
        rules = await self._permissions.rules_on(session, asked, 0 if found is None else found.id)
        ordered = relevant(rules, asked)
        allowed = bool(ordered) and ordered[0].is_allowed
        reason = _reason(ordered, asked, member, found)
        obstacle: Obstacle | None = None
        if allowed and found is not None and asked is not VIEW_DEVICE:
            seen = relevant(rules, VIEW_DEVICE)
            if not seen or not seen[0].is_allowed:
                allowed, obstacle = False, "deviceHidden"
                reason = f"Denied: the user may not view the device. {_reason(seen, VIEW_DEVICE, member, found)}"
        blocked = _cannot_sign_in(member)
        if blocked is not None:
            allowed, obstacle = False, blocked[0]
            reason = f"Denied: {blocked[1]}. Otherwise: {reason}"
        if asked is VIEW_USER:
            reason += " Every user may view their own entry."
        return Explanation(
            user=member.login,
            role=role_name(member),
            operation=asked.full_name,
            device=None if found is None else DeviceReference(id=found.id, serial=found.serial),
            is_allowed=allowed,
            reason=reason,
            obstacle=obstacle,
            rules=[_explained(rule, member, found, decides=number == 0) for number, rule in enumerate(ordered)],
        )

    async def _user(self, network_id: int, ref: str, caller: Session | None) -> UserRow:
        number = id_of(ref)
        key = {"mailbox_key": mailbox_key(ref)} if number is None else {"id": number}
        query = MEMBER_BY_LOGIN if number is None else MEMBER_BY_ID
        row = await self._store.one(query, network_id=network_id, **key)
        if caller is not None:
            row = await self._permissions.visible(caller, VIEW_USER, row)
        if row is None:
            raise NotFound.in_network("user", ref)
        return row

    async def _device(self, network_id: int, ref: str, caller: Session | None) -> FoundDevice:
        number = id_of(ref)
        key = {"serial_key": fold(ref)} if number is None else {"id": number}
        row = await self._store.one(DEVICE_BY_SERIAL if number is None else DEVICE_BY_ID, network_id=network_id, **key)
        if caller is not None:
            row = await self._permissions.visible(caller, VIEW_DEVICE, row)
        if row is None:
            raise NotFound.in_network("device", ref)
        return row


def _cannot_sign_in(member: UserRow) -> tuple[Obstacle, str] | None:
    """Returns why the user cannot sign in to the network, whatever the rules say; None for a user who can."""
    if member.activation_date is None:
        return "notAccepted", f"the user {member.login} has not accepted the invitation"
    if member.person_is_locked_out:
        return "personLockedOut", f"the person {member.login} is locked out"
    if member.is_locked_out:
        return "userLockedOut", f"the user {member.login} is locked out"
    if member.network_is_locked_out:
        return "networkLockedOut", f"the network '{member.network_name}' is locked out"
    return None


def _session_of(member: UserRow) -> Session:
    """Returns a session as if the user had signed in."""
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


def _explained(rule: Rule, member: UserRow, device: FoundDevice | None, *, decides: bool) -> ExplainedRule:
    operation = by_uid(rule.operation_uid)
    assert operation is not None
    return ExplainedRule(
        principal=_principal(rule, member),
        operation=operation.full_name,
        applies_to=f"device {device.serial}" if rule.is_for_instance and device is not None else "all",
        is_allowed=rule.is_allowed,
        decides=decides,
    )


def _principal(rule: Rule, member: UserRow) -> str:
    return f"user {member.login}" if rule.is_for_user else f"role {role_name(member)}"


def _reason(ordered: list[Rule], asked: Operation, member: UserRow, device: FoundDevice | None) -> str:
    if not ordered:
        return f"Denied: no rule of the user or of their role covers '{asked.full_name}'."
    rule = ordered[0]
    explained = _explained(rule, member, device, decides=True)
    verdict, verb = ("Allowed", "may") if rule.is_allowed else ("Denied", "may not")
    where = f"on the {explained.applies_to}" if rule.is_for_instance else "in general"
    includes = "" if rule.operation_uid == asked.uid else f", which includes '{asked.full_name}'"
    others = len(ordered) - 1
    overrides = f" This overrides {others} other rule{'s' if others > 1 else ''}." if others else ""
    return f"{verdict}: the {explained.principal} {verb} do '{explained.operation}'{includes}, {where}.{overrides}"
