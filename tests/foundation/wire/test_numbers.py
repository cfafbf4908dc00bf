"""Whole numbers with a fraction."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signfleet.foundation.wire.numbers import LONG, whole_numbers, with_whole_numbers

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"x":5.0}', b'{"x":5}'),
        (b"[-5.00, 5e0, 1E2, 0.0]", b"[-5, 5, 100, 0]"),
        (b"[5.5, 1e-3, 1e300]", None),
        (b'{"5.0":"5.0 \\" 6.0"}', None),
        (b'["a", 7.0, "7.0"]', b'["a", 7, "7.0"]'),
        (b'[5.0, "' + b"x" * 10_000 + b'"]', b'[5, "' + b"x" * 10_000 + b'"]'),
        (b'["\\\\", 5.0, "\\\\\\" 6.0", "", 7.0]', b'["\\\\", 5, "\\\\\\" 6.0", "", 7]'),
        (b'["' + b"\\\\" * 5_000 + b'", 5.0, "6.0"]', b'["' + b"\\\\" * 5_000 + b'", 5, "6.0"]'),
        (b"[9007199254740993.0]", b"[9007199254740992]"),
    ],
)
def test_they_are_written_as_integers(body: bytes, expected: bytes | None) -> None:
    assert with_whole_numbers(body) == expected


@pytest.mark.parametrize("spaces", range(LONG - 8, LONG + 2))
def test_a_number_is_whole_wherever_a_long_body_is_cut(spaces: int) -> None:
    start = b"[" + b" " * spaces
    assert with_whole_numbers(start + b"-15.0e+1, 2.5, 1]") == start + b"-150, 2.5, 1]"


@given(st.lists(st.text('\\"5.0e, ')))
def test_no_text_changes(texts: list[str]) -> None:
    body = json.dumps([5.0, *texts, 5.0]).encode()
    assert json.loads(with_whole_numbers(body) or b"") == [5, *texts, 5]
    assert b"5.0" not in (
        with_whole_numbers(json.dumps([5.0, *(t.replace(".", "") for t in texts)]).encode()) or b"5.0"
    )


@given(JSON)
def test_other_values_do_not_change(value: Any) -> None:
    body = json.dumps(value).encode()
    changed = with_whole_numbers(body)
    assert json.loads(body if changed is None else changed) == value == whole_numbers(value)


@given(st.binary(max_size=200))
def test_any_bytes_are_accepted(body: bytes) -> None:
    with_whole_numbers(body)
