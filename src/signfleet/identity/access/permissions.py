"""Decides whether a caller may do a business operation: at all, on one instance, and on which instances.

A caller who has only the rules of a system role costs no query: the session has the role and `has_permissions`.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import chain
from typing import NamedTuple, TypeVar

from signfleet.foundation.errors import Forbidden
from signfleet.foundation.expressions.listing import EVERYTHING, Scope
from signfleet.foundation.storage.interface import Store, Transaction
from signfleet.identity.access import permission_store as queries
from signfleet.identity.access.operations.definitions import VIEW_USER
from signfleet.identity.access.operations.operation import Operation
from signfleet.identity.access.rules import Rule, deciding, is_allowed, relevant, system_allows, system_rules
from signfleet.identity.access.visibility import (
    IdColumn,
    WithId,
    or_denied_to_nobody,
    or_own,
    scope_of,
    scope_of_all_time,
)
from signfleet.web.caller.session import Session

RowT = TypeVar("RowT", bound=WithId)

#: An id that no row has.
NO_ID = 0
#: How many callers' rules are cached.
CACHE_LIMIT = 10_000


class _Profile(NamedTuple):
    """A caller's rules for all instances, the kinds of those for single ones, and the scopes that follow."""

    general: tuple[Rule, ...]
    for_instances: tuple[Rule, ...]
    scopes: dict[tuple[Operation, IdColumn], Scope]


