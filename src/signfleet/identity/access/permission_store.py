"""The SQL of permissions."""

from __future__ import annotations

from typing import Protocol

from sqlalchemy import BigInteger, Integer, and_, bindparam, or_, select, tuple_

from signfleet.foundation.storage.query import Query, among
from signfleet.foundation.storage.tables import blocked_serial, former_permission, permission, person, role, user
from signfleet.identity.access.operations.definitions import ROOTS, WAYS_BACK

#: The tables of permissions: on existing instances, and on deleted ones.
TABLES = (permission, former_permission)


class RuleRow(Protocol):
    operation_uid: str
    #: "User" or "Role"
    principal_type: str
    is_allowed: int


class RuleOnEntity(RuleRow, Protocol):
    #: 0: all instances
    entity_id: int


class StoredPermission(RuleOnEntity, Protocol):
    principal_id: int
    #: ms
    creation_date: int
    #: Denied to a user by that user.
    is_own: int


class PermissionWithPrincipal(StoredPermission, Protocol):
    #: Of a user.
    login: str | None
    #: Of a custom role.
    role_name: str | None


class UserPrincipal(Protocol):
    id: int
    role_id: int | None
    name_key: str


class RolePrincipal(Protocol):
    id: int
    name_key: str


class ActiveMember(Protocol):
    id: int
    is_denied_something: int


_columns = (permission.c.operation_uid, permission.c.principal_type, permission.c.is_allowed)

_OF_CALLER = and_(
    permission.c.network_id == bindparam("network_id"),
    or_(
        and_(
            permission.c.principal_type == "User", permission.c.principal_id == bindparam("user_id", type_=BigInteger())
        ),
        and_(
            permission.c.principal_type == "Role", permission.c.principal_id == bindparam("role_id", type_=BigInteger())
        ),
    ),
)
#: A caller's rules for all instances.
GENERAL_RULES = Query(select(*_columns).where(_OF_CALLER, permission.c.entity_id == 0), RuleRow)
#: The kinds of a caller's rules for single instances.
KINDS_OF_INSTANCE_RULES = Query(select(*_columns).where(_OF_CALLER, permission.c.entity_id != 0).distinct(), RuleRow)
#: The kinds of a caller's rules for deleted instances.
KINDS_OF_FORMER_RULES = Query(
    select(former_permission.c.operation_uid, former_permission.c.principal_type, former_permission.c.is_allowed)
    .distinct()
    .where(
        former_permission.c.network_id == bindparam("network_id"),
        or_(
            and_(
                former_permission.c.principal_type == "User",
                former_permission.c.principal_id == bindparam("user_id", type_=BigInteger()),
            ),
            and_(
                former_permission.c.principal_type == "Role",
                former_permission.c.principal_id == bindparam("role_id", type_=BigInteger()),
            ),
        ),
    ),
    RuleRow,
)
#: A caller's rules for all instances of an entity and for one of them.
RULES_FOR = Query(
    select(*_columns, permission.c.entity_id).where(
        _OF_CALLER,
        permission.c.entity == bindparam("entity"),
        permission.c.entity_id.in_([0, bindparam("entity_id", type_=BigInteger())]),
    ),
    RuleOnEntity,
)

#: Permissions with the names of their principals.
_with_principals = (
    select(
        permission,
        person.c.login,
        role.c.name.label("role_name"),
    )
    .select_from(permission)
    .outerjoin(
        user,
        and_(
            permission.c.principal_type == "User",
            user.c.network_id == permission.c.network_id,
            user.c.id == permission.c.principal_id,
        ),
    )
    .outerjoin(person, person.c.id == user.c.person_id)
    .outerjoin(
        role,
        and_(
            permission.c.principal_type == "Role",
            role.c.network_id == permission.c.network_id,
            role.c.id == permission.c.principal_id,
        ),
    )
    .where(permission.c.network_id == bindparam("network_id"))
    .order_by(
        permission.c.creation_date,
        permission.c.operation_uid,
        permission.c.principal_type,
        permission.c.principal_id,
        permission.c.entity_id,
    )
)
PERMISSIONS_OF_ENTITY = Query(
    _with_principals.where(
        permission.c.entity == bindparam("entity"), permission.c.entity_id == bindparam("entity_id", type_=BigInteger())
    ),
    PermissionWithPrincipal,
)
PERMISSIONS_OF_ENTITIES = Query(
    _with_principals.where(permission.c.entity == bindparam("entity"), among(permission.c.entity_id, "entity_ids")),
    PermissionWithPrincipal,
)
GENERAL_PERMISSIONS_OF_PRINCIPAL = Query(
    _with_principals.where(
        permission.c.principal_type == bindparam("principal_type"),
        permission.c.principal_id == bindparam("principal_id", type_=BigInteger()),
        permission.c.entity_id == 0,
    ),
    PermissionWithPrincipal,
)

#: The first instances of an entity, after an id, on which a principal has permissions.
ENTITIES_OF_PRINCIPAL = Query(
    select(permission.c.entity_id)
    .distinct()
    .where(
        permission.c.network_id == bindparam("network_id"),
        permission.c.principal_type == bindparam("principal_type"),
        permission.c.principal_id == bindparam("principal_id", type_=BigInteger()),
        permission.c.entity == bindparam("entity"),
        permission.c.entity_id > bindparam("after", type_=BigInteger()),
    )
    .order_by(permission.c.entity_id)
    .limit(bindparam("limit", type_=Integer()))
)

