"""Routes that control a player: restart, password, local DWS, messages to what plays, firmware."""

from __future__ import annotations

from urllib.parse import urlsplit

from signfleet.simulator.remote.asking import Ask, Refusal, Reply, done, switch
from signfleet.simulator.remote.state import State

#: How many messages to what plays the log shows.
REMEMBERED = 20


def reboot(state: State, ask: Ask) -> Reply:
    autorun = ask.data.get("autorun")
    if autorun not in (None, "disable"):
        raise Refusal("'autorun' can only be 'disable'.")
    if ask.member("factory_reset", bool, default=False):
        state.reset()
    state.autorun_is_disabled = autorun == "disable"
    return Reply({"success": True, "reboot": True, "message": "The player restarts."}, restarts=True)


def get_password(state: State, _ask: Ask) -> Reply:
    return Reply({"success": True, "password": {"isResultValid": True, "isBlank": not state.password}})


def put_password(state: State, ask: Ask) -> Reply:
    new = ask.data.get("password")
    if not isinstance(new, str):
        raise Refusal("'password' has to be a text.")
    if (ask.data.get("previouspassword") or "") != state.password:
        raise Refusal("The previous password is another one.", 403)
    state.password = new
    return switch(reboot=False)


def get_local_dws(state: State, _ask: Ask) -> Reply:
    return Reply({"success": True, "value": state.local_dws["enabled"], **state.local_dws})


def put_local_dws(state: State, ask: Ask) -> Reply:
    state.local_dws["enabled"] = ask.member("enable", bool, "enabled")
    return switch(reboot=False)


def reset_ssh_keys(state: State, ask: Ask) -> Reply:
    return switch(reboot=ask.member("reboot", bool, default=False))


def reset_certificates(state: State, ask: Ask) -> Reply:
    return switch(reboot=ask.member("reboot", bool, default=True))


def custom(state: State, ask: Ask) -> Reply:
    command = ask.member("command", str, "data")
    state.commands = [*state.commands, command][-REMEMBERED:]
    if ask.member("returnImmediately", bool, default=True):
        return done()
    return done(response=f"received {command}")


def download_firmware(state: State, ask: Ask) -> Reply:
    url = ask.query.get("url", "")
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise Refusal("'url' has to be an address of http or https.")
    machine = state.machine
    if machine.profile.condition in ("failing downloads", "failing card"):
        raise Refusal("The download of the firmware failed.", 409)
    words = parts.path.rpartition("/")[2].removesuffix(".bsfw").split("-")
    named = next((word for word in words if word.count(".") == 2 and word.replace(".", "").isdigit()), None)
    machine.firmware = named or f"{machine.firmware.rpartition('.')[0]}.{200 + machine.boots}"
    return switch(reboot=True)


def re_provision(state: State, _ask: Ask) -> Reply:
    state.fill_storage("sd")
    return Reply({"success": True}, restarts=True)
