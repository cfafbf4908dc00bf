"""The SQL of the audit trail."""

from __future__ import annotations

from typing import Protocol

from sqlalchemy import ColumnElement, and_, bindparam, not_, or_, select, tuple_

from signfleet.foundation.expressions.listing import EVERYTHING, Scope
from signfleet.foundation.expressions.sql import NETWORK
from signfleet.foundation.storage.query import Query, among
from signfleet.foundation.storage.tables import audit, person, user
from signfleet.identity.audit.schemas import Action, AuditedEntity


class AuditRow(Protocol):
    id: int
    #: ms
    date: int
    actor: str
    address: str | None
    action: Action
    entity: AuditedEntity
    entity_id: int | None
    device_id: int | None
    name: str | None
    #: JSON
    before: str | None
    #: JSON
    after: str | None


#: How many entries one transaction deletes.
BATCH = 5000

INSERT = Query(audit.insert())
AMONG = Query(select(audit).where(audit.c.network_id == bindparam("network_id"), among(audit.c.id, "ids")), AuditRow)

#: The columns by which permissions decide on a change: its device or entity, and the user who made it.
DEVICE_ID, ENTITY_ID, USER_ID = audit.c.device_id, audit.c.entity_id, user.c.id


def visible(devices: Scope, groups: Scope, roles: Scope, users: Scope, members: Scope) -> Scope:
    """Returns the scope of changes to entities that a caller may see, by users whom the caller may see.

    `devices` is a scope of `DEVICE_ID`; `groups`, `roles` and `users` are of `ENTITY_ID`, `members` of `USER_ID`.
    """
    scope = EVERYTHING
    if devices.conditions:
        by_players = or_(audit.c.actor_key.like("player %"), audit.c.actor_key.like("device %"))
        of_a_device = and_(audit.c.device_id.is_not(None), *devices.conditions)
        of_none = and_(audit.c.device_id.is_(None), audit.c.entity != "Serial", not_(by_players))
        scope &= _scope("devices", devices, or_(of_none, of_a_device))
    for entity, seen in (("Group", groups), ("Role", roles), ("User", users)):
        if seen.conditions:
            scope &= _scope(entity, seen, or_(audit.c.entity != entity, and_(*seen.conditions)))
    if members.conditions:
        for name in (audit.c.actor_key, audit.c.name_key):
            scope &= _scope(f"members by {name}", members, _is_visible_login(name, members))
    return scope


def _scope(name: str, of: Scope, condition: ColumnElement[bool]) -> Scope:
    return Scope(f"{name}: {of.name}", (condition,), of.parameters)


def _is_visible_login(name: ColumnElement[str], members: Scope) -> ColumnElement[bool]:
    """Returns whether a folded name is the login of a user in the scope, or nobody's login."""
    known = select(person.c.id).where(person.c.login_key == name).correlate(audit).exists()
    seen = select(user.c.id).join(person, person.c.id == user.c.person_id)
    seen = seen.where(user.c.network_id == NETWORK, person.c.login_key == name, *members.conditions)
    return or_(not_(known), name.is_(None), seen.correlate(audit).exists())


_old = select(audit.c.network_id, audit.c.id).where(audit.c.date < bindparam("before")).limit(BATCH)
DELETE_OLD = Query(audit.delete().where(tuple_(audit.c.network_id, audit.c.id).in_(_old)))
