"""The columns of an imported file."""

from __future__ import annotations

import sys
from types import FrameType
from typing import Any

from signfleet.fleet.changes.import_columns import read_head, read_row


def test_a_line_costs_a_few_calls_however_large_the_type_of_a_device_is() -> None:
    head = read_head(["serial", "name", "latitude", "concatNameAndSerial"])
    cells = ["A1", "Lobby", "52.5", "true"]
    calls = 0

    def count(_frame: FrameType, event: str, _argument: Any) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    read_row(head, cells)
    sys.setprofile(count)
    try:
        read_row(head, cells)
    finally:
        sys.setprofile(None)
    assert calls < 100
