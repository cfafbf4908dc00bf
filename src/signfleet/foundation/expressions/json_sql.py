"""SQL elements that SQLAlchemy lacks, in both stores' dialects.

`JsonValue` and `JsonHas` read the flat JSON object of an entity's properties. Its keys are property paths of our own
types, or names that consist of a few safe characters; `_checked` makes sure of that where they become SQL.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Boolean, ColumnElement, bindparam, func, literal_column, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.types import TypeEngine

from signfleet.foundation.expressions.types import Kind
from signfleet.foundation.storage.query import JsonList

_SAFE_PATH = re.compile(r"[A-Za-z0-9._-]+")
_POSTGRESQL_TYPES = {
    Kind.DATE_TIME: "BIGINT",
    Kind.TIME_SPAN: "BIGINT",
    Kind.BOOLEAN: "BOOLEAN",
}


class JsonValue(ColumnElement[Any]):
    """The value of a property in the type that its kind compares by: text byte by byte, numbers as numbers."""

    inherit_cache = False

    def __init__(
        self, column: ColumnElement[Any], path: str, kind: Kind, type_: TypeEngine[Any], *, whole: bool
    ) -> None:
        self.column = column
        self.path = _checked(path)
        self.kind = kind
        self.type = type_
        self.whole = whole


class JsonHas(ColumnElement[bool]):
    """The array at a key contains the element; null if there is no array."""

    inherit_cache = False
    type = Boolean()

    def __init__(self, column: ColumnElement[Any], path: str, element: ColumnElement[Any]) -> None:
        self.column = column
        self.path = _checked(path)
        self.element = element


class AnyOf(ColumnElement[bool]):
    """A column equals one of a list, which is one parameter, so that a long list compiles as fast as a short one.

    It has no Boolean type: SQLAlchemy would compare that with 1 on SQLite, and no index serves it.
    """

    inherit_cache = False

    def __init__(self, column: ColumnElement[Any], name: str, values: Sequence[Any], type_: TypeEngine[Any]) -> None:
        self.column = column
        self.name = name
        self.values = list(values)
        self.value_type = type_


def _checked(path: str) -> str:
    if not _SAFE_PATH.fullmatch(path):
        raise ValueError(f"{path} is not a property path")
    return path


@compiles(JsonValue, "sqlite")
def _value_sqlite(value: JsonValue, compiler: SQLCompiler, **options: Any) -> str:
    return f"""json_extract({compiler.process(value.column, **options)}, '$."{value.path}"')"""


@compiles(JsonValue, "postgresql")
def _value_postgresql(value: JsonValue, compiler: SQLCompiler, **options: Any) -> str:
    text = f"({compiler.process(value.column, **options)} ->> '{value.path}')"
    if value.kind is Kind.NUMBER:
        return f"CAST({text} AS {'BIGINT' if value.whole else 'DOUBLE PRECISION'})"
    if value.kind in _POSTGRESQL_TYPES:
        return f"CAST({text} AS {_POSTGRESQL_TYPES[value.kind]})"
    return f'({text} COLLATE "C")'


@compiles(JsonHas, "sqlite")
def _has_sqlite(has: JsonHas, compiler: SQLCompiler, **options: Any) -> str:
    path: ColumnElement[str] = literal_column(f"""'$."{has.path}"'""")
    elements = func.json_each(has.column, path).table_valued("value")
    return f"({compiler.process(has.element.in_(select(elements.c.value)), **options)})"


@compiles(JsonHas, "postgresql")
def _has_postgresql(has: JsonHas, compiler: SQLCompiler, **options: Any) -> str:
    column = compiler.process(has.column, **options)
    return f"(({column} -> '{has.path}') @> to_jsonb({compiler.process(has.element, **options)}))"


@compiles(AnyOf, "sqlite")
def _any_of_sqlite(any_of: AnyOf, compiler: SQLCompiler, **options: Any) -> str:
    values = func.json_each(bindparam(any_of.name, any_of.values, type_=JsonList())).table_valued("value")
    return f"({compiler.process(any_of.column.in_(select(values.c.value)), **options)})"


@compiles(AnyOf, "postgresql")
def _any_of_postgresql(any_of: AnyOf, compiler: SQLCompiler, **options: Any) -> str:
    values = bindparam(any_of.name, any_of.values, type_=ARRAY(any_of.value_type))
    return f"({compiler.process(any_of.column, **options)} = ANY ({compiler.process(values, **options)}))"
