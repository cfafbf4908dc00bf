"""Writes the newest results of the benchmarks into docs/performance.md, between the lines that mark their tables.

python tools/performance.py
"""

from __future__ import annotations

import re
import sys
import textwrap
from pathlib import Path

ROOT = Path(__file__).parents[1]
TARGET = ROOT / "docs" / "performance.md"
#: Characters in a line of the page.
WIDTH = 100

sys.path.insert(0, str(ROOT))

from bench.results import Table, newest  # noqa: E402 - run as a file, this one is not in a package
from bench.table import figure  # noqa: E402 - as above

_PLACE = re.compile(r"(<!-- table (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)

HEAD = """| measured | unit | signfleet | reference | ratio | goal | |
| --- | --- | ---: | ---: | ---: | --- | --- |
"""


def render() -> str:
    """Returns the whole page: its text as it is, its tables as they were last measured."""
    tables = newest()

    def filled(place: re.Match[str]) -> str:
        table = tables.get(place[2])
        return place[1] + (markdown(table) if table else "Not measured yet.\n") + place[3]

    return _PLACE.sub(filled, TARGET.read_text(encoding="utf-8"))


def markdown(table: Table) -> str:
    """Returns the rows as a table, and below it when and on what they were measured."""
    lines = []
    for row in table.rows:
        verdict = "missed" if row.is_missed else "met" if row.goal else ""
        cells = (row.name, row.unit, figure(row.ours), figure(row.reference), f"{row.ratio:.2f}", row.goal, verdict)
        lines.append(f"| {' | '.join(cells)} |\n")
    versions = ", ".join(f"{name} {version}" for name, version in table.versions.items())
    about = f"Commit {table.commit}, {table.time}, {table.machine}. {versions}."
    return f"\n{HEAD}{''.join(lines)}\n{textwrap.fill(about, WIDTH)}\n\n"


def places() -> set[str]:
    """Returns the names of the tables that the page has a place for."""
    return {place[2] for place in _PLACE.finditer(TARGET.read_text(encoding="utf-8"))}


if __name__ == "__main__":
    TARGET.write_text(render(), encoding="utf-8")
