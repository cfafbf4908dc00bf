"""Renders an OpenAPI document as one self-contained HTML page, which works without internet access."""

from __future__ import annotations

import base64
import hashlib
import re
from functools import cache
from importlib.resources import files
from shlex import quote
from typing import Any

import jinja2
import msgspec
from markupsafe import Markup, escape

from signfleet.web.documentation import guides

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
    template = _template("page.html")
    script = _resource("page.js")
    return template.render(
        api=document, base=base, guides=_guides(), style=_resource("page.css"), script=script
    ).encode()


def render_guide(name: str, base: str) -> bytes:
    """Returns the page of a guide."""
    text, title = guides.render(name, base), guides.title(name)
    known = {"guides": _guides(), "current": name, "base": base, "style": _resource("page.css")}
    return _template("guide.html").render(text=text, title=title, **known).encode()


def _guides() -> list[tuple[str, str]]:
    return [(name, guides.title(name)) for name in guides.names()]


def _template(name: str) -> jinja2.Template:
    environment = jinja2.Environment(
        autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined
    )
    environment.filters |= {"type": type_in_words, "prose": prose, "limits": limits, "anchor": anchor, "curl": curl}
    return environment.from_string(_resource(name))


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


def curl(operation: Json, method: str, path: str, server: str) -> str:
    """Returns the command line of an operation, with its example and what it requires."""
    lines = ["curl"]
    if operation["security"]:
        lines.append('-H "Authorization: Bearer TOKEN"')
    if method != "get":
        lines.append(f"-X {method.upper()}")
    for media_type, content in list(operation.get("requestBody", {}).get("content", {}).items())[:1]:
        example = content.get("example")
        if media_type == "application/x-www-form-urlencoded":
            lines += [f"-d {quote(f'{name}={value}')}" for name, value in (example or {}).items()]
            continue
        lines.append(f"-H {quote(f'Content-Type: {media_type}')}")
        as_json = media_type.endswith("json") and example is not None
        lines.append(f"-d {quote(msgspec.json.encode(example).decode())}" if as_json else "--data-binary @FILE")
    required = [each["name"] for each in operation["parameters"] if each["in"] == "query" and each["required"]]
    query = "?" + "&".join(f"{name}=…" for name in required) if required else ""
    address = f"{server}{path}{query}"
    return " \\\n  ".join([*lines, quote(address) if server != "SERVER" or "{" in path or query else address])


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
