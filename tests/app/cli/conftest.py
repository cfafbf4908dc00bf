"""Commands configure the log of the process they run in."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def _restored_logs(restored_logs: None) -> None:
    pass
