"""Query parameters, and the size of a page among them."""

from __future__ import annotations

import httpx
import pytest

PARAMETERS = "/open/parameters"


@pytest.mark.parametrize(
    ("query", "value"),
    [
        ("returnURL=x", "x"),
        ("returnUrl=x", "x"),
        ("RETURNURL=x", "x"),
        ("returnURL=a%20b", "a b"),
        ("returnURL=a+b", "a b"),
        ("returnURL=a%2Bb", "a+b"),
        ("returnURL=a,b", "a,b"),
        ("returnURL=%C3%BC", "ü"),
        ("returnURL=x&unknown=1&=&&", "x"),
        ("returnURL=1&returnURL=2", "2"),
        ("returnURL=", None),
        ("returnURL", None),
        ("", None),
    ],
)
def test_a_parameter_name_matches_in_any_letter_case(anyone: httpx.Client, query: str, value: str) -> None:
    assert anyone.get(f"{PARAMETERS}?{query}").json()["name"] == value


@pytest.mark.parametrize("value", ["%FF", "%00", "a%00b"])
def test_a_parameter_that_is_not_text_is_400(anyone: httpx.Client, value: str) -> None:
    answer = anyone.get(f"{PARAMETERS}?returnURL={value}")
    assert answer.status_code == 400
    assert "Query parameter 'returnURL'" in answer.json()["message"]


@pytest.mark.parametrize(
    ("sent", "size"),
    [("", 100), ("1", 1), ("50", 50), ("100", 100), ("101", 100), ("1000000000000", 100), ("0", 1), ("-5", 1)],
)
def test_a_page_has_1_to_100_items(anyone: httpx.Client, sent: str, size: int) -> None:
    assert anyone.get(f"{PARAMETERS}?pageSize={sent}").json()["size"] == size


@pytest.mark.parametrize("sent", ["many", "1.5", "1e2", "0x10", "9" * 5000])
def test_a_page_size_that_is_not_a_number_is_400(anyone: httpx.Client, sent: str) -> None:
    answer = anyone.get(f"{PARAMETERS}?pageSize={sent}")
    assert answer.status_code == 400
    assert "'pageSize'" in answer.json()["message"]
