"""Finds the messages of errors that people of the console can meet, as texts to translate.

A message is an f-string where an error is raised: `f"'name': there is a group '{name}' already."` becomes
"there is a group '%(name)s' already.". The member at its beginning is left out, since it is a name of the API.
Parts of messages, which a message has as a value, are marked with `phrase`, or are raised as a `ValueError`.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

SOURCE: Final = Path("src/signfleet")
#: Parts whose services pages call, and what those raise.
PARTS: Final = (
    "console",
    "fleet/alerts",
    "fleet/changes",
    "fleet/commands",
    "fleet/devices",
    "fleet/groups",
    "fleet/health",
    "fleet/permission_explanation",
    "fleet/subscriptions",
    "fleet/tags",
    "fleet/walls",
    "fleet/webhooks",
    "foundation/expressions",
    "foundation/quotas.py",
    "foundation/rate_limit.py",
    "foundation/storage",
    "foundation/wire",
    "identity/access",
    "identity/applications",
    "identity/jobs",
    "identity/networks",
    "identity/people",
    "identity/permission_lists.py",
    "identity/profiles",
    "identity/roles",
    "identity/saved_views",
    "identity/sessions",
    "identity/sign_in",
    "identity/users",
    "web/contract/conditional.py",
    "web/http/errors.py",
)
#: Modules there that only programs use.
OTHERS: Final = {"routes.py", "body.py", "files.py", "relay.py", "answers.py", "gate.py", "device_imports.py", "csv.py"}
#: What raises an error with a message, apart from the classes of `foundation/errors.py`.
RAISED: Final = {"Invalid", "NotFound", "Forbidden", "Conflict", "Stale", "TooLarge", "Unavailable", "Busy", "_wrong"}
RAISED_TOO: Final = {"Throttled", "QuotaReached", "Unauthenticated", "ValueError", "phrase"}
#: What takes parts of messages among its arguments.
TAKES_PARTS: Final = {"BackOff", "RateLimit", "_Problem", "_malformed", "_text_only"}
#: What msgspec says of values that do not fit (`validation_messages.py`).
OF_MSGSPEC: Final = (
    "Expected %(expected)s",
    "Expected %(expected)s, got %(got)s",
    "Invalid enum value '%(value)s'; known are %(words)s",
    "Object missing required field '%(field)s'",
)
#: Messages about what only programs send.
_OF_PROGRAMS: Final = re.compile(
    r"Query parameter|[Hh]eader|[Bb]ody|endpoint|access token|ETag|Idempotency|batch|beacon|profile property|marker"
    r"|uid\b|null|bytes|Nodes|redirect_uri|Line 1|file|link in the mail|URLs|`|NUL|'id'|/admin/v1|[Bb]atch|principal"
    r"|(?:user|person|network) %\(\w*id\)s|projection|no such program|what is below them|\[Id\] had"
    r"|need an index|need a column|are no texts|property path|CSV|Line %|HTTP date| - at '"
)
_MEMBER: Final = re.compile(r"'[^']*': ")


def error_texts() -> list[str]:
    """Returns the texts of all messages, in order."""
    files = [path for part in PARTS for path in _modules(SOURCE / part)]
    found = {text for path in files for text in _texts(ast.parse(path.read_text(encoding="utf-8")))}
    return sorted(found.union(OF_MSGSPEC))


def _modules(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    is_console = path.name == "console"
    return [each for each in sorted(path.rglob("*.py")) if is_console or each.name not in OTHERS]


def _texts(module: ast.Module) -> Iterator[str]:
    for call in ast.walk(module):
        if not isinstance(call, ast.Call) or not call.args:
            continue
        name = ast.unparse(call.func).rpartition(".")[2]
        if name == "in_network" and isinstance(call.args[0], ast.Constant):
            yield f"There is no {call.args[0].value} '%(ref)s' in this network."
        elif name in RAISED | RAISED_TOO:
            message = _template(call.args[0])
            member = _MEMBER.match(message)
            message = message[member.end() :] if member else message
            # What is little more than its values has nothing to translate.
            if (name == "phrase" or _letters(message) > 8) and not _OF_PROGRAMS.search(message):
                yield message
        elif name in TAKES_PARTS:
            yield from (text for each in call.args if _letters(text := _template(each)) > 8 and " " in text)


def _letters(message: str) -> int:
    """Returns how many letters a message has apart from its values."""
    return len(re.sub(r"%\(\w+\)s|\W", "", message))


def _template(message: ast.expr) -> str:
    """Returns a message with its values as placeholders, empty where it is no text."""
    if isinstance(message, ast.Constant) and isinstance(message.value, str):
        return message.value.replace("%", "%%")
    if not isinstance(message, ast.JoinedStr):
        return ""
    names: list[str] = []
    parts = []
    for part in message.values:
        if isinstance(part, ast.Constant):
            parts.append(str(part.value).replace("%", "%%"))
        elif isinstance(part, ast.FormattedValue):
            names.append(_name(part.value, names))
            parts.append(f"%({names[-1]})s")
    return "".join(parts)


def _name(value: ast.expr, taken: list[str]) -> str:
    """Returns a name for a value, another one than those before it."""
    name = value.id if isinstance(value, ast.Name) else value.attr if isinstance(value, ast.Attribute) else "value"
    name = name.strip("_").lower()
    return name if name not in taken else f"{name}{len(taken) + 1}"
