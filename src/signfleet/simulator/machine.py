"""The machine below a simulated player: what commands look at and change.

Like the reports, everything follows from the player's profile, the command and the moment.
"""

from __future__ import annotations

from random import Random
from typing import Any

from signfleet.foundation.wire import datetime, timespan
from signfleet.simulator import behaviour
from signfleet.simulator.fleet import Profile

#: Seconds that a player is silent while it starts.
BOOT_SECONDS = (12, 36)

_LINES = (
    ("kernel", "eth0: link is up, 1000 Mbps full duplex"),
    ("networking", "DHCP lease renewed for 86400 s"),
    ("ntp", "clock adjusted by {n} ms"),
    ("autorun", "playing {showing}"),
    ("pool", "downloaded {n} kB, nothing to do"),
    ("html", "page loaded in {n} ms"),
    ("video", "decoder: 0 frames dropped in {n} s"),
    ("storage", "checked the file system in {n} ms"),
)


class Machine:
    """The state of one machine. Dates are in ms."""

    def __init__(self, profile: Profile, started: int) -> None:
        self.profile = profile
        self.started = started
        self.boots = 0
        #: When it started last; before its first restart the profile says how long it has run.
        self.booted = started - profile.uptime
        self.firmware = profile.firmware
        self.timezone = profile.place.timezone
        self.display = "on"
        self.registry: dict[str, dict[str, str]] = {
            "networking": {"hostname": f"brightsign-{profile.serial.lower()}", "ru": "", "ts": "http://time.example"},
            "brightscript": {"debug": "0"},
            "html": {"enable_web_inspector": "0", "mp": profile.group.lower().replace(" ", "-")},
        }

    @property
    def boot_id(self) -> str:
        """Returns what is different after every start, also of the program."""
        chance = self._random("boot", self.started, self.boots)
        return f"{chance.getrandbits(64):016x}"

    def restart(self, now: int, seconds: float | None = None) -> float:
        """Restarts the machine; returns for how many seconds it is silent."""
        self.boots += 1
        silent = self._random("restart", self.boots).uniform(*BOOT_SECONDS) if seconds is None else seconds
        self.booted = now + int(silent * 1000)
        self.display = "on"
        return silent

    def status(self, now: int) -> dict[str, Any]:
        """Returns the members of the status that commands change. Newer firmware counts the uptime in seconds."""
        uptime = min(max(now - self.booted, 0) // 1000 * 1000, timespan.MAX_MS)
        counts_seconds = self.firmware.startswith("10.")
        return {
            "timezone": self.timezone,
            "firmware": {"version": self.firmware},
            "uptime": uptime // 1000 if counts_seconds else timespan.format(uptime),
        }

    def log(self, source: str, now: int, since: int | None, limit: int) -> bytes:
        """Returns the end of a log as text: one line each some minutes since the start, or since a date."""
        first = max(self.booted, now - timespan.DAY, since or 0)
        lines = []
        if first == self.booted:
            lines.append(self._line(self.booted, "boot", f"{self.profile.model} {self.firmware} boot {self.boot_id}"))
        moment = first - first % 60_000 + 60_000
        while moment <= now:
            chance = self._random("log", source, moment // 60_000)
            if chance.random() < 0.4:
                part, text = chance.choice(_LINES)
                showing = behaviour.presentation(self.profile, moment)
                lines.append(self._line(moment, part, text.format(n=chance.randrange(2, 900), showing=showing)))
            moment += 60_000
        for error in behaviour.errors(self.profile, self.boots, now):
            lines.append(self._line(now, error["errorName"], f"{error['reason']} ({error['responseCode']})"))
        return "".join(lines).encode()[-limit:]

    def _line(self, moment: int, part: str, text: str) -> str:
        return f"{datetime.format_padded(behaviour.clock(self.profile, moment))} {part}: {text}\n"

    def diagnose(self, test: str, host: str | None, now: int) -> dict[str, Any]:
        """Returns what a test of the network finds."""
        chance = self._random("diagnose", test, host, now // 60_000)
        is_poor = self.profile.condition == "failing downloads"
        if test == "interfaces":
            network: dict[str, Any] = behaviour.network(self.profile)
            return network
        address = f"198.51.100.{self._random('host', host).randrange(1, 255)}"
        if test == "dns":
            return {"host": host, "addresses": [address], "server": "10.0.0.1", "milliseconds": chance.randrange(2, 60)}
        if test == "ping":
            times = [round(chance.uniform(4, 60), 1) for _ in range(4) if not (is_poor and chance.random() < 0.5)]
            return {"host": host, "address": address, "sent": 4, "received": len(times), "milliseconds": times}
        hops = [
            {"hop": number, "address": f"10.{number}.{chance.randrange(256)}.1", "milliseconds": number * 3}
            for number in range(1, chance.randrange(4, 9))
        ]
        return {"host": host, "hops": [*hops, {"hop": len(hops) + 1, "address": address, "milliseconds": 31}]}

    def _random(self, *about: object) -> Random:
        return self.profile.random("machine", *about)
