"""Checks, generates, hashes and verifies passwords, without blocking the event loop or revealing which logins exist."""

from __future__ import annotations

import asyncio
import os
import secrets
import string
import threading
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cache
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from signfleet.foundation.errors import Invalid, Throttled, phrase
from signfleet.identity.access import common_passwords

T = TypeVar("T")

MINIMUM_LENGTH = 8
MAXIMUM_LENGTH = 256
SYMBOLS = "!@#$%^&*"
_KINDS = (string.ascii_uppercase, string.ascii_lowercase, string.digits, SYMBOLS)
_GENERATED_LENGTH = 16

POLICY = phrase(
    f"A password has {MINIMUM_LENGTH} to {MAXIMUM_LENGTH} characters, among them an upper-case letter,"
    f" a lower-case letter, a digit and one of {SYMBOLS}; common passwords are not allowed"
)

#: The memory in KiB, rounds and lanes that OWASP recommends for argon2id.
_HASHER = PasswordHasher(memory_cost=19_456, time_cost=2, parallelism=1)

#: How many sign-ins may wait for a thread; the next one gets 429.
_WAITING_LIMIT = 64


def check_policy(password: str, field: str = "password") -> None:
    """Raises `Invalid`, naming `field`, unless `password` fulfils the policy."""
    fits = MINIMUM_LENGTH <= len(password) <= MAXIMUM_LENGTH and password.isprintable()
    if not fits or not all(set(kind) & set(password) for kind in _KINDS):
        raise Invalid(f"'{field}' is too weak. {POLICY}.")
    if common_passwords.is_common(password):
        raise Invalid(f"'{field}' is one of the most common passwords, or close to one; choose another.")


def generate() -> str:
    """Returns a random password that fulfils the policy."""
    characters = [secrets.choice(kind) for kind in _KINDS]
    characters += [secrets.choice("".join(_KINDS)) for _ in range(_GENERATED_LENGTH - len(characters))]
    secrets.SystemRandom().shuffle(characters)
    made = "".join(characters)
    return generate() if common_passwords.is_common(made) else made


def _normal(password: str) -> str:
    """Returns the password in NFC, since keyboards differ in how they compose an accented letter."""
    return unicodedata.normalize("NFC", password)


def hash_now(password: str) -> str:
    """Hashes in the calling thread, for about 20 ms."""
    return _HASHER.hash(_normal(password))


def _yield_to_requests() -> None:
    """Lowers the priority of a hashing thread, if the system can, so that reads stay quick while many sign in."""
    with suppress(AttributeError, OSError):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 10)


@cache
def _dummy_hash() -> str:
    """Returns a hash to verify against if a login does not exist, so that the answer takes the same time."""
    return hash_now(generate())


class Passwords:
    """Hashes and verifies passwords in a few threads."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(
            max(1, (os.cpu_count() or 2) // 2), thread_name_prefix="password", initializer=_yield_to_requests
        )
        self._waiting = 0
        _dummy_hash()
        common_passwords.load()  # now, so that the first request does not wait for it

    async def hash(self, password: str) -> str:
        return await self._run(hash_now, password)

    async def verify(self, stored: str | None, password: str) -> bool:
        """Returns whether `stored` is the hash of `password`. None never matches, and takes as long."""
        matches = await self._run(_matches, stored or _dummy_hash(), password)
        return matches and stored is not None

    async def _run(self, work: Callable[..., T], *arguments: str) -> T:
        if self._waiting >= _WAITING_LIMIT:
            raise Throttled("Too many people are signing in at this moment; try again shortly.", retry_after=2)
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work, *arguments)
        finally:
            self._waiting -= 1

    def close(self) -> None:
        self._threads.shutdown(cancel_futures=True)


def _matches(stored: str, password: str) -> bool:
    try:
        return _HASHER.verify(stored, _normal(password))
    except (VerificationError, InvalidHashError):
        return False
