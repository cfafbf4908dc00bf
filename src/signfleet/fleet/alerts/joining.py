"""The rules of an alert: the first that wanted it, and those that joined."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from signfleet.fleet.alerts.schemas import JoinedRule
from signfleet.fleet.alerts.store import AlertRow
from signfleet.foundation.wire.json import encode


class _Stored(msgspec.Struct, rename="camel"):
    """The rules as a row has them; filters read the ids."""

    rule_ids: list[int]
    rules: list[JoinedRule]


_read = msgspec.json.Decoder(_Stored).decode


def rules_of(row: AlertRow) -> list[JoinedRule]:
    """Returns the rules of an alert in the order in which they joined; none while it is pending."""
    return _read(row.rules).rules


def rule_ids(rules: str) -> frozenset[int]:
    """Returns the ids in the column of rules, which a pending alert has too."""
    return frozenset(_read(rules).rule_ids)


def columns_of(rules: Sequence[JoinedRule]) -> dict[str, Any]:
    """Returns the columns of an alert that has these rules, of which there has to be one."""
    stored = _Stored([rule.id for rule in rules], list(rules))
    return {"rule_id": rules[0].id, "rule_name": rules[0].name, "rules": encode(stored).decode()}
