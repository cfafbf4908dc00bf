"""Checks the content of pictures and makes thumbnails, in processes that can be killed.

A hostile picture may occupy its decoder for minutes, fill the memory, or crash it. `blobs.decoding` runs in a few
processes, which start when they are first needed and again after they die. The system limits what a picture takes
there, and this module limits the time.
"""

from __future__ import annotations

import asyncio
import math
import os
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Hashable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, Final, Literal, NamedTuple

import msgspec
import structlog

from signfleet.foundation import clock
from signfleet.foundation.blobs.frames import read_frame, write_frame
from signfleet.foundation.errors import Busy, Invalid, Throttled, TooLarge

SUFFIXES: Final = {"image/jpeg": "jpg", "image/png": "png"}

#: How many processes decode at a time: each may take half a gigabyte for a moment.
WORKERS: Final = 2
#: Seconds of real time for one picture, however busy the machine is.
SECONDS: Final = 15
#: How many pictures may be decoded or waiting: of one player, and in all.
WAITING_OF_ONE: Final = 2
WAITING: Final = 64
#: Beyond a credit of some seconds, a player waits so many times as long as its pictures took of a processor, so that a
#: player with hostile pictures does not occupy the decoders.
PRICE: Final = 20
CREDIT: Final = 60
#: Seconds of a processor that count for a picture that ended its decoder.
COST_OF_A_DEATH: Final = 5
#: Above so many players, those whose wait is over are dropped from memory.
DEBTORS: Final = 10_000
#: How many small pictures may be wanted at a time; one is made at a time, so that players can send theirs.
WANTED: Final = 200
#: Bytes of an answer, whose small picture has at most 410,000 pixels: our decoder writes none that is longer.
_ANSWER_LIMIT: Final = 1024 * 1024
#: Deaths by these signals are caused by the picture; others may be by an operator, or by a machine without memory.
_CRASHES: Final = {
    -getattr(signal, name) for name in ("SIGSEGV", "SIGABRT", "SIGBUS", "SIGILL", "SIGFPE") if hasattr(signal, name)
}
_OUT_OF_TIME: Final = -getattr(signal, "SIGXCPU", 0)
#: The environment variables that the processes get: none is secret.
_ENVIRONMENT: Final = ("LANG", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "PATH", "PYTHONHOME", "SYSTEMROOT", "TMPDIR")

log = structlog.get_logger("pictures")


class Picture(NamedTuple):
    """The facts of a decoded picture; `thumbnail` is a JPEG of 150 by 150 pixels, `grid` what `looks.py` compares."""

    media_type: Literal["image/jpeg", "image/png"]
    width: int
    height: int
    thumbnail: bytes
    grid: str


class _Found(msgspec.Struct):
    """The decoder's answer: a picture, or the reason why there is none."""

    media_type: Literal["image/jpeg", "image/png"] | None = None
    width: int = 0
    height: int = 0
    grid: str = ""
    #: Processor time.
    seconds: float = 0
    too_large: str | None = None
    invalid: str | None = None


class _Died(Exception):
    """The process ended without an answer; `status` is what `Popen.returncode` shows."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class _Worker:
    """One process. A thread sends it a picture and waits for the answer; any other thread may kill it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._is_killed = False

    def ask(self, content: bytes, side: int) -> tuple[bytes, bytes]:
        """Returns the decoder's two messages about a picture; `side` as in `decoding.decode`. Raises `_Died`."""
        process = self._running()
        pictures, answers = _pipes(process)
        found = thumbnail = None
        with suppress(OSError):
            write_frame(pictures, side.to_bytes(2, "big"))
            write_frame(pictures, content)
            found, thumbnail = read_frame(answers, _ANSWER_LIMIT), read_frame(answers, _ANSWER_LIMIT)
        if found is None or thumbnail is None:
            raise _Died(_reap(process))
        return found, thumbnail

    def _running(self) -> subprocess.Popen[bytes]:
        with self._lock:
            if self._process is not None and self._process.poll() is not None:
                _reap(self._process)
                self._process = None
            if self._is_killed:
                raise _Died(-signal.SIGTERM)
            if self._process is None:
                self._process = _start()
            return self._process

    def kill(self) -> None:
        """Ends the process for good; a thread that waits for an answer gets `_Died`, and reaps it."""
        with self._lock:
            self._is_killed = True
            if self._process is not None:
                self._process.kill()

    def close(self) -> None:
        """Ends a process that no thread waits for."""
        self.kill()
        if self._process is not None:
            _reap(self._process)

    @property
    def pid(self) -> int | None:
        """Returns the id of the process; None if there is none."""
        return None if self._process is None else self._process.pid


