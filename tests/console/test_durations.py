"""Durations that people read, and write as a number of a unit."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from babel import Locale
from httpx import AsyncClient
from hypothesis import given, strategies

from signfleet.console import durations
from signfleet.console.forms import FormData
from signfleet.foundation.wire import timespan
from tests.conftest import ON_SQLITE, ROOT
from tests.console.browsing import send, sign_in


def sent(number: str, unit: str) -> str:
    """Returns the duration that a form means."""
    call: Any = SimpleNamespace(body=f"a={number}&aUnit={unit}".encode())
    return FormData(call).span("a")


@pytest.mark.parametrize(
    ("text", "english", "german"),
    [
        ("730.00:00:00", "2 years", "2 Jahre"),
        ("400.00:00:00", "400 days", "400 Tage"),
        ("1.02:00:00", "1 day 2 hours", "1 Tag 2 Stunden"),
        ("1.02:03:04", "1 day 2 hours 3 minutes 4 seconds", "1 Tag 2 Stunden 3 Minuten 4 Sekunden"),
        ("00:15:00", "15 minutes", "15 Minuten"),
        ("00:00:00.500", "0.5 seconds", "0,5 Sekunden"),
        ("00:00:00", "0 seconds", "0 Sekunden"),
        ("soon", "soon", "soon"),
    ],
)
def test_durations_are_in_words(text: str, english: str, german: str) -> None:
    assert durations.in_words(text, Locale("en")) == english
    assert durations.in_words(text, Locale("de")) == german


@given(strategies.integers(0, timespan.MAX_MS // 1000).map(lambda seconds: timespan.format(1000 * seconds)))
def test_what_a_form_shows_is_what_it_sends(text: str) -> None:
    assert sent(*durations.amount(text)) == text


@pytest.mark.parametrize("number", ["soon", "-1", "1e999", "nan", "", "99999999999999"])
def test_what_is_no_duration_stays_for_the_message(number: str) -> None:
    assert sent(number, "day") == number


@ON_SQLITE
async def test_forms_and_rules_show_durations(client: AsyncClient) -> None:
    await sign_in(client)
    page = (await client.get(f"{ROOT}/console/settings/")).text
    assert 'name="deviceRefreshTokenLifetime" inputmode="decimal" value="2"' in page
    assert '<option value="year" selected>years</option>' in page and "730.00:00:00</" not in page
    answer = await send(client, "/console/alerts/rules/new/", name="Slow", kind="silent", silence="90", minutes="0")
    assert answer.status_code == 303, answer.text
    rules = (await client.get(f"{ROOT}/console/alerts/rules/")).text
    assert "1 hour 30 minutes" in rules and ">at once<" in rules and ">0 minutes<" not in rules
