"""Who may know whom, and how long a module may get."""

from __future__ import annotations

import ast
import re
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

from tests.processes import ROOT

SOURCES = ROOT / "src" / "signfleet"
MODULES = sorted(path for path in SOURCES.rglob("*.py") if "versions" not in path.parts)

LONGEST = 350
#: Lists that are longer for being complete.
LISTS = {"foundation/storage/tables.py", "fleet/devices/schemas.py"}
#: Rules that become conditions in the statements of every store.
CONDITIONS = {"identity/access/visibility.py"}


MAP = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8").partition("## Map")[2].partition("\n## ")[0]
#: The wings and their parts, the highest first.
WINGS = re.findall(r"^### (\w+):", MAP, re.MULTILINE)
PARTS = re.findall(r"^\| `([\w.]+)` \|", MAP, re.MULTILINE)


def place(path: Path) -> str:
    return path.relative_to(SOURCES).as_posix()


@cache
def imported(path: Path, *, at_run_time: bool = False) -> set[str]:
    """Every module that `path` imports anywhere, `from a import b` as `a` and `a.b`; for its types alone or not."""
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    for_types = [node for node in nodes if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"]
    skipped = [inner for node in for_types for inner in node.body] if at_run_time else []
    names: set[str] = set()
    for node in nodes:
        if node in skipped:
            continue
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            parents = ("signfleet", *path.relative_to(SOURCES).parts)[: -node.level] if node.level else ()
            module = ".".join((*parents, *([node.module] if node.module else [])))
            names |= {module, *(f"{module}.{alias.name}" for alias in node.names)}
    return names


def name_of(path: Path) -> str:
    return ".".join(("signfleet", *path.relative_to(SOURCES).with_suffix("").parts)).removesuffix(".__init__")


def part_of(module: str) -> str:
    """Returns the part as the map names it: `fleet.devices`, or what stands beside the wings, `simulator`."""
    _, top, *rest = f"{module}.".split(".")
    return f"{top}.{rest[0]}" if top in WINGS and rest[0] else top


def in_order(needs: dict[str, set[str]]) -> None:
    """Raises `CycleError`, which names the circle, if there is one."""
    TopologicalSorter(needs).prepare()


NAMES = {name_of(path) for path in MODULES}


def test_only_stores_use_sql() -> None:
    sql = {"sqlalchemy", "sqlite3", "asyncpg", "alembic"}
    knowing = {place(path) for path in MODULES if sql & {name.split(".")[0] for name in imported(path)}}
    own = ("foundation/storage/", "foundation/expressions/")
    stores = {known for known in knowing if known.endswith("store.py") or known.startswith(own)}
    assert knowing - stores == CONDITIONS


def test_routes_do_not_import_the_store() -> None:
    assert not {
        (place(path), name)
        for path in MODULES
        for name in imported(path)
        if path.name == "routes.py" and (name.startswith("signfleet.foundation.storage") or name.endswith(".store"))
    }


def test_only_what_starts_a_server_imports_all_parts() -> None:
    starters = {"app/server.py", "testing/service.py"}
    knowing = {
        place(path)
        for path in MODULES
        if path.name != "wiring.py" and any(name.endswith(".wiring") for name in imported(path, at_run_time=True))
    }
    assert {known for known in knowing if not known.startswith("app/cli/")} <= starters


def test_the_map_lists_every_part() -> None:
    parts = {part_of(name_of(path)) for path in MODULES} - {*WINGS, "", "__main__"}
    assert sorted(PARTS) == sorted(parts)


def test_a_part_imports_only_parts_below_it() -> None:
    """For its types too. The order is that of the map in docs/architecture.md."""
    floor = {part: index for index, part in enumerate(PARTS)}
    upward = {
        (importing, imported_)
        for path in MODULES
        for name in imported(path) & NAMES
        if (importing := part_of(name_of(path))) in floor and (imported_ := part_of(name)) in floor
        if floor[imported_] < floor[importing]
    }
    assert not upward


def test_modules_do_not_import_each_other_in_a_circle() -> None:
    in_order({name_of(path): imported(path) & NAMES - {name_of(path)} for path in MODULES})


def test_simulated_players_import_only_the_wire() -> None:
    known = {part_of(name) for path in MODULES if "simulator" in path.parts for name in imported(path) & NAMES}
    assert known <= {"simulator", "foundation.wire"}


def test_only_the_clock_reads_the_time_of_day() -> None:
    """A testing server moves it for all; the log, and simulated players far from a server, have the system's."""
    reading = {
        place(path)
        for path in MODULES
        if re.search(r"\btime\.time(_ns)?\(", path.read_text(encoding="utf-8")) and "simulator" not in path.parts
    }
    assert reading == {"foundation/clock.py", "foundation/output.py"}


def test_no_module_is_too_long() -> None:
    long = {place(path) for path in MODULES if len(path.read_text(encoding="utf-8").splitlines()) > LONGEST}
    assert long <= LISTS


def test_every_module_has_a_docstring() -> None:
    assert not [place(path) for path in MODULES if not ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))]


def test_no_module_has_unfinished_work() -> None:
    undone = re.compile(r"\b(TODO|FIXME|XXX|NotImplementedError)\b")
    assert not [place(path) for path in MODULES if undone.search(path.read_text(encoding="utf-8"))]
