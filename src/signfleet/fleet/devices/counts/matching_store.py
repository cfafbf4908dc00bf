"""Counts the matches of a filter by model, group and health from the maintained counts, without reading devices."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

from sqlalchemy import BigInteger, Select, cast, func, select

from signfleet.fleet.devices.catalogue import DEVICES
from signfleet.fleet.devices.counts.store import By, visible
from signfleet.foundation.expressions.catalogue import Filter
from signfleet.foundation.expressions.listing import Scope
from signfleet.foundation.expressions.predicates import All, Bound, Some, Test
from signfleet.foundation.expressions.sql import Compiler

#: The properties that each kind of counts is by, besides health.
_OF: Final[dict[By, frozenset[str]]] = {
    "network": frozenset({"status.health"}),
    "model": frozenset({"status.health", "model"}),
    "group": frozenset({"status.health", "settings.group", "settings.group.id"}),
}


def maintained_count(filter: Filter, scope: Scope) -> Select[Any] | None:
    """Returns the statement of the number of matches in the scope; None if the filter needs anything else.

    `[Status].[Health] IS 'Error' AND [Model] IS NOT 'HD1024'` sums up the counts by model and health that meet it.
    """
    paths = {None if test is None else test.property.path for test in _tests(filter.bound)}
    by = next((by for by, properties in _OF.items() if paths <= properties), None)
    if by is None:
        return None
    parts = visible(by, scope).subquery("part")
    own = {"status.health": parts.c.health, "model": parts.c.key}
    own |= dict.fromkeys(_OF["group"] - {"status.health"}, cast(parts.c.key, BigInteger))
    condition = Compiler(replace(DEVICES.columns, own=own), "filter").condition(filter.bound)
    total = func.coalesce(func.sum(parts.c.number), 0)
    return select(cast(total, BigInteger).label("total")).where(condition)


def _tests(bound: Bound) -> Iterator[Test | None]:
    """Returns the tests of a filter; None stands for a test of a tag."""
    if isinstance(bound, All | Some):
        for part in bound.conditions:
            yield from _tests(part)
    else:
        yield bound if isinstance(bound, Test) else None
