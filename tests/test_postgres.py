"""The database that tests are given."""

from __future__ import annotations

import asyncio

import asyncpg

from tests.postgres import Postgres, name_of


def run(url: str, statement: str) -> object:
    async def connected() -> object:
        connection = await asyncpg.connect(url)
        try:
            return await connection.fetchval(statement)
        finally:
            await connection.close()

    return asyncio.run(connected())


def test_each_test_has_a_database_of_its_own(postgres: Postgres, postgres_url: str) -> None:
    run(postgres_url, "CREATE TABLE mine (id int)")
    other = postgres.create()
    assert run(other, "SELECT to_regclass('mine')") is None
    postgres.drop(other)


def test_a_database_can_be_the_template_of_others(postgres: Postgres, postgres_url: str) -> None:
    run(postgres_url, "CREATE TABLE template_table (id int)")
    copy = postgres.create(template=name_of(postgres_url))
    assert run(copy, "SELECT to_regclass('template_table')::text") == "template_table"
    postgres.drop(copy)
