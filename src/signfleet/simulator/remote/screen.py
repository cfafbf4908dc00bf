"""Routes of the screen behind a player: `display-control`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from signfleet.simulator.remote.asking import Ask, Refusal, Reply, done, switch
from signfleet.simulator.remote.state import State

Handler = Callable[[State, Ask], Reply]


def _switch_of(ask: Ask) -> dict[str, Any]:
    return {"enabled": ask.member("enable", bool, "enabled")}


def _level(name: str, most: int) -> Callable[[Ask], dict[str, Any]]:
    def read(ask: Ask) -> dict[str, Any]:
        value = ask.member(name, int)
        if not 0 <= value <= most:
            raise Refusal(f"'{name}' has to be 0 to {most}.")
        return {name: value}

    return read


def _word(name: str, *words: str) -> Callable[[Ask], dict[str, Any]]:
    def read(ask: Ask) -> dict[str, Any]:
        value = ask.member(name, str).lower()
        if value not in words:
            raise Refusal(f"'{name}' has to be one of {', '.join(words)}.")
        return {name: value}

    return read


def _balance(ask: Ask) -> dict[str, Any]:
    return {key: _level(key, 255)(ask)[key] for key in ("redBalance", "greenBalance", "blueBalance")}


#: How each setting is read; the answer has the same members.
SETTINGS: dict[str, Callable[[Ask], dict[str, Any]]] = {
    "brightness": _level("brightness", 100),
    "contrast": _level("contrast", 100),
    "volume": _level("volume", 100),
    "always-connected": _switch_of,
    "always-on": _switch_of,
    "power-settings": _word("setting", "on", "standby"),
    "standby-timeout": _level("seconds", 86_400),
    "sd-connection": _word("connection", "brightsign", "display"),
    "video-output": _word("output", "hdmi1", "hdmi2", "hdmi3", "displayport"),
    "white-balance": _balance,
}
_MEMBER = {
    "always-connected": "enabled",
    "always-on": "enabled",
    "power-settings": "setting",
    "standby-timeout": "seconds",
    "sd-connection": "connection",
    "video-output": "output",
}


def routes() -> dict[tuple[str, str], Handler]:
    """Returns what answers each route of the settings."""
    found: dict[tuple[str, str], Handler] = {}
    for setting, read in SETTINGS.items():

        def get(state: State, ask: Ask, setting: str = setting) -> Reply:
            _require_screen(state)
            return Reply(_shown(state, setting))

        def put(state: State, ask: Ask, setting: str = setting, read: Callable[[Ask], dict[str, Any]] = read) -> Reply:
            _require_screen(state)
            given = read(ask)
            state.screen[setting] = given if setting == "white-balance" else next(iter(given.values()))
            return done(**_shown(state, setting))

        found["GET", f"display-control/{setting}"] = get
        found["PUT", f"display-control/{setting}"] = put
    return found


def _shown(state: State, setting: str) -> dict[str, Any]:
    value = state.screen[setting]
    return dict(value) if isinstance(value, dict) else {_MEMBER.get(setting, setting): value}


def _require_screen(state: State) -> None:
    if not state.has_screen():
        raise Refusal("This player has no screen.", 404)


def get_all(state: State, ask: Ask) -> Reply:
    screen = state.screen
    return Reply(
        {
            "tvInfo": get_info(state, ask).result,
            "whiteBalance": screen["white-balance"],
            "volume": screen["volume"],
            "brightness": screen["brightness"],
            "contrast": screen["contrast"],
            "idleStandbyTimeout": screen["standby-timeout"],
            "powerSetting": screen["power-settings"],
            "videoOutput": screen["video-output"],
            "sdConnection": screen["sd-connection"],
            "alwaysConnectedEnabled": screen["always-connected"],
        }
    )


def get_info(state: State, _ask: Ask) -> Reply:
    _require_screen(state)
    chance = state.machine.profile.random("screen")
    macs = [":".join(("02", *(f"{chance.randrange(256):02X}" for _ in range(5)))) for _ in range(2)]
    return Reply(
        {
            "macAddress": macs[0],
            "wifiMacAddress": macs[1],
            "serialNo": f"TV{chance.randrange(10**8):08d}",
            "osVersion": f"4.{chance.randrange(10)}.{chance.randrange(10)}",
            "hwRevision": "1.0",
        }
    )


def put_firmware(state: State, ask: Ask) -> Reply:
    _require_screen(state)
    path, url = ask.data.get("filepath"), ask.data.get("url")
    if bool(path) == bool(url) or not isinstance(path or url, str):
        raise Refusal("Either 'filepath' or 'url' names the firmware.")
    return switch(reboot=True)
