"""Fixtures every test may use."""

from __future__ import annotations

import asyncio
import logging
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import structlog

from signfleet.storage.interface import Store
from signfleet.storage.migrations import migrate_postgresql, migrate_sqlite
from signfleet.storage.opening import open_store
from tests.postgres import Postgres, name_of, running_postgres


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Async tests and fixtures run on asyncio."""
    return "asyncio"


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A real PostgreSQL, started when the first test asks for it, one for each test process."""
    with running_postgres() as server:
        yield server


@pytest.fixture
def postgres_url(postgres: Postgres) -> Iterator[str]:
    """The URL of an empty database of this test's own."""
    url = postgres.create()
    yield url
    postgres.drop(url)


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with the current schema and nothing in it, to copy."""
    path = tmp_path_factory.mktemp("sqlite") / "template.db"
    migrate_sqlite(path)
    return path


@pytest.fixture(scope="session")
def migrated_postgresql(postgres: Postgres) -> str:
    """The name of a database with the current schema and nothing in it, to use as a template."""
    url = postgres.create()
    asyncio.run(migrate_postgresql(url))
    return name_of(url)


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of an empty store of this test's own, with its schema: every test that asks runs on both stores."""
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("migrated_sqlite"), tmp_path / "signfleet.db")
        yield f"sqlite:///{tmp_path / 'signfleet.db'}"
    else:
        postgres: Postgres = request.getfixturevalue("postgres")
        url = postgres.create(request.getfixturevalue("migrated_postgresql"))
        yield url
        postgres.drop(url)


@pytest.fixture
async def store(database: str) -> AsyncIterator[Store]:
    """An open store, empty."""
    opened = await open_store(database, connections=4)
    yield opened
    await opened.close()


@pytest.fixture
def restored_logs() -> Iterator[None]:
    """For tests that configure the log of this process: afterwards it is as it was before."""
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    yield
    root.handlers, root.level = handlers, level
    structlog.reset_defaults()
