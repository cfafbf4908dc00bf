"""Converts bodies of other charsets to UTF-8; some HTTP libraries declare ISO-8859-1 for every body."""

from __future__ import annotations

import re
from urllib.parse import quote, unquote_to_bytes

from signfleet.foundation.errors import Invalid
from signfleet.web.http.errors import UnsupportedMediaType

UTF_8 = frozenset({"utf-8", "utf8", "us-ascii", "ascii", ""})
#: Charsets in which an ASCII character is not one ASCII byte.
_WIDE = {"utf-16": "utf-16", "utf-16le": "utf-16-le", "utf-16be": "utf-16-be"}
#: Not all of Python's codecs: some are not for text, some are slow, and looking one up imports a module.
_CODECS = {
    **_WIDE,
    "iso-8859-1": "cp1252",  # as browsers read it
    "latin1": "cp1252",
    "latin-1": "cp1252",
    **{f"iso-8859-{number}": f"iso8859-{number}" for number in (*range(2, 12), *range(13, 17))},
    **{f"windows-{number}": f"cp{number}" for number in range(1250, 1259)},
    "koi8-r": "koi8-r",
    "koi8-u": "koi8-u",
    "shift_jis": "shift_jis",
    "euc-jp": "euc-jp",
    "euc-kr": "euc-kr",
    "big5": "big5",
    "gbk": "gb18030",
    "gb2312": "gb18030",
    "gb18030": "gb18030",
}
_ESCAPED = re.compile(rb"(?:%[0-9A-Fa-f]{2})+")


def charset_of(content_type: str | None) -> str:
    """Returns the charset of a Content-Type header in lower case, or an empty text."""
    if content_type is None or "charset" not in content_type.lower():
        return ""
    for parameter in content_type.lower().split(";")[1:]:
        name, _, value = parameter.partition("=")
        if name.strip() == "charset":
            return value.strip().strip("\"'")
    return ""


def as_utf8(body: bytes, charset: str) -> bytes:
    """Returns a body in UTF-8. Raises `UnsupportedMediaType` and `Invalid`."""
    if charset in UTF_8 or (charset not in _WIDE and body.isascii()):
        return body
    codec = _CODECS.get(charset)
    if codec is None:
        raise UnsupportedMediaType(f"The charset '{charset[:40]}' cannot be read; send the body in UTF-8.")
    try:
        return body.decode(codec).encode()
    except UnicodeDecodeError as error:
        raise Invalid(f"The body is not valid {charset}: {error.reason} at byte {error.start}.") from error


def form_as_utf8(body: bytes, charset: str) -> bytes:
    """Returns a form in UTF-8. Its percent escapes are read as UTF-8 if valid, or else in the charset of the body."""
    body = as_utf8(body, charset)
    if charset in UTF_8 or charset in _WIDE or b"%" not in body:
        return body
    try:
        unquote_to_bytes(body).decode()
    except UnicodeDecodeError:
        codec = _CODECS.get(charset)
        if codec is not None:
            return _ESCAPED.sub(lambda run: quote(unquote_to_bytes(run[0]).decode(codec, "replace"), "").encode(), body)
    return body
