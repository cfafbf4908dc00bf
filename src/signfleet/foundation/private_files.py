"""Files that only the server's own user may read: the store, pictures, mails, first credentials.

Everything the command makes is private (`umask`). What an earlier version or somebody else made looser is tightened at
each start: the server's files in its folder always, the folder itself only if there is nothing else in it.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from pathlib import Path

import structlog

log = structlog.get_logger("files")

PRIVATE_UMASK = 0o077
#: How the names begin of what the server puts into its data folder, and into the folder of pictures.
DATA_NAMES = ("signfleet.db", "blobs", "outbox", "credentials.", "players.")
BLOB_NAMES = ("screenshots", "ready")


def tighten(folder: Path, names: Sequence[str]) -> None:
    """Takes all rights of others from a folder and the entries in it whose names begin with one of `names`.

    What is below those entries is out of others' reach then. A folder that somebody shares with the server is only
    reported: nobody else's files become unreadable.
    """
    try:
        entries = list(folder.iterdir())
    except OSError:  # not there yet; it is created private
        return
    own = [entry for entry in entries if entry.name.startswith(tuple(names))]
    for entry in own:
        _tighten(entry)
    if len(own) == len(entries):
        _tighten(folder)
    elif _is_loose(folder):
        log.warning("others may list the folder, and it is not the server's alone", folder=str(folder))


def _is_loose(path: Path) -> bool:
    status = path.lstat()
    return not stat.S_ISLNK(status.st_mode) and bool(stat.S_IMODE(status.st_mode) & PRIVATE_UMASK)


def _tighten(path: Path) -> None:
    try:
        if _is_loose(path):
            path.chmod(stat.S_IMODE(path.stat().st_mode) & ~PRIVATE_UMASK)
            log.info("took the rights of others from a file or folder", path=str(path))
    except FileNotFoundError:  # SQLite deletes its log when it closes
        pass
    except OSError as error:
        log.warning("others may read a file or folder", path=str(path), reason=error.strerror)


def write_private(path: Path, text: str) -> None:
    """Writes a file of mode 0600: all of it or nothing."""
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
