"""Runs the benchmarks: `python -m bench` all of them, `python -m bench requests` those named.

It prints the tables and saves each in `bench/results` as soon as it is whole, unless it gets `--dry`. A benchmark that
fails does not end the others. `README.md` beside this file says how one is written.
"""

from __future__ import annotations

import importlib
import sys
import time
import traceback
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
    failed = [name for name in names or known if not _has_run(name, dry=DRY in arguments)]
    if failed:
        sys.exit(f"without a table, as the errors above say: {', '.join(failed)}")


def _has_run(name: str, *, dry: bool) -> bool:
    """Runs a benchmark and saves its table; returns whether it ran to its end."""
    began, machine = time.monotonic(), results.machine()
    try:
        benchmark = importlib.import_module(f"bench.{PREFIX}{name}")
        rows = list(show((benchmark.__doc__ or name).splitlines()[0], benchmark.measure()))
    except Exception:
        traceback.print_exc()
        return False
    minutes = f"{(time.monotonic() - began) / 60:.1f} minutes"
    print(minutes if dry else f"{minutes}, saved in bench/results/{results.save(name, rows, machine).name}", flush=True)
    return True


main(sys.argv[1:])
