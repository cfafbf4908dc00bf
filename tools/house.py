"""Compares the source text with the rules of the house: one measure a line, with its goal.

    python -m tools.house            # the measures
    python -m tools.house -v         # and the places that they count
    python -m tools.house --check    # exits with 1 if a measure misses its goal

`make check` and the tests are the gates: they do not call this.
"""

from __future__ import annotations

import ast
import re
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

from signfleet.app.wiring import endpoints
from tools.dead_code import unused

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "signfleet"

Function = ast.FunctionDef | ast.AsyncFunctionDef

BANNED = re.compile(r"from others|\bwhoever\b|\blets? go of\b|\banew\b", re.IGNORECASE)
TOLD = re.compile(r"\btold\b", re.IGNORECASE)
#: Words that say nothing of what a function does: what they stand for is lock, cache, store, answer, given.
VAGUE = {"told", "tell", "tells", "said", "kept", "keep", "keeps", "hold", "holds", "held"}
LISTS = ("foundation/storage/tables.py", "fleet/devices/schemas.py")
#: What summaries of the API begin with; GET only with those of `READING`.
READING = {"Get", "List", "Count", "Check", "Export", "Explain"}
WRITING = {"Create", "Update", "Replace", "Delete", "Add", "Remove", "Issue", "Revoke"} | {
    # what is no change of one entity has its own verb
    *("Accept", "Activate", "Decline", "Introspect", "Register", "Release", "Report", "Reset", "Rotate", "Send"),
    *("Cancel", "Preview", "Unblock", "Upload"),
}


class Measure(NamedTuple):
    """A line of the report."""

    name: str
    #: The highest number that meets the goal.
    most: int
    found: list[str]
    #: The number, where it is not that of the places found.
    number: int | None = None
    #: What the number counts, or where it was found.
    unit: str = ""

    @property
    def value(self) -> int:
        return len(self.found) if self.number is None else self.number

    @property
    def is_met(self) -> bool:
        return self.value <= self.most

    def __str__(self) -> str:
        mark = "" if self.is_met else "  <-"
        return f"{self.name}: {self.value}{self.unit} (at most {self.most}){mark}"


@cache
def modules() -> dict[Path, ast.Module]:
    """Returns the modules of the server, parsed, without migrations, which nobody edits."""
    paths = (path for path in sorted(SOURCE.rglob("*.py")) if "migrations" not in path.parts)
    return {path: ast.parse(path.read_text(encoding="utf-8")) for path in paths}


def documents() -> list[Path]:
    """Returns the pages that people read."""
    return [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]


def functions() -> Iterator[tuple[Path, Function]]:
    """Yields every function and method of the server."""
    for path, module in modules().items():
        for node in ast.walk(module):
            if isinstance(node, Function):
                yield path, node


def place(path: Path, line: int, text: str = "") -> str:
    return f"{path.relative_to(ROOT)}:{line} {text}".rstrip()


def length(node: ast.expr | ast.stmt) -> int:
    """Returns how many lines a part of a module has."""
    return (node.end_lineno or node.lineno) - node.lineno + 1


def lines_with(pattern: re.Pattern[str], *more: Path) -> list[str]:
    """Returns the lines of the server and of the files `more` that a pattern matches."""
    return [
        place(path, number, line.strip())
        for path in (*modules(), *more)
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if pattern.search(line)
    ]


#: Of decorators, on average.
LINES_PER_ENDPOINT = 3


def declarations() -> Iterator[tuple[Path, ast.expr]]:
    """Yields the decorators that declare endpoints: `@endpoints.get(…)` and the like."""
    for path, function in functions():
        for decorator in function.decorator_list:
            if re.match(r"\w*endpoints\.(get|post|put|patch|delete)\(", ast.unparse(decorator)):
                yield path, decorator


def decorator_lines() -> Measure:
    found = list(declarations())
    total = sum(length(decorator) for _path, decorator in found)
    longest = sorted(found, key=lambda each: -length(each[1]))
    places = [place(path, each.lineno, f"{length(each)} lines") for path, each in longest]
    most = int(LINES_PER_ENDPOINT * len(found))
    return Measure("decorator lines", most, places, total, f" of {len(found)} endpoints")


