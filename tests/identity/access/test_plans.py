"""How SQLite plans the look-up of tokens, which each request waits for."""

from __future__ import annotations

from pathlib import Path

import pytest

from signfleet.fleet.players.store import SETUP_TOKEN
from signfleet.foundation.storage.query import Query
from signfleet.foundation.storage.sqlite_connection import connect, fetch
from signfleet.identity.access.store import LIVE_TOKEN, REFRESH_TOKEN, SESSION_OF_TOKEN


@pytest.mark.parametrize("query", [SESSION_OF_TOKEN, LIVE_TOKEN, REFRESH_TOKEN, SETUP_TOKEN])
def test_a_statement_is_planned_once_for_all_tokens(migrated_sqlite: Path, query: Query) -> None:
    planned = 0

    def note(*_action: object) -> int:
        nonlocal planned
        planned += 1
        return 0

    connection = connect(migrated_sqlite, read_only=True)
    try:
        connection.set_authorizer(note)  # SQLite asks for leave while it plans
        fetch(connection.cursor(), query, {"hash": b"first", "now": 1})
        once = planned
        fetch(connection.cursor(), query, {"hash": b"second", "now": 2})
    finally:
        connection.close()
    assert planned == once > 0
