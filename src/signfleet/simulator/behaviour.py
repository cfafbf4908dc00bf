"""The reports of a simulated player: its status, errors and downloads at a moment.

Everything follows from the player's profile, the number of the report and the moment, so that two runs of one seed
send the same reports.
"""

from __future__ import annotations

import math
from hashlib import sha1
from random import Random
from typing import Any

from signfleet.foundation.wire import datetime, timespan
from signfleet.simulator.fleet import PRESENTATIONS, Profile

_DAY, _HOUR = 86_400_000, 3_600_000
#: One player in so many stands where the air does not move, and gets hot.
_HOT = 17
_WRONG_CLOCK = -40 * _DAY

#: How many reports a player that goes dark sends before it does.
REPORTS_BEFORE_DARK = 3

_FAILURES = {
    "failing downloads": (
        ("FileDownloadFailure", "Connection timed out after 30000 milliseconds", -28),
        ("Failed to download sync list", "Could not resolve host", -6),
        ("POOL_EVENT_ALL_FAILED", "Not all files of the sync list could be downloaded", 503),
    ),
    "failing card": (
        ("diskError", "I/O error on /storage/sd", -5),
        ("RealizeFailure", "The pool could not be realized: read-only file system", -30),
    ),
}

_FILES = ("menu.jpg", "welcome.mp4", "autorun.brs", "weather.json", "promo-loop.mp4", "floorplan.png", "news.html")

_CARRIERS = {
    "US": ("310", "410", "AT&T"),
    "CA": ("302", "720", "Rogers"),
    "GB": ("234", "15", "Vodafone UK"),
    "DE": ("262", "01", "Telekom.de"),
}


def clock(profile: Profile, now: int) -> int:
    """Returns what the player's clock shows at `now` (both in ms)."""
    return now + _WRONG_CLOCK if profile.condition == "wrong clock" else now


def is_dark(profile: Profile, report: int) -> bool:
    """Returns whether the player stops reporting before its `report`-th report, counted from 0."""
    return profile.condition == "goes dark" and report >= REPORTS_BEFORE_DARK


