"""The table of a benchmark: one row a figure, beside a reference measured in the same run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """`ours` and `reference` are in `unit`; `ratio` may be a median of ratios instead of the ratio of medians.

    `at_least` or `at_most` is the goal that the ratio has to meet.
    """

    name: str
    unit: str
    ours: float
    reference: float
    ratio: float
    at_least: float | None = None
    at_most: float | None = None

    @property
    def goal(self) -> str:
        """Returns the goal as tables show it, empty if there is none."""
        if self.at_least is not None:
            return f"≥ {self.at_least:g}"
        return "" if self.at_most is None else f"≤ {self.at_most:g}"

    @property
    def is_missed(self) -> bool:
        """Returns whether the ratio misses its goal, compared as the table shows it."""
        shown = round(self.ratio, 2)
        below = self.at_least is not None and shown < self.at_least
        return below or (self.at_most is not None and shown > self.at_most)


HEADER = f"{'measured':<44} {'unit':<11} {'signfleet':>10} {'reference':>10} {'ratio':>8} {'goal':>7}"


def figure(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def line(row: Row) -> str:
    figures = f"{figure(row.ours):>10} {figure(row.reference):>10} {row.ratio:>8.2f} {row.goal:>7}"
    return f"{row.name:<44} {row.unit:<11} {figures}{' missed' if row.is_missed else ''}"


def show(title: str, rows: Iterable[Row]) -> Iterator[Row]:
    """Prints each row as soon as it is measured, and yields it."""
    print(f"\n{title}\n{HEADER}\n{'-' * len(HEADER)}", flush=True)
    for row in rows:
        print(line(row), flush=True)
        yield row
