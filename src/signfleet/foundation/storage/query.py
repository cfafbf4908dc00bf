"""Statements: built with SQLAlchemy Core, compiled once per dialect, run by the drivers directly.

No SQLAlchemy engine takes part in a request: it builds the text and the order of its parameters once, and `Query`
caches both.

A query may name a protocol of its rows, declared beside it:

    class UserToChange(Protocol):
        id: int
        is_locked_out: int
        last_modified_date: int

    LOCK_USER = Query(
        select(user.c.id, user.c.is_locked_out, user.c.last_modified_date)
        .where(user.c.network_id == bindparam("in_network"), user.c.id == bindparam("this_id"))
        .with_for_update(),
        UserToChange,
    )

`store.one(LOCK_USER, …)` is then a `UserToChange | None` and `store.all(LOCK_USER, …)` a `list[UserToChange]`, so that
a misspelt column fails the type check. A member that the query does not select fails the import. Rows stay named
tuples of the driver's values: nothing is converted, and a Boolean column is 0 or 1 in SQLite, so declare it `int`.
A query without a protocol is a `Query[Any]`.

SQLAlchemy refuses an INSERT or UPDATE that binds the name of a column of its table, since it would set that column.
Parameters that pick the row therefore have names that no column has: `in_network` (network_id), `of_device`
(device_id), `this_id` and `id_` (id); new values that need an expression are `new_x` for the column `x`. SELECT and
DELETE use the same names where one caller runs them with the same arguments.
"""

from __future__ import annotations

import asyncio
from collections import namedtuple
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from inspect import get_annotations
from typing import Any, Generic, ParamSpec, Protocol, overload

