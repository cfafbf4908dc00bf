"""Writes lines where they may fail or stall: to a full disk, a closed pipe, or one that nobody reads.

What cannot be written is dropped and counted; the next line that gets through is preceded by one that gives the count.
"""

from __future__ import annotations

import os
import select
import stat
import time
from datetime import UTC, datetime
from typing import Any, TextIO

from prometheus_client import Counter

#: A pipe that is ready takes so much without blocking (POSIX says at least 512 bytes, Linux 4,096).
PIECE = getattr(select, "PIPE_BUF", 512)
#: Milliseconds that a pipe has to become ready again, once; until it has, nothing waits for it.
PATIENCE = 20

LOST = Counter("signfleet_log_lines_lost", "Lines of the log that could not be written.")


class Output:
    """A stream as a file to write to that never raises, and does not block on a pipe."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._lost = 0
        self._is_partial = False
        self._is_stalled = False
        self._poll: Any = None
        try:
            self._file: int | None = stream.fileno()
            mode = os.fstat(self._file).st_mode
        except (OSError, ValueError):  # a stream in memory, or closed
            self._file = None
            return
        if hasattr(select, "poll") and (stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode) or stat.S_ISCHR(mode)):
            self._poll = select.poll()
            self._poll.register(self._file, select.POLLOUT)

    def write(self, data: str | bytes) -> int:
        """Write one or more lines, or drop what cannot be written."""
        line = data.encode("utf-8", "backslashreplace") if isinstance(data, str) else data
        if self._lost:
            line = self._about_lost() + line
        try:
            self._write(line)
        except (OSError, ValueError):
            self._lost += 1
            LOST.inc()
        else:
            self._lost = 0
        return len(data)

    def flush(self) -> None:
        """Everything is written at once."""

    def _write(self, line: bytes) -> None:
        if self._file is None:
            if hasattr(self._stream, "buffer"):
                self._stream.buffer.write(line)
                self._stream.buffer.flush()
            else:
                self._stream.write(line.decode())
            return
        if self._is_partial:
            line = b"\n" + line
        rest = memoryview(line)
        while rest:
            if self._poll is not None:
                self._wait()
            written = os.write(self._file, rest if self._poll is None else rest[:PIECE])
            rest = rest[written:]
            self._is_partial = bool(rest)

    def _wait(self) -> None:
        """Return when the pipe takes something. Raises `BlockingIOError`."""
        if not self._poll.poll(0 if self._is_stalled else PATIENCE):
            self._is_stalled = True
            raise BlockingIOError
        self._is_stalled = False

    def _about_lost(self) -> bytes:
        moment = datetime.fromtimestamp(time.time(), UTC).isoformat().replace("+00:00", "Z")
        text = '{"time":"%s","level":"warning","event":"lines of the log were lost","count":%d}\n'
        return (text % (moment, self._lost)).encode()
