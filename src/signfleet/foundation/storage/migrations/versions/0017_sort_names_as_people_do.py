"""Sort names as people do"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from signfleet.foundation.wire.collation import order_key

revision = "0017"
down_revision = "0016"

KEY = sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")
BATCH = 1000
#: Where names have a column: the table, the rest of its key, the folded name, and what it sorts by.
NAMES = (
    ("device", ("id",), "name_key", "name_order"),
    ("device_group", ("id",), "name_key", "name_order"),
    ("role", ("id",), "name_key", "name_order"),
    ("tag_key", ("id",), "name_key", "name_order"),
    ("device_tag", ("device_id", "tag_id"), "value_key", "value_order"),
    ("screenshot", ("id",), "group_name_key", "group_name_order"),
    ("screenshot", ("id",), "presentation_name_key", "presentation_name_order"),
)
OPTIONAL = {"value_order", "group_name_order", "presentation_name_order"}
COMMENTS = {"value_order": "strings"}
#: The names in the flat object of a device.
PATHS = (
    "settings.description",
    "settings.group.name",
    "settings.brightWall.name",
    "settings.location.country",
    "settings.location.countryLongName",
    "settings.location.adminAreaLevel1",
    "settings.location.adminAreaLevel1LongName",
    "settings.location.adminAreaLevel2",
    "settings.location.adminAreaLevel2LongName",
    "settings.location.locality",
    "settings.location.localityLongName",
    "settings.location.pathLongName",
    "status.group.name",
    "status.brightWall.name",
    "status.presentation.name",
    "status.firmware.version",
    "status.script.version",
)


def upgrade() -> None:
    for table, key, source, target in NAMES:
        given: dict[str, Any] = {} if target in OPTIONAL else {"server_default": "", "nullable": False}
        op.add_column(table, sa.Column(target, KEY, comment=COMMENTS.get(target), **given))
        value = sa.cast(sa.bindparam("value", type_=sa.Text()), KEY)
        _fill(table, ("network_id", *key), source, order_key, {target: value})
    # Text is no JSONB to PostgreSQL unless it is cast.
    flat: sa.types.TypeEngine[Any] = postgresql.JSONB() if _is_postgresql() else sa.Text()
    value = sa.cast(sa.bindparam("value", type_=sa.Text()), flat)
    _fill("device_properties", ("network_id", "device_id"), "properties", _with_order, {"properties": value})
    op.create_index("ix_device_name_order", "device", ["network_id", "name_order", "id"])
    op.create_index("ix_device_group_name_order", "device_group", ["network_id", "name_order", "id"])


def _is_postgresql() -> bool:
    return op.get_context().dialect.name == "postgresql"


def _with_order(properties: str) -> str:
    flat = json.loads(properties)
    flat |= {f"{path}.order": order_key(flat[path]) for path in PATHS if flat.get(path) is not None}
    return json.dumps(flat, ensure_ascii=False, separators=(",", ":"))


def _fill(
    name: str,
    key: tuple[str, ...],
    source: str,
    convert: Callable[[str], str],
    values: dict[str, sa.ColumnElement[Any]],
) -> None:
    """Updates each row to `values`, of which `value` is what `convert` makes of its `source`."""
    columns = (*(sa.column(column, sa.BigInteger()) for column in key), *map(sa.column, {source, *values}))
    table = sa.table(name, *columns)
    this = (table.c[column] == sa.bindparam(f"of_{column}") for column in key)
    update = sa.update(table).where(*this).values(values)
    for rows in _batches(table, key, source):
        parameters = [
            {**{f"of_{column}": part for column, part in zip(key, row[:-1], strict=True)}, "value": convert(row[-1])}
            for row in rows
        ]
        op.get_bind().execute(update, parameters)


def _batches(table: sa.TableClause, key: tuple[str, ...], source: str) -> Iterator[list[Any]]:
    """The keys and texts of the rows that have a text, a thousand at once."""
    columns = [table.c[column] for column in key]
    statement = sa.select(*columns, sa.cast(table.c[source], sa.Text())).where(table.c[source].is_not(None))
    statement = statement.order_by(*columns).limit(BATCH)
    rows = op.get_bind().execute(statement).all()
    while rows:
        yield list(rows)
        last = sa.tuple_(*(sa.literal(part, sa.BigInteger()) for part in rows[-1][:-1]))
        rows = op.get_bind().execute(statement.where(sa.tuple_(*columns) > last)).all()
