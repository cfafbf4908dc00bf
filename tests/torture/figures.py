"""The figures of a scenario, and the values that they must have."""

from __future__ import annotations

from typing import Any


class Figures:
    """The rows of a table; a figure other than `wanted`, or above `at_most`, fails the scenario."""

    def __init__(self, scenario: str) -> None:
        self.scenario = scenario
        self.rows: list[tuple[str, Any]] = []
        self.failures: list[str] = []
        self.notes: list[str] = []

    def add(self, name: str, value: Any, *, wanted: Any = None, at_most: float | None = None) -> None:
        self.rows.append((name, value))
        if wanted is not None and value != wanted:
            self.failures.append(f"{name}: {value}, expected {wanted}")
        if at_most is not None and value > at_most:
            self.failures.append(f"{name}: {value}, expected at most {at_most}")

    def __str__(self) -> str:
        texts = {name: f"{value:,}" if isinstance(value, int) else str(value) for name, value in self.rows}
        values = ", ".join(f"{name} {text}" for name, text in texts.items())
        lines = [f"| {self.scenario} | {values} |"]
        lines += [f"  FAILED {failure}" for failure in self.failures]
        lines += [f"  {note}" for note in self.notes]
        return "\n".join(lines)
