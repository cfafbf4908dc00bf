"""What commands print: columns for people, JSON for programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., Any])

_JSON = "signfleet.json"


def json_option(command: Command) -> Command:
    """Adds `--json` to a command that prints by `show` or `show_table`."""

    def remember(context: click.Context, _option: click.Parameter, value: bool) -> None:
        context.meta[_JSON] = value

    add = click.option("--json", is_flag=True, expose_value=False, callback=remember, help="Print JSON.")
    return add(command)


def wants_json() -> bool:
    return bool(click.get_current_context().meta.get(_JSON))


def show(values: dict[str, Any]) -> None:
    """One thing, a property a line."""
    if wants_json():
        _show_json(_named(values))
        return
    width = max(map(len, values)) + 2
    for name, value in values.items():
        click.echo(f"{name:<{width}}{_text(value)}".rstrip())


def show_table(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Many things, one a line, in columns."""
    if wants_json():
        _show_json([_named(dict(zip(columns, row, strict=True))) for row in rows])
        return
    texts = [list(columns), *[[_text(value) for value in row] for row in rows]]
    widths = [max(len(text[place]) for text in texts) for place in range(len(columns))]
    for text in texts:
        click.echo("  ".join(f"{value:<{width}}" for value, width in zip(text, widths, strict=True)).rstrip())


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else str(value)


def _named(values: dict[str, Any]) -> dict[str, Any]:
    """Names such as `client id` as JSON has them, `clientId`."""
    words = {name: name.split() for name in values}
    return {first + "".join(map(str.capitalize, rest)): values[name] for name, (first, *rest) in words.items()}


def _show_json(value: Any) -> None:
    is_utf8 = (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
    click.echo(json.dumps(value, ensure_ascii=not is_utf8, default=str, indent=1))
