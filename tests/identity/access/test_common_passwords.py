"""Passwords that guessers try first are refused, in their usual disguises."""

from __future__ import annotations

import pytest

from signfleet.foundation.errors import Invalid
from signfleet.identity.access.common_passwords import _plain, is_common, load
from signfleet.identity.access.passwords import check_policy


@pytest.mark.parametrize(
    "password",
    [
        "Password1!",
        "P@ssw0rd",
        "P@$$w0rd!",
        "Pa55word#1",
        "Qwerty123!",
        "!Qwerty123",
        "Summer2026!",
        "Letmein#1",
        "Dr4gon!!",
        "1Baseball*",
        "Trustno1!",
        "\uff30assworD1!",
    ],
)
def test_common_passwords_are_refused_in_their_usual_disguises(password: str) -> None:
    assert is_common(password)
    with pytest.raises(Invalid, match="'newPassword' is one of the most common passwords"):
        check_policy(password, "newPassword")


@pytest.mark.parametrize(
    "password", ["7t#Sqg7*", "aA1!aA1!", "N3w-passw0rd!", "0ther-Passw0rd!", "Blue42#Kettle", "Jo!9x8w7v6", "aB3#56789"]
)
def test_uncommon_passwords_are_accepted(password: str) -> None:
    check_policy(password)


def test_the_list_has_more_than_the_ten_thousand_most_common() -> None:
    assert len(load()) > 20_000


def test_the_list_uses_the_spelling_of_the_lookup() -> None:
    assert all(_plain(common) == common for common in load())