def _start() -> subprocess.Popen[bytes]:
    environment = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
    return subprocess.Popen(
        [sys.executable, "-P", "-W", "ignore", "-m", "signfleet.foundation.blobs.decoding"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )


def _pipes(process: subprocess.Popen[bytes]) -> tuple[Any, Any]:
    return process.stdin, process.stdout


def _reap(process: subprocess.Popen[bytes]) -> int:
    """Ends a process, unless it has ended by itself. Returns its status."""
    for pipe in _pipes(process):
        with suppress(OSError):
            pipe.close()
    try:
        return process.wait(1)  # one that has just closed its pipes is about to end
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()


class Pictures:
    """Decodes pictures, a few at a time. The number of waiting ones is limited, per player and in all."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(WORKERS, thread_name_prefix="pictures")
        self._turns = asyncio.Semaphore(WORKERS)
        self._one = asyncio.Semaphore(1)
        self._wanted = 0
        self._idle = [_Worker() for _ in range(WORKERS)]
        self._busy: set[_Worker] = set()
        self._waiting: Counter[Hashable] = Counter()
        #: When an owner has waited long enough for its decoded pictures: `PRICE` times their processor time.
        self._paid: dict[Hashable, float] = {}

    @property
    def pids(self) -> list[int]:
        """Returns the ids of the running processes."""
        return [worker.pid for worker in (*self._idle, *self._busy) if worker.pid is not None]

    async def examine(self, content: bytes, owner: Hashable = None) -> Picture:
        """Decodes a JPEG or PNG and makes its thumbnail; `owner` is its sender.

        Raises `Invalid` or `TooLarge` for the picture, `Throttled` if the owner has too many pictures in progress, and
        `Busy` if all owners together have, or if decoding failed without fault of the picture.
        """
        if self._waiting[owner] >= WAITING_OF_ONE:
            raise Throttled("This player has too many pictures in progress; send one after the other.", retry_after=1)
        wait = self._paid.get(owner, 0) - clock.monotonic() - CREDIT
        if wait > 0:
            raise Throttled("This player's pictures take too long to decode.", retry_after=math.ceil(wait))
        if self._waiting.total() >= WAITING:
            raise Busy("Too many pictures are in progress at this moment; try again shortly.", retry_after=5)
        self._waiting[owner] += 1
        try:
            async with self._turns:
                try:
                    answer, thumbnail = await self._ask(content)
                except Invalid:
                    self._charge(owner, COST_OF_A_DEATH)
                    raise
        finally:
            self._waiting[owner] -= 1
            if not self._waiting[owner]:
                del self._waiting[owner]
        found = msgspec.json.decode(answer, type=_Found)
        self._charge(owner, found.seconds)
        return _picture(found, thumbnail)

    async def shrink(self, content: bytes, side: int) -> bytes:
        """Returns a picture as a JPEG with sides of at most `side` pixels.

        Raises `Busy` if too many are wanted, or if decoding failed, and `Invalid` for content that is no picture.
        """
        if self._wanted >= WANTED:
            raise Busy("Too many pictures are wanted at this moment; try again shortly.", retry_after=5)
        self._wanted += 1
        try:
            async with self._one, self._turns:
                answer, small = await self._ask(content, side)
        finally:
            self._wanted -= 1
        return _picture(msgspec.json.decode(answer, type=_Found), small).thumbnail

    def _charge(self, owner: Hashable, seconds: float) -> None:
        now = clock.monotonic()
        if len(self._paid) >= DEBTORS:
            self._paid = {other: moment for other, moment in self._paid.items() if moment > now}
        self._paid[owner] = max(self._paid.get(owner, now), now) + seconds * PRICE

    async def _ask(self, content: bytes, side: int = 0) -> tuple[bytes, bytes]:
        worker = self._idle.pop()
        self._busy.add(worker)
        asked = asyncio.get_running_loop().run_in_executor(self._threads, worker.ask, content, side)
        try:
            return await asyncio.wait_for(asyncio.shield(asked), SECONDS)
        except _Died as death:
            raise _failure(death.status) from None
        except TimeoutError:
            log.warning("decoding a picture took too long", seconds=SECONDS)
            raise Busy("Decoding the picture took too long at this moment; try again shortly.", retry_after=5) from None
        finally:
            is_usable = asked.done() and asked.exception() is None
            if not asked.done():
                worker.kill()  # its thread sees the process end
                asked.add_done_callback(lambda asked: asked.exception())
            self._busy.discard(worker)
            self._idle.append(worker if is_usable else _Worker())

    def close(self) -> None:
        """Ends all processes, also those at work."""
        for worker in self._busy:
            worker.kill()
        self._threads.shutdown(cancel_futures=True)
        for worker in (*self._idle, *self._busy):
            worker.close()


def _failure(status: int) -> Exception:
    """Returns the error for a picture whose decoder died with this status."""
    if status == _OUT_OF_TIME:
        return Invalid("The picture takes too long to decode; send it with fewer scans or pixels.")
    if status in _CRASHES:
        log.error("a picture crashed its decoder", status=status)
        return Invalid("The body is not a whole JPEG or PNG picture: decoding it failed.")
    log.error("a process that decodes pictures ended", status=status)
    return Busy("Pictures cannot be decoded at this moment; try again shortly.", retry_after=5)


def _picture(found: _Found, thumbnail: bytes) -> Picture:
    if found.too_large is not None:
        raise TooLarge(found.too_large)
    if found.media_type is None:
        raise Invalid(f"The body is not a whole JPEG or PNG picture: {found.invalid}.")
    return Picture(found.media_type, found.width, found.height, thumbnail, found.grid)
