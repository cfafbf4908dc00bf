"""A server for test suites: how to start and use it from Python, and what it offers below `/testing/v1`.

`TestingServer` in `process` runs one in a process of its own; `plugin` makes pytest fixtures of it. The other modules
are the server's own side. docs/testing.md describes both.
"""

from __future__ import annotations

from typing import Any

__all__ = ["TestingServer"]


def __getattr__(name: str) -> Any:
    """Loads `TestingServer` when it is first asked for: pytest loads this package with every project's tests."""
    if name == "TestingServer":
        from signfleet.testing.process import TestingServer  # noqa: PLC0415 - see above

        return TestingServer
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
