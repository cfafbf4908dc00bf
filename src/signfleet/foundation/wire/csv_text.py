"""Reads and writes CSV (RFC 4180) that spreadsheets open without evaluating what clients have written."""

from __future__ import annotations

import csv
import io
import types
from collections.abc import Iterable, Iterator, Sequence
from typing import Annotated, Any, Final, NamedTuple, Union, get_args, get_origin

import msgspec

from signfleet.foundation.errors import Invalid
from signfleet.foundation.wire.json import encode

#: How deep a property may be.
_DEPTH: Final = 8
_DELIMITERS: Final = ",;\t"

Path = tuple[str, ...]

#: Characters with which a formula begins in spreadsheets, in some also full-width ones.
FORMULA_BEGINS: Final = tuple("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")


def safe(text: str) -> str:
    """Returns a text as a cell; one that a spreadsheet would evaluate as a formula gets an apostrophe before it."""
    return f"'{text}" if text.startswith(FORMULA_BEGINS) else text


def rows_as_csv(rows: Iterable[Sequence[str]]) -> bytes:
    """Returns rows of cells as CSV."""
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()


def paths_of(kind: Any, at: Path = (), depth: int = _DEPTH) -> Iterator[Path]:
    """Returns the paths of the properties of an entity, in the order of its type."""
    struct = struct_of(kind)
    if struct is None or depth == 0:
        yield at
        return
    for field in msgspec.structs.fields(struct):
        yield from paths_of(field.type, (*at, field.encode_name), depth - 1)


def struct_of(kind: Any) -> type[msgspec.Struct] | None:
    """Returns the type of an object that a property is, or may be besides null."""
    if get_origin(kind) is Annotated:
        return struct_of(get_args(kind)[0])
    if get_origin(kind) in (Union, types.UnionType):
        found = [struct for each in get_args(kind) if (struct := struct_of(each)) is not None]
        return found[0] if len(found) == 1 else None
    is_struct = isinstance(kind, type) and issubclass(kind, msgspec.Struct) and kind is not msgspec.UnsetType
    return kind if is_struct else None


def cell_of(item: Any, path: Path) -> str:
    """Returns the property of an entity at a path as a cell: null is empty, what is no text is JSON."""
    for name in path:
        item = item.get(name) if isinstance(item, dict) else None
    if item is None:
        return ""
    if isinstance(item, str):
        return safe(item)
    return encode(item).decode()


def plain(cell: str) -> str:
    """Returns the text of a cell without the apostrophe that `safe` adds."""
    return cell[1:] if cell.startswith("'") and cell[1:].startswith(FORMULA_BEGINS) else cell


class Row(NamedTuple):
    """The cells of a row, and the line of the file on which it begins."""

    line: int
    cells: list[str]


def read_csv(content: bytes) -> Iterator[Row]:
    """Reads CSV in UTF-8, separated as its first line is: by commas, semicolons or tabs. Leaves blank lines out.

    Raises `Invalid` with the line that is not CSV.
    """
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise Invalid("The file is in UTF-16; save it as CSV in UTF-8.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise Invalid(f"Line {line} is not in UTF-8; save the file as CSV in UTF-8.") from error
    if "\x00" in text:
        raise Invalid(f"Line {text.count(chr(10), 0, text.index(chr(0))) + 1} has the character U+0000.")
    head = text.lstrip("\r\n").partition("\n")[0]
    delimiter = max(_DELIMITERS, key=head.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    line = 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield Row(line, cells)
            line = reader.line_num + 1
    except csv.Error as error:
        raise Invalid(f"Line {line} is not CSV: {error}.") from error
