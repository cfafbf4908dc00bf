"""Files that only the server's own user may read: the store, pictures, mails, first credentials.

Everything that the command creates is private (`umask`). Each start also removes others' rights that an earlier version
or an operator granted: always from the server's files in its folder, from the folder itself only if it contains nothing
else.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from pathlib import Path

import structlog

log = structlog.get_logger("files")

PRIVATE_UMASK = 0o077
#: The beginnings of the names that the server uses in its data folder, and in the folder of pictures.
DATA_NAMES = ("signfleet.db", "blobs", "outbox", "credentials.", "players.")
BLOB_NAMES = ("screenshots", "ready")


def tighten(folder: Path, names: Sequence[str]) -> None:
    """Removes others' rights from a folder and from its entries whose names begin with one of `names`.

    Others cannot reach anything below those entries then. A folder with other files is only reported, so that files of
    other users stay readable.
    """
    try:
        entries = list(folder.iterdir())
    except OSError:  # it does not exist yet, and is created private
        return
    own = [entry for entry in entries if entry.name.startswith(tuple(names))]
    for entry in own:
        _tighten(entry)
    if len(own) == len(entries):
        _tighten(folder)
    elif _is_loose(folder):
        log.warning("other users may list the folder, which contains other files too", folder=str(folder))


def _is_loose(path: Path) -> bool:
    status = path.lstat()
    return not stat.S_ISLNK(status.st_mode) and bool(stat.S_IMODE(status.st_mode) & PRIVATE_UMASK)


def _tighten(path: Path) -> None:
    try:
        if _is_loose(path):
            path.chmod(stat.S_IMODE(path.stat().st_mode) & ~PRIVATE_UMASK)
            log.info("removed other users' rights from a file or folder", path=str(path))
    except FileNotFoundError:  # SQLite deletes its log when it closes
        pass
    except OSError as error:
        log.warning("other users may read a file or folder", path=str(path), reason=error.strerror)


def write_private(path: Path, text: str) -> None:
    """Writes a file of mode 0600 atomically."""
    new = path.with_name(f"{path.name}.{os.getpid()}.new")
    new.unlink(missing_ok=True)
    try:
        with os.fdopen(os.open(new, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
    except OSError:
        new.unlink(missing_ok=True)
        raise
