"""Writes lines to outputs that may fail or stall: a full disk, a closed pipe, or a pipe that nobody reads.

It drops and counts lines that it cannot write; a line with the count precedes the next one that succeeds. Lines that
are frequent can wait a moment for one another (`add`), and are written together, before any later line.
"""

from __future__ import annotations

import os
import select
import stat
import time
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, TextIO

from prometheus_client import Counter

#: A pipe that is ready accepts so many bytes without blocking (at least 512 in POSIX, 4,096 on Linux).
PIECE = getattr(select, "PIPE_BUF", 512)
#: How many milliseconds a write waits, once, for a stalled pipe; later writes do not wait until it is ready again.
PATIENCE = 20

LOST = Counter("signfleet_log_lines_lost", "Lines of the log that could not be written.")


class Output:
    """A file around a stream whose `write` never raises, and does not block on a pipe. Threads may share it."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._waiting: deque[bytes] = deque()
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
        """Writes what waits and then one or more lines, or drops them if it cannot."""
        line = data.encode("utf-8", "backslashreplace") if isinstance(data, str) else data
        self._write_or_drop(self._take_waiting() + line if self._waiting else line)
        return len(data)

    def add(self, line: bytes) -> bool:
        """Lets a line wait for `flush` or the next `write`. Returns whether it is the only one that waits."""
        self._waiting.append(line)
        return len(self._waiting) == 1

    def flush(self) -> None:
        """Writes the lines that wait."""
        if lines := self._take_waiting():
            self._write_or_drop(lines)

    def _take_waiting(self) -> bytes:
        lines = []
        with suppress(IndexError):  # another thread may take some
            while True:
                lines.append(self._waiting.popleft())
        return b"".join(lines)

    def _write_or_drop(self, lines: bytes) -> None:
        notice = self._about_lost() if self._lost else b""
        data = notice + lines
        written = 0
        try:
            for piece in self._pieces(data):
                self._write(piece)
                written += len(piece)
        except (OSError, ValueError):
            lost = max(1, data[max(written, len(notice)) :].count(b"\n"))
            self._lost = lost if written > len(notice) else self._lost + lost
            LOST.inc(lost)
        else:
            self._lost = 0

    def _pieces(self, data: bytes) -> Iterator[bytes]:
        """Divides what goes into a pipe behind the ends of lines, so that processes that share it mix whole lines."""
        while self._poll is not None and len(data) > PIECE:
            end = data.rfind(b"\n", 0, PIECE) + 1 or data.find(b"\n") + 1 or len(data)
            yield data[:end]
            data = data[end:]
        if data:
            yield data

    def _write(self, data: bytes) -> None:
        if self._file is None:
            if hasattr(self._stream, "buffer"):
                self._stream.buffer.write(data)
                self._stream.buffer.flush()
            else:
                self._stream.write(data.decode())
            return
        if self._is_partial:
            data = b"\n" + data
        rest = memoryview(data)
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
