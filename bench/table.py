"""The table of a benchmark: one row a figure, beside a reference measured in the same run."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """`ours` and `reference` are in `unit`; `ratio` may be a median of ratios instead of the ratio of medians."""

    name: str
    unit: str
    ours: float
    reference: float
    ratio: float


HEADER = f"{'measured':<36} {'unit':<12} {'signfleet':>12} {'reference':>12} {'ratio':>8}"


def figure(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def line(row: Row) -> str:
    return f"{row.name:<36} {row.unit:<12} {figure(row.ours):>12} {figure(row.reference):>12} {row.ratio:>8.2f}"


def show(title: str, rows: Iterable[Row]) -> None:
    """Prints each row as soon as it is measured."""
    print(f"\n{title}\n{HEADER}\n{'-' * len(HEADER)}", flush=True)
    for row in rows:
        print(line(row), flush=True)