def presentation(profile: Profile, now: int) -> str:
    """Returns the name of what is on the screen at `now`; it changes with the hour."""
    choices = PRESENTATIONS[profile.group]
    return choices[(now // 3_600_000 + profile.number) % len(choices)]


def status(
    profile: Profile, started: int, now: int, group: dict[str, Any] | None, settings_date: str | None
) -> dict[str, Any]:
    """Returns the status at `now` of a player whose simulation began at `started` (both in ms).

    `group` and `settings_date` come from its settings.
    """
    showing = presentation(profile, now)
    return {
        "group": group,
        "brightWall": None,
        "presentation": {"id": _number(showing), "name": showing, "type": "Presentation"},
        "timezone": profile.place.timezone,
        "synchronization": {part: {"enabled": True} for part in ("settings", "schedule", "content")},
        "script": {"type": "Autorun", "version": "10.0.100", "plugins": None},
        "firmware": {"version": profile.firmware},
        "storage": _storage(profile, now),
        "network": network(profile),
        "uptime": timespan.format(min(profile.uptime + (now - started) // 1000 * 1000, timespan.MAX_MS)),
        "currentSettingsTimestamp": settings_date,
        "currentScheduleTimestamp": datetime.format(now - now % 21_600_000),
    }


def errors(profile: Profile, report: int, now: int) -> list[dict[str, Any]]:
    """Returns the errors since the last report; most players have none most of the time."""
    chance = profile.random("errors", report)
    known = _FAILURES.get(profile.condition, _FAILURES["failing downloads"])
    likelihood = 0.6 if profile.condition in _FAILURES else 0.005
    count = chance.randint(1, 3) if chance.random() < likelihood else 0
    found = []
    for _ in range(count):
        name, reason, code = chance.choice(known)
        found.append(
            {
                "timestamp": datetime.format(clock(profile, now) - chance.randrange(300_000)),
                "errorName": name,
                "errorEvent": "deviceError",
                "reason": reason,
                "responseCode": code,
            }
        )
    return found


def downloads(profile: Profile, report: int, now: int) -> list[dict[str, Any]]:
    """Returns the downloads since the last report, some still running: many at first, later one now and then."""
    chance = profile.random("downloads", report)
    count = len(_FILES) if report == 0 else chance.choice((0, 0, 0, 1))
    stuck = profile.condition == "failing downloads"
    found = []
    for name in chance.sample(_FILES, count):
        progress = chance.randrange(5, 95) if stuck and chance.random() < 0.5 else 100
        found.append(
            {
                "timestamp": datetime.format(clock(profile, now) - chance.randrange(300_000)),
                "fileName": name,
                "fileHash": f"SHA1:{_digest(name, chance.randrange(5))}",
                "progress": progress,
                "status": "ok" if progress == 100 else "downloading",
            }
        )
    return found


def metrics(profile: Profile, now: int) -> dict[str, float]:
    """Returns what the player measures at `now` (ms): warmest in the afternoon, busy while people are about.

    The temperature is in degrees Celsius, the others are what is used in percent.
    """
    own, present = profile.random("metrics"), profile.random("metrics", now // 60_000)
    hour = (now / _HOUR + profile.longitude / 15) % 24
    warmth = (1 - math.cos((hour - 3) / 12 * math.pi)) / 2
    cpu = own.uniform(8, 25) + (own.uniform(15, 40) if 7 <= hour < 22 else 0) + present.uniform(-4, 4)
    heat = own.uniform(38, 46) + 9 * warmth + cpu / 10 + (25 if profile.number % _HOT == 0 else 0)
    card = _storage(profile, now)[0]["stats"]
    return {
        "temperature": round(heat + present.uniform(-0.5, 0.5), 1),
        "cpu": round(cpu, 1),
        "memory": round(own.uniform(30, 60) + cpu / 5, 1),
        "storage": round(100 - 100 * card["sizeFree"] / card["sizeTotal"], 1),
    }


def _storage(profile: Profile, now: int) -> list[dict[str, Any]]:
    written = now // 3_600_000 % 24 * 4_194_304
    failing = profile.condition == "failing card"
    card = {
        "interface": "SD1" if profile.number % 3 else "Internal",
        "system": "ExFAT" if profile.number % 3 else "ext4",
        "access": "Read" if failing else "Read, Write",
        "stats": {
            "sizeTotal": profile.storage_size,
            "sizeFree": max(profile.storage_free - written, 0),
            "blockSize": 32_768,
        },
    }
    if profile.number % 7:
        return [card]
    flash = {"interface": "Flash", "system": None, "access": "Read, Write"}
    return [card, flash | {"stats": {"sizeTotal": 4_194_304, "sizeFree": 3_670_016, "blockSize": 4_096}}]


def network(profile: Profile) -> dict[str, Any]:
    """Returns the network interfaces of a player as its status shows them."""
    chance = profile.random("network")
    external = f"{chance.choice(('192.0.2', '198.51.100', '203.0.113'))}.{chance.randrange(1, 255)}"
    subnet, vlan = f"10.{chance.randrange(256)}.{chance.randrange(256)}", chance.choice((25, 110, 200))
    eth0 = {"name": "eth0", "type": "Ethernet", "proto": "DHCPv4", "mac": _mac(profile, 0)}
    wlan0 = {"name": "wlan0", "type": "WiFi", "proto": "NDP, DHCPv4", "mac": _mac(profile, 1)}
    tagged = {"name": f"eth0.{vlan}", "type": "Virtual", "proto": "Static", "mac": _mac(profile, 0)}
    wired, wireless = eth0 | _addresses(subnet, chance, 100), wlan0 | _addresses(subnet, chance, 110)
    interfaces = {
        "ethernet": [wired],
        "ethernet and VLAN": [wired, tagged | _addresses(f"172.16.{vlan}", chance, 2)],
        "Wi-Fi": [wireless],
        "ethernet and Wi-Fi": [wired, wireless | _addresses("192.168.7", chance, 110)],
        "cellular": [_cellular(profile)],
    }[profile.link]
    return {"externalIp": external, "interfaces": interfaces}


def _addresses(subnet: str, chance: Random, metric: int) -> dict[str, Any]:
    link_local = ":".join(f"{chance.randrange(1, 65_536):X}" for _ in range(4))
    address = f"{subnet}.{chance.randrange(10, 250)}/24"
    return {"ip": [address, f"FE80::{link_local}/64"], "gateway": f"{subnet}.1", "metric": metric}


def _cellular(profile: Profile) -> dict[str, Any]:
    chance = profile.random("cellular")
    mobile_country, mobile_network, carrier = _CARRIERS.get(profile.place.country, ("901", "28", "Vodafone"))
    return {
        "name": "ppp0",
        "type": "Cellular",
        "proto": "Static",
        "mac": _mac(profile, 2),
        **_addresses(f"100.64.{chance.randrange(256)}", chance, 120),
        "modem": {
            "imei": f"3577840{chance.randrange(10**7):07d}",
            "manufacturer": "Alcatel",
            "model": "IK41US_USBC4G_V2_NA" if profile.place.country == "US" else "IK41VE",
            "revision": "IK41_00_02.00_09",
        },
        "sims": [
            {
                "status": "OK",
                "iccid": f"89{mobile_country}{mobile_network}{chance.randrange(10**12):012d}",
                "connection": {"network": carrier, "signal": -chance.randrange(51, 105)},
            }
        ],
    }


def _mac(profile: Profile, port: int) -> str:
    digits = _digest("mac", profile.seed, profile.number, port)
    return ":".join(("02", *(digits[at : at + 2] for at in range(0, 10, 2))))


def _digest(*about: object) -> str:
    return sha1("/".join(map(str, about)).encode(), usedforsecurity=False).hexdigest().upper()


def _number(name: str) -> int:
    """Returns a small stable id for a presentation of this name."""
    return int(_digest(name)[:4], 16) + 1
