"""People of older versions: who can sign in still can, who proved the mailbox is known where that can be known, and
their applications are found by name."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.ext.asyncio import create_async_engine

from signfleet.foundation.storage import migrations
from signfleet.foundation.wire.collation import order_key
from signfleet.foundation.wire.text import fold

BEFORE = "0012"
#: Login → id, creation and activation.
PEOPLE = {
    "mailed@example.com": (1, 10, 20),
    "Operated@example.com": (2, 10, 10),
    "administrated@example.com": (3, 10, 10),
    "registered@example.com": (4, 10, None),
    "Straße@example.com": (5, 10, 20),
}
FOLDED = {"Straße@example.com": "strasse@example.com"}


def upgrade_to(connection: Connection, revision: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def fill(connection: Connection) -> None:
    for login, (id_, created, activated) in PEOPLE.items():
        values = {"id": id_, "login": login, "key": FOLDED.get(login, login.lower()), "c": created, "a": activated}
        connection.execute(
            text(
                "INSERT INTO person (id, login, login_key, password_hash, creation_date, last_modified_date,"
                " activation_date, is_locked_out) VALUES (:id, :login, :key, 'hash', :c, :c, :a, FALSE)"
            ),
            values,
        )
        actor = "command line (root)" if login.startswith("Operated") else "admin@example.com"
        connection.execute(
            text(
                "INSERT INTO audit (network_id, id, date, actor, actor_key, action, entity, entity_id)"
                " VALUES (0, :id, 1, :actor, :actor, 'Create', 'Person', :id)"
            ),
            {"id": id_, "actor": actor},
        )
    connection.execute(
        text(
            'INSERT INTO "user" (network_id, id, person_id, creation_date, last_modified_date, is_locked_out)'
            " VALUES (1, 1, 3, 10, 10, FALSE)"
        )
    )
    connection.execute(
        text(
            "INSERT INTO application (id, client_id, name, person_id, secret_hash, scope, creation_date,"
            " last_modified_date) VALUES (1, 'client', 'Größe 2', 1, :hash, 'bsn.api.self', 10, 10)"
        ),
        {"hash": b"hash"},
    )


def migrated(connection: Connection) -> tuple[list[Any], list[Any]]:
    upgrade_to(connection, BEFORE)
    fill(connection)
    upgrade_to(connection, "head")
    people = connection.execute(
        text("SELECT login, mailbox_key, password_hash, activation_date, proof_date FROM person ORDER BY id")
    )
    names = connection.execute(text("SELECT name_key, name_order FROM application")).one()
    assert tuple(names) == (fold("Größe 2"), order_key("Größe 2"))
    return list(people), list(connection.execute(text('SELECT person_id FROM "user"')))


WANTED = [
    ("mailed@example.com", "mailed@example.com", "hash", 20, 20),
    ("Operated@example.com", "operated@example.com", "hash", 10, 10),
    ("administrated@example.com", "administrated@example.com", "hash", 10, None),
    ("registered@example.com", "registered@example.com", None, None, None),
    ("Straße@example.com", "straße@example.com", "hash", 20, 20),
]


def test_the_migration_preserves_people_on_sqlite(tmp_path: Path) -> None:
    with create_engine(f"sqlite:///{tmp_path / 'store.db'}").begin() as connection:
        people, users = migrated(connection)
    assert ([tuple(row) for row in people], [tuple(row) for row in users]) == (WANTED, [(3,)])
    with sqlite3.connect(tmp_path / "store.db") as opened, pytest.raises(sqlite3.IntegrityError):
        opened.execute("UPDATE person SET mailbox_key = 'mailed@example.com' WHERE id = 2")


async def test_the_migration_preserves_people_on_postgresql(postgres_url: str) -> None:
    engine = create_async_engine(postgres_url.replace("postgresql://", "postgresql+asyncpg://"))
    async with engine.begin() as connection:
        people, users = await connection.run_sync(migrated)
    await engine.dispose()
    assert ([tuple(row) for row in people], [tuple(row) for row in users]) == (WANTED, [(3,)])
