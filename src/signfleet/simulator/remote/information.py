"""Routes about what a player is: info, time, health, logs, crash dumps."""

from __future__ import annotations

from base64 import b64encode
from datetime import UTC, datetime
from ipaddress import ip_interface
from typing import Any

from signfleet.foundation.wire import zones
from signfleet.simulator import behaviour
from signfleet.simulator.remote.asking import Ask, Refusal, Reply
from signfleet.simulator.remote.state import State


def local_time(state: State, now: int) -> datetime:
    """Returns what the clock of the player shows."""
    machine = state.machine
    moment = behaviour.clock(machine.profile, now) + state.clock_shift
    return datetime.fromtimestamp(moment / 1000, zones.zone(machine.timezone))


def info(state: State, ask: Ask) -> Reply:
    machine, profile = state.machine, state.machine.profile
    seconds = max(ask.now - machine.booted, 0) // 1000
    interfaces = [_interface(each) for each in state.interfaces()]
    wireless = [each for each in interfaces if each["interfaceType"] == "WiFi"]
    days, rest = divmod(seconds, 86_400)
    return Reply(
        {
            "serial": profile.serial,
            "model": profile.model,
            "FWVersion": machine.firmware,
            "bootVersion": f"{machine.firmware.rpartition('.')[0]}.16",
            "family": _family(profile.model),
            "isPlayer": True,
            "upTime": f"{days} days {rest // 3600:02d}:{rest // 60 % 60:02d}:{rest % 60:02d}",
            "upTimeSeconds": seconds,
            "connectionType": interfaces[0]["interfaceType"],
            "ethernet": [each for each in interfaces if each["interfaceType"] != "WiFi"],
            "wireless": wireless,
            "interfaces": interfaces,
            "power": {"result": {"battery": "absent", "source": "AC"}},
            "poe": {"result": {"status": "inactive"}},
            "extensions": {"result": {"extensions": []}},
            "blessings": {"result": {"ac3": True, "eac3": True}},
            "networking": {"result": {"hostname": machine.registry.get("networking", {}).get("hostname", "")}},
            "hardware_features": {"hdmi": state.has_screen(), "ethernet": True, "wifi": bool(wireless)},
            "api_features": {"nodejs": True, "html": state.has_screen()},
            "active_features": {"local_dws": bool(state.local_dws["enabled"])},
            "bsnce": False,
        }
    )


def _family(model: str) -> str:
    return {"HD": "tiger", "LS": "pagani", "XD": "impala", "XT": "malibu", "XC": "cobra"}.get(model[:2], "tiger")


def _interface(interface: dict[str, Any]) -> dict[str, Any]:
    """Returns an interface of a status report as this route shows it."""
    found: dict[str, Any] = {"interfaceName": interface["name"], "interfaceType": interface["type"]}
    found |= {"IPv4": [], "IPv6": []}
    for text in interface["ip"]:
        address = ip_interface(text)
        entry = {
            "address": str(address.ip),
            "netmask": str(address.netmask),
            "family": f"IPv{address.version}",
            "mac": interface["mac"],
            "internal": False,
            "cidr": str(address),
        }
        found[f"IPv{address.version}"].append(entry | ({"scopeid": 2} if address.version == 6 else {}))
    return found


def get_time(state: State, ask: Ask) -> Reply:
    local = local_time(state, ask.now)
    offset = local.utcoffset()
    return Reply(
        {
            "time": f"{local:%Y-%m-%d %H:%M:%S} {local.tzname()}",
            "timezone_mins": 0 if offset is None else int(offset.total_seconds()) // 60,
            "timezone_name": state.machine.timezone,
            "timezone_abbr": local.tzname(),
            "year": local.year,
            "month": local.month,
            "date": local.day,
            "hour": local.hour,
            "minute": local.minute,
            "second": local.second,
            "millisecond": local.microsecond // 1000,
        }
    )


def put_time(state: State, ask: Ask) -> Reply:
    text = f"{ask.member('date', str)} {ask.member('time', str)[:8]}"
    try:
        wanted = datetime.strptime(text, "%Y-%m-%d %H:%M:%S")
    except ValueError as error:
        raise Refusal("'date' has to be yyyy-mm-dd and 'time' hh:mm:ss.") from error
    is_local = ask.member("applyTimezone", bool, default=True)
    zoned = wanted.replace(tzinfo=zones.zone(state.machine.timezone) if is_local else UTC)
    state.clock_shift = int(zoned.timestamp() * 1000) - behaviour.clock(state.machine.profile, ask.now)
    return Reply(True)


def health(state: State, ask: Ask) -> Reply:
    local = local_time(state, ask.now)
    return Reply({"status": "active", "statusTime": f"{local:%Y-%m-%d %H:%M:%S} {local.tzname()}"})


def logs(state: State, ask: Ask) -> Reply:
    """The log of the system, then what plays, in the form of playback lines."""
    machine = state.machine
    text = machine.log("system", ask.now, None, 48_000).decode()
    uptime = max(ask.now - machine.booted, 0) / 1000
    showing = behaviour.presentation(machine.profile, ask.now)
    sent = "".join(f"[{uptime:10.3f}] custom: {command}\n" for command in state.commands)
    playing = f"[{uptime:10.3f}] l=p,z=1,s={showing},e=play,i=video,n={showing.lower().replace(' ', '-')}.mp4\n"
    return Reply(text + sent + ("" if state.autorun_is_disabled else playing))


def crash_dump(state: State, ask: Ask) -> Reply:
    if state.machine.profile.condition != "failing card":
        return Reply({"isRecent": False, "crashDumpFiles": []})
    text = f"{state.machine.profile.model} {state.machine.firmware}: I/O error on /storage/sd\n"
    dump = {"fileName": "crash.txt", "mimeType": "text/plain", "fileContents": b64encode(text.encode()).decode()}
    return Reply({"isRecent": True, "crashDumpFiles": [dump]})
