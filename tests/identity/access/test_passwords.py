"""Passwords: the policy, and checks that cost the same for every login."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signfleet.foundation.errors import Invalid, Throttled
from signfleet.identity.access import passwords
from signfleet.identity.access.passwords import Passwords, check_policy, generate, hash_now
from tests.conftest import PRODUCTION_HASHER


@pytest.fixture(autouse=True)
def hasher_of_production(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Hashes as a server does; other tests use a cheap hasher."""
    monkeypatch.setattr(passwords, "_HASHER", PRODUCTION_HASHER)
    passwords._dummy_hash.cache_clear()
    yield
    passwords._dummy_hash.cache_clear()


@pytest.mark.parametrize("password", ["7t#Sqg7*", "aA1!aA1!", "Größe-0f-ß&", "aA1!" * 64, "with blank A1!"])
def test_a_password_within_the_policy_is_accepted(password: str) -> None:
    check_policy(password)


@given(st.text(max_size=300))
def test_any_text_is_accepted_or_refused_naming_its_field(text: str) -> None:
    try:
        check_policy(text, "newPassword")
    except Invalid as error:
        assert error.message.startswith("'newPassword'")
        if len(text) > 20:
            assert text not in error.message


def test_generated_passwords_meet_the_policy_and_differ() -> None:
    made = [generate() for _ in range(200)]
    for password in made:
        check_policy(password)
    assert len(set(made)) == len(made)


async def test_the_right_password_matches_however_its_accents_are_composed() -> None:
    hashing = Passwords()
    stored = await hashing.hash("Größe1!x")
    assert await hashing.verify(stored, "Gro\u0308ße1!x")
    assert not await hashing.verify(stored, "Grosse1!x")
    assert "Größe" not in stored
    hashing.close()


async def test_an_unknown_login_costs_as_much_as_a_wrong_password(monkeypatch: pytest.MonkeyPatch) -> None:
    verified: list[str] = []
    original = passwords._matches

    def matches(stored: str, password: str) -> bool:
        verified.append(stored)
        return original(stored, password)

    monkeypatch.setattr(passwords, "_matches", matches)
    hashing = Passwords()
    known = hash_now("aA1!aA1!")
    assert not await hashing.verify(None, "x")
    assert not await hashing.verify(known, "x")
    unknown, wrong = verified
    parameters = unknown.split("$")[:4]
    assert parameters == wrong.split("$")[:4] == ["", "argon2id", "v=19", "m=19456,t=2,p=1"]
    hashing.close()


async def test_an_invalid_hash_matches_nothing() -> None:
    hashing = Passwords()
    assert not await hashing.verify("not a hash", "x")
    hashing.close()


async def test_a_full_queue_asks_the_next_caller_to_retry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "_WAITING_LIMIT", 0)
    hashing = Passwords()
    with pytest.raises(Throttled) as raised:
        await hashing.verify(None, "x")
    assert raised.value.retry_after > 0
    hashing.close()
