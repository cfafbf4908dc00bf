"""Routes of the registry. Names become lower case and values text, as on players."""

from __future__ import annotations

from typing import Any

from signfleet.simulator.remote.asking import Ask, Refusal, Reply, done
from signfleet.simulator.remote.state import State

#: How many values clients may store.
ROOM = 2000


def get_registry(state: State, _ask: Ask) -> Reply:
    known = {section: dict(keys) for section, keys in sorted(state.machine.registry.items())}
    return Reply({"success": True, "value": known, "sections": known})


def get_key(state: State, ask: Ask) -> Reply:
    section, key = (part.lower() for part in ask.path)
    value = state.machine.registry.get(section, {}).get(key)
    if value is None:
        raise Refusal(f"The registry has no key '{key}' in the section '{section}'.", 404)
    return done(section=section, key=key, value=value)


def put_key(state: State, ask: Ask) -> Reply:
    section, key = (part.lower() for part in ask.path)
    if "value" not in ask.data:
        raise Refusal("'value' is missing.")
    if sum(map(len, state.machine.registry.values())) >= ROOM:
        raise Refusal("The registry is full.", 409)
    value = _text(ask.data["value"])
    state.machine.registry.setdefault(section, {})[key] = value
    return done(section=section, key=key, value=value)


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def delete_key(state: State, ask: Ask) -> Reply:
    section, key = ask.path[0].lower(), ask.path[1].lower()
    if state.machine.registry.get(section, {}).pop(key, None) is None:
        raise Refusal(f"The registry has no key '{key}' in the section '{section}'.", 404)
    return done(section=section, key=key)


def delete_section(state: State, ask: Ask) -> Reply:
    section = ask.path[0].lower()
    if state.machine.registry.pop(section, None) is None:
        raise Refusal(f"The registry has no section '{section}'.", 404)
    return done(section=section)


def flush(_state: State, _ask: Ask) -> Reply:
    return done()


def get_recovery(state: State, _ask: Ask) -> Reply:
    url = state.machine.registry.get("networking", {}).get("ru", "")
    return done(value=url, url=url)


def put_recovery(state: State, ask: Ask) -> Reply:
    url = ask.data.get("url")
    if not isinstance(url, str):
        raise Refusal("'url' has to be a text.")
    state.machine.registry.setdefault("networking", {})["ru"] = url
    return done(value=url, url=url)
