"""The columns of an imported file: those of the list of devices as CSV, and shorter names for the usual ones."""

from __future__ import annotations

import types
from copy import deepcopy
from functools import cache
from typing import Annotated, Any, Final, Literal, NamedTuple, Union, get_args, get_origin

import msgspec

from signfleet.fleet.devices.schemas import Player
from signfleet.fleet.devices.settings import READ_ONLY, Edit
from signfleet.foundation.errors import Invalid
from signfleet.foundation.expressions.suggestions import nearest
from signfleet.foundation.wire.csv_text import Path, cell_of, paths_of, plain, struct_of
from signfleet.foundation.wire.text import fold
from signfleet.web.contract.patch import Document

#: A cell that makes a value null; an empty one leaves the value as it is.
NULL: Final = "null"
TAG: Final = "tag:"
_SHORT: Final = {
    "group": ("settings", "group", "name"),
    "latitude": ("settings", "location", "gpsLatitude"),
    "longitude": ("settings", "location", "gpsLongitude"),
}
_ALL: Final[dict[str, Path]] = {
    **{fold(".".join(path[1:])): path for path in paths_of(Player) if path[0] == "settings"},
    **{fold(".".join(path)): path for path in paths_of(Player)},
    **_SHORT,
}
_WORDS: Final = {"true": True, "false": False}


class CellError(Invalid):
    """A cell that does not fit, in the column `column`."""

    def __init__(self, message: str, column: str) -> None:
        super().__init__(message)
        self.column = column


class Column(NamedTuple):
    """A column that changes something: a setting by its path, or a tag by its key."""

    name: str
    place: int
    path: Path = ()
    tag: str | None = None


class Head(NamedTuple):
    """The heading of a file: where the serial is, and the columns that change something."""

    serial: int
    columns: list[Column]


class RowEdit(NamedTuple):
    """What a row changes."""

    serial: str
    edit: Edit | None
    tags: dict[str, Any]
    removed: list[str]


def read_head(names: list[str]) -> Head:
    """Reads the heading. Columns of a device that nobody can change are left out. Raises `Invalid` for unknown ones."""
    serial, columns, seen = None, [], set()
    for place, name in enumerate(name.strip() for name in names):
        if not name and place == len(names) - 1:
            continue
        path = _ALL.get(fold(name))
        is_tag = fold(name).startswith(TAG)
        if path is None and not is_tag:
            near = nearest(name, [".".join(path[path[0] == "settings" :]) for path in _ALL.values()])
            hint = f"; did you mean {' or '.join(near)}?" if near else "."
            raise Invalid(f"Line 1 has a column '{name[:100]}', which devices do not have{hint}")
        if (path or name) in seen:
            raise Invalid(f"Line 1 has the column '{name}' twice.")
        seen.add(path or name)
        if path == ("serial",):
            serial = place
        elif path is None:
            text = plain(name[len(TAG) :].strip())
            columns.append(Column(name, place, tag=text if "::" in text else f"string::[Device].<{text}>"))
        elif path == ("tags",) or (path[0] == "settings" and path[1] not in READ_ONLY):
            columns.append(Column(name, place, path))
    if serial is None:
        raise Invalid("Line 1 has no column 'serial', which names the device of each line.")
    if not columns:
        raise Invalid("Line 1 has no column that can be changed, such as 'name', 'group' or 'description'.")
    return Head(serial, columns)


def read_row(head: Head, cells: list[str]) -> RowEdit:
    """Reads a row. Raises `CellError`."""
    serial, filled = complete(head, cells)
    values: list[tuple[Column, str, Any]] = []
    tags: dict[str, Any] = {}
    removed: list[str] = []
    for column in head.columns:
        cell = filled[column.place]
        if not cell:
            continue
        if column.path and column.path[0] == "settings":
            values.append((column, cell, None if cell == NULL else _value(column, cell)))
            continue
        given = {column.tag: None if cell == NULL else plain(cell)} if column.tag else _object(column, cell)
        tags |= {key: value for key, value in given.items() if value is not None}
        removed += [key for key, value in given.items() if value is None]

    def edit(present: Document) -> Document:
        result = deepcopy(present)
        for column, cell, value in values:
            path = column.path[1:]
            if cell != cell_of(present, path) and not (value is None and cell_of(present, path) == ""):
                _set(result, path, value)
        return result

    return RowEdit(serial, edit if values else None, tags, removed)


def complete(head: Head, cells: list[str]) -> tuple[str, list[str]]:
    """Returns the serial of a row, and a cell for each column. Raises `CellError` without a serial."""
    width = 1 + max(head.serial, *(column.place for column in head.columns))
    filled = [*(cell.strip() for cell in cells), *[""] * (width - len(cells))]
    serial = plain(filled[head.serial])
    if not serial:
        raise CellError("The serial is missing.", "serial")
    return serial, filled


def json_cell(column: Column, cell: str) -> Any:
    """Returns the value of a cell that is JSON. Raises `CellError`."""
    try:
        return msgspec.json.decode(cell)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        raise CellError("The cell is not JSON.", column.name) from None


def _set(document: Document, path: Path, value: Any) -> None:
    place = document
    for name in path[:-1]:
        if not isinstance(place.get(name), dict):
            place[name] = {}
        place = place[name]
    place[path[-1]] = value


def _value(column: Column, cell: str) -> Any:
    """Returns the value of a cell by the type of its property."""
    kinds = _kinds(column.path)
    if str in kinds:
        return plain(cell)
    if bool in kinds:
        if cell.lower() not in _WORDS:
            raise CellError(f"'{cell[:100]}' is neither true nor false.", column.name)
        return _WORDS[cell.lower()]
    if kinds & {int, float}:
        try:
            number = float(plain(cell).replace(",", "."))
        except ValueError:
            raise CellError(f"'{cell[:100]}' is no number.", column.name) from None
        return int(number) if number.is_integer() and float not in kinds else number
    return json_cell(column, cell)


def _object(column: Column, cell: str) -> dict[str, Any]:
    value = json_cell(column, cell)
    if not isinstance(value, dict):
        raise CellError('A JSON object is needed, such as {"string::[Device].<City>": "Rome"}.', column.name)
    return value


@cache
def _kinds(path: Path) -> set[Any]:
    """Returns the types that the property of a device at a path may have."""
    kind: Any = Player
    for name in path:
        struct = struct_of(kind)
        assert struct is not None
        kind = next(field.type for field in msgspec.structs.fields(struct) if field.encode_name == name)
    return set(_flat(kind))


def _flat(kind: Any) -> list[Any]:
    origin = get_origin(kind)
    if origin is Annotated:
        return _flat(get_args(kind)[0])
    if origin in (Union, types.UnionType):
        return [each for part in get_args(kind) for each in _flat(part)]
    return [str] if origin is Literal else [kind]
