"""Prevents privilege escalation: callers grant only what they may do themselves. Checked before rules change.

A change grants an operation on an instance if a principal may do it there afterwards and could not before. The caller
must be allowed to do everything that a change grants, everywhere it grants it: in general, and on each instance that
has rules of its own. Example: Ben may update all devices but device 7, where that is denied to him. He makes Ann a
member of a role that may update devices. That grants Ann device 7 too, so it is refused, unless Ann could update
device 7 before, or it is denied to her there.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

from signfleet.foundation.errors import Forbidden, phrase
from signfleet.foundation.storage.interface import Transaction
from signfleet.identity.access import permission_store as queries
from signfleet.identity.access.operations.definitions import ROOTS, by_uid
from signfleet.identity.access.operations.operation import Operation
from signfleet.identity.access.permissions import NO_ID, rule_of
from signfleet.identity.access.rules import Rule, is_allowed, relevant, system_rules
from signfleet.identity.access.visibility import CANDIDATES_LIMIT, Decision, decision, escalation
from signfleet.web.caller.session import Session


class Rights(NamedTuple):
    """The rules of a user and a role together: those for all instances, and the kinds of those for single ones."""

    user_id: int | None
    role_id: int | None
    general: tuple[Rule, ...]
    for_instances: tuple[Rule, ...]

    def decision(self, operation: Operation) -> Decision:
        """Returns what these rules decide before any instance is read."""
        return decision(self.general, self.for_instances, operation)

    def covers(self, other: Rights, operation: Operation) -> bool:
        """Returns whether a shared role alone shows that these rights include the other ones, without a query.

        They do if, besides the role, nothing is allowed to the other user and nothing denied to this one.
        """
        mine, theirs = [set(relevant((*rights.general, *rights.for_instances), operation)) for rights in (self, other)]
        return (
            self.role_id is not None
            and self.role_id == other.role_id
            and {rule for rule in mine if not rule.is_for_user} == {rule for rule in theirs if not rule.is_for_user}
            and not any(rule.is_for_user and not rule.is_allowed for rule in mine)
            and not any(rule.is_for_user and rule.is_allowed for rule in theirs)
        )

    def with_rule(self, rule: Rule) -> Rights:
        """Returns the same rights with one more rule for all instances."""
        return self._replace(general=(*self.general, rule))


NO_RIGHTS: Final = Rights(None, None, (), ())
#: The rights of a user to whom nothing is denied: an upper bound if it is unknown who gains.
ALL_RIGHTS: Final = Rights(None, None, tuple(Rule(root.uid, True, True) for root in ROOTS.values()), ())


async def rights_of(tx: Transaction, network_id: int, user_id: int | None, role_id: int | None) -> Rights:
    """Reads the rules of a user with a role; either may be None."""
    whose = {"network_id": network_id, "user_id": user_id or NO_ID, "role_id": role_id or NO_ID}
    general = await tx.all(queries.GENERAL_RULES, **whose)
    kinds = await tx.all(queries.KINDS_OF_INSTANCE_RULES, **whose)
    return Rights(
        user_id,
        role_id,
        system_rules(role_id) + tuple(rule_of(row, is_for_instance=False) for row in general),
        tuple(rule_of(row, is_for_instance=True) for row in kinds),
    )


class Grantor:
    """Checks what a caller may grant in a transaction, by the rights that they have when it begins."""

    def __init__(self, tx: Transaction, network_id: int, own: Rights) -> None:
        self._tx = tx
        self._network_id = network_id
        self._own = own

    @classmethod
    async def of(cls, session: Session, tx: Transaction) -> Grantor:
        """Reads the caller's own rights, before anything changes."""
        return cls(tx, session.network, await rights_of(tx, session.network, session.user_id, session.role_id))

    @property
    def user_id(self) -> int | None:
        return self._own.user_id

    async def require_on(self, operation: Operation, entity_id: int) -> None:
        """Raises `Forbidden` unless the caller may do an operation and all below it on one instance."""
        rows = await self._tx.all(
            queries.RULES_FOR,
            network_id=self._network_id,
            user_id=self._own.user_id,
            role_id=self._own.role_id,
            entity=operation.root.entity,
            entity_id=entity_id,
        )
        rules = [rule_of(row, is_for_instance=row.entity_id != 0) for row in rows]
        for granted in operation:
            if not is_allowed([*system_rules(self._own.role_id), *rules], granted):
                raise _cannot_grant(granted)

    async def require_to_lift(self, root: Operation, entity_ids: Iterable[int]) -> None:
        """Raises `Forbidden` unless the caller may lift every denial on instances of the tree `root`.

        Callers may always lift what they denied to themselves.
        """
        for entity_id in entity_ids:
            denied = await self._tx.all(
                queries.DENIED_ON,
                network_id=self._network_id,
                entity=root.entity,
                entity_id=entity_id,
                user_id=self._own.user_id or NO_ID,
            )
            for row in denied:
                operation = by_uid(row.operation_uid)
                assert operation is not None
                await self.require_on(operation, entity_id)

    async def require_in_general(self, operation: Operation, receiver: Rights) -> None:
        """Raises `Forbidden` unless the caller may do an operation and all below it wherever the receiver may."""
        await self._require(operation, NO_RIGHTS, receiver)

    async def require_for_change(self, before: Rights, after: Rights) -> None:
        """Raises `Forbidden` unless the caller may do everything that a principal gains whose rights change."""
        for root in ROOTS.values():
            await self._require(root, before, after)

    async def _require(self, operations: Iterable[Operation], before: Rights, after: Rights) -> None:
        for granted in operations:
            mine, my_steps = self._own.decision(granted)
            theirs, their_steps = after.decision(granted)
            if (mine and not my_steps) or not (theirs or their_steps) or self._own.covers(after, granted):
                continue
            was, previous_steps = before.decision(granted)
            escalates = theirs and not was and not mine
            if not escalates and (my_steps or their_steps or previous_steps):
                query = escalation(granted, (mine, my_steps), (was, previous_steps), (theirs, their_steps))
                (found,) = await self._tx.all(query, **self._parameters(before, after))
                escalates = found.entity_id is not None
                if not escalates and found.candidates > CANDIDATES_LIMIT:
                    raise Forbidden(
                        f"You cannot grant '{granted.full_name}': more than {CANDIDATES_LIMIT} single instances have"
                        " permissions to compare. Use roles, or ask a user to whom nothing is denied."
                    )
            if escalates:
                raise _cannot_grant(granted, phrase(" on all instances") if mine else "")

    def _parameters(self, before: Rights, after: Rights) -> dict[str, int]:
        sides = {"caller": self._own, "before": before, "after": after}
        return {"network_id": self._network_id} | {
            f"{name}_{column}": getattr(rights, column) or NO_ID
            for name, rights in sides.items()
            for column in ("user_id", "role_id")
        }


def _cannot_grant(operation: Operation, where: str = "") -> Forbidden:
    return Forbidden(f"You cannot grant '{operation.full_name}': you do not have that permission{where}.")
