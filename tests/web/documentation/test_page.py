"""How schemas and texts become words of a page."""

from __future__ import annotations

from typing import Any

import pytest

from signfleet.web.documentation.page import anchor, curl, limits, prose, type_in_words


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"type": "string"}, "string"),
        ({"type": "string", "format": "date-time"}, "date-time"),
        ({}, "anything"),
        ({"$ref": "#/components/schemas/Player"}, '<a href="#type-Player">Player</a>'),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, "string or null"),
        ({"enum": ["a", "<b>"]}, "<code>a</code>, <code>&lt;b&gt;</code>"),
        ({"type": "array", "items": {"type": "integer"}}, "list of integer"),
        ({"type": "array"}, "list of anything"),
        ({"type": "object", "additionalProperties": {"type": "string"}}, "map of string"),
        ({"type": "object"}, "object"),
    ],
)
def test_a_type_is_described_in_words(schema: dict[str, Any], words: str) -> None:
    assert type_in_words(schema) == words


def test_limits_of_nullable_values_are_described() -> None:
    assert limits({"type": "integer", "minimum": 0, "maximum": 9}) == "at least 0, at most 9"
    assert limits({"anyOf": [{"type": "string", "maxLength": 128}, {"type": "null"}]}) == "no longer than 128"


def test_prose_has_paragraphs_and_code_and_escapes_other_markup() -> None:
    assert prose("One `a<b`.\n\nTwo <b>.") == "<p>One <code>a&lt;b</code>.</p><p>Two &lt;b&gt;.</p>"


def test_an_anchor_has_no_spaces() -> None:
    assert anchor("type Player<int>") == "type-Player-int"


def test_the_command_line_of_an_operation_has_its_example_and_what_it_requires() -> None:
    body = {"content": {"application/json": {"example": {"name": "Joe's"}}}}
    operation = {"parameters": [], "security": [{"token": ["x"]}], "requestBody": body}
    assert curl(operation, "put", "/Groups/{group}/", "SERVER").split(" \\\n  ") == [
        "curl",
        '-H "Authorization: Bearer TOKEN"',
        "-X PUT",
        "-H 'Content-Type: application/json'",
        """-d '{"name":"Joe'"'"'s"}'""",
        "'SERVER/Groups/{group}/'",
    ]
    form = {"content": {"application/x-www-form-urlencoded": {"example": {"grant_type": "password"}}}}
    listed = {"parameters": [{"name": "pattern", "in": "query", "required": True}], "security": []}
    assert curl(listed, "get", "/Tags/", "SERVER") == "curl \\\n  'SERVER/Tags/?pattern=…'"
    assert "-d grant_type=password" in curl(listed | {"requestBody": form}, "post", "/Token", "SERVER")
    picture = {"content": {"image/png": {}}}
    assert "--data-binary @FILE" in curl(listed | {"requestBody": picture}, "put", "/x", "SERVER")
