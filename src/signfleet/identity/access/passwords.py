"""Passwords: the policy, generated ones, and hashing that neither blocks the event loop nor tells logins apart."""

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

from signfleet.foundation.errors import Invalid, Throttled
from signfleet.identity.access import common_passwords

T = TypeVar("T")

MINIMUM_LENGTH = 8
MAXIMUM_LENGTH = 256
SYMBOLS = "!@#$%^&*"
_KINDS = (string.ascii_uppercase, string.ascii_lowercase, string.digits, SYMBOLS)
_GENERATED_LENGTH = 16

POLICY = (
    f"A password has {MINIMUM_LENGTH} to {MAXIMUM_LENGTH} characters, among them an upper-case letter,"
    f" a lower-case letter, a digit and one of {SYMBOLS}; common passwords are refused"
)

#: Memory in KiB, rounds and lanes that OWASP recommends for argon2id.
_HASHER = PasswordHasher(memory_cost=19_456, time_cost=2, parallelism=1)

#: So many sign-ins may wait for a thread; the next one is asked to come again.
_WAITING_LIMIT = 64


def check_policy(password: str, field: str = "password") -> None:
    """Raise `Invalid` naming `field` unless `password` is within the policy."""
    fits = MINIMUM_LENGTH <= len(password) <= MAXIMUM_LENGTH and password.isprintable()
    if not fits or not all(set(kind) & set(password) for kind in _KINDS):
        raise Invalid(f"'{field}' is too weak. {POLICY}.")
    if common_passwords.is_common(password):
        raise Invalid(f"'{field}' is one of the most common passwords, or close to one; choose another.")


def generate() -> str:
    """Return a random password within the policy."""
    characters = [secrets.choice(kind) for kind in _KINDS]
    characters += [secrets.choice("".join(_KINDS)) for _ in range(_GENERATED_LENGTH - len(characters))]
    secrets.SystemRandom().shuffle(characters)
    made = "".join(characters)
    return generate() if common_passwords.is_common(made) else made


def _normal(password: str) -> str:
    """Keyboards differ in how they compose an accented letter."""
    return unicodedata.normalize("NFC", password)


def hash_now(password: str) -> str:
    """Hash in the calling thread, for about 20 ms."""
    return _HASHER.hash(_normal(password))


def _yield_to_requests() -> None:
    """Hashing threads stand back where the system can tell threads apart: reads stay quick while many sign in."""
    with suppress(AttributeError, OSError):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 10)


@cache
def _nobodys() -> str:
    """Verified against when there is no such login, so that an answer takes the same time."""
    return hash_now(generate())


class Passwords:
    """Hashes and verifies in a few threads."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(
            max(1, (os.cpu_count() or 2) // 2), thread_name_prefix="password", initializer=_yield_to_requests
        )
        self._waiting = 0
        _nobodys()
        common_passwords.load()  # not in the first request that needs it

    async def hash(self, password: str) -> str:
        return await self._run(hash_now, password)

    async def verify(self, stored: str | None, password: str) -> bool:
        """Whether `password` is the one that was hashed; None stands for nobody's and takes as long."""
        matches = await self._run(_matches, stored or _nobodys(), password)
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
