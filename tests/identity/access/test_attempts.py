"""Limits on guessing passwords: strangers are throttled and do not lock out the owner."""

from __future__ import annotations

import pytest
import time_machine

from signfleet.foundation.errors import Invalid, Throttled
from signfleet.foundation.storage.interface import StorageError
from signfleet.identity.access import attempts as module
from signfleet.identity.access.attempts import Attempts
from tests.foundation.test_rate_limit import Clock

OWNER = "jane@example.com"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def attempts(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Attempts:
    made = Attempts(clock)

    async def wait(seconds: float) -> None:
        clock.now += seconds

    monkeypatch.setattr(made, "_wait", wait)
    return made


async def fail(attempts: Attempts, login: str, address: str) -> bool:
    """Makes an attempt that fails; returns whether it was admitted."""
    try:
        async with attempts.attempt(login, address):
            raise Invalid("wrong")
    except Invalid:
        return True
    except Throttled:
        return False


async def succeed(attempts: Attempts, login: str, address: str) -> int:
    """Makes an attempt that succeeds; returns its pause in ms."""
    async with attempts.attempt(login, address) as pause:
        return pause
    raise AssertionError


async def admitted(attempts: Attempts, login: str, addresses: list[str]) -> int:
    return [await fail(attempts, login, address) for address in addresses].count(True)


async def test_a_stranger_has_ten_attempts_and_then_one_a_minute(attempts: Attempts, clock: Clock) -> None:
    assert await admitted(attempts, OWNER, ["192.0.2.1"] * 30) == 10
    clock.now += 5 * 60
    assert await admitted(attempts, OWNER, ["192.0.2.1"] * 30) == 5


async def test_a_stranger_neither_locks_out_nor_delays_the_owner(attempts: Attempts) -> None:
    await admitted(attempts, OWNER, ["192.0.2.1"] * 30)
    assert await succeed(attempts, OWNER, "192.0.2.2") == 0


async def test_the_owner_of_a_similar_login_is_a_stranger(attempts: Attempts) -> None:
    assert await succeed(attempts, "straße@example.com", "192.0.2.1") == 0
    for login in ("strasse@example.com", "STRASSE@example.com"):
        await admitted(attempts, login, [f"198.51.100.{number % 5}" for number in range(25)])
    assert 0 < await succeed(attempts, "strasse@example.com", "192.0.2.1") <= 8_000


async def test_many_strangers_delay_the_owner_only_at_a_new_address(attempts: Attempts) -> None:
    assert await succeed(attempts, OWNER, "198.51.100.1") == 0
    await admitted(attempts, OWNER, [f"192.0.2.{number % 5}" for number in range(50)])
    assert await succeed(attempts, OWNER, "198.51.100.1") == 0
    assert 0 < await succeed(attempts, OWNER, "198.51.100.2") <= 8_000
    assert await succeed(attempts, OWNER, "198.51.100.2") == 0


async def test_a_thousand_strangers_guess_about_once_a_minute(attempts: Attempts, clock: Clock) -> None:
    started = clock.now
    count = 0
    for number in range(20_000):
        count += await fail(attempts, OWNER, f"10.0.{number % 1000 // 250}.{number % 250}")
        clock.now += 1.0
    hours = (clock.now - started) / 3600
    assert count < 100 + 70 * hours


async def test_a_mailed_link_admits_the_owner_despite_strangers(attempts: Attempts) -> None:
    for number in range(2000):
        await fail(attempts, OWNER, f"10.0.{number // 250}.{number % 250}")
    assert not await fail(attempts, OWNER, "198.51.100.3")
    attempts.trust(OWNER.upper(), "198.51.100.1")
    assert await succeed(attempts, OWNER, "198.51.100.1") == 0


async def test_a_stranger_at_the_same_address_does_not_lock_out_the_owner(attempts: Attempts) -> None:
    await succeed(attempts, OWNER, "192.0.2.1")
    count = await admitted(attempts, "x", ["192.0.2.1"] * 100)
    for number in range(100):
        count += await fail(attempts, f"p{number}@example.com", "192.0.2.1")
    assert count == 50
    assert await succeed(attempts, OWNER, "192.0.2.1") == 0


async def test_refusals_for_one_login_do_not_count_for_others_at_its_address(attempts: Attempts) -> None:
    await admitted(attempts, "a stuck script", ["192.0.2.1"] * 1000)
    assert await admitted(attempts, "somebody else", ["192.0.2.1"]) == 1


@pytest.mark.parametrize(
    "addresses",
    [
        [f"2001:db8::{number:x}" for number in range(100)],
        [f"2001:db8:0:0:{number:x}::1" for number in range(100)],
        ["192.0.2.1", "::ffff:192.0.2.1"] * 50,
        ["192.0.2.1", " 192.0.2.1"] * 50,
    ],
)
async def test_a_subscriber_is_one_address_in_any_spelling(attempts: Attempts, addresses: list[str]) -> None:
    assert await admitted(attempts, OWNER, addresses) == 10


@pytest.mark.parametrize("spelling", [OWNER.upper(), f" {OWNER} "])
async def test_another_spelling_of_a_login_is_the_same_login(attempts: Attempts, spelling: str) -> None:
    await admitted(attempts, OWNER, ["192.0.2.1"] * 10)
    assert not await fail(attempts, spelling, "192.0.2.1")


async def test_an_attempt_that_ends_in_a_server_error_is_not_counted(attempts: Attempts) -> None:
    for failure in (StorageError("disk"), Throttled("busy", 1)):
        for _ in range(30):
            with pytest.raises(type(failure)):
                async with attempts.attempt(OWNER, "192.0.2.1"):
                    raise failure
    assert await succeed(attempts, OWNER, "192.0.2.1") == 0


async def test_clock_steps_neither_admit_nor_refuse() -> None:
    attempts = Attempts()
    with time_machine.travel("2026-05-01T12:00:00Z", tick=False) as clock:
        await admitted(attempts, OWNER, ["192.0.2.1"] * 10)
        clock.shift(86_400)
        with pytest.raises(Throttled) as raised:
            await succeed(attempts, OWNER, "192.0.2.1")
        assert raised.value.retry_after <= 60
        clock.shift(-30 * 86_400)
        with pytest.raises(Throttled) as raised:
            await succeed(attempts, OWNER, "192.0.2.1")
        assert raised.value.retry_after <= 60


async def test_waiting_requests_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "WAITING_LIMIT", 0)
    monkeypatch.setattr(module, "FREE", 0)
    attempts = Attempts()
    assert await fail(attempts, OWNER, "192.0.2.1")
    assert not await fail(attempts, OWNER, "192.0.2.1")


async def test_long_logins_take_no_more_memory(attempts: Attempts) -> None:
    await fail(attempts, "x" * 1_000_000, "192.0.2.1")
    assert {len(key) for key in (*attempts._pairs._due, *attempts._logins._next)} == {16}
