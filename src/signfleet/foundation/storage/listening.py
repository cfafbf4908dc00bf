"""Hears of other processes' writes to a PostgreSQL database, and notices when the database falls silent.

A connection can die without a word: a firewall forgets it, a machine loses power, a database process is stopped. Every
second this process notifies itself over the channel on which it hears of others' writes. Notifications of a channel
arrive in order, so an echo proves that every write committed before it is known here.
"""

from __future__ import annotations

import asyncio
import itertools
import secrets
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import asyncpg
import structlog

from signfleet.foundation.storage.postgres_address import connect

log = structlog.get_logger("storage")

#: The channel on which every process announces its writes.
CHANGES = "signfleet_changes"
NOTIFY = f"SELECT pg_notify('{CHANGES}', $1)"
#: Seconds between two notifications to itself, and between two attempts to listen again.
BEAT_SECONDS = 1.0
#: A database that leaves a notification unanswered for so many seconds is silent.
SILENCE_SECONDS = 4.0
#: Caches are trusted for so many seconds after the notification that was last echoed.
TRUST_SECONDS = 5.0
#: A new connection has to work within so many seconds, and an old one to close.
CONNECT_SECONDS = 3.0
CLOSE_SECONDS = 2.0
#: A timer that rings late, because the event loop was busy, waits this long for answers that have arrived meanwhile.
LATENESS_SECONDS = 1.0

#: The server or the way to it is gone, or has no room for us.
UNREACHABLE = (
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.InvalidCatalogNameError,
    OSError,
)
#: What a connection says that can no longer be used; of a value that does not fit, too.
UNUSABLE = (asyncpg.InterfaceError, asyncpg.InternalClientError)


@contextmanager
def alarm(connection: Any, seconds: float) -> Iterator[None]:
    """Ends the connection and raises `TimeoutError` if what happens inside takes longer than `seconds`.

    Cancelling a statement instead would wait for the same silent server.
    """
    loop = asyncio.get_running_loop()
    timer: asyncio.TimerHandle
    has_rung = False

    def ring() -> None:
        nonlocal has_rung
        has_rung = True
        with suppress(asyncpg.InterfaceError):  # the pool has taken the connection back
            connection.terminate()

    def wait_a_little() -> None:
        nonlocal timer
        timer = loop.call_later(LATENESS_SECONDS, ring)

    timer = loop.call_later(seconds, wait_a_little)
    try:
        yield
    except (*UNREACHABLE, *UNUSABLE) as error:
        if has_rung:
            raise TimeoutError(f"no answer within {seconds:.0f} s") from error
        raise
    finally:
        timer.cancel()


class Listener:
    """Counts the writes of others. `on_silence` is awaited when the database no longer answers."""

    def __init__(self, url: str, on_silence: Callable[[], Awaitable[None]]) -> None:
        self._url = url
        self._on_silence = on_silence
        self._connection: Any = None
        self._task: asyncio.Task[None] | None = None
        #: The origin of this process's notifications of writes.
        self.own = secrets.token_hex(8)  # a process id says little: in containers many processes have the same
        self._beats = itertools.count(1)
        self._beat = ""
        #: What `hears` sends, and whether it has arrived.
        self._probe = f"beat {self.own} probe"
        self._probed = asyncio.Event()
        #: When the last notification, and the last one that was echoed, were sent, by the monotonic clock.
        self._sent = self._proved = -TRUST_SECONDS
        #: Differs from its last value when anything may have changed.
        self.version = 0
        #: False from when the database falls silent until it answers again.
        self.answers = True

    @property
    def is_trusted(self) -> bool:
        """Whether every write that is more than `TRUST_SECONDS` old is known here."""
        connection = self._connection
        if connection is None or connection.is_closed():
            return False
        return time.monotonic() - self._proved <= TRUST_SECONDS

    async def start(self) -> None:
        """Listens from now on. Raises what asyncpg raises if the first attempt fails."""
        await self._listen()
        self._task = asyncio.create_task(self._run(), name="listener")

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
        if self._connection is not None:
            with suppress(*UNREACHABLE, *UNUSABLE, TimeoutError):
                await self._connection.close(timeout=CLOSE_SECONDS)
            self._connection.terminate()

    async def _listen(self) -> None:
        connection = await connect(self._url, seconds=CONNECT_SECONDS)
        try:
            with alarm(connection, CONNECT_SECONDS):
                await connection.add_listener(CHANGES, self._on_notification)
            self._connection = connection
            await self._send_beat()
        except BaseException:
            connection.terminate()
            raise
        self.version += 1  # writes from before are unknown here
        self.answers = True

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(BEAT_SECONDS)
            try:
                if self._connection.is_closed():
                    await self._listen()
                else:
                    await self._send_beat()
            except TimeoutError:
                await self._fall_silent()
            except (*UNREACHABLE, *UNUSABLE):
                self.answers = True  # it refuses or ends connections: each request finds out at once
            except Exception:
                log.exception("listening for others' writes failed")

    async def hears(self, connection: Any) -> bool:
        """Whether a notification that is sent over another `connection` arrives: both lead to one database."""
        with alarm(connection, CONNECT_SECONDS):
            await connection.execute(NOTIFY, self._probe)
        with suppress(TimeoutError):
            async with asyncio.timeout(CONNECT_SECONDS):
                await self._probed.wait()
        return self._probed.is_set()

    async def _send_beat(self) -> None:
        self._beat = f"beat {self.own} {next(self._beats)}"
        self._sent = time.monotonic()
        with alarm(self._connection, SILENCE_SECONDS):
            await self._connection.execute(NOTIFY, self._beat)

    async def _fall_silent(self) -> None:
        if self.answers:
            self.answers = False
            log.error("the database does not answer", seconds=SILENCE_SECONDS)
            await self._on_silence()

    def _on_notification(self, _connection: Any, _process: int, _channel: str, payload: object) -> None:
        text = str(payload)
        if text == self._beat:
            self._proved = self._sent
        elif text == self._probe:
            self._probed.set()
        elif text != self.own and not text.startswith("beat "):
            self.version += 1
