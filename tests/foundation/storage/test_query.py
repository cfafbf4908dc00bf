"""Queries: the protocol of their rows."""

from __future__ import annotations

from typing import Any, Protocol

import pytest
from sqlalchemy import bindparam, select

from signfleet.foundation.storage.interface import Store, Transaction
from signfleet.foundation.storage.query import Query
from signfleet.foundation.storage.tables import setting


class Named(Protocol):
    name: str


class Setting(Named, Protocol):
    @property
    def value(self) -> str: ...


def test_a_query_returns_rows_that_have_every_member_of_its_protocol() -> None:
    assert Query(select(setting), Setting).prepared("sqlite").row._fields == ("name", "value")


def test_a_query_may_select_more_than_its_protocol_names() -> None:
    assert Query(select(setting), Named).prepared("sqlite").row._fields == ("name", "value")


def test_a_label_is_a_column() -> None:
    Query(select(setting.c.name, setting.c.name.label("value")), Setting)


def test_a_statement_may_return_its_rows() -> None:
    Query(setting.insert().returning(setting.c.name), Named)


@pytest.mark.parametrize(
    ("statement", "missing"),
    [
        (select(setting.c.name), "Setting: the query selects no column value"),
        (select(setting.c.name.label("key")), "Setting: the query selects no column name, value"),
        (setting.delete(), "Setting: the query selects no column name, value"),
    ],
)
def test_a_member_that_the_query_does_not_select_fails_its_declaration(statement: Any, missing: str) -> None:
    with pytest.raises(TypeError, match=missing):
        Query(statement, Setting)


async def test_both_stores_return_the_rows_of_the_protocol(store: Store) -> None:
    query = Query(select(setting).where(setting.c.name == bindparam("name")), Setting)

    async def work(tx: Transaction) -> Setting | None:
        await tx.execute(Query(setting.insert()), name="a", value="1")
        return await tx.one(query, name="a")

    written = await store.write(work)
    read: list[Setting] = await store.all(query, name="a")
    scanned: list[Setting] = await store.scan_all(query, name="a")
    assert written is not None
    assert [row.value for row in (written, *read, *scanned)] == ["1", "1", "1"]
