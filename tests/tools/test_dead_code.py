"""The search for dead code."""

from __future__ import annotations

from pathlib import Path

from tools import dead_code

SOURCE = """class Row:
    field: int

    def method(self) -> int:
        return used()


@endpoints.get("/")
def handler() -> None:
    Row()


def used() -> int:
    return 1


def unused() -> int:
    return 2
"""


def test_names_functions_and_methods_that_nothing_uses(tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "module.py").write_text(SOURCE)
    assert dead_code.unused(tmp_path) == [
        "src/module.py:4: unused method 'method'",
        "src/module.py:17: unused function 'unused'",
    ]
