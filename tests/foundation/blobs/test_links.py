"""Links to files work for whoever holds them, expire, and cannot be guessed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signfleet.foundation.blobs.links import LIFETIME, PREFIX, Links

NOW = 1_710_347_352_000
NAME = "screenshots/12/345/2024.jpg"
links = Links(b"k" * 32)


def parts(path: str) -> tuple[str, str, str]:
    expires, signature, name = path.removeprefix(PREFIX + "/").split("/", 2)
    return name, expires, signature


def test_a_link_works_for_at_least_a_day() -> None:
    name, expires, signature = parts(links.path(NAME, NOW))
    assert name == NAME
    assert links.admits(name, expires, signature, NOW)
    assert links.admits(name, expires, signature, NOW + LIFETIME * 1000)


def test_a_link_expires() -> None:
    name, expires, signature = parts(links.path(NAME, NOW))
    assert not links.admits(name, expires, signature, int(expires) * 1000)


def test_links_of_the_same_hour_are_the_same() -> None:
    assert links.path(NAME, NOW) == links.path(NAME, NOW + 60_000)


def test_neither_name_nor_end_can_be_changed() -> None:
    name, expires, signature = parts(links.path(NAME, NOW))
    assert not links.admits(name + "x", expires, signature, NOW)
    assert not links.admits(name, str(int(expires) + 1), signature, NOW)


def test_another_installation_makes_other_links() -> None:
    assert not Links(b"x" * 32).admits(*parts(links.path(NAME, NOW)), NOW)


@pytest.mark.parametrize("expires", ["", "-1", "1e9", "٣", "9" * 400])
def test_an_expiry_that_is_not_a_number_is_refused(expires: str) -> None:
    assert not links.admits(NAME, expires, "x", NOW)


@given(st.text(), st.text(), st.text())
def test_any_text_is_refused_without_an_error(name: str, expires: str, signature: str) -> None:
    assert not links.admits(name, expires, signature, NOW)
