"""Renders an OpenAPI document as one self-contained HTML page, which works without internet access."""

from __future__ import annotations

import base64
import hashlib
import re
from functools import cache
from importlib.resources import files
from typing import Any

import jinja2
from markupsafe import Markup, escape

Json = dict[str, Any]

_CODE = re.compile("`([^`]+)`")

#: The page's words for the limits of JSON Schema.
_LIMITS = {
    "minimum": "at least",
    "maximum": "at most",
    "minLength": "no shorter than",
    "maxLength": "no longer than",
    "minItems": "no fewer than",
    "maxItems": "no more than",
}


def render(document: Json, base: str = "") -> bytes:
    """Returns the page of a server whose addresses begin with `base`."""
    environment = jinja2.Environment(
        autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined
    )
    environment.filters |= {"type": type_in_words, "prose": prose, "limits": limits, "anchor": anchor}
    template = environment.from_string(_resource("page.html"))
    return template.render(api=document, base=base, style=_resource("page.css"), script=_resource("page.js")).encode()


@cache
def content_security_policy() -> str:
    """Returns a policy that lets the page load and send nothing; hashes allow its own style and script."""
    style, script = (_digest(_resource(name)) for name in ("page.css", "page.js"))
    own = f"default-src 'none'; style-src '{style}'; script-src '{script}'"
    return f"{own}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"


def prose(text: str) -> Markup:
    """Returns text as HTML paragraphs, with code between backticks."""
    return Markup().join(Markup("<p>{}</p>").format(_with_code(part)) for part in text.split("\n\n") if part)


def _with_code(text: str) -> Markup:
    pieces = enumerate(_CODE.split(text))  # text between backticks has odd numbers
    return Markup().join(
        Markup("<code>{}</code>").format(piece) if place % 2 else escape(piece) for place, piece in pieces
    )


def anchor(text: str) -> str:
    """Returns `text` as the id of an HTML element."""
    return re.sub(r"\W+", "-", text).strip("-")


def type_in_words(schema: Json) -> Markup:
    """Describes a JSON Schema in a few words, with links to other types of the page."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return Markup('<a href="#{}">{}</a>').format(anchor(f"type {name}"), name)
    if "anyOf" in schema:
        return Markup(" or ").join(type_in_words(option) for option in schema["anyOf"])
    if "enum" in schema:
        return Markup(", ").join(Markup("<code>{}</code>").format(value) for value in schema["enum"])
    kind = schema.get("type", "anything")
    if kind == "array":
        return Markup("list of {}").format(type_in_words(schema.get("items", {})))
    if kind == "object" and isinstance(schema.get("additionalProperties"), dict):
        return Markup("map of {}").format(type_in_words(schema["additionalProperties"]))
    return escape(schema.get("format", kind))


def limits(schema: Json) -> str:
    """Describes the limits of a value."""
    options = schema.get("anyOf", [schema])
    return ", ".join(
        f"{words} {option[name]}" for option in options for name, words in _LIMITS.items() if name in option
    )


@cache
def _resource(name: str) -> str:
    return files(__package__).joinpath(name).read_text()


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