def longest_module() -> Measure:
    """Measures all modules but lists, which are long for being complete."""
    lengths = [
        (len(path.read_text(encoding="utf-8").splitlines()), path)
        for path in modules()
        if not path.as_posix().endswith(LISTS)
    ]
    lines, path = max(lengths)
    long = [place(path, lines) for lines, path in sorted(lengths, reverse=True) if lines > 350]
    return Measure("longest module", 350, long, lines, f" lines, {path.relative_to(ROOT)}")


def longest_function() -> Measure:
    path, function = max(functions(), key=lambda each: length(each[1]))
    long = [place(path, each.lineno, each.name) for path, each in functions() if length(each) > 60]
    unit = f" lines, {place(path, function.lineno, function.name)}"
    return Measure("longest function", 60, long, length(function), unit)


def vague_names() -> Measure:
    found = [place(path, each.lineno, each.name) for path, each in functions() if VAGUE & set(each.name.split("_"))]
    return Measure("functions named told, tell, said, kept, keep, hold", 0, found)


def shared_class_names() -> Measure:
    """Finds public classes of one wing that share a name."""
    classes: dict[tuple[str, str], list[str]] = defaultdict(list)
    for path, module in modules().items():
        for node in module.body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                classes[path.relative_to(SOURCE).parts[0], node.name].append(place(path, node.lineno, node.name))
    return Measure(
        "classes of one name in one wing", 0, [each for same in classes.values() if same[1:] for each in same]
    )


def untyped_rows() -> Measure:
    """Finds rows annotated with the type that admits every column."""
    found = [
        place(path, node.lineno)
        for path, module in modules().items()
        for node in ast.walk(module)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id == "Row"
    ]
    return Measure("uses of Row, whose columns no check knows", 39, found)


def long_lines() -> Measure:
    """Finds lines of text over 100 characters, except code and rows of tables, which cannot wrap."""
    found = []
    for path in documents():
        is_code = False
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            is_code ^= line.lstrip().startswith("```")
            if len(line) > 100 and not is_code and not line.startswith(("|", "    ")):
                found.append(place(path, number, f"{len(line)} characters"))
    return Measure("lines of docs over 100 characters", 0, found)


def other_verbs() -> Measure:
    found = [
        f"{endpoint.method} {endpoint.path}: {endpoint.summary}"
        for endpoint in endpoints()
        if endpoint.summary.split()[0] not in (READING if endpoint.method == "GET" else WRITING)
    ]
    return Measure("API summaries that begin with another verb", 0, found)


def wiring() -> Measure:
    """Counts the lines of the module that puts the wings together."""
    lines = (SOURCE / "app" / "wiring.py").read_text(encoding="utf-8").splitlines()
    return Measure("lines of app/wiring.py", 149, [], len(lines))


def spliced_documents() -> Measure:
    """Finds files that split or join JSON documents at their braces."""
    found = {line.partition(":")[0] for line in lines_with(re.compile(r"""\+ b?["']\}["']|\bdocument\w*\[:-1\]"""))}
    return Measure("files that splice documents at their braces", 1, sorted(found))


def dead_code() -> Measure:
    return Measure("dead code", 0, unused(ROOT))


MEASURES: tuple[Callable[[], Measure], ...] = (
    lambda: Measure("banned words", 0, lines_with(BANNED, *documents())),
    lambda: Measure("told", 4, lines_with(TOLD, *documents())),
    vague_names,
    shared_class_names,
    longest_module,
    longest_function,
    decorator_lines,
    lambda: Measure("call.service(", 0, lines_with(re.compile(r"call\.service\("))),
    wiring,
    untyped_rows,
    lambda: Measure("definitions of _change_permissions", 1, lines_with(re.compile(r"def _change_permissions\("))),
    spliced_documents,
    long_lines,
    other_verbs,
    dead_code,
)


def main(*, is_verbose: bool) -> bool:
    """Prints every measure; returns whether all meet their goals."""
    measures = [take() for take in MEASURES]
    for measure in measures:
        print(measure)
        for found in measure.found if is_verbose else ():
            print("   ", found)
    return all(measure.is_met for measure in measures)


def status(arguments: list[str]) -> int:
    """Prints the measures; returns the exit status."""
    are_met = main(is_verbose="-v" in arguments)
    return int("--check" in arguments and not are_met)


if __name__ == "__main__":
    sys.exit(status(sys.argv[1:]))
