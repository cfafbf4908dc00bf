"""pytest fixtures: one testing server a session, emptied and seeded again for each test that uses it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from signfleet.testing.process import TestingServer

MARK = "signfleet(devices=10, seed=37, reporting=True, pictures=False): what the server of a test is seeded with"


def pytest_configure(config: pytest.Config) -> None:
    """Registers the marker `signfleet`."""
    config.addinivalue_line("markers", MARK)


@pytest.fixture(scope="session")
def signfleet_settings() -> dict[str, Any]:
    """Settings of the server by name; override this fixture to change some."""
    return {}


@pytest.fixture(scope="session")
def signfleet_server(
    tmp_path_factory: pytest.TempPathFactory, signfleet_settings: dict[str, Any]
) -> Iterator[TestingServer]:
    """Returns the server of this test process, as the last test left it."""
    from signfleet.testing.process import TestingServer  # noqa: PLC0415 - other projects' tests load this module too

    with TestingServer(tmp_path_factory.mktemp("signfleet"), **signfleet_settings) as server:
        yield server


@pytest.fixture
def signfleet(signfleet_server: TestingServer, request: pytest.FixtureRequest) -> TestingServer:
    """Returns the server, emptied and seeded for this test; `@pytest.mark.signfleet(devices=3)` sets the seed."""
    mark = request.node.get_closest_marker("signfleet")
    signfleet_server.reset(**(mark.kwargs if mark is not None else {}))
    return signfleet_server
