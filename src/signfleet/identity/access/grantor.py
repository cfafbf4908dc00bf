"""Nobody gives what they do not have: changes of rules, checked before they are made.

A change gives an operation on a thing where somebody may do it there afterwards who could not before. The caller must
be allowed to do all that a change gives, wherever it gives it: in general, and on each thing that has rules of its own.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

from signfleet.foundation.errors import Forbidden
from signfleet.foundation.storage.interface import Row, Transaction
from signfleet.identity.access import permission_store as queries
from signfleet.identity.access.operations.definitions import ROOTS, by_uid
from signfleet.identity.access.operations.operation import Operation
from signfleet.identity.access.permissions import NO_ID, rule_of
from signfleet.identity.access.rules import Rule, is_allowed, relevant, system_rules
from signfleet.identity.access.visibility import CANDIDATES, decision, gained
from signfleet.web.caller.session import Session


class Rights(NamedTuple):
    """The rules for a user and a role together: for all things, and the kinds of those for single ones."""

    user_id: int | None
    role_id: int | None
    general: tuple[Rule, ...]
    for_instances: tuple[Rule, ...]

    def decision(self, operation: Operation) -> tuple[bool, tuple[Rule, ...]]:
        return decision(self.general, self.for_instances, operation)

    def covers(self, other: Rights, operation: Operation) -> bool:
        """Whether a role that both have lets this one do all that the other may do, without a look at single things.

        So it is if nothing beside the role is allowed to the other, and nothing beside it denied to this one.
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
        """The same with one more rule for all things."""
        return self._replace(general=(*self.general, rule))


NO_RIGHTS: Final = Rights(None, None, (), ())
#: The rights of somebody to whom nothing is denied: an upper bound where it is unknown who gains.
ALL_RIGHTS: Final = Rights(None, None, tuple(Rule(root.uid, True, True) for root in ROOTS.values()), ())


async def rights_of(tx: Transaction, network_id: int, user_id: int | None, role_id: int | None) -> Rights:
    """Reads the rules for a user with a role; either may be None."""
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
    """What a caller can give in a unit of work: what they have when it begins."""

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
        """Raises `Forbidden` unless the caller may do an operation, and all below it, on one thing."""
        rows = await self._tx.all(
            queries.RULES_FOR,
            network_id=self._network_id,
            user_id=self._own.user_id,
            role_id=self._own.role_id,
            entity=operation.root.entity,
            entity_id=entity_id,
        )
        rules = [rule_of(row, is_for_instance=row.entity_id != 0) for row in rows]
        for given in operation:
            if not is_allowed([*system_rules(self._own.role_id), *rules], given):
                raise Forbidden(f"You cannot give what you do not have: you are not allowed to do '{given.full_name}'.")

    async def require_to_lift(self, root: Operation, entity_ids: Iterable[int]) -> None:
        """Raises `Forbidden` unless the caller may lift all that is denied to anybody on things of the tree `root`.

        What callers denied to themselves they may always lift.
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
        """Raises `Forbidden` unless the caller may do an operation, and all below it, wherever the receiver may."""
        await self._demand(operation, NO_RIGHTS, receiver)

    async def require_for_change(self, before: Rights, after: Rights) -> None:
        """Raises `Forbidden` unless the caller may do all that somebody gains whose rights change."""
        for root in ROOTS.values():
            await self._demand(root, before, after)

    async def _demand(self, operations: Iterable[Operation], before: Rights, after: Rights) -> None:
        for given in operations:
            mine, my_steps = self._own.decision(given)
            theirs, their_steps = after.decision(given)
            if (mine and not my_steps) or not (theirs or their_steps) or self._own.covers(after, given):
                continue
            was, previous_steps = before.decision(given)
            is_gained = theirs and not was and not mine
            if not is_gained and (my_steps or their_steps or previous_steps):
                query = gained(given, (mine, my_steps), (was, previous_steps), (theirs, their_steps))
                found: Row = await self._tx.one(query, **self._parameters(before, after))
                is_gained = found.entity_id is not None
                if not is_gained and found.candidates > CANDIDATES:
                    raise Forbidden(
                        f"Too much is denied or allowed one by one to compare who may do '{given.full_name}' (at most"
                        f" {CANDIDATES} things); use roles, or let somebody do this to whom nothing is denied."
                    )
            if is_gained:
                where = "" if not mine else " everywhere"
                raise Forbidden(
                    f"You cannot give what you do not have: you are not allowed to do '{given.full_name}'{where}."
                )

    def _parameters(self, before: Rights, after: Rights) -> dict[str, int]:
        sides = {"caller": self._own, "before": before, "after": after}
        return {"network_id": self._network_id} | {
            f"{name}_{column}": getattr(rights, column) or NO_ID
            for name, rights in sides.items()
            for column in ("user_id", "role_id")
        }