from sqlalchemy import (
    BigInteger,
    BindParameter,
    Column,
    ColumnElement,
    LargeBinary,
    Text,
    and_,
    bindparam,
    func,
    select,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg
from sqlalchemy.dialects.sqlite.base import SQLiteCompiler
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.engine.interfaces import Dialect
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql import ClauseElement
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.sql.selectable import TableValuedAlias
from typing_extensions import TypeVar

from signfleet.foundation.wire.json import encode


class _SqliteCompiler(SQLiteCompiler):
    """SQLAlchemy's, which has no hints for SQLite."""

    def get_from_hint_text(self, table: Any, text: str | None) -> str | None:
        """Returns what follows the name of a table: `INDEXED BY name`."""
        return text


class _SqliteDialect(SQLiteDialect_pysqlite):
    statement_compiler = _SqliteCompiler


DIALECTS: Mapping[str, Dialect] = {
    "sqlite": _SqliteDialect(paramstyle="qmark"),
    "postgresql": PGDialect_asyncpg(),  # type: ignore[no-untyped-call]  # untyped in SQLAlchemy
}


#: One thread: however many callers send long filters, the event loop shares the interpreter with only one of them.
_THREAD = ThreadPoolExecutor(1, thread_name_prefix="prepare")

T = TypeVar("T")
P = ParamSpec("P")
RowT_co = TypeVar("RowT_co", covariant=True, default=Any)


async def run_in_thread(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Runs a function that takes milliseconds, and touches no shared state, outside the event loop."""
    return await asyncio.get_running_loop().run_in_executor(_THREAD, partial(function, *args, **kwargs))


class JsonList(Text):
    """A list that is bound as JSON text: SQLite has no arrays."""


class Prepared:
    """A statement compiled for one dialect's driver."""

    __slots__ = ("_given", "_lists", "_own", "_values", "row", "text")

    def __init__(self, statement: Any, dialect: str, *, columns: list[str] | None, named: bool) -> None:
        compiled = statement.compile(dialect=DIALECTS[dialect], column_keys=columns)
        self.text: str = compiled.string
        parameters = [compiled.binds[name] for name in compiled.positiontup or ()]
        #: Values that are part of the statement, in the order of the text; each call gives the others.
        self._values = [None if parameter.required else _own_value(parameter) for parameter in parameters]
        self._own = [
            (place, parameter.key, isinstance(parameter.type, JsonList))
            for place, parameter in enumerate(parameters)
            if not parameter.required
        ]
        given = [(place, parameter) for place, parameter in enumerate(parameters) if parameter.required]
        self._given = [(place, parameter.key) for place, parameter in given]
        self._lists = [place for place, parameter in given if isinstance(parameter.type, JsonList)]
        returned = statement.exported_columns.keys() if named and hasattr(statement, "exported_columns") else ()
        self.row: Any = namedtuple("Row", returned, rename=True) if returned else tuple

    def with_values(self, values: Mapping[str, Any]) -> Prepared:
        """Returns the same statement with other values of those parameters that have one."""
        made = object.__new__(Prepared)  # `copy` takes as long as reading a short filter
        made.text, made.row, made._own = self.text, self.row, self._own
        made._given, made._lists, made._values = self._given, self._lists, self._values.copy()
        for place, name, is_list in self._own:
            if name in values:
                made._values[place] = _as_text(values[name]) if is_list else values[name]
        return made

    def arguments(self, params: Mapping[str, Any]) -> list[Any]:
        """Returns the parameters in the order of the text."""
        values = self._values.copy()
        for place, name in self._given:
            values[place] = params[name]
        for place in self._lists:
            values[place] = _as_text(values[place])
        return values

    def rows(self, found: list[Any]) -> list[Any]:
        """Returns the driver's rows as named tuples."""
        new, row = tuple.__new__, self.row
        return found if row is tuple else [new(row, values) for values in found]


def _own_value(parameter: BindParameter[Any]) -> Any:
    value = parameter.effective_value
    return _as_text(value) if isinstance(parameter.type, JsonList) else value


def _as_text(values: Any) -> str:
    return encode(values).decode()


class Query(Generic[RowT_co]):
    """A SQLAlchemy Core statement with `bindparam`s, compiled when a dialect first needs it.

    `row` is the protocol of its rows. An insert sets all columns of its table unless `columns` names them. Rows that
    are not `named` are plain tuples.
    """

    __slots__ = ("_columns", "_named", "_original", "_prepared", "_values", "statement")

    @overload
    def __init__(
        self: Query[Any], statement: ClauseElement, *, columns: list[str] | None = None, named: bool = True
    ) -> None: ...

    @overload
    def __init__(self, statement: ClauseElement, row: type[RowT_co]) -> None: ...

    def __init__(
        self,
        statement: ClauseElement,
        row: type[Any] | None = None,
        *,
        columns: list[str] | None = None,
        named: bool = True,
    ) -> None:
        self.statement = statement
        self._columns = columns
        self._named = named
        self._prepared: dict[str, Prepared] = {}
        self._original: Query[Any] | None = None
        self._values: Mapping[str, Any] = {}
        if row is not None:
            _check_row(statement, row)

    def with_values(self, values: Mapping[str, Any]) -> Query[RowT_co]:
        """Returns the same query with other values of those parameters that have one; both share the compiled text."""
        made: Query[RowT_co] = object.__new__(Query)
        made.statement, made._columns, made._named = self.statement, self._columns, self._named
        made._prepared, made._original, made._values = {}, self, values
        return made

    async def prepare(self, dialect: str) -> None:
        """Compiles the statement outside the event loop, which takes up to 100 ms, unless it is compiled already."""
        if dialect not in self._prepared and (self._original is None or dialect not in self._original._prepared):
            await run_in_thread(self.prepared, dialect)

    def prepared(self, dialect: str) -> Prepared:
        try:
            return self._prepared[dialect]
        except KeyError:
            if self._original is not None:
                made = self._original.prepared(dialect).with_values(self._values)
                return self._prepared.setdefault(dialect, made)
            made = Prepared(self.statement, dialect, columns=self._columns, named=self._named)
            return self._prepared.setdefault(dialect, made)


def _check_row(statement: Any, row: type[Any]) -> None:
    """Raises `TypeError` if the statement does not return every member of the protocol `row`."""
    protocols = (base for base in row.__mro__ if base not in (Protocol, Generic, object))
    members = {name for base in protocols for name in (*get_annotations(base), *vars(base)) if not name.startswith("_")}
    missing = members - set(statement.exported_columns.keys())
    if missing:
        raise TypeError(f"{row.__name__}: the query selects no column {', '.join(sorted(missing))}")


def with_id(column: Column[int], name: str = "this_id") -> ColumnElement[bool]:
    """Picks the rows of a network by an id: binds `in_network` and `name`, which no column has."""
    return and_(column.table.c.network_id == bindparam("in_network"), column == bindparam(name))


class among(ColumnElement[bool]):
    """`column` is one of the list given as parameter `name`; the text is the same for every length of the list.

    It has no type of its own: SQLAlchemy would compare a Boolean with 1 on SQLite, and no index serves that.
    """

    inherit_cache = False

    def __init__(self, column: ColumnElement[Any], name: str) -> None:
        self.column = column
        self.name = name


@compiles(among, "sqlite")
def _among_sqlite(element: among, compiler: Any, **options: Any) -> str:
    values = func.json_each(bindparam(element.name, type_=JsonList())).table_valued("value")
    return str(compiler.process(element.column.in_(select(values.c.value)), **options))


@compiles(among, "postgresql")
def _among_postgresql(element: among, compiler: Any, **options: Any) -> str:
    kind = BigInteger() if isinstance(element.column.type, BigInteger) else Text()
    values = bindparam(element.name, type_=ARRAY(kind))
    return str(compiler.process(element.column == func.any(values), **options))


class _Each(FunctionElement[str]):
    inherit_cache = False
    type = Text()


def each(name: str) -> TableValuedAlias:
    """Returns the texts of the list given as parameter `name`, as a table with the column `value`."""
    return _Each(bindparam(name, type_=JsonList())).table_valued("value")


@compiles(_Each, "sqlite")
def _each_sqlite(element: _Each, compiler: Any, **options: Any) -> str:
    return f"json_each{compiler.process(element.clause_expr, **options)}"


@compiles(_Each, "postgresql")
def _each_postgresql(element: _Each, compiler: Any, **options: Any) -> str:
    return f"json_array_elements_text(CAST({compiler.process(element.clause_expr, **options)} AS JSON))"


class as_bytes(ColumnElement[bytes]):
    """A text as bytes: the driver does not decode what is only passed on."""

    inherit_cache = False
    type = LargeBinary()

    def __init__(self, text: ColumnElement[str]) -> None:
        self.text = text


@compiles(as_bytes, "sqlite")
def _as_bytes_sqlite(element: as_bytes, compiler: Any, **options: Any) -> str:
    return f"CAST({compiler.process(element.text, **options)} AS BLOB)"


@compiles(as_bytes, "postgresql")
def _as_bytes_postgresql(element: as_bytes, compiler: Any, **options: Any) -> str:
    return f"convert_to({compiler.process(element.text, **options)}, 'UTF8')"


class json_member(ColumnElement[str]):
    """The text of a member of a JSON object that is stored as text; `name` may be a path with dots."""

    inherit_cache = False
    type = Text()

    def __init__(self, document: ColumnElement[str], name: str) -> None:
        self.document = document
        self.name = name


@compiles(json_member, "sqlite")
def _json_member_sqlite(element: json_member, compiler: Any, **options: Any) -> str:
    return f"json_extract({compiler.process(element.document, **options)}, '$.{element.name}')"


@compiles(json_member, "postgresql")
def _json_member_postgresql(element: json_member, compiler: Any, **options: Any) -> str:
    path = element.name.replace(".", ",")
    return f"(CAST({compiler.process(element.document, **options)} AS JSON) #>> '{{{path}}}')"


class merged(ColumnElement[Any]):
    """The JSON object of `column`, with the members of the JSON text given as parameter `name` added or replaced."""

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
