"""A browser without a window: it has cookies, follows no redirects by itself, and sends forms as pages do."""

from __future__ import annotations

import re
from typing import Any

from httpx import AsyncClient, Response

from tests.conftest import ROOT

LOGIN, PASSWORD = "JaneDoe@example.com", "7t#Sqg7*"


async def send(client: AsyncClient, path: str, origin: str = ROOT, **fields: Any) -> Response:
    """Submits a form of a page of `origin`."""
    return await client.post(f"{ROOT}{path}", data=fields, headers={"Origin": origin})


async def sign_in(client: AsyncClient, login: str = LOGIN, password: str = PASSWORD, next: str = "") -> Response:
    """Signs in by the form; the client has the cookie then."""
    return await send(client, "/console/sign-in", login=login, password=password, next=next)


async def confirm(client: AsyncClient, path: str, **fields: Any) -> Response:
    """Submits a form that deletes something, and confirms what it asks."""
    asked = await send(client, path, **fields)
    number = re.search(r'name="count" value="(\d+)"|>Type (\d+)', asked.text)
    assert (asked.status_code, bool(number)) == (200, True), asked.text
    return await send(client, path, **fields, count=number and (number[1] or number[2]))
