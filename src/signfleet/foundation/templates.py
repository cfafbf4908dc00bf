"""Renders Jinja2 templates, which an operator can replace by files of the same name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape


def environment(own: Path, replaced_in: str | None) -> Environment:
    """Returns the templates of the folder `own`; those in `replaced_in` take precedence. HTML is escaped."""
    return Environment(
        loader=FileSystemLoader([*([replaced_in] if replaced_in else []), own]),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def render(templates: Environment, name: str, **values: Any) -> str:
    return templates.get_template(name).render(**values)
