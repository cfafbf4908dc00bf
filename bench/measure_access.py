"""Signing in and checking tokens

References: for signing in, one thread that only hashes; for checking tokens, a SHA-256 and a look-up in a dictionary.
"""

from __future__ import annotations

import asyncio
import hashlib
import random
import secrets
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

from bench import http_load
from bench.measure_company import SIGN_INS, sign_in
from bench.servers import serving_fleet
from bench.size import SMALL
from bench.table import Row
from signfleet.foundation.storage.interface import Transaction
from signfleet.foundation.storage.open import open_store
from signfleet.identity.access import store as queries
from signfleet.identity.access.passwords import hash_now
from signfleet.identity.access.sessions import Sessions
from signfleet.identity.access.tokens import hash_token
from signfleet.web.caller.scopes import USER_SCOPE

PASSWORD = "7t#Sqg7*"
SESSIONS = 100_000
CHECKS = 50_000
HASHES = 20
SECONDS = 4.0
HOUR = 3_600_000


def measure() -> Iterator[Row]:
    yield from over_http()
    yield from token_checks()


# --- over HTTP


def over_http() -> Iterator[Row]:
    with serving_fleet(SMALL, "--legacy-token-endpoint") as ours:
        signed_in = asyncio.run(http_load.rate(ours.port, sign_in(ours), SIGN_INS, SECONDS))
        hashed = hashes_a_second()
        yield Row("sign in by password", "sign-ins/s", signed_in, hashed, signed_in / hashed)


def hashes_a_second() -> float:
    """Returns the rate of the same hash alone."""
    hash_now(PASSWORD)
    started = time.perf_counter()
    for _ in range(HASHES):
        hash_now(PASSWORD)
    return HASHES / (time.perf_counter() - started)


# --- inside the process


def token_checks() -> Iterator[Row]:
    with tempfile.TemporaryDirectory() as folder:
        yield from asyncio.run(_token_checks(f"sqlite:///{Path(folder, 'signfleet.db')}"))


async def _token_checks(database: str) -> list[Row]:
    store = await open_store(database)
    try:
        tokens = [secrets.token_urlsafe(32) for _ in range(SESSIONS)]
        now = time.time_ns() // 1_000_000

        async def fill(tx: Transaction) -> None:
            ids = await tx.next_ids("session", SESSIONS)
            sessions = [
                {
                    "id": session_id,
                    "person_id": None,
                    "application_id": None,
                    "network_id": None,
                    "user_id": None,
                    "device_id": session_id,
                    "scope": USER_SCOPE,
                    "creation_date": now,
                    "last_modified_date": now,
                    "expiration_date": now + HOUR,
                    "grant_type": None,
                    "address": None,
                    "last_used_date": now,
                }
                for session_id in ids
            ]
            await tx.execute_many(queries.INSERT_SESSION, sessions)
            rows = [
                {
                    "hash": hash_token(token),
                    "kind": "access",
                    "session_id": session_id,
                    "network_id": None,
                    "scope": USER_SCOPE,
                    "valid_from": now,
                    "valid_to": now + HOUR,
                    "used_date": None,
                }
                for session_id, token in zip(ids, tokens, strict=True)
            ]
            await tx.execute_many(queries.INSERT_TOKEN, rows)

        await store.write(fill)
        chosen = random.choices(tokens, k=CHECKS)
        bare = {hash_token(token): token for token in tokens}

        async def reference(token: str) -> None:
            bare[hashlib.sha256(token.encode()).digest()]

        sessions = Sessions(store)
        looked_up = await _rate(lambda token: sessions.authenticate(token, now), list(dict.fromkeys(chosen)))
        remembered = await _rate(lambda token: sessions.authenticate(token, now), chosen)
        hashed = await _rate(reference, chosen)
        return [
            Row(f"first check of one of {SESSIONS:,} tokens", "checks/s", looked_up, hashed, looked_up / hashed),
            Row(f"next check of one of {SESSIONS:,} tokens", "checks/s", remembered, hashed, remembered / hashed),
        ]
    finally:
        await store.close()


async def _rate(check: Callable[[str], Awaitable[object]], tokens: list[str]) -> float:
    started = time.perf_counter()
    for token in tokens:
        await check(token)
    return len(tokens) / (time.perf_counter() - started)
