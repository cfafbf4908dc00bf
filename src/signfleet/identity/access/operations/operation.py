"""One business operation, and how a table of them is written down."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID, uuid5

from signfleet.identity.access.operations.roles import SystemRole

BOTH: Final = "Instance, Collection"
COLLECTION: Final = "Collection"

_OWN_NAMESPACE = UUID("6f1c1f0e-5b0b-5a6e-9a4f-0c5f6d8c7b21")


@dataclass(frozen=True, slots=True)
class RoleRule:
    """An operation is allowed or denied to a system role; `created` is the point in time as the wire spells it."""

    role: SystemRole
    is_allowed: bool
    created: str


@dataclass(frozen=True, eq=False, slots=True)
class Operation:
    """Something a role or user may be allowed to do (BusinessOperation of the contract).

    `uid` identifies it for ever, in lower case. `entity` is the contract's word for what it acts on, `appliance`
    whether it applies to one instance, to the collection or to both. `role_rules` are only those stated for this very
    operation; for every other role the parent's rule holds.
    """

    uid: str
    singular: str
    plural: str
    entity: str
    appliance: str
    parent: Operation | None
    role_rules: tuple[RoleRule, ...]
    children: list[Operation] = field(default_factory=list, repr=False)

    @property
    def root(self) -> Operation:
        """The `Full Control` of the family this operation belongs to."""
        return self if self.parent is None else self.parent.root

    @property
    def lineage(self) -> tuple[Operation, ...]:
        """This operation and those above it, up to the root."""
        return (self,) if self.parent is None else (self, *self.parent.lineage)

    @property
    def key(self) -> str:
        """A name for people and command lines, such as `Device.UpdateDevice`; unique."""
        return f"{self.root.entity}.{self.singular.replace(' ', '')}"

    @property
    def full_name(self) -> str:
        """The plural names from the root down, joined by a dash."""
        return self.plural if self.parent is None else f"{self.parent.full_name} - {self.plural}"

    def __iter__(self) -> Iterator[Operation]:
        """This operation and all below it, in the order in which they are listed."""
        yield self
        for child in self.children:
            yield from child

    def child(
        self, uid: str, singular: str, plural: str = "", *rules: RoleRule, entity: str = "", appliance: str = BOTH
    ) -> Operation:
        """Add an operation below this one; what is left out is the same as the singular name or the parent's entity."""
        child = Operation(uid, singular, plural or singular, entity or self.entity, appliance, self, rules)
        self.children.append(child)
        return child


def full_control(uid: str, entity: str, plural: str, *rules: RoleRule) -> Operation:
    """The root of a family's tree. It states a rule for each of the system roles."""
    return Operation(uid, "Full Control", plural, entity, BOTH, None, rules)


def allow(role: SystemRole, seconds: str) -> RoleRule:
    """A rule made in the minute in which the system roles were, at these seconds of it."""
    return RoleRule(role, True, f"2020-03-05T16:59:{seconds}Z")


def deny(role: SystemRole, seconds: str) -> RoleRule:
    """The opposite of `allow`."""
    return RoleRule(role, False, f"2020-03-05T16:59:{seconds}Z")


def own_uid(name: str) -> str:
    """The uid of an operation that the contract does not number: always the same for the same name."""
    return str(uuid5(_OWN_NAMESPACE, name))
