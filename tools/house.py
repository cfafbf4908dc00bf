"""Print how far the source text is from the rules of the house: one measure a line, with its goal.

    python tools/house.py        # the measures
    python tools/house.py -v     # and the places that they count

Nothing fails here: `make check` and the tests are the gates.
"""

from __future__ import annotations

import ast
import re
import sys
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
#: What summaries of the API begin with; GET only with those of `READING`.
READING = {"Get", "List", "Count", "Check", "Export", "Explain"}
WRITING = {"Create", "Update", "Replace", "Delete", "Add", "Remove", "Issue", "Revoke"} | {
    # what is no change of one entity has its own verb
    *("Accept", "Activate", "Decline", "Introspect", "Register", "Release", "Report", "Reset", "Rotate", "Send"),
    *("Unblock", "Upload"),
}


class Measure(NamedTuple):
    """A line of the report."""

    name: str
    goal: str
    found: list[str]
    #: What is printed, where it is not the number of places found.
    value: str | None = None

    def __str__(self) -> str:
        value = len(self.found) if self.value is None else self.value
        return f"{self.name}: {value}" + (f" ({self.goal})" if self.goal else "")


@cache
def modules() -> dict[Path, ast.Module]:
    """The modules of the server, parsed; without migrations, which stay as they were written."""
    paths = (path for path in sorted(SOURCE.rglob("*.py")) if "migrations" not in path.parts)
    return {path: ast.parse(path.read_text(encoding="utf-8")) for path in paths}


def documents() -> list[Path]:
    """The pages people read."""
    return [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]


def functions() -> Iterator[tuple[Path, Function]]:
    """Every function and method of the server."""
    for path, module in modules().items():
        for node in ast.walk(module):
            if isinstance(node, Function):
                yield path, node


def place(path: Path, line: int, text: str = "") -> str:
    return f"{path.relative_to(ROOT)}:{line} {text}".rstrip()


def length(node: ast.expr | ast.stmt) -> int:
    """Of how many lines a part of a module is."""
    return (node.end_lineno or node.lineno) - node.lineno + 1


def lines_with(pattern: re.Pattern[str], *more: Path) -> list[str]:
    """The lines of the server, and of the files of `more`, that a pattern is found in."""
    return [
        place(path, number, line.strip())
        for path in (*modules(), *more)
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if pattern.search(line)
    ]


def declarations() -> Iterator[tuple[Path, ast.expr]]:
    """The decorators that declare endpoints: `@endpoints.get(…)` and its kin."""
    for path, function in functions():
        for decorator in function.decorator_list:
            if re.match(r"\w*endpoints\.(get|post|put|patch|delete)\(", ast.unparse(decorator)):
                yield path, decorator


def decorator_lines() -> Measure:
    found = list(declarations())
    total = sum(length(decorator) for _path, decorator in found)
    longest = sorted(found, key=lambda each: -length(each[1]))
    places = [place(path, each.lineno, f"{length(each)} lines") for path, each in longest]
    return Measure("decorator lines", f"of {len(found)} endpoints; below 550", places, str(total))


def longest_module() -> Measure:
    lengths = [(len(path.read_text(encoding="utf-8").splitlines()), path) for path in modules()]
    lines, path = max(lengths)
    long = [place(path, lines) for lines, path in sorted(lengths, reverse=True) if lines > 350]
    return Measure("longest module", "at most 350", long, f"{lines} lines, {path.relative_to(ROOT)}")


def longest_function() -> Measure:
    path, function = max(functions(), key=lambda each: length(each[1]))
    long = [place(path, each.lineno, each.name) for path, each in functions() if length(each) > 60]
    value = f"{length(function)} lines, {place(path, function.lineno, function.name)}"
    return Measure("longest function", "at most 60", long, value)


def vague_names() -> Measure:
    found = [place(path, each.lineno, each.name) for path, each in functions() if VAGUE & set(each.name.split("_"))]
    return Measure("functions named told, tell, said, kept, keep, hold", "0", found)


def untyped_rows() -> Measure:
    """Where a row is annotated with the type that admits every column."""
    found = [
        place(path, node.lineno)
        for path, module in modules().items()
        for node in ast.walk(module)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id == "Row"
    ]
    return Measure("uses of Row, whose columns no check knows", "below 40", found)


def long_lines() -> Measure:
    """Lines of text over 100 characters; a row of a table cannot be wrapped."""
    found = [
        place(path, number, f"{len(line)} characters")
        for path in documents()
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if len(line) > 100 and not line.startswith("|")
    ]
    return Measure("lines of docs over 100 characters", "0", found)


def other_verbs() -> Measure:
    found = [
        f"{endpoint.method} {endpoint.path}: {endpoint.summary}"
        for endpoint in endpoints()
        if endpoint.summary.split()[0] not in (READING if endpoint.method == "GET" else WRITING)
    ]
    return Measure("API summaries that begin with another verb", "0", found)


def wiring() -> Measure:
    """The lines of the module that puts the wings together."""
    lines = (SOURCE / "app" / "wiring.py").read_text(encoding="utf-8").splitlines()
    return Measure("lines of app/wiring.py", "below 150", [], str(len(lines)))


def spliced_documents() -> Measure:
    """Files that take JSON apart, or put it together, at its braces."""
    found = {line.partition(":")[0] for line in lines_with(re.compile(r"""\+ b?["']\}["']|\bdocument\w*\[:-1\]"""))}
    return Measure("files that splice documents at their braces", "1", sorted(found))


def dead_code() -> Measure:
    return Measure("dead code", "0", unused(ROOT))


MEASURES: tuple[Callable[[], Measure], ...] = (
    lambda: Measure("banned words", "0", lines_with(BANNED, *documents())),
    lambda: Measure("told", "below 5", lines_with(TOLD, *documents())),
    vague_names,
    longest_module,
    longest_function,
    decorator_lines,
    lambda: Measure("call.service(", "0", lines_with(re.compile(r"call\.service\("))),
    wiring,
    untyped_rows,
    lambda: Measure(
        "definitions of _change_permissions", "at most 1", lines_with(re.compile(r"def _change_permissions\("))
    ),
    spliced_documents,
    long_lines,
    other_verbs,
    dead_code,
)


def main(*, is_verbose: bool) -> None:
    for measure in (take() for take in MEASURES):
        print(measure)
        for found in measure.found if is_verbose else ():
            print("   ", found)


if __name__ == "__main__":
    main(is_verbose="-v" in sys.argv[1:])
