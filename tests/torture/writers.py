"""Writers of every kind, each with its own facts, and the facts as the store has them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from random import Random
from typing import Any

import httpx
from sqlalchemy import func, select

from signfleet.app.bootstrap import Tenant
from signfleet.foundation.storage.open import open_store
from signfleet.foundation.storage.query import Query
from signfleet.foundation.storage.tables import (
    device,
    device_error,
    device_group,
    device_note,
    device_status,
    device_tag,
    screenshot,
)
from signfleet.foundation.wire import datetime
from signfleet.simulator.fleet import fleet
from signfleet.simulator.screenshots import picture
from tests.api import MAIN
from tests.torture.ledger import Ledger

WRITERS = 6
DEVICES_OF_EACH = 3
TAG = "string::[Device].<Torture>"
#: Access tokens live for 330 s.
SIGN_IN_SECONDS = 200
#: Of pictures' moments: each is a second after the last.
FIRST_MOMENT = 1_710_331_200_000
JPEG = picture(next(fleet(1)), 0, size=(64, 36))

_DEVICES = Query(
    select(device.c.id, device.c.serial, device_status.c.report_sequence).join(
        device_status, device_status.c.device_id == device.c.id
    )
)
_TAGS = Query(select(device_tag.c.device_id, device_tag.c.value))
_NOTES = Query(select(device_note.c.device_id, device_note.c.note))
_GROUPS = Query(select(device_group.c.name))
_ERRORS = Query(select(device_error.c.device_id, func.count().label("count")).group_by(device_error.c.device_id))
_PICTURES = Query(select(screenshot.c.device_id, screenshot.c.utc_timestamp, screenshot.c.blob))


async def stored_facts(database: str, blobs: Path) -> dict[tuple[Any, ...], Any]:
    """Returns the facts of the writers, from the database and the folder of pictures."""
    store = await open_store(database, connections=1)
    facts: dict[tuple[Any, ...], Any] = {}
    try:
        for row in await store.scan_all(_DEVICES):
            facts["serial", row.serial] = True
            facts["report", row.id] = row.report_sequence
        for row in await store.scan_all(_TAGS):
            facts["tag", row.device_id] = row.value
        for row in await store.scan_all(_NOTES):
            facts["note", row.device_id] = row.note
        for row in await store.scan_all(_GROUPS):
            facts["group", row.name] = True
        for row in await store.scan_all(_ERRORS):
            facts["errors", row.device_id] = row.count
        for row in await store.scan_all(_PICTURES):
            if (blobs / row.blob).stat().st_size == len(JPEG):
                key = ("picture", row.device_id)
                facts[key] = max(facts.get(key, 0), row.utc_timestamp)
    finally:
        await store.close()
    return facts


class Player:
    """A registered device and its token."""

    def __init__(self, device_id: int, token: str) -> None:
        self.device_id = device_id
        self.headers = {"Authorization": f"Bearer {token}"}
        self.sequence = 0
        self.moment = FIRST_MOMENT


class Writer:
    """A client that writes, one request after the other, until the server ends."""

    def __init__(self, number: int, ledger: Ledger, random: Random) -> None:
        self.number = number
        self._ledger = ledger
        self._random = random
        self._players: list[Player] = []
        self._registered = 0
        self.statuses: dict[int, int] = {}
        self.joined = asyncio.Event()

    async def join(self, http: httpx.AsyncClient, setup_token: str) -> None:
        """Registers the devices on which it writes."""
        while len(self._players) < DEVICES_OF_EACH:
            player = await self._register(http, setup_token)
            if player is not None:
                self._players.append(player)
        self.joined.set()

    async def _register(self, http: httpx.AsyncClient, setup_token: str) -> Player | None:
        self._registered += 1
        serial = f"T{self.number:02}N{self._registered:07}"
        answer = await self._send(
            ("serial", serial),
            True,
            lambda: http.post(
                "/player/v1/register",
                json={"serial": serial, "model": "HD1024", "firmware": "9.0.145"},
                headers={"Authorization": f"Bearer {setup_token}"},
            ),
        )
        if answer is None:
            return None
        body = answer.json()
        return Player(body["device"]["id"], body["access_token"])

    async def write(self, http: httpx.AsyncClient, setup_token: str) -> None:
        """Writes a fact of a random kind."""
        player = self._random.choice(self._players)
        kinds = (self._report, self._report, self._tag, self._note, self._group, self._picture)
        kind = self._random.choice(kinds)
        if self._random.random() < 0.05:
            await self._register(http, setup_token)
        else:
            await kind(http, player)

    async def _report(self, http: httpx.AsyncClient, player: Player) -> None:
        # Repeats a report without an answer unchanged: the server counts it once.
        key, errors = ("report", player.device_id), ("errors", player.device_id)
        number = player.sequence + 1
        self._ledger.send(errors, number)
        answer = await self._send(
            key,
            number,
            lambda: http.post(
                "/player/v1/report",
                json={"sequence": number, "errors": [{"errorName": str(number)}]},
                headers=player.headers,
            ),
            before=0,
        )
        if answer is not None:
            player.sequence = number
            self._ledger.confirm(errors, number)
            self._ledger.acknowledged -= 1

    async def _tag(self, http: httpx.AsyncClient, player: Player) -> None:
        key, path = ("tag", player.device_id), f"{MAIN}/Devices/{player.device_id}/Tags/"
        value = str(self._random.randrange(10**9))
        if None in (self._ledger.possible(key) or {None}):
            await self._send(key, value, lambda: http.post(path, json={TAG: value}))
        else:
            await self._send(key, None, lambda: http.request("DELETE", path, json=[TAG]))

    async def _note(self, http: httpx.AsyncClient, player: Player) -> None:
        text = str(self._random.randrange(10**9))
        await self._send(
            ("note", player.device_id),
            text,
            lambda: http.put(f"{MAIN}/Devices/{player.device_id}/Notes/", json={"note": text}),
        )

    async def _group(self, http: httpx.AsyncClient, _player: Player) -> None:
        name = f"Group {self.number}-{self._random.randrange(4)}"
        key = ("group", name)
        if None in (self._ledger.possible(key) or {None}):
            await self._send(key, True, lambda: http.post(f"{MAIN}/Groups/Regular/", json={"name": name}))
        else:
            await self._send(key, None, lambda: http.delete(f"{MAIN}/Groups/Regular/{name}/"))

    async def _picture(self, http: httpx.AsyncClient, player: Player) -> None:
        player.moment += 1000
        headers = {**player.headers, "Content-Type": "image/jpeg"}
        moment = player.moment
        path = f"/player/v1/screenshots/{datetime.format(moment)}"
        await self._send(("picture", player.device_id), moment, lambda: http.put(path, content=JPEG, headers=headers))

    async def _send(
        self, key: tuple[Any, ...], value: Any, call: Callable[[], Awaitable[httpx.Response]], *, before: Any = None
    ) -> httpx.Response | None:
        """Returns the answer, or None if the server refused the write. Raises `httpx.TransportError`."""
        earlier = self._ledger.possible(key)
        self._ledger.send(key, value, before=before)
        answer = await call()
        self.statuses[answer.status_code] = self.statuses.get(answer.status_code, 0) + 1
        if answer.is_success:
            self._ledger.confirm(key, value)
            return answer
        # A 503 may follow a commit that the database could not confirm: both values are possible.
        if answer.status_code != 503:
            self._ledger.refuse(key, earlier or {before})
        return None


class Operator:
    """Signs in, again before the token expires, and issues the setup token of players."""

    def __init__(self, network: Tenant) -> None:
        self._network = network
        self._signed_in = float("-inf")
        self._token = ""
        self.setup_token = ""

    async def sign_in(self, http: httpx.AsyncClient) -> None:
        """Signs in and gives `http` the operator's token."""
        if time.monotonic() - self._signed_in > SIGN_IN_SECONDS:
            form = {"grant_type": "client_credentials"}
            credentials = (self._network.client_id, self._network.client_secret)
            answer = await http.post("/realms/bsncloud/protocol/openid-connect/token", auth=credentials, data=form)
            self._token = answer.raise_for_status().json()["access_token"]
            http.headers["Authorization"] = f"Bearer {self._token}"
            answer = await http.put(f"{MAIN}/Self/Session/Network/", json={"name": self._network.network})
            answer.raise_for_status()
            if not self.setup_token:
                answer = await http.post(f"{MAIN}/Provisioning/Setups/Tokens/")
                self.setup_token = answer.raise_for_status().json()["token"]
            self._signed_in = time.monotonic()
        http.headers["Authorization"] = f"Bearer {self._token}"


async def write_until(
    address: str, writers: list[Writer], operator: Operator, ends: Callable[[], Awaitable[None]]
) -> None:
    """Runs all writers until the server ends, or until `ends`, which runs beside them, returns."""
    limits = httpx.Limits(max_connections=WRITERS, max_keepalive_connections=WRITERS)
    async with httpx.AsyncClient(base_url=address, timeout=60, limits=limits, verify=False) as http:
        await operator.sign_in(http)
        is_over = asyncio.Event()

        async def go_on(writer: Writer) -> None:
            try:
                if not writer.joined.is_set():
                    await writer.join(http, operator.setup_token)
                while not is_over.is_set():
                    await writer.write(http, operator.setup_token)
            except httpx.TransportError:
                is_over.set()

        tasks = [asyncio.create_task(go_on(writer)) for writer in writers]
        try:
            await ends()
        finally:
            is_over.set()
        await asyncio.gather(*tasks)
