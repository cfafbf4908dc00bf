"""What the last report of a player says of it while it is away: info, time and health, marked with their age."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from ipaddress import ip_interface
from typing import Any, Final

import msgspec

from signfleet.fleet.remote.store import ReportRow
from signfleet.foundation.wire import datetime as moments
from signfleet.foundation.wire import timespan
from signfleet.foundation.wire.timespan import DAY, SECOND
from signfleet.foundation.wire.zones import zone

#: The routes that it answers.
ANSWERS: Final = ("info", "time", "health")


def of_report(route: str, row: ReportRow, now: int) -> dict[str, Any] | None:
    """Returns the result of a route; None if the player never reported.

    `reportDate` is when the player sent it, `ageSeconds` how long ago that was.
    """
    if row.status_date is None:
        return None
    status = msgspec.json.decode(row.status or "{}") or {}
    local = datetime.fromtimestamp(row.status_date / 1000, zone(status.get("timezone")))
    age = {
        "isFromLastReport": True,
        "reportDate": moments.format(row.status_date),
        "ageSeconds": max(now - row.status_date, 0) // 1000,
    }
    return _RESULTS[route](row, status, local) | age


def _info(row: ReportRow, status: dict[str, Any], _local: datetime) -> dict[str, Any]:
    firmware = (status.get("firmware") or {}).get("version") or ""
    uptime = timespan.parse(status.get("uptime") or "00:00:00")
    days, rest = divmod(uptime // SECOND, DAY // SECOND)
    interfaces = [_interface(each) for each in (status.get("network") or {}).get("interfaces") or []]
    return {
        "serial": row.serial,
        "model": row.model,
        "FWVersion": firmware,
        "bootVersion": firmware,
        "family": row.family.lower(),
        "isPlayer": True,
        "upTime": f"{days} days {rest // 3600:02d}:{rest // 60 % 60:02d}:{rest % 60:02d}",
        "upTimeSeconds": uptime // 1000,
        "connectionType": interfaces[0]["interfaceType"] if interfaces else "",
        "ethernet": interfaces,
        **{part: {"result": {}} for part in ("power", "poe", "extensions", "blessings", "networking")},
        "hardware_features": {},
        "api_features": {},
        "active_features": {},
        "bsnce": False,
    }


def _interface(interface: dict[str, Any]) -> dict[str, Any]:
    """Returns a network interface of a status in the form of `info`."""
    found: dict[str, list[dict[str, Any]]] = {"IPv4": [], "IPv6": []}
    for text in interface.get("ip") or []:
        address = ip_interface(text)
        entry = {
            "address": str(address.ip),
            "netmask": str(address.netmask),
            "family": f"IPv{address.version}",
            "mac": interface.get("mac") or "",
            "internal": False,
            "cidr": str(address),
        }
        found[f"IPv{address.version}"].append(entry | ({"scopeid": 0} if address.version == 6 else {}))
    return {"interfaceName": interface.get("name") or "", "interfaceType": interface.get("type") or "", **found}


def _time(_row: ReportRow, _status: dict[str, Any], local: datetime) -> dict[str, Any]:
    return {
        "time": f"{local:%Y-%m-%d %H:%M:%S} {local.tzname()}",
        "timezone_mins": int((local.utcoffset() or local - local).total_seconds()) // 60,
        "timezone_name": str(local.tzinfo),
        "timezone_abbr": local.tzname() or "",
        "year": local.year,
        "month": local.month,
        "date": local.day,
        "hour": local.hour,
        "minute": local.minute,
        "second": local.second,
        "millisecond": local.microsecond // 1000,
    }


def _health(_row: ReportRow, _status: dict[str, Any], local: datetime) -> dict[str, Any]:
    return {"status": "inactive", "statusTime": f"{local:%Y-%m-%d %H:%M:%S} {local.tzname()}"}


_RESULTS: Final[dict[str, Callable[[ReportRow, dict[str, Any], datetime], dict[str, Any]]]] = {
    "info": _info,
    "time": _time,
    "health": _health,
}
