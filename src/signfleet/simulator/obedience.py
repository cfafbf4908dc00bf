"""What a simulated player does when it gets a command."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NamedTuple
from weakref import WeakKeyDictionary

from signfleet.foundation.wire import datetime
from signfleet.simulator import behaviour
from signfleet.simulator.ledger import outcome
from signfleet.simulator.machine import Machine
from signfleet.simulator.remote.dispatch import FILE, answer
from signfleet.simulator.remote.state import State


class Done(NamedTuple):
    """What became of a command, the files to send first, and whether the machine restarts now."""

    outcome: dict[str, Any]
    files: tuple[tuple[str, bytes], ...] = ()
    restarts: bool = False


def _reload(machine: Machine, _arguments: dict[str, Any], now: int) -> Done:
    return Done(outcome("succeeded", result={"presentation": behaviour.presentation(machine.profile, now)}))


def _restart_app(machine: Machine, _arguments: dict[str, Any], now: int) -> Done:
    return Done(outcome("succeeded", result={"script": "autorun.brs", "startedAt": datetime.format(now)}))


def _identify(machine: Machine, arguments: dict[str, Any], _now: int) -> Done:
    shown = f"{machine.profile.name} · {machine.profile.serial}"
    return Done(outcome("succeeded", result={"shown": shown, "seconds": arguments.get("seconds", 60)}))


def _display(machine: Machine, arguments: dict[str, Any], _now: int) -> Done:
    before, machine.display = machine.display, arguments["power"]
    return Done(outcome("succeeded", result={"before": before, "power": machine.display}))


def _logs(machine: Machine, arguments: dict[str, Any], now: int) -> Done:
    if machine.profile.condition == "failing card":
        return Done(outcome("failed", "I/O error on /storage/sd"))
    source, since = arguments.get("source", "system"), arguments.get("since")
    text = machine.log(source, now, datetime.parse(since) if since else None, arguments.get("maxBytes", 1_048_576))
    counts = {"lines": text.count(b"\n"), "bytes": len(text)}
    return Done(outcome("succeeded", result=counts), files=((f"{source}.log", text),))


def _diagnostics(machine: Machine, arguments: dict[str, Any], now: int) -> Done:
    return Done(outcome("succeeded", result=machine.diagnose(arguments["test"], arguments.get("host"), now)))


def _timezone(machine: Machine, arguments: dict[str, Any], _now: int) -> Done:
    before, machine.timezone = machine.timezone, arguments["timezone"]
    return Done(outcome("succeeded", result={"before": before, "timezone": machine.timezone}))


def _registry_get(machine: Machine, arguments: dict[str, Any], _now: int) -> Done:
    section, key = arguments["section"].lower(), arguments.get("key")
    known = machine.registry.get(section, {})
    if key is None:
        return Done(outcome("succeeded", result={"section": section, "values": known}))
    return Done(outcome("succeeded", result={"section": section, "key": key, "value": known.get(key.lower())}))


def _registry_set(machine: Machine, arguments: dict[str, Any], _now: int) -> Done:
    section, key, value = arguments["section"].lower(), arguments["key"].lower(), arguments.get("value")
    if value is None:
        machine.registry.get(section, {}).pop(key, None)
    else:
        machine.registry.setdefault(section, {})[key] = value
    return Done(outcome("succeeded"))


def _firmware(machine: Machine, arguments: dict[str, Any], _now: int) -> Done:
    if machine.profile.condition in ("failing downloads", "failing card"):
        return Done(outcome("failed", f"the download of {arguments['url']} failed"))
    if not arguments["hash"].upper().startswith("SHA"):
        return Done(outcome("failed", f"the hash {arguments['hash'].partition(':')[0]} is unknown"))
    machine.firmware = arguments.get("version") or f"{machine.firmware.rpartition('.')[0]}.{200 + machine.boots}"
    return Done(outcome("succeeded", result={"version": machine.firmware}), restarts=True)


def _script(machine: Machine, arguments: dict[str, Any], _now: int) -> Done:
    if arguments["name"] not in SCRIPTS:
        return Done(outcome("failed", f"there is no script '{arguments['name']}' on this player"))
    output = SCRIPTS[arguments["name"]].format(machine.profile.serial)
    return Done(outcome("succeeded", result={"exitCode": 0, "output": output}))


def _relay(machine: Machine, arguments: dict[str, Any], now: int) -> Done:
    state = _STATES.get(machine)
    if state is None:
        state = _STATES[machine] = State(machine)
    answered = answer(state, arguments, now)
    files = () if answered.file is None else ((FILE, answered.file),)
    return Done(outcome("succeeded", result=answered.result), files, restarts=answered.restarts)


def _reboot(_machine: Machine, _arguments: dict[str, Any], _now: int) -> Done:
    return Done(outcome("succeeded"), restarts=True)


#: What the web interfaces of machines remember.
_STATES: Final[WeakKeyDictionary[Machine, State]] = WeakKeyDictionary()

#: The scripts that the operator has installed on every simulated player.
SCRIPTS: Final = {"clean-up": "removed 3 files on {}", "self-test": "all tests passed on {}"}

#: What a player can do without a request to the server, by the name of the command.
ACTIONS: Final[dict[str, Callable[[Machine, dict[str, Any], int], Done]]] = {
    "reload": _reload,
    "restart-app": _restart_app,
    "identify": _identify,
    "display": _display,
    "logs": _logs,
    "diagnostics": _diagnostics,
    "timezone": _timezone,
    "registry-get": _registry_get,
    "registry-set": _registry_set,
    "firmware": _firmware,
    "script": _script,
    "relay": _relay,
    "reboot": _reboot,
}
#: What needs the server: the player itself does it.
CAN: Final = ("screenshot", "settings", *ACTIONS)
