"""Lets a simulated player listen to its event stream, so that it obeys at once."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any, Protocol

import httpx

#: Seconds until the next attempt after a stream has ended.
RETRY = 1.0


class Listener(Protocol):
    """What listening needs of the player."""

    is_joined: asyncio.Event
    is_dark: asyncio.Event

    def stream_headers(self) -> dict[str, str]: ...

    def seconds_of_silence(self) -> float: ...

    async def renew_tokens(self) -> None: ...

    async def obey(self, commands: list[dict[str, Any]]) -> float: ...

    async def hear_settings(self, etag: str) -> None: ...


async def listen(player: Listener, http: httpx.AsyncClient) -> None:
    """Keeps a stream open until cancelled, except while the player is silent."""
    while True:
        await player.is_joined.wait()
        await asyncio.sleep(player.seconds_of_silence())
        if not player.is_dark.is_set():
            await _until_dark(player, http)
            await asyncio.sleep(RETRY)


async def _until_dark(player: Listener, http: httpx.AsyncClient) -> None:
    """Listens until the stream ends, or the player becomes dark, which ends the stream."""
    tasks = [asyncio.create_task(_listen_once(player, http)), asyncio.create_task(player.is_dark.wait())]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _listen_once(player: Listener, http: httpx.AsyncClient) -> None:
    with suppress(httpx.HTTPError):
        await _obey(player, [])  # what was interrupted
        async with http.stream("GET", "/player/v1/events", headers=player.stream_headers()) as answer:
            if answer.status_code == httpx.codes.UNAUTHORIZED:
                await player.renew_tokens()
            elif answer.status_code == httpx.codes.OK:
                await _follow(player, answer)


async def _follow(player: Listener, answer: httpx.Response) -> None:
    async for kind, data in messages(answer.aiter_lines()):
        if kind == "command":
            await _obey(player, [data])
        elif kind == "settings":
            await player.hear_settings(data["settingsETag"])
        if player.seconds_of_silence():
            return


async def _obey(player: Listener, commands: list[dict[str, Any]]) -> None:
    """Lets the player obey, again and again while the server does not answer."""
    wait = await player.obey(commands)
    while wait and not player.seconds_of_silence():
        await asyncio.sleep(wait)
        wait = await player.obey([])


async def messages(lines: AsyncIterator[str]) -> AsyncIterator[tuple[str, Any]]:
    """Yields kind and data of the messages of a stream; comments and other fields are left out."""
    kind, data = "message", ""
    async for line in lines:
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if field == "event":
            kind = value
        elif field == "data":
            data += value
        elif not line:
            if data:
                yield kind, json.loads(data)
            kind, data = "message", ""