#: The operations that are denied to anybody on one instance, except what a user denied to themself.
DENIED_ON = Query(
    select(permission.c.operation_uid)
    .distinct()
    .where(
        permission.c.network_id == bindparam("network_id"),
        permission.c.entity == bindparam("entity"),
        permission.c.entity_id == bindparam("entity_id", type_=BigInteger()),
        ~permission.c.is_allowed,
        ~and_(permission.c.is_own, permission.c.principal_id == bindparam("user_id", type_=BigInteger())),
    )
)

INSERT_PERMISSION = Query(
    permission.insert(), columns=[column.name for column in permission.c if column.name != "is_own"]
)
INSERT_OWN_DENIAL = Query(permission.insert())
_THIS = and_(
    permission.c.network_id == bindparam("network_id"),
    permission.c.entity == bindparam("entity"),
    permission.c.entity_id == bindparam("entity_id", type_=BigInteger()),
    permission.c.operation_uid == bindparam("operation_uid"),
    permission.c.principal_type == bindparam("principal_type"),
    permission.c.principal_id == bindparam("principal_id", type_=BigInteger()),
)
PERMISSION = Query(select(permission).where(_THIS), StoredPermission)
DELETE_PERMISSION = Query(permission.delete().where(_THIS))
DELETE_PERMISSIONS_OF_ENTITIES = Query(
    permission.delete().where(
        permission.c.network_id == bindparam("network_id"),
        permission.c.entity == bindparam("entity"),
        among(permission.c.entity_id, "entity_ids"),
    )
)
DELETE_PERMISSIONS_OF_PRINCIPAL = Query(
    permission.delete().where(
        permission.c.network_id == bindparam("network_id"),
        permission.c.principal_type == bindparam("principal_type"),
        permission.c.principal_id == bindparam("principal_id", type_=BigInteger()),
    )
)
DELETE_PERMISSIONS_OF_PRINCIPAL_ON = Query(
    permission.delete().where(
        permission.c.network_id == bindparam("network_id"),
        permission.c.principal_type == bindparam("principal_type"),
        permission.c.principal_id == bindparam("principal_id", type_=BigInteger()),
        permission.c.entity == bindparam("entity"),
        among(permission.c.entity_id, "entity_ids"),
    )
)
_ARCHIVED_COLUMNS = [column.name for column in former_permission.c if column.name != "removed_date"]
ARCHIVE_PERMISSIONS_OF_ENTITIES = Query(
    former_permission.insert().from_select(
        [*_ARCHIVED_COLUMNS, "removed_date"],
        select(*(permission.c[name] for name in _ARCHIVED_COLUMNS), bindparam("now", type_=BigInteger())).where(
            permission.c.network_id == bindparam("network_id"),
            permission.c.entity == bindparam("entity"),
            among(permission.c.entity_id, "entity_ids"),
        ),
    )
)
#: How many archived permissions one transaction deletes. Those of devices whose serials are blocked stay.
BATCH = 5000
_blocked = select(blocked_serial.c.device_id).where(
    former_permission.c.entity == "Device",
    blocked_serial.c.network_id == former_permission.c.network_id,
    blocked_serial.c.device_id == former_permission.c.entity_id,
)
_is_old = and_(former_permission.c.removed_date < bindparam("before"), ~_blocked.correlate(former_permission).exists())
_old = select(*former_permission.primary_key).where(_is_old).limit(BATCH)
DELETE_OLD_FORMER = Query(former_permission.delete().where(tuple_(*former_permission.primary_key).in_(_old)))
GENERAL_PERMISSIONS = Query(
    _with_principals.where(or_(*(permission.c.entity == entity for entity in ROOTS)), permission.c.entity_id == 0),
    PermissionWithPrincipal,
)

#: Share-lock a principal: until the transaction ends nobody deletes the user, or renames or deletes the role.
SHARE_USER = Query(
    select(
        user.c.id,
        user.c.role_id,
        select(person.c.login_key).where(person.c.id == user.c.person_id).scalar_subquery().label("name_key"),
    )
    .where(user.c.network_id == bindparam("network_id"), user.c.id == bindparam("id"))
    .with_for_update(read=True, key_share=True),
    UserPrincipal,
)
SHARE_ROLE = Query(
    select(role.c.id, role.c.name_key)
    .where(role.c.network_id == bindparam("network_id"), role.c.id == bindparam("id"))
    .with_for_update(read=True),
    RolePrincipal,
)

_IN_ROLE = and_(user.c.network_id == bindparam("network_id"), user.c.role_id == bindparam("role_id"))
#: Locks the users with a role, and one more user, until the transaction ends. One statement and one order: two
#: transactions cannot deadlock. Changes of a role or of denials lock the same rows first.
LOCK_USERS_OF_ROLE = Query(
    select(user.c.id)
    .where(
        user.c.network_id == bindparam("network_id"),
        or_(user.c.role_id == bindparam("role_id"), user.c.id == bindparam("user_id")),
    )
    .order_by(user.c.id)
    .with_for_update(key_share=True)
)
#: The users with a role who can sign in, and whether anything is denied to them, on all instances or on one.
ACTIVE_IN_ROLE = Query(
    select(
        user.c.id,
        select(permission.c.entity_id)
        .where(
            permission.c.network_id == user.c.network_id,
            permission.c.principal_type == "User",
            permission.c.principal_id == user.c.id,
            ~permission.c.is_allowed,
            or_(
                ~permission.c.is_own,
                permission.c.entity_id == 0,
                *(permission.c.operation_uid == operation.uid for operation in WAYS_BACK),
            ),
        )
        .correlate(user)
        .exists()
        .label("is_denied_something"),
    )
    .join(person, person.c.id == user.c.person_id)
    .where(_IN_ROLE, ~user.c.is_locked_out, ~person.c.is_locked_out, person.c.activation_date.is_not(None))
    .order_by(user.c.id),
    ActiveMember,
)
