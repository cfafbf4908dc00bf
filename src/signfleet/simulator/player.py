"""One simulated player: it sends and answers as docs/player-protocol.md requires of a player."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import httpx

from signfleet.foundation.wire import datetime, timespan
from signfleet.simulator import behaviour
from signfleet.simulator.answers import Refused, TokenRefused, TryLater, check
from signfleet.simulator.bodies import as_body, registration
from signfleet.simulator.commands import Commands
from signfleet.simulator.faults import Fault, refused_settings, share_of_lost_answers
from signfleet.simulator.fleet import Profile
from signfleet.simulator.ledger import Ledger
from signfleet.simulator.machine import Machine
from signfleet.simulator.screenshots import picture
from signfleet.simulator.secrets import Secrets

#: Seconds until the next attempt, the first and the last time there is no answer.
_FIRST_WAIT, _LONGEST_WAIT = 5.0, 600.0
#: Seconds after which a dark player looks whether it still is.
_DARK_WAIT = 1.0


@dataclass(slots=True)
class Tally:
    """Counts what a fleet has done; `refused` are requests that failed for good, `retries` those to repeat."""

    registered: int = 0
    reports: int = 0
    settings: int = 0
    screenshots: int = 0
    commands: int = 0
    refused: int = 0
    retries: int = 0
    last_refusal: str = ""
    #: Why the last request got no answer at all.
    last_failure: str = ""


class Player:
    """A player at work. `step` does what is due next; `clock` gives the true time in ms.

    `period` is the seconds between two reports; by default the server decides. Without `pictures` it uploads none but
    those that a command asks for. `ledger` has the commands of earlier runs; a restart takes `boot_seconds`, by default
    what the profile says. It misbehaves by `faults`. With `join_key` instead of `setup_token` it joins by its record.
    """

    def __init__(
        self,
        profile: Profile,
        http: httpx.AsyncClient,
        setup_token: str | None,
        *,
        join_key: str | None = None,
        clock: Callable[[], int],
        tally: Tally,
        secrets: Secrets,
        period: float | None = None,
        pictures: bool = True,
        ledger: Ledger | None = None,
        boot_seconds: float | None = None,
        faults: Collection[Fault] = (),
    ) -> None:
        self.profile = profile
        self.machine = Machine(profile, clock())
        self.commands = Commands(self.machine, ledger or Ledger(), self, clock, boot_seconds=boot_seconds)
        self.is_joined = asyncio.Event()
        #: Set while the player is dark: it neither sends nor listens.
        self.is_dark = asyncio.Event()
        #: One thing at a time: a command does not interrupt a report.
        self._turn = asyncio.Lock()
        self._http = http
        self._setup_token, self._join_key = setup_token, join_key
        self._clock = clock
        self._tally = tally
        self._secrets = secrets
        self._asked = 0
        self._faults = faults
        self._lost_answers = share_of_lost_answers(faults)
        self._period = period
        self._draws = pictures
        self._started = clock()
        self._access_token: str | None = None
        self._refresh_token: str | None = None
        self._sequence = self._started
        self._rounds = 0
        self._is_known = False
        self._reports = 0
        self._pictures = 0
        self._unanswered: dict[str, Any] | None = None
        self._settings: dict[str, Any] = {}
        self._settings_etag: str | None = None
        self._settings_date: str | None = None
        self._next_report: float = self._started
        self._next_picture: float = math.inf
        self._wait = _FIRST_WAIT

    def has_done(self, rounds: int | None) -> bool:
        """Returns whether it has tried to report `rounds` times and has no picture due."""
        return rounds is not None and self._rounds >= rounds and not self._owes_picture()

    async def step(self) -> float:
        """Registers, reports or sends a picture, whatever is due; returns the seconds until the next, or infinity."""
        if silence := self.seconds_of_silence():
            return silence
        async with self._turn:
            return await self._step()

    async def _step(self) -> float:
        owes_picture = self._owes_picture()
        self._rounds += not owes_picture
        try:
            if self._access_token is None:
                await self._join()
            if self._settings_etag is None:
                await self.fetch_settings()
            if behaviour.is_dark(self.profile, self._reports):
                self.is_dark.set()
                return math.inf
            await self._go_on()
            if owes_picture:
                await self._upload_picture()
            else:
                await self._report()
        except TryLater as later:
            self._tally.retries += 1
            self._wait = min(2 * self._wait, _LONGEST_WAIT)
            return later.seconds or self._wait / 2
        except Refused as refusal:
            self._tally.refused += 1
            self._tally.last_refusal = f"{self.profile.serial}: {refusal}"
            self._unanswered = None
            if self._settings_etag is None:
                return math.inf
            if self._access_token is None:  # only an operator can help
                return _LONGEST_WAIT
        self._wait = _FIRST_WAIT
        return max(0.0, min(self._next_report, self._next_picture) - self._clock()) / 1000

    def _owes_picture(self) -> bool:
        """Returns whether a picture is due: never before the first report, so that a fleet registers first."""
        return self._reports > 0 and self._clock() >= self._next_picture

    async def _join(self) -> None:
        """Gets tokens: for the refresh token, else for the device secret, else by registering again."""
        serial = self.profile.serial
        self._access_token, refresh_token, self._refresh_token = None, self._refresh_token, None
        secret = self._secrets.get(serial)
        has_token = False
        if refresh_token is not None:
            has_token = await self._gets_token({"grant_type": "refresh_token", "refresh_token": refresh_token})
        if secret is not None and not has_token:
            has_token = await self._gets_token({"grant_type": "client_credentials"}, auth=(serial, secret))
        if not has_token:
            await self._register(secret)
        self._tally.registered += not self._is_known
        self._is_known = True
        self.is_joined.set()

    async def _gets_token(self, form: dict[str, str], **request: Any) -> bool:
        """Requests tokens; returns False if they are refused for good."""
        try:
            self._accept_tokens(await self._ask("POST", "token", None, data=form, **request))
        except TryLater:
            self._refresh_token = form.get("refresh_token")
            raise
        except Refused:
            return False
        return True

    async def _register(self, secret: str | None) -> None:
        path, body = registration(self.profile, self._join_key, secret)
        answer = self._accept_tokens(await self._ask("POST", path, self._setup_token, json=body))
        self._sequence = max(self._sequence, answer.get("sequence", 0))

    def _accept_tokens(self, answer: httpx.Response) -> dict[str, Any]:
        """Accepts new tokens; stores the secret before it uses anything that came with it."""
        try:
            tokens: dict[str, Any] = answer.json()
            if "device_secret" in tokens:
                self._secrets.put(self.profile.serial, tokens["device_secret"])
            self._access_token, self._refresh_token = tokens["access_token"], tokens.get("refresh_token")
            return tokens
        except (KeyError, TypeError, ValueError):
            raise Refused(f"{answer.request.url} does not answer as a server for players does") from None

    async def _report(self) -> None:
        """Sends the next report, or repeats the one that got no answer, and follows the answer."""
        self._next_report = self._clock() + _LONGEST_WAIT * 1000
        if self._unanswered is None:
            self._unanswered = self._new_report()
        answer = (await self.ask_as_device("POST", "report", **as_body(self._unanswered))).json()
        self._unanswered = None
        self._sequence = max(self._sequence, answer["sequence"])
        seconds = float(answer["nextReport"] if self._period is None else self._period)
        if self._reports == 0:  # spreads the fleet evenly over the period
            seconds *= self.profile.random("phase").random()
        self._next_report = self._clock() + seconds * 1000
        self._reports += 1
        self._tally.reports += 1
        if answer["settingsETag"] != self._settings_etag:
            await self.fetch_settings()
        await self._go_on(answer.get("commands", []))

    def _new_report(self) -> dict[str, Any]:
        profile, now, managed = self.profile, self._clock(), self._settings.get("managed", [])
        self._sequence += 1
        return {
            "sequence": self._sequence,
            "sentAt": datetime.format(behaviour.clock(profile, now)),
            "status": behaviour.status(profile, self._started, now, self._settings.get("group"), self._settings_date)
            | self.machine.status(now),
            "errors": behaviour.errors(profile, self._reports, now),
            "downloads": behaviour.downloads(profile, self._reports, now),
            "metrics": behaviour.metrics(profile, now),
            "applied": {"settingsETag": self._settings_etag, "failed": refused_settings(self._faults, managed)},
        }

    async def fetch_settings(self) -> None:
        """Fetches the settings, unless they are as they were."""
        headers = {} if self._settings_etag is None else {"If-None-Match": self._settings_etag}
        answer = await self.ask_as_device("GET", "settings", headers=headers)
        if answer.status_code != httpx.codes.NOT_MODIFIED:
            self._settings = answer.json()
            self._settings_etag = answer.headers["ETag"]
            self._settings_date = datetime.format(self._clock())
            wanted = self._settings.get("screenshots")
            is_due = self._draws and wanted and timespan.parse(wanted["interval"])
            self._next_picture = self._clock() if is_due else math.inf
            self._tally.settings += 1

    async def _upload_picture(self) -> None:
        wanted, now = self._settings["screenshots"], self._clock()
        interval: float = timespan.parse(wanted["interval"])
        if self._pictures == 0:  # drawn and decoded all at once, they would slow the server
            interval *= self.profile.random("picture phase").random()
        self._next_picture = now + interval
        self._pictures += 1
        await self.send_picture(wanted["quality"])

    async def send_picture(self, quality: int | None) -> httpx.Response:
        """Draws and uploads what the player shows now."""
        now = self._clock()
        drawn = await asyncio.to_thread(picture, self.profile, now, quality or 60)
        answer = await self.ask_as_device(
            "PUT",
            f"screenshots/{datetime.format_padded(now)}",
            params={"presentation": behaviour.presentation(self.profile, now)},
            headers={"Content-Type": "image/jpeg"},
            content=drawn,
        )
        self._tally.screenshots += 1
        return answer

    async def obey(self, commands: list[dict[str, Any]]) -> float:
        """Takes commands and goes on with open ones; returns the seconds until it has to go on, 0 if it is done."""
        if self.seconds_of_silence():
            return 0
        async with self._turn:
            try:
                await self._go_on(commands)
            except TryLater as later:
                self._tally.retries += 1
                return later.seconds or _FIRST_WAIT
            except Refused as refusal:
                self._tally.refused += 1
                self._tally.last_refusal = f"{self.profile.serial}: {refusal}"
        return 0

    async def _go_on(self, commands: Sequence[dict[str, Any]] = ()) -> None:
        """Goes on with commands. A restart makes the player forget what was not on its disk."""
        acted = len(self.commands.acted)
        try:
            await self.commands.take(list(commands))
        finally:
            self._tally.commands += len(self.commands.acted) - acted
        if self.commands.is_silent:
            self._access_token = self._refresh_token = self._settings_etag = None

    def be_dark(self, *, is_dark: bool) -> None:
        """Makes the player dark, or brings it back, unless it is dark for good."""
        if is_dark:
            self.is_dark.set()
        elif not behaviour.is_dark(self.profile, self._reports):
            self.is_dark.clear()

    def seconds_of_silence(self) -> float:
        """Returns how long the player is silent at least, because it starts or is dark."""
        if self.is_dark.is_set():
            return _DARK_WAIT
        return max(self.commands.silent_until - self._clock(), 0) / 1000

    def stream_headers(self) -> dict[str, str]:
        """Returns the headers with which the player asks for its event stream."""
        return {"Authorization": f"Bearer {self._access_token}", "User-Agent": self._user_agent()}

    async def renew_tokens(self) -> None:
        """Gets new tokens."""
        async with self._turn:
            with suppress(TryLater, Refused):
                await self._join()

    async def hear_settings(self, etag: str) -> None:
        """Fetches the settings if they are others than the player has."""
        if etag != self._settings_etag:
            async with self._turn:
                with suppress(TryLater, Refused):
                    await self.fetch_settings()

    async def ask_as_device(self, method: str, path: str, **request: Any) -> httpx.Response:
        """Sends a request with the access token, and once more with a new one if the server refuses the token."""
        try:
            return await self._ask(method, path, self._access_token, **request)
        except TokenRefused:
            await self._join()
        try:
            return await self._ask(method, path, self._access_token, **request)
        except TokenRefused:
            raise TryLater(None) from None

    async def _ask(
        self, method: str, path: str, token: str | None, headers: dict[str, str] | None = None, **request: Any
    ) -> httpx.Response:
        headers = dict(headers or {}) | {"User-Agent": self._user_agent()}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        self._asked += 1
        try:
            answer = await self._http.request(method, f"/player/v1/{path}", headers=headers, **request)
            if answer.is_success and self.profile.random("lost answer", self._asked).random() < self._lost_answers:
                answer = await self._http.request(method, f"/player/v1/{path}", headers=headers, **request)
        except httpx.TransportError as error:
            self._tally.last_failure = str(error) or type(error).__name__
            raise TryLater(None) from None
        check(answer, path)
        return answer

    def _user_agent(self) -> str:
        profile = self.profile
        return f"signfleet-simulator/{quote(profile.serial)}/{profile.firmware} ({profile.model})"
