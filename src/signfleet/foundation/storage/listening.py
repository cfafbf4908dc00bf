"""Receives other processes' writes to a PostgreSQL database, and detects a database that no longer answers.

A connection can die without an error: a firewall drops it, a machine loses power, a database process is stopped. Every
second this process notifies itself over the channel that announces writes. The notifications of a channel arrive in
order, so an echo proves that every write committed before it is known here.
"""

from __future__ import annotations

import asyncio
import itertools
import secrets
import time
from collections.abc import Awaitable, Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import asyncpg
import structlog

from signfleet.foundation.storage.postgres_address import connect
from signfleet.foundation.storage.wakeups import Topic, Wakeups, payload_of

log = structlog.get_logger("storage")

#: The channel on which every process announces its writes.
CHANGES = "signfleet_changes"
NOTIFY = f"SELECT pg_notify('{CHANGES}', $1)"
#: Seconds between two notifications to this process itself, and between two attempts to listen again.
BEAT_SECONDS = 1.0
#: A database that does not answer a notification within so many seconds is silent.
SILENCE_SECONDS = 4.0
#: Caches are valid for so many seconds after the last notification that came back.
TRUST_SECONDS = 5.0
#: Another process that has notified nothing for so long is gone.
NEIGHBOUR_SECONDS = 5.0
#: Time limits, in seconds, for opening a connection and for closing one.
CONNECT_SECONDS = 3.0
CLOSE_SECONDS = 2.0
#: A timer that fires late, because the event loop was busy, waits this long for answers that have already arrived.
LATENESS_SECONDS = 1.0

#: The server or the network is down, or the server accepts no more connections.
UNREACHABLE = (
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.InvalidCatalogNameError,
    OSError,
)
#: Errors of a connection that can no longer be used; asyncpg raises them for unsuitable values too.
UNUSABLE = (asyncpg.InterfaceError, asyncpg.InternalClientError)


@contextmanager
def alarm(connection: Any, seconds: float) -> Iterator[None]:
    """Ends the connection and raises `TimeoutError` if the block takes longer than `seconds`.

    Cancelling the statement instead would wait for the same silent server.
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
    """Counts the writes of other processes, and wakes who waits for them.

    Awaits `on_silence` when the database no longer answers.
    """

    def __init__(self, url: str, wakeups: Wakeups, on_silence: Callable[[], Awaitable[None]]) -> None:
        self._url = url
        self._wakeups = wakeups
        self._on_silence = on_silence
        self._connection: Any = None
        self._task: asyncio.Task[None] | None = None
        #: What this process's notifications of writes begin with.
        self.own = secrets.token_hex(8)  # not the process id, which many containers share
        self._beats = itertools.count(1)
        self._beat = ""
        #: The notification that `hears` sends, and whether it has arrived.
        self._probe = f"beat {self.own} probe"
        self._probed = asyncio.Event()
        #: When the last notification, and the last one that came back, were sent, by the monotonic clock.
        self._sent = self._proved = -TRUST_SECONDS
        #: When another process was last heard, or may have been, by the monotonic clock.
        self._neighbour_heard = -NEIGHBOUR_SECONDS
        #: Changes whenever anything may have been written.
        self.version = 0
        #: False while the database is silent.
        self.answers = True

    @property
    def is_trusted(self) -> bool:
        """Checks whether every write that is more than `TRUST_SECONDS` old is known here."""
        connection = self._connection
        if connection is None or connection.is_closed():
            return False
        return time.monotonic() - self._proved <= TRUST_SECONDS

    @property
    def has_neighbours(self) -> bool:
        """Checks whether another process may listen too."""
        return not self.is_trusted or time.monotonic() - self._neighbour_heard < NEIGHBOUR_SECONDS

    async def start(self) -> None:
        """Starts to listen. Raises asyncpg's error if the first attempt fails."""
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
        self.version += 1  # earlier writes are unknown here
        self._neighbour_heard = time.monotonic()  # one that is there notifies within this time
        self._wakeups.wake_all()
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
                self.answers = True  # it refuses or ends connections: each request fails at once
            except Exception:
                log.exception("listening for other processes' writes failed")

    def announcement(self, topics: Collection[Topic]) -> str:
        """Returns the notification of a write that announces `topics`."""
        return f"{self.own} {payload_of(topics)}" if topics else self.own

    async def hears(self, connection: Any) -> bool:
        """Checks whether `connection` leads to the same database: a notification sent over it arrives here."""
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
        elif not text.startswith((f"beat {self.own}", self.own)):
            self._neighbour_heard = time.monotonic()
            if not text.startswith("beat "):
                self.version += 1
                self._wakeups.wake_announced(text)
