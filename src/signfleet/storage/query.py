"""Statements: built with SQLAlchemy Core, compiled once per dialect, run by the drivers directly.

No SQLAlchemy engine takes part in a request; it builds text and the order of its parameters, and that is kept.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, LargeBinary, Text, bindparam, func, select
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.engine.interfaces import Dialect
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql import ClauseElement

DIALECTS: Mapping[str, Dialect] = {
    "sqlite": SQLiteDialect_pysqlite(paramstyle="qmark"),
    "postgresql": PGDialect_asyncpg(),  # type: ignore[no-untyped-call]  # untyped in SQLAlchemy
}


class Prepared:
    """A statement as one dialect's driver takes it."""

    __slots__ = ("defaults", "names", "row", "text")

    def __init__(self, statement: Any, dialect: str) -> None:
        compiled = statement.compile(dialect=DIALECTS[dialect])
        self.text: str = compiled.string
        self.names: tuple[str, ...] = tuple(compiled.positiontup or ())
        binds = compiled.binds
        #: Values that are part of the statement itself; the others are given with each call.
        self.defaults = {name: binds[name].effective_value for name in self.names if not binds[name].required}
        columns = statement.exported_columns.keys() if hasattr(statement, "exported_columns") else ()
        self.row: Any = namedtuple("Row", columns, rename=True) if columns else tuple

    def arguments(self, params: Mapping[str, Any]) -> Sequence[Any]:
        """The parameters in the order of the text."""
        if self.defaults:
            params = {**self.defaults, **params}
        return [params[name] for name in self.names]


class Query:
    """A SQLAlchemy Core statement with `bindparam`s, compiled when a dialect first needs it."""

    __slots__ = ("_prepared", "statement")

    def __init__(self, statement: ClauseElement) -> None:
        self.statement = statement
        self._prepared: dict[str, Prepared] = {}

    def prepared(self, dialect: str) -> Prepared:
        try:
            return self._prepared[dialect]
        except KeyError:
            return self._prepared.setdefault(dialect, Prepared(self.statement, dialect))


class among(ColumnElement[bool]):
    """`column` is one of the list given as parameter `name`, however long it is: the text stays the same.

    It has no type of its own: SQLAlchemy would compare a Boolean with 1 on SQLite, and no index would serve that.
    """

    inherit_cache = False

    def __init__(self, column: ColumnElement[Any], name: str) -> None:
        self.column = column
        self.name = name


@compiles(among, "sqlite")
def _among_sqlite(element: among, compiler: Any, **options: Any) -> str:
    values = func.json_each(bindparam(element.name, type_=Text())).table_valued("value")
    return str(compiler.process(element.column.in_(select(values.c.value)), **options))


@compiles(among, "postgresql")
def _among_postgresql(element: among, compiler: Any, **options: Any) -> str:
    kind = BigInteger() if isinstance(element.column.type, BigInteger) else Text()
    values = bindparam(element.name, type_=ARRAY(kind))
    return str(compiler.process(element.column == func.any(values), **options))


class spliced(ColumnElement[bytes]):
    """The texts of columns put into the places `%s` of a template, as bytes: what is only passed on is not decoded.

    The template is our own text, without quotes or other percent signs. Joining with `||` would copy what is there
    already for each part.
    """

    inherit_cache = False
    type = LargeBinary()

    def __init__(self, template: str, *texts: ColumnElement[Any]) -> None:
        if "'" in template or template.count("%") != len(texts):
            raise ValueError("a template has one %s for each text and no quotes")
        self.template = template
        self.texts = texts

    def sql(self, function: str, compiler: Any, **options: Any) -> str:
        texts = ", ".join(compiler.process(text, **options) for text in self.texts)
        return f"{function}('{self.template}', {texts})"


@compiles(spliced, "sqlite")
def _spliced_sqlite(element: spliced, compiler: Any, **options: Any) -> str:
    return f"CAST({element.sql('printf', compiler, **options)} AS BLOB)"


@compiles(spliced, "postgresql")
def _spliced_postgresql(element: spliced, compiler: Any, **options: Any) -> str:
    return f"convert_to({element.sql('format', compiler, **options)}, 'UTF8')"


class merged(ColumnElement[Any]):
    """The JSON object of `column` with the members of the JSON text given as parameter `name` put in or replaced."""

    inherit_cache = False

    def __init__(self, column: ColumnElement[Any], name: str) -> None:
        self.column = column
        self.name = name
        self.type = column.type


@compiles(merged, "sqlite")
def _merged_sqlite(element: merged, compiler: Any, **options: Any) -> str:
    return str(compiler.process(func.json_patch(element.column, bindparam(element.name, type_=Text())), **options))


@compiles(merged, "postgresql")
def _merged_postgresql(element: merged, compiler: Any, **options: Any) -> str:
    return str(compiler.process(element.column.op("||")(bindparam(element.name, type_=JSONB())), **options))
