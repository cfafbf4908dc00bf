"""Clients of a small application behind a real HTTP server."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from tests.web.http.app import served


@pytest.fixture(scope="session")
def address() -> Iterator[str]:
    with served() as address:
        yield address


@pytest.fixture
def anyone(address: str) -> Iterator[httpx.Client]:
    """Without a token; follows no redirect."""
    with httpx.Client(base_url=address) as client:
        yield client


@pytest.fixture
def client(address: str) -> Iterator[httpx.Client]:
    """With a token that may do everything; follows no redirect."""
    with httpx.Client(base_url=address, headers={"Authorization": "Bearer user"}) as client:
        yield client
