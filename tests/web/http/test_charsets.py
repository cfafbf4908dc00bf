"""Bodies in other charsets than UTF-8, and names of media types that nobody registered."""

from __future__ import annotations

from urllib.parse import quote

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from signfleet.foundation.errors import SignfleetError
from signfleet.web.http.charsets import as_utf8, charset_of, form_as_utf8
from signfleet.web.http.media import is_sent_as

TEXT = '{"name":"Zoë"}'


def post(client: httpx.Client, body: bytes, charset: str) -> httpx.Response:
    return client.post("/open/small", content=body, headers={"Content-Type": f"application/json; charset={charset}"})


@pytest.mark.parametrize(
    "charset", ["ISO-8859-1", "iso-8859-15", "windows-1252", "UTF-16", "utf-16le", '"utf-8"', "'latin1'", "gb18030"]
)
def test_json_is_read_in_its_declared_charset(anyone: httpx.Client, charset: str) -> None:
    answer = post(anyone, TEXT.encode(charset.strip("\"'")), charset)
    assert (answer.status_code, answer.json()) == (200, {"name": "Zoë"})


def test_ascii_is_read_under_any_charset(anyone: httpx.Client) -> None:
    assert post(anyone, b'{"name":"Zo\\u00eb"}', "x-unheard-of").json() == {"name": "Zoë"}


@pytest.mark.parametrize(
    ("charset", "status"),
    [("x-unheard-of", 415), ("zlib_codec", 415), ("idna", 415), ("shift_jis", 400), ("utf-8", 400)],
)
def test_an_unreadable_charset_or_body_is_refused(anyone: httpx.Client, charset: str, status: int) -> None:
    answer = post(anyone, TEXT.encode("latin-1"), charset)
    assert answer.status_code == status
    assert answer.json()["message"]


@pytest.mark.parametrize(
    ("form", "charset"),
    [
        ("name=" + quote("Zoë"), "ISO-8859-1"),  # a library that names one charset and escapes in the other
        ("name=" + quote("Zoë", encoding="latin-1"), "ISO-8859-1"),
        ("name=" + quote("Zoë"), "utf-8"),
        ("name=" + quote("Zoë"), ""),
        ("name=Zo\u00eb", "ISO-8859-1"),
    ],
)
def test_forms_are_read_in_the_charset_of_their_escapes(form: str, charset: str) -> None:
    assert form_as_utf8(form.encode("latin-1"), charset.lower()) in (b"name=Zo%C3%AB", "name=Zoë".encode())


@pytest.mark.parametrize(
    ("header", "charset"),
    [
        (None, ""),
        ("application/json", ""),
        ("application/json; charset=UTF-8", "utf-8"),
        ('application/json ; boundary=x; Charset = "ISO-8859-1" ', "iso-8859-1"),
        ("charset=utf-8", ""),
    ],
)
def test_the_charset_is_a_parameter(header: str | None, charset: str) -> None:
    assert charset_of(header) == charset


@pytest.mark.parametrize("name", ["image/jpg", "image/pjpeg", "IMAGE/JPG", "image/jpeg"])
def test_a_jpeg_has_several_names(name: str) -> None:
    assert is_sent_as(name, ("image/jpeg",))


@given(st.binary(max_size=200), st.sampled_from(["", "iso-8859-1", "utf-16", "shift_jis", "gb18030", "euc-kr", "x"]))
def test_any_body_is_text_or_refused(body: bytes, charset: str) -> None:
    for read in (as_utf8, form_as_utf8):
        try:
            read(body, charset)
        except SignfleetError:
            continue