class Permissions:
    """Evaluates the rules of a session's user and role. Caches them until permissions of the network change."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._profiles: dict[tuple[int | None, int | None, int | None], tuple[int, _Profile]] = {}

    def allows_all(self, session: Session, operation: Operation) -> bool:
        """Returns whether the caller's system role alone allows `operation`, on every instance; reads nothing."""
        return not session.has_permissions and system_allows(session.role_id, operation)

    async def allows(self, session: Session, operation: Operation) -> bool:
        """Returns whether the caller may do `operation` on instances without permissions of their own."""
        if not session.has_permissions:
            return system_allows(session.role_id, operation)
        return is_allowed((await self._profile(session)).general, operation)

    async def require(self, session: Session, operation: Operation, *alternatives: Operation) -> None:
        """Raises `Forbidden` if the caller may certainly do `operation`, and those below it, on no instance.

        Any one of `alternatives` is enough too.
        """
        if self.allows_all(session, operation):
            return
        general, for_instances, _ = await self._profile(session)
        if _is_own(session, operation, session.user_id):
            return
        for part in chain(operation, *alternatives):
            if is_allowed(general, part) or any(rule.is_allowed for rule in relevant(for_instances, part)):
                return
        raise _forbidden(operation)

    async def require_everywhere(self, session: Session, operation: Operation) -> None:
        """Raises `Forbidden` unless the caller may do `operation` on instances without permissions of their own.

        For actions without an existing instance, such as creating one.
        """
        if not await self.allows(session, operation):
            raise _forbidden(operation)

    async def allows_on(
        self, session: Session, operation: Operation, entity_id: int, tx: Store | Transaction | None = None
    ) -> bool:
        """Returns whether the caller may do `operation` on one instance. Reads in the transaction `tx`, if given."""
        if _is_own(session, operation, entity_id):
            return True
        if not session.has_permissions:
            return system_allows(session.role_id, operation)
        rule = deciding(await self.rules_on(session, operation, entity_id, tx), operation)
        return rule is not None and rule.is_allowed

    async def visible(
        self, session: Session, view: Operation, row: RowT | None, tx: Store | Transaction | None = None
    ) -> RowT | None:
        """Returns the row, unless it is None or the caller may not do `view` on it.

        Does the same work in both cases, so that timing does not reveal whether a hidden row exists.
        """
        is_allowed = await self.allows_on(session, view, NO_ID if row is None else row.id, tx)
        return row if is_allowed else None

    async def require_on(
        self, session: Session, operation: Operation, entity_id: int, tx: Store | Transaction | None = None
    ) -> None:
        """Raises `Forbidden` unless the caller may do `operation` on one instance."""
        if not await self.allows_on(session, operation, entity_id, tx):
            raise _forbidden(operation)

    async def rules_on(
        self, session: Session, operation: Operation, entity_id: int, tx: Store | Transaction | None = None
    ) -> list[Rule]:
        """Returns the caller's rules that may decide `operation` on one instance, in no order."""
        rules = list(system_rules(session.role_id))
        if session.has_permissions:
            rows = await (tx or self._store).all(
                queries.RULES_FOR,
                network_id=session.network_id,
                user_id=session.user_id,
                role_id=session.role_id,
                entity=operation.root.entity,
                entity_id=entity_id,
            )
            rules += [rule_of(row, is_for_instance=row.entity_id != 0) for row in rows]
        return rules

    async def scope(self, session: Session, operation: Operation, column: IdColumn) -> Scope:
        """Returns the instances on which the caller may do `operation`; `column` is their id in the statement."""
        if self.allows_all(session, operation):
            return EVERYTHING
        general, for_instances, scopes = await self._profile(session)
        scope = scopes.get((operation, column))
        if scope is None:
            caller = {"user_id": session.user_id, "role_id": session.role_id}
            scope = scope_of(general, for_instances, operation, column, **caller)
            if scope.parameters:
                scope = replace(scope, version=session.permission_changes)
            if operation is VIEW_USER:
                scope = or_own(scope, column, session.user_id)
            scopes[operation, column] = scope
        return scope

    async def scope_with_former(self, session: Session, operation: Operation, column: IdColumn) -> Scope:
        """Returns the scope of existing instances and of deleted ones, by the permissions they had when deleted."""
        general, for_instances, _ = await self._profile(session)
        caller = {"user_id": session.user_id, "role_id": session.role_id}
        former = await self._store.all(queries.KINDS_OF_FORMER_RULES, network_id=session.network_id, **caller)
        kinds = {*for_instances, *(rule_of(row, is_for_instance=True) for row in former)}
        scope = scope_of_all_time(general, kinds, operation, column, **caller)
        return or_own(scope, column, session.user_id) if operation is VIEW_USER else scope

    async def liftable(self, session: Session, root: Operation, column: IdColumn) -> Scope:
        """Returns the instances on which the caller may do everything that is denied to anybody there."""
        scope = EVERYTHING
        for operation in root:
            allowed = await self.scope(session, operation, column)
            scope &= or_denied_to_nobody(allowed, operation, column, session.user_id)
        return scope

    async def _profile(self, session: Session) -> _Profile:
        system = system_rules(session.role_id)
        if not session.has_permissions:
            return _Profile(system, (), {})
        key = (session.network_id, session.user_id, session.role_id)
        cached = self._profiles.get(key)
        if cached is not None and cached[0] == session.permission_changes:
            return cached[1]
        caller = {"network_id": session.network_id, "user_id": session.user_id, "role_id": session.role_id}
        general = await self._store.all(queries.GENERAL_RULES, **caller)
        kinds = await self._store.all(queries.KINDS_OF_INSTANCE_RULES, **caller)
        profile = _Profile(
            system + tuple(rule_of(row, is_for_instance=False) for row in general),
            tuple(rule_of(row, is_for_instance=True) for row in kinds),
            {},
        )
        if len(self._profiles) >= CACHE_LIMIT:
            self._profiles.clear()
        self._profiles[key] = (session.permission_changes, profile)
        return profile


def rule_of(row: queries.RuleRow, *, is_for_instance: bool) -> Rule:
    """Returns the rule of a row."""
    return Rule(row.operation_uid, row.principal_type == "User", bool(row.is_allowed), is_for_instance)


def _is_own(session: Session, operation: Operation, entity_id: int | None) -> bool:
    """Returns whether this is a user's view of themselves, which the contract always permits."""
    return operation is VIEW_USER and entity_id is not None and entity_id == session.user_id


def _forbidden(operation: Operation) -> Forbidden:
    return Forbidden(f"You are not allowed to do '{operation.key}' here.")
