"""A checked token is used again until something changes what it may do, and from then on as it is."""

from __future__ import annotations

import asyncio
import re
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, closing
from pathlib import Path

import pytest

from signfleet.app.wiring import Services
from signfleet.foundation import clock
from signfleet.foundation.errors import Unauthenticated
from signfleet.foundation.settings import Settings
from signfleet.foundation.storage.interface import Store
from signfleet.foundation.storage.open import open_store
from signfleet.identity.access import sessions as sessions_module
from signfleet.identity.access import store as queries
from signfleet.identity.access.sessions import Sessions
from signfleet.web.caller.session import Session

pytestmark = pytest.mark.parametrize("bootstrapped", ["sqlite"], indirect=True)

#: Columns of the look-up that never change, and one that matters only until a token is cached.
FIXED = {"token.hash", "token.kind", "token.session_id", "token.used_date", "session.id", "person.id", "network.id"}
FIXED |= {"user.id", "user.network_id"}
#: What other values are, by the end of the name of a column.
OTHERS = {"is_locked_out": "1", "_date": "99", "valid_to": "99", "scope": "'bsn.api.main.devices'", "login": "'x@y.z'"}
#: More changes than are noted.
MANY = 1001

PERMISSION = (
    "INSERT INTO permission (network_id, entity, entity_id, operation_uid, principal_type, principal_id, is_allowed,"
    " creation_date) SELECT network_id, 'Device', 0, 'x', 'User', id, 1, 0 FROM \"user\""
)
COUNTED = "INSERT INTO network_total SELECT id, 'permission changes', 1 FROM network"
RENEWED = "UPDATE session SET last_used_date = last_used_date"


def changes_of_columns() -> list[str]:
    """Changes each column that the look-up of a token reads."""
    statement = queries.SESSION_OF_TOKEN.prepared("sqlite").text
    columns = set(re.findall(r'(token|session|person|network|"user")\.(\w+)', statement))
    made = []
    for table, name in sorted(columns):
        if f"{table.strip(chr(34))}.{name}" not in FIXED:
            value = next((value for end, value in OTHERS.items() if name.endswith(end)), "NULL")
            made.append(f"UPDATE {table} SET {name} = {value}")
    return made


#: Runs statements as another process would, after a first look at the token; returns what the token is then, as the
#: same process sees it and as one sees it that has just started.
Change = Callable[..., Awaitable[tuple["Session | str", "Session | str"]]]


@pytest.fixture
async def change(services: Services, settings: Settings, admin_token: str, tmp_path: Path) -> Change:
    original = settings.database_url.removeprefix("sqlite:///")
    path = tmp_path / "copy.db"

    async def look(sessions: Sessions) -> Session | str:
        try:
            return await sessions.authenticate(admin_token, clock.now())
        except Unauthenticated as error:
            return str(error)

    async def make(*statements: str) -> tuple[Session | str, Session | str]:
        for name in (path.name, f"{path.name}-wal", f"{path.name}-shm"):
            tmp_path.joinpath(name).unlink(missing_ok=True)
        with closing(sqlite3.connect(original)) as source, closing(sqlite3.connect(path)) as copy:
            source.backup(copy)
        async with AsyncExitStack() as stack:
            store: Store = await open_store(f"sqlite:///{path}")
            stack.push_async_callback(store.close)
            sessions = Sessions(store)
            assert isinstance(await look(sessions), Session)
            with closing(sqlite3.connect(path, isolation_level=None)) as other:
                other.execute("PRAGMA foreign_keys=ON")
                other.execute("BEGIN")
                for statement in statements:
                    other.execute(statement)
                other.execute("COMMIT")
            await asyncio.sleep(0)  # a turn of the event loop sees one version
            return await look(sessions), await look(Sessions(store))

    return make


async def test_every_column_that_a_look_up_reads_is_noticed(change: Change, admin_token: str) -> None:
    found = {statement: await change(statement) for statement in changes_of_columns()}
    assert len(found) > 12
    assert [statement for statement, (cached, new) in found.items() if cached != new] == []
    before, _ = await change()
    same = [statement for statement, (cached, _) in found.items() if cached == before]
    assert same == ["UPDATE session SET application_id = NULL", "UPDATE session SET device_id = NULL"]  # as they are


@pytest.mark.parametrize("table", ["token", "session", "person", "network", '"user"'])
async def test_what_is_deleted_ends_its_tokens(change: Change, table: str) -> None:
    cached, new = await change(f"DELETE FROM {table}")
    assert isinstance(cached, str)
    assert cached == new


async def test_permissions_and_their_changes_are_noticed(change: Change) -> None:
    with_permissions, new = await change(PERMISSION)
    assert isinstance(with_permissions, Session)
    assert with_permissions == new
    assert with_permissions.has_permissions
    without, new = await change(PERMISSION, "DELETE FROM permission")
    assert isinstance(without, Session)
    assert without == new
    assert not without.has_permissions
    for statements in ([COUNTED], [COUNTED, "UPDATE network_total SET total = total + 1"]):
        counted, new = await change(*statements)
        assert isinstance(counted, Session)
        assert counted == new
        assert counted.permission_changes == len(statements)


async def test_a_change_is_noticed_however_many_follow(change: Change, monkeypatch: pytest.MonkeyPatch) -> None:
    locked = "UPDATE person SET is_locked_out = 1"
    assert await change(locked, *[RENEWED] * MANY) == ("This person is locked out.",) * 2
    monkeypatch.setattr(sessions_module, "CHANGED_LIMIT", 2)
    assert await change(RENEWED, RENEWED, locked) == ("This person is locked out.",) * 2


async def test_the_check_of_a_stream_does_not_outlast_an_idle_session(services: Services, admin_token: str) -> None:
    sessions, now = services.sessions, clock.now()
    session = await sessions.authenticate(admin_token, now)
    used = {"session_id": session.id, "now": now, "until": now + 1000, "used_at": None}
    await services.store.write(lambda tx: tx.execute(queries.USE_SESSION, **used))
    assert isinstance((await sessions.authenticate_again([(admin_token, session.id)], now))[0], Session)
    assert isinstance((await sessions.authenticate_again([(admin_token, session.id)], now + 999))[0], Session)
    assert isinstance((await sessions.authenticate_again([(admin_token, session.id)], now + 1000))[0], Unauthenticated)
    assert sessions.cached(admin_token, now + 1000) is None
    with pytest.raises(Unauthenticated):
        await sessions.authenticate(admin_token, now + 1000)


async def test_other_writes_and_other_sessions_need_no_look_up(
    services: Services, settings: Settings, admin_token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    sessions = services.sessions
    session = await sessions.authenticate(admin_token, clock.now())
    monkeypatch.setattr(queries, "SESSION_OF_TOKEN", None)
    with closing(sqlite3.connect(settings.database_url.removeprefix("sqlite:///"), isolation_level=None)) as other:
        for statement in (
            "INSERT INTO setting VALUES ('a', 'b')",
            "INSERT INTO session SELECT id + 1, person_id, application_id, network_id, user_id, device_id, scope,"
            " creation_date, last_modified_date, expiration_date, grant_type, address, last_used_date FROM session",
            "UPDATE session SET scope = 'x' WHERE id = (SELECT max(id) FROM session)",
            "UPDATE token SET granted_by = hash",
        ):
            other.execute(statement)
            await asyncio.sleep(0)
            assert await sessions.authenticate(admin_token, clock.now()) == session
