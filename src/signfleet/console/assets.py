"""Styles, scripts and icons of the console, served under an address that changes with their content."""

from __future__ import annotations

import gzip
import hashlib
import re
from pathlib import Path
from typing import Final

from signfleet.foundation.errors import NotFound
from signfleet.web.http.call import Answer, Call
from signfleet.web.http.compression import admits_gzip
from signfleet.web.http.endpoint import Endpoints
from signfleet.web.http.media import ANY_TYPE

_HERE: Final = Path(__file__).parent
_TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
}
#: Where each file is served below /console/static/VERSION/: own files by their name, others in their package's folder.
_FILES: Final = {
    path.relative_to(folder).as_posix(): path
    for folder in (_HERE / "static", _HERE / "vendor")
    for path in sorted(folder.rglob("*"))
    if path.suffix in _TYPES
}


def _sprite() -> bytes:
    """Returns the icons of the console as symbols in one file: pages show one by `<use href="…/icons.svg#name">`."""
    drawn = {
        path.stem: path.read_text(encoding="utf-8") for path in _FILES.values() if "lucide-static" in path.parent.name
    }
    look = 'fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" stroke-linejoin="round"'
    symbols = [
        f'<symbol id="{name}" viewBox="0 0 24 24" {look}>{" ".join(_INSIDE.findall(text)[0].split())}</symbol>'
        for name, text in drawn.items()
    ]
    return f'<svg xmlns="http://www.w3.org/2000/svg">{"".join(symbols)}</svg>'.encode()


_INSIDE: Final = re.compile(r"<svg[^>]*>(.*)</svg>", re.DOTALL)


def _short(style: str) -> bytes:
    """Returns a style sheet without comments and the space between its parts, a tenth less on the wire."""
    plain = re.sub(r"/\*.*?\*/", "", style, flags=re.DOTALL)
    return re.sub(r"\s+", " ", re.sub(r"\s*([{};,])\s*", r"\1", plain)).encode()


_CONTENTS: Final = {name: path.read_bytes() for name, path in _FILES.items()} | {
    "icons.svg": _sprite(),
    "console.css": _short(_FILES["console.css"].read_text(encoding="utf-8")),
}
#: Compressed once and as well as possible: what is compressed for each answer is a tenth larger.
_PACKED: Final = {name: gzip.compress(content, 9, mtime=0) for name, content in _CONTENTS.items()}
_GZIPPED: Final = {"Content-Encoding": "gzip", "Vary": "Accept-Encoding"}
#: Changes when any of them does, so that browsers may store them for ever.
VERSION: Final = hashlib.sha256(b"".join(_CONTENTS.values())).hexdigest()[:12]
_FOREVER: Final = {"Cache-Control": "public, max-age=31536000, immutable"}
#: For pages of another version of the server, which may still be open.
_SHORTLY: Final = {"Cache-Control": "no-cache"}

endpoints = Endpoints("/console/static", family="Console", caller="public", produces=ANY_TYPE, errors="404 5XX")


def asset(name: str) -> str:
    """Returns the path of a file. Raises `KeyError` for one that does not exist."""
    _CONTENTS[name]
    return f"/console/static/{VERSION}/{name}"


def _answer(call: Call, version: str, name: str) -> Answer:
    body = _CONTENTS.get(name)
    if body is None:
        raise NotFound(f"The console has no file '{name}'.")
    headers = _FOREVER if version == VERSION else _SHORTLY
    if admits_gzip(call.header(b"accept-encoding") or ""):
        body, headers = _PACKED[name], headers | _GZIPPED
    return Answer(body=body, media_type=_TYPES[Path(name).suffix], headers=headers)


@endpoints.get("/{version}/{name}")
async def get_own_file(call: Call, version: str, name: str) -> Answer:
    """Get a file of the console."""
    return _answer(call, version, name)


@endpoints.get("/{version}/{package}/{name}")
async def get_vendored_file(call: Call, version: str, package: str, name: str) -> Answer:
    """Get a file of a package that the console uses."""
    return _answer(call, version, f"{package}/{name}")
