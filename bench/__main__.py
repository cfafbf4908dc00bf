"""Runs the benchmarks: `python -m bench` all of them, `python -m bench devices` those named.

A benchmark is a file `measure_NAME.py` in this folder with a function `measure()` that yields the rows of its table;
the first line of its docstring is the table's title.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

from bench.table import show

PREFIX = "measure_"


def main(names: list[str]) -> None:
    known = sorted(path.stem.removeprefix(PREFIX) for path in Path(__file__).parent.glob(f"{PREFIX}*.py"))
    if unknown := sorted(set(names) - set(known)):
        sys.exit(f"no benchmark {', '.join(unknown)}; there are: {', '.join(known)}")
    for name in names or known:
        benchmark = importlib.import_module(f"bench.{PREFIX}{name}")
        show((benchmark.__doc__ or name).splitlines()[0], benchmark.measure())


main(sys.argv[1:])
