"""Writes lines to outputs that may fail or stall: a full disk, a closed pipe, or a pipe that nobody reads.

It drops and counts lines that it cannot write; a line with the count precedes the next one that succeeds.
"""

from __future__ import annotations

import os
import select
import stat
import time
from datetime import UTC, datetime
from typing import Any, TextIO

from prometheus_client import Counter

#: A pipe that is ready accepts so many bytes without blocking (at least 512 in POSIX, 4,096 on Linux).
PIECE = getattr(select, "PIPE_BUF", 512)
#: How many milliseconds a write waits, once, for a stalled pipe; later writes do not wait until it is ready again.
PATIENCE = 20

LOST = Counter("signfleet_log_lines_lost", "Lines of the log that could not be written.")


class Output:
    """A file around a stream whose `write` never raises, and does not block on a pipe."""

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
        """Writes one or more lines, or drops them if it cannot."""
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
        """Does nothing: `write` does not buffer."""

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
        """Returns when the pipe is ready. Raises `BlockingIOError`."""
        if not self._poll.poll(0 if self._is_stalled else PATIENCE):
            self._is_stalled = True
            raise BlockingIOError
        self._is_stalled = False

    def _about_lost(self) -> bytes:
        moment = datetime.fromtimestamp(time.time(), UTC).isoformat().replace("+00:00", "Z")
        text = '{"time":"%s","level":"warning","event":"lines of the log were lost","count":%d}\n'
        return (text % (moment, self._lost)).encode()
