"""Runs the benchmarks: `python -m bench` all of them, `python -m bench requests` those named.

It prints the tables and saves them in `bench/results`, unless it gets `--dry`. `README.md` beside this file says how a
benchmark is written.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

from bench import results
from bench.table import show

PREFIX = "measure_"
DRY = "--dry"


def main(arguments: list[str]) -> None:
    names = [argument for argument in arguments if argument != DRY]
    known = sorted(path.stem.removeprefix(PREFIX) for path in Path(__file__).parent.glob(f"{PREFIX}*.py"))
    if unknown := sorted(set(names) - set(known)):
        sys.exit(f"no benchmark {', '.join(unknown)}; there are: {', '.join(known)}")
    for name in names or known:
        benchmark = importlib.import_module(f"bench.{PREFIX}{name}")
        machine = results.machine()
        rows = list(show((benchmark.__doc__ or name).splitlines()[0], benchmark.measure()))
        if DRY not in arguments:
            print(f"saved in bench/results/{results.save(name, rows, machine).name}", flush=True)


main(sys.argv[1:])
