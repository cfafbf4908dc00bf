"""What a list returns, and what it is cut down to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from signfleet.foundation.expressions.catalogue import Grouping
from signfleet.foundation.storage.interface import Row


@dataclass(frozen=True, slots=True)
class Top:
    """A projection: the first `count` of each group, or of the whole list without a grouping."""

    count: int
    grouping: Grouping | None = None


class RowPage(NamedTuple):
    """The rows of a page, and the marker of the next page; None after the last."""

    rows: list[Row]
    next_marker: str | None

    @property
    def ids(self) -> list[int]:
        return [row[-1] for row in self.rows]
