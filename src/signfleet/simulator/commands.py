"""How a simulated player handles commands: at least once on the wire, once in effect.

A command is written to the ledger first. Then the player asks the server whether to begin, writes that it acts, acts,
writes the outcome, and sends it until the server answers. What a restart interrupts has the outcome of the restart.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import httpx

from signfleet.simulator.ledger import Entry, Ledger, outcome
from signfleet.simulator.machine import Machine
from signfleet.simulator.obedience import ACTIONS, Done

#: Commands that end with a restart of the machine.
_RESTARTING = ("reboot", "firmware")


class Server(Protocol):
    """What obeying needs of the player: requests that raise when there is no answer, or a refusal."""

    async def ask_as_device(self, method: str, path: str, **request: Any) -> httpx.Response: ...

    async def send_picture(self, quality: int | None) -> httpx.Response: ...

    async def fetch_settings(self) -> None: ...


class Commands:
    """The commands of one player."""

    def __init__(
        self,
        machine: Machine,
        ledger: Ledger,
        server: Server,
        clock: Callable[[], int],
        *,
        boot_seconds: float | None = None,
    ) -> None:
        self._machine = machine
        self._ledger = ledger
        self._server = server
        self._clock = clock
        self._boot_seconds = boot_seconds
        #: The ids of the commands after whose outcome the machine restarts.
        self._restarts_after: set[int] = set()
        #: The ids of the commands on which the player has acted, for tests.
        self.acted: list[int] = []
        #: Until when (ms) the player is silent, because it starts.
        self.silent_until = 0.0

    @property
    def is_silent(self) -> bool:
        return self._clock() < self.silent_until

    async def take(self, commands: list[dict[str, Any]]) -> None:
        """Remembers new commands, and goes on with all. Raises what a request raises that is to be repeated."""
        for command in commands:
            if command["id"] not in self._ledger:
                self._ledger.take(command)
        await self.go_on()

    async def go_on(self) -> None:
        """Goes on with all commands whose outcome the server does not know, until the player restarts."""
        for entry in self._ledger.open:
            if self.is_silent:
                return
            if entry.phase == "taken":
                await self._begin(entry)
            elif entry.phase == "acting":
                await self._go_on_acting(entry)
            if entry.phase == "done":
                await self._send_outcome(entry)

    async def _begin(self, entry: Entry) -> None:
        if entry.name not in (*ACTIONS, "screenshot", "settings"):
            self._ledger.move(entry, "done", outcome=outcome("rejected", f"this player does not know '{entry.name}'"))
            return
        answer = await self._server.ask_as_device("POST", f"commands/{entry.id}", json={"state": "running"})
        if answer.status_code != httpx.codes.OK or answer.json()["state"] != "running":
            self._ledger.move(entry, "settled")  # the server has given up on it, or knows its outcome
            return
        self._ledger.move(entry, "acting", boot=self._machine.boot_id)
        self.acted.append(entry.id)
        await self._act(entry)

    async def _go_on_acting(self, entry: Entry) -> None:
        if entry.boot == self._machine.boot_id:  # a request on the way had no answer, and can be repeated
            await self._act(entry)
        elif entry.name in _RESTARTING:
            self._ledger.move(entry, "done", outcome=entry.outcome or outcome("succeeded"))
        else:
            self._ledger.move(entry, "done", outcome=outcome("failed", "interrupted by a restart"))

    async def _act(self, entry: Entry) -> None:
        if entry.name == "screenshot":
            stored = (await self._server.send_picture(entry.arguments.get("quality"))).json()
            done = Done(outcome("succeeded", result=stored))
        elif entry.name == "settings":
            await self._server.fetch_settings()
            done = Done(outcome("succeeded"))
        else:
            done = ACTIONS[entry.name](self._machine, entry.arguments, self._clock())
        if done.restarts and entry.name == "relay":  # the caller gets its answer before
            self._restarts_after.add(entry.id)
        elif done.restarts and done.outcome["state"] == "succeeded":
            self._ledger.move(entry, "acting", outcome=done.outcome)
            self._restart()
            return
        for name, content in done.files:
            await self._server.ask_as_device(
                "PUT",
                f"commands/{entry.id}/files/{name}",
                headers={"Content-Type": "text/plain"},
                content=content,
            )
        self._ledger.move(entry, "done", outcome=done.outcome)

    async def _send_outcome(self, entry: Entry) -> None:
        await self._server.ask_as_device("POST", f"commands/{entry.id}", json=entry.outcome)
        self._ledger.move(entry, "settled")
        if entry.id in self._restarts_after:
            self._restarts_after.discard(entry.id)
            self._restart()

    def _restart(self) -> None:
        self.silent_until = self._clock() + 1000 * self._machine.restart(self._clock(), self._boot_seconds)
