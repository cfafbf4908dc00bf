"""Which parts of its settings an operator has set."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from signfleet.fleet.devices import managed
from signfleet.fleet.devices.registration import NewDevice, default_settings


def parts(values: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    objects = st.dictionaries(st.sampled_from(["a", "b"]), values, max_size=2)
    return st.fixed_dictionaries({"name": values, "network": st.none() | objects, "screen": st.none() | objects})


@given(st.lists(parts(st.none() | st.integers(0, 2)), min_size=1, max_size=6))
def test_a_part_is_managed_from_its_change_until_it_is_cleared(states: list[dict[str, Any]]) -> None:
    noted: set[str] = set()
    for before, after in pairwise(states):
        noted = managed.read(managed.after_change(noted, before, after), "X", after)
        for path in noted:
            first, _, second = path[1:].partition("/")
            value = after[first] if not second else (after[first] or {}).get(second)
            assert value is not None, path
        for path, value in managed.changed(before, after):
            assert (path in noted) == (value is not None)


def test_a_device_from_before_has_what_differs_from_its_beginning() -> None:
    new = NewDevice(serial="X1", model="HD1024", name="Lobby", group_id=7, group_name="Lobbies", timezone="CET")
    settings = msgspec.to_builtins(default_settings(new, 5))
    assert managed.read(None, "X1", settings) == set()
    settings["network"]["hostname"] = "lobby"
    settings["screenshots"] = None
    assert managed.read(None, "X1", settings) == {"/network/hostname"}
