"""Joins the documents of a page in the database: one value is faster than many rows."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Column, ColumnElement, LargeBinary, Table, bindparam
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.compiler import compiles

from signfleet.foundation.storage.query import JsonList


class concatenated(ColumnElement[bytes]):
    """The texts of a column or expression, joined by commas, as bytes.

    Of the rows of `tables` whose `by` is in the list given as parameter `name`, in the order of the list; null if there
    are none. `where` joins the tables. One value is faster than many rows: each row, and each column of it, is a call
    into the driver.
    """

    inherit_cache = False
    type = LargeBinary()

    def __init__(
        self,
        text: ColumnElement[str],
        by: Column[int],
        name: str,
        tables: tuple[Table, ...],
        where: ColumnElement[bool],
    ) -> None:
        self.text = text
        self.by = by
        self.name = name
        self.tables = " CROSS JOIN ".join(table.name for table in tables)
        self.where = where


@compiles(concatenated, "sqlite")
def _concatenated_sqlite(element: concatenated, compiler: Any, **options: Any) -> str:
    text, key, where = (compiler.process(part, **options) for part in (element.text, element.by, element.where))
    values = compiler.process(bindparam(element.name, type_=JsonList()), **options)
    # SQLite does not reorder a CROSS JOIN: the list comes first.
    return (  # of names of our own tables
        f"(SELECT CAST(group_concat({text}) AS BLOB) FROM json_each({values}) AS listed"  # noqa: S608 - see above
        f" CROSS JOIN {element.tables} WHERE {where} AND {key} = listed.value)"
    )


@compiles(concatenated, "postgresql")
def _concatenated_postgresql(element: concatenated, compiler: Any, **options: Any) -> str:
    text, key, where = (compiler.process(part, **options) for part in (element.text, element.by, element.where))
    values = compiler.process(bindparam(element.name, type_=ARRAY(BigInteger())), **options)
    return (  # of names of our own tables
        f"(SELECT convert_to(string_agg({text}, ',' ORDER BY listed.place), 'UTF8')"  # noqa: S608 - see above
        f" FROM unnest({values}) WITH ORDINALITY AS listed(value, place)"
        f" CROSS JOIN {element.tables} WHERE {where} AND {key} = listed.value)"
    )
