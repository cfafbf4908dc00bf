"""The file format of a backup: a tar whose last member, `manifest.json`, lists every other one with its SHA-256.

    store/signfleet.db or store/signfleet.dump    a SQLite file, or what pg_dump writes in its custom format
    files/…                                       the pictures, under their names in the blob store
    manifest.json                                 version, schema, kind of store, time, and the members

A backup that was cut short has no manifest and is refused.
"""

from __future__ import annotations

import hashlib
import io
import os
import re
import tarfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final, Literal

import msgspec

FORMAT: Final = 1
MANIFEST: Final = "manifest.json"
STORES: Final = {"sqlite": "store/signfleet.db", "postgresql": "store/signfleet.dump"}
FILES: Final = "files/"

_NAME: Final = re.compile(r"files/(?:[A-Za-z0-9_-][A-Za-z0-9._-]*/)*[A-Za-z0-9_-][A-Za-z0-9._-]*")
_CHUNK: Final = 1 << 20
#: A manifest takes about 150 bytes a picture.
_MANIFEST_LIMIT: Final = 1 << 30


class BackupError(Exception):
    """The backup cannot be written, is damaged, or does not fit the place it is restored to."""


class Member(msgspec.Struct, frozen=True):
    """Size in bytes and SHA-256 (hex) of a file in the archive."""

    size: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The contents of a backup. `missing` are pictures that the store lists and the blob store lacks."""

    format: int
    version: str
    schema: str
    store: Literal["sqlite", "postgresql"]
    created: str
    members: dict[str, Member]
    missing: list[str]

    @property
    def pictures(self) -> list[str]:
        """Returns the names of the pictures in the blob store."""
        return [name.removeprefix(FILES) for name in self.members if name.startswith(FILES)]


class Writer:
    """Adds members to a new archive."""

    def __init__(self, archive: tarfile.TarFile) -> None:
        self._archive = archive
        self.members: dict[str, Member] = {}

    def add(self, name: str, content: bytes) -> None:
        self._add(name, io.BytesIO(content), len(content))

    def add_file(self, name: str, path: Path) -> None:
        with path.open("rb") as file:
            self._add(name, file, path.stat().st_size)

    def _add(self, name: str, file: IO[bytes], size: int) -> None:
        header = tarfile.TarInfo(name)
        header.size, header.mode = size, 0o600
        reader = _Hashing(file)
        self._archive.addfile(header, reader)
        self.members[name] = Member(size, reader.sha256.hexdigest())

    def finish(self, manifest: Manifest) -> None:
        """Adds the manifest, the last member."""
        self.add(MANIFEST, msgspec.json.format(msgspec.json.encode(manifest)))


class _Hashing(io.RawIOBase):
    """Reads `file` and hashes the bytes on the way."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.sha256 = hashlib.sha256()

    def read(self, size: int = -1, /) -> bytes:
        content = self._file.read(size)
        self.sha256.update(content)
        return content


@contextmanager
def writing(path: Path) -> Iterator[Writer]:
    """Writes a new archive at `path` that only its owner can read; a failure leaves no file.

    Raises `BackupError` if `path` exists or cannot be written.
    """
    part = path.with_name(f"{path.name}.part")
    try:
        if path.exists():
            raise BackupError(f"{path} exists already; choose another name.")
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            with open(descriptor, "wb") as file:  # noqa: PTH123 - of a descriptor, for its mode
                with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as archive:
                    yield Writer(archive)
                file.flush()
                os.fsync(file.fileno())
            part.rename(path)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise BackupError(f"Cannot write {path}: {error.strerror or error}.") from error


def read(path: Path, extract: Callable[[str, IO[bytes]], None] | None = None) -> Manifest:
    """Reads the archive to its end, compares every member with the manifest, and returns the manifest.

    `extract` gets each member but the manifest, as a file to read, before its hash is known: call `read` once without
    it first. Raises `BackupError` for a file that is no backup, is damaged or cut short.
    """
    found: dict[str, Member] = {}
    manifest: bytes | None = None
    try:
        with tarfile.open(path, mode="r:") as archive:
            for header in archive:
                content = archive.extractfile(header)
                if content is None or manifest is not None or not _is_member(header.name):
                    raise BackupError(f"{path} is no backup of signfleet: unexpected member '{header.name}'.")
                if header.name == MANIFEST:
                    if header.size > _MANIFEST_LIMIT:
                        raise BackupError(f"{path} is no backup of signfleet: its manifest is too large.")
                    manifest = content.read()
                    continue
                reader = _Hashing(content)
                if extract is not None:
                    extract(header.name, reader)  # type: ignore[arg-type] # a raw reader is enough
                while reader.read(_CHUNK):
                    pass
                found[header.name] = Member(header.size, reader.sha256.hexdigest())
    except (tarfile.TarError, EOFError) as error:
        raise BackupError(f"{path} is no whole backup of signfleet: {error}.") from error
    except OSError as error:
        raise BackupError(f"Cannot read {path}: {error.strerror or error}.") from error
    if manifest is None:
        raise BackupError(f"{path} is no whole backup of signfleet: it has no manifest.")
    return _checked(path, manifest, found)


def _is_member(name: str) -> bool:
    return name == MANIFEST or name in STORES.values() or bool(_NAME.fullmatch(name))


def _checked(path: Path, content: bytes, found: dict[str, Member]) -> Manifest:
    try:
        manifest = msgspec.json.decode(content, type=Manifest)
    except msgspec.MsgspecError as error:
        raise BackupError(f"{path} is no backup of signfleet: its manifest cannot be read: {error}.") from error
    if manifest.format != FORMAT:
        raise BackupError(f"{path} has format {manifest.format}; this version of signfleet reads format {FORMAT}.")
    if STORES[manifest.store] not in manifest.members:
        raise BackupError(f"{path} is no whole backup of signfleet: it has no store.")
    wrong = sorted(
        name for name in found.keys() | manifest.members.keys() if found.get(name) != manifest.members.get(name)
    )
    if wrong:
        raise BackupError(f"{path} is damaged: {len(wrong)} members differ from the manifest, first '{wrong[0]}'.")
    return manifest
