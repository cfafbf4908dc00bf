"""Which logins are one mailbox, and which are not."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signfleet.foundation.wire.mailboxes import mailbox_key
from signfleet.foundation.wire.text import fold


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("joe@example.com", "JOE@Example.COM"),
        ("müller@example.com", "MÜLLER@EXAMPLE.COM"),
        ("mu\u0308ller@example.com", "m\u00fcller@example.com"),
        ("jo\u212a@example.com", "jok@example.com"),  # the Kelvin sign is canonically a K
    ],
)
def test_letter_case_and_canonical_forms_do_not_count(one: str, other: str) -> None:
    assert mailbox_key(one) == mailbox_key(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("straße@example.com", "strasse@example.com"),
        ("joe@straße.example", "joe@strasse.example"),
        ("müller@example.com", "mueller@example.com"),
        ("müller@example.com", "muller@example.com"),
        ("\ufb01@example.com", "fi@example.com"),  # a ligature
        ("\uff4aoe@example.com", "joe@example.com"),  # a full-width letter
        ("ſam@example.com", "sam@example.com"),  # a long s
        ("jöe@example.com", "j\u043ee@example.com"),  # a Cyrillic letter
    ],
)
def test_other_similar_addresses_are_different_mailboxes(one: str, other: str) -> None:
    assert mailbox_key(one) != mailbox_key(other)


@given(st.text())
def test_a_key_is_its_own_key_and_never_coarser_than_folding(login: str) -> None:
    key = mailbox_key(login)
    assert mailbox_key(key) == key
    assert fold(key) == fold(login)


@given(st.text())
def test_every_unicode_form_of_a_login_has_the_same_key(login: str) -> None:
    assert {mailbox_key(unicodedata.normalize(form, login)) for form in ("NFC", "NFD")} == {mailbox_key(login)}
