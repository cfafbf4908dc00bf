"""The audit trail in the console."""

from __future__ import annotations

import csv
import io
from html import unescape

import pytest
from httpx import AsyncClient

from tests.conftest import ON_SQLITE, ROOT
from tests.console.browsing import send, sign_in
from tests.console.test_settings import SETTINGS, fields

AUDIT = f"{ROOT}/console/audit/"


async def test_changes_are_listed_with_what_differs_and_exported(client: AsyncClient) -> None:
    await sign_in(client)
    await send(client, "/console/people/roles/new/", name="Night", description="From ten")
    health = await fields(client, "health") | {"lateReports": "4", "silentReports": "5"}
    assert (await send(client, f"{SETTINGS}health", **health)).status_code == 303
    page = unescape((await client.get(AUDIT)).text)
    assert "Night" in page and "From ten" in page and "lateReports" in page
    chosen = {
        "entity": "Role",
        "person": "janedoe@example.com",
        "since": "2001-01-01T00:00",
        "filter": "[name] IS 'Night'",
    }
    page = unescape((await client.get(AUDIT, params=chosen)).text)
    assert "Night" in page and "lateReports" not in page
    assert "[date] IS AFTER '2001-01-01T00:00:00Z'" in page
    exported = await client.get(f"{AUDIT}export.csv", params=chosen)
    assert exported.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(exported.text)))
    assert [(row["action"], row["name"]) for row in rows] == [("Create", "Night")]


@ON_SQLITE
@pytest.mark.parametrize(("name", "value"), [("filter", "[nothing] IS 1"), ("since", "soon"), ("until", "2024-13-01")])
async def test_what_cannot_be_searched_for_says_why(client: AsyncClient, name: str, value: str) -> None:
    await sign_in(client)
    answer = await client.get(AUDIT, params={name: value})
    assert answer.status_code == 400
    assert 'role="alert"' in answer.text
    assert value.replace("'", "&#39;") in answer.text
    assert (await client.get(f"{AUDIT}export.csv", params={name: value})).status_code == 400


@ON_SQLITE
async def test_a_search_for_a_name_with_signs_of_the_language_finds_it_alone(client: AsyncClient) -> None:
    await sign_in(client)
    answer = await client.get(AUDIT, params={"person": "o'*?\\"})
    assert answer.status_code == 200
    assert "No change matches." in answer.text
