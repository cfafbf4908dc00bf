"""Prints what commands return: columns for people, JSON for programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., Any])

_JSON = "signfleet.json"


def json_option(command: Command) -> Command:
    """Adds `--json` to a command: `show` and `show_table` then print JSON."""

    def remember(context: click.Context, _option: click.Parameter, value: bool) -> None:
        context.meta[_JSON] = value

    add = click.option("--json", is_flag=True, expose_value=False, callback=remember, help="Print JSON.")
    return add(command)


def wants_json() -> bool:
    return bool(click.get_current_context().meta.get(_JSON))


def show(values: dict[str, Any]) -> None:
    """Prints one entity, a property a line."""
    if wants_json():
        show_json(named(values))
        return
    width = max(map(len, values)) + 2
    for name, value in values.items():
        click.echo(f"{name:<{width}}{_text(value)}".rstrip())


def show_table(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Prints many entities in columns, one a line."""
    if wants_json():
        show_json([named(dict(zip(columns, row, strict=True))) for row in rows])
        return
    texts = [list(columns), *[[_text(value) for value in row] for row in rows]]
    widths = [max(len(text[place]) for text in texts) for place in range(len(columns))]
    for text in texts:
        click.echo("  ".join(f"{value:<{width}}" for value, width in zip(text, widths, strict=True)).rstrip())


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else str(value)


def named(values: dict[str, Any]) -> dict[str, Any]:
    """Returns the values with names such as `client id` written as JSON has them, `clientId`."""
    words = {name: name.split() for name in values}
    return {first + "".join(map(str.capitalize, rest)): values[name] for name, (first, *rest) in words.items()}


def show_json(value: Any) -> None:
    """Prints JSON, in ASCII where the output is not UTF-8."""
    is_utf8 = (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
    click.echo(json.dumps(value, ensure_ascii=not is_utf8, default=str, indent=1))
