"""A database that cannot serve is refused at the start, in one sentence that says what to do."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest

from signfleet.foundation.storage.migrations import migrate_postgresql
from signfleet.foundation.storage.open import CannotOpen, open_store
from tests.app.cli.test_serve import invoke
from tests.postgres import Postgres, name_of

READER = "reader"


@pytest.fixture
def encoded(postgres: Postgres, request: pytest.FixtureRequest) -> Iterator[str]:
    """A database in another encoding than UTF-8."""
    name = f"encoded_{request.param.lower()}"
    postgres.run(f"CREATE DATABASE {name} ENCODING '{request.param}' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0")
    yield postgres.url(name)
    postgres.drop(postgres.url(name))


@pytest.mark.parametrize("encoded", ["LATIN1", "SQL_ASCII"], indirect=True)
async def test_a_database_that_lacks_characters_is_refused(encoded: str) -> None:
    with pytest.raises(CannotOpen, match=r"^Cannot open .* has the encoding (LATIN1|SQL_ASCII), .*ENCODING 'UTF8'"):
        await open_store(encoded)


@pytest.fixture
def reader(postgres: Postgres) -> Iterator[None]:
    """A user who owns nothing."""
    postgres.run(f"CREATE USER {READER}")
    yield
    postgres.run(f"DROP USER {READER}")


def as_reader(url: str) -> str:
    user = urlsplit(url).username
    return url.replace(f"//{user}:@", f"//{READER}:@")


def statements(url: str, *texts: str) -> None:
    """Run each in the database at `url`."""

    async def connected() -> None:
        connection = await asyncpg.connect(url)
        for text in texts:
            await connection.execute(text)
        await connection.close()

    asyncio.run(connected())


def test_a_user_who_may_not_create_tables_is_refused_with_the_statement_that_helps(
    postgres: Postgres, postgres_url: str, reader: None, tmp_path: Path
) -> None:
    code, output = invoke("serve", "--data", str(tmp_path), "--database", as_reader(postgres_url))
    assert code == 1
    assert f"the user {READER} may not create tables in the schema public of the database" in output
    assert len(output.splitlines()) == 1
    postgres.run(f'ALTER DATABASE "{name_of(postgres_url)}" OWNER TO "{READER}"')
    asyncio.run(migrate_postgresql(as_reader(postgres_url)))
    postgres.run(f'ALTER DATABASE "{name_of(postgres_url)}" OWNER TO postgres')
    statements(postgres_url, f'REASSIGN OWNED BY "{READER}" TO postgres')


def test_a_user_without_any_schema_is_refused(postgres: Postgres, postgres_url: str, reader: None) -> None:
    statements(postgres_url, "REVOKE ALL ON SCHEMA public FROM PUBLIC")
    with pytest.raises(CannotOpen, match=rf"the user {READER} may use no schema of search_path"):
        asyncio.run(open_store(as_reader(postgres_url)))


def test_a_store_with_tables_of_another_owner_is_refused(
    postgres: Postgres, migrated_postgresql: str, reader: None
) -> None:
    url = postgres.create(migrated_postgresql)
    with pytest.raises(CannotOpen, match="permission denied for table alembic_version"):
        asyncio.run(open_store(as_reader(url)))
    postgres.drop(url)


def test_an_upgrade_of_tables_of_another_owner_fails_in_one_sentence(
    postgres: Postgres, migrated_postgresql: str, reader: None
) -> None:
    url = postgres.create(migrated_postgresql)
    statements(
        url,
        "UPDATE alembic_version SET version_num = '0001'",
        f"GRANT ALL ON ALL TABLES IN SCHEMA public TO {READER}",
        f"GRANT ALL ON SCHEMA public TO {READER}",
    )
    with pytest.raises(CannotOpen, match=r"its schema cannot be upgraded: .+\.$"):
        asyncio.run(open_store(as_reader(url)))
    postgres.drop(url)


async def test_a_database_that_takes_no_writes_is_refused(postgres_url: str) -> None:
    with pytest.raises(CannotOpen, match="takes no writes: it is a standby, or default_transaction_read_only is on"):
        await open_store(f"{postgres_url}&options=-c%20default_transaction_read_only%3Don")
