"""Lists the code that nothing in `src/` uses; exits with 1 if there is any.

    python tools/dead_code.py

Tests do not count: what they alone use belongs to them. Fields of classes do not either, since msgspec uses them by
their type.
"""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path

from vulture import Vulture

ROOT = Path(__file__).parents[1]

#: Registered by what decorates them.
DECORATORS = [
    *("@endpoints.*", "@*_endpoints.*", "@pages.*"),
    *("@click.*", "@compiles", "@*.command", "@*.group", "@pytest.fixture"),
]

ALLOWED = [
    # called by asyncio, httptools, uvicorn, click, prometheus_client and pytest
    *("app_state", "connection_made", "connection_lost", "exc", "data_received", "eof_received", "pause_writing"),
    *("on_message_begin", "on_headers_complete", "on_body", "on_message_complete", "on_header", "on_url"),
    *("total_requests", "should_exit", "capture_signals", "format_commands", "collect", "pytest_configure"),
    # read by Pillow, Jinja, SQLAlchemy and logging
    *(
        "MAX_IMAGE_PIXELS",
        "filters",
        "globals",
        "inherit_cache",
        "handlers",
        "get_from_hint_text",
        "statement_compiler",
    ),
    # called by http.server
    *("do_GET", "log_message"),
    # functions of the interpreter, and what it reads
    *("__getattr__", "__annotations__"),
    # for the tests of others, and for ours, which end decoding processes
    *("clear_faults", "pids"),
    # emptied before a whole object is converted
    "path_long_name",
]
#: Modules whose names are entries of a list, columns of a table or services that handlers name by type.
LISTS = ("access/operations/definitions.py", "storage/tables.py", "expressions/tree.py", "/wiring.py")


def fields(path: Path) -> set[int]:
    """Returns the lines of the annotated fields of a module's classes."""
    classes = [node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.ClassDef)]
    return {line.lineno for class_ in classes for line in class_.body if isinstance(line, ast.AnnAssign)}


def in_templates(root: Path) -> set[str]:
    """Returns the names of attributes that templates read: `player.last_report`."""
    texts = [path.read_text(encoding="utf-8") for path in root.glob("src/signfleet/*/templates/**/*.html")]
    return {name for text in texts for name in re.findall(r"\.([a-z_]+)", text)}


def unused(root: Path) -> list[str]:
    """Returns the code that nothing below `root/src` uses, with its place."""
    finder = Vulture(ignore_names=[*ALLOWED, *in_templates(root)], ignore_decorators=DECORATORS)
    finder.scavenge([root / "src"], exclude=["*/migrations/*"])
    found = []
    for item in finder.get_unused_code():
        path = Path(item.filename)
        is_listed = path.as_posix().endswith(LISTS) and item.typ in ("variable", "attribute")
        if not is_listed and item.first_lineno not in fields(path):
            found.append(f"{path.relative_to(root)}:{item.first_lineno}: unused {item.typ} '{item.name}'")
    return found


if __name__ == "__main__":
    dead = unused(ROOT)
    print(*dead, sep="\n", end="\n" if dead else "")
    sys.exit(bool(dead))
