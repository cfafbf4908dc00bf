"""The SQL of permissions."""

from __future__ import annotations

from sqlalchemy import BigInteger, and_, bindparam, or_, select, tuple_

from signfleet.foundation.storage.query import Query, among
from signfleet.foundation.storage.tables import blocked_serial, former_permission, permission, person, role, user
from signfleet.identity.access.operations.definitions import ROOTS, WAYS_BACK

#: The tables of permissions: of what there is, and of what is gone.
TABLES = (permission, former_permission)

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
#: What a caller has for all instances.
GENERAL_RULES = Query(select(*_columns).where(_OF_CALLER, permission.c.entity_id == 0))
#: The kinds of what a caller has for single instances.
KINDS_OF_INSTANCE_RULES = Query(select(*_columns).where(_OF_CALLER, permission.c.entity_id != 0).distinct())
#: The kinds of what a caller had for single instances that are gone.
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
    )
)
#: What a caller has for all instances of an entity and for one of them.
RULES_FOR = Query(
    select(*_columns, permission.c.entity_id).where(
        _OF_CALLER,
        permission.c.entity == bindparam("entity"),
        permission.c.entity_id.in_([0, bindparam("entity_id", type_=BigInteger())]),
    )
)

#: The permissions of a thing, with the names of those they are for.
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
    )
)
GENERAL_PERMISSIONS_OF_PRINCIPAL = Query(
    _with_principals.where(
        permission.c.principal_type == bindparam("principal_type"),
        permission.c.principal_id == bindparam("principal_id", type_=BigInteger()),
        permission.c.entity_id == 0,
    )
)

#: The instances of an entity that something is said of to a principal.
ENTITIES_OF_PRINCIPAL = Query(
    select(permission.c.entity_id)
    .distinct()
    .where(
        permission.c.network_id == bindparam("network_id"),
        permission.c.principal_type == bindparam("principal_type"),
        permission.c.principal_id == bindparam("principal_id", type_=BigInteger()),
        permission.c.entity == bindparam("entity"),
        permission.c.entity_id != 0,
    )
)

#: The operations that anything is denied of on one instance, but for what a user denied to themself.
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
PERMISSION = Query(select(permission).where(_THIS))
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
_KEPT_COLUMNS = [column.name for column in former_permission.c if column.name != "removed_date"]
ARCHIVE_PERMISSIONS_OF_ENTITIES = Query(
    former_permission.insert().from_select(
        [*_KEPT_COLUMNS, "removed_date"],
        select(*(permission.c[name] for name in _KEPT_COLUMNS), bindparam("now", type_=BigInteger())).where(
            permission.c.network_id == bindparam("network_id"),
            permission.c.entity == bindparam("entity"),
            among(permission.c.entity_id, "entity_ids"),
        ),
    )
)
#: How many permissions of what is gone one transaction forgets: not those of devices whose serials are blocked.
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
    _with_principals.where(or_(*(permission.c.entity == entity for entity in ROOTS)), permission.c.entity_id == 0)
)

#: Whether there is such a user or role. Until the unit of work ends it is not deleted, nor a role renamed.
SHARE_USER = Query(
    select(
        user.c.id,
        user.c.role_id,
        select(person.c.login_key).where(person.c.id == user.c.person_id).scalar_subquery().label("name_key"),
    )
    .where(user.c.network_id == bindparam("network_id"), user.c.id == bindparam("id"))
    .with_for_update(read=True, key_share=True)
)
SHARE_ROLE = Query(
    select(role.c.id, role.c.name_key)
    .where(role.c.network_id == bindparam("network_id"), role.c.id == bindparam("id"))
    .with_for_update(read=True)
)

_IN_ROLE = and_(user.c.network_id == bindparam("network_id"), user.c.role_id == bindparam("role_id"))
#: Lets nobody else change who has a role, nor what is denied to them or to a user, until the unit of work ends. All at
#: once, and always in the same order.
LOCK_USERS_OF_ROLE = Query(
    select(user.c.id)
    .where(
        user.c.network_id == bindparam("network_id"),
        or_(user.c.role_id == bindparam("role_id"), user.c.id == bindparam("user_id")),
    )
    .order_by(user.c.id)
    .with_for_update(key_share=True)
)
#: Who has a role and can sign in, and whether anything is denied to them, in general or on one thing.
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
    .order_by(user.c.id)
)
