"""The type of a business operation, and functions that define a tree of them."""

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
    """Allows or denies an operation to a system role; `created` is a date in the contract's format."""

    role: SystemRole
    is_allowed: bool
    created: str


@dataclass(frozen=True, eq=False, slots=True)
class Operation:
    """An action that can be allowed to a role or user (the contract's BusinessOperation).

    `uid` never changes and is in lower case. `entity` is the contract's name of what it acts on. `appliance` is whether
    it applies to one instance, to the collection or to both. `role_rules` are the rules of this operation itself; other
    roles inherit the parent's rule.
    """

    uid: str
    singular: str
    plural: str
    entity: str
    appliance: str
    parent: Operation | None
    role_rules: tuple[RoleRule, ...]
    children: list[Operation] = field(default_factory=list, repr=False)
    #: The contract's tree lacks it: only signfleet's own endpoints show it.
    is_addition: bool = False

    @property
    def root(self) -> Operation:
        """Returns the `Full Control` of this operation's tree."""
        return self if self.parent is None else self.parent.root

    @property
    def lineage(self) -> tuple[Operation, ...]:
        """Returns this operation and those above it, up to the root."""
        return (self,) if self.parent is None else (self, *self.parent.lineage)

    @property
    def key(self) -> str:
        """Returns a unique name for people and command lines, such as `Device.UpdateDevice`."""
        return f"{self.root.entity}.{self.singular.replace(' ', '')}"

    @property
    def full_name(self) -> str:
        """Returns the plural names from the root down, joined by a dash."""
        return self.plural if self.parent is None else f"{self.parent.full_name} - {self.plural}"

    def __iter__(self) -> Iterator[Operation]:
        """Yields this operation and all below it, in the order of the contract."""
        yield self
        for child in self.children:
            yield from child

    def child(
        self, uid: str, singular: str, plural: str = "", *rules: RoleRule, entity: str = "", appliance: str = BOTH
    ) -> Operation:
        """Adds an operation below this one; `plural` defaults to `singular`, `entity` to this operation's."""
        child = Operation(uid, singular, plural or singular, entity or self.entity, appliance, self, rules)
        self.children.append(child)
        return child

    def addition(self, name: str, *rules: RoleRule) -> Operation:
        """Adds an operation of signfleet's own below this one of the contract; the contract's trees do not show it."""
        uid = own_uid(f"{self.root.entity}/{name}")
        child = Operation(uid, name, name, self.entity, BOTH, self, rules, is_addition=True)
        self.children.append(child)
        return child


def full_control(uid: str, entity: str, plural: str, *rules: RoleRule) -> Operation:
    """Returns the root of a tree, with a rule for each system role."""
    return Operation(uid, "Full Control", plural, entity, BOTH, None, rules)


def allow(role: SystemRole, seconds: str) -> RoleRule:
    """Returns a rule that allows. `seconds` are those of its creation date, in the minute of all system rules."""
    return RoleRule(role, True, f"2020-03-05T16:59:{seconds}Z")


def deny(role: SystemRole, seconds: str) -> RoleRule:
    """Returns a rule that denies; see `allow`."""
    return RoleRule(role, False, f"2020-03-05T16:59:{seconds}Z")


def own_uid(name: str) -> str:
    """Returns the uid of an operation that the contract lacks: always the same for the same name."""
    return str(uuid5(_OWN_NAMESPACE, name))
