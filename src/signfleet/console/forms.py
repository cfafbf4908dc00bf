"""The fields of a submitted form."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final, NamedTuple, TypeVar
from urllib.parse import parse_qsl

import msgspec

from signfleet.console import durations
from signfleet.foundation.errors import Invalid, SignfleetError
from signfleet.foundation.wire.validation_messages import explain
from signfleet.web.contract.conditional import Precondition
from signfleet.web.http.call import Call

T = TypeVar("T")


class Difference(NamedTuple):
    """A value that two people have changed."""

    label: str
    mine: str
    theirs: str


FIELDS_LIMIT = 1000


class FormData:
    """The fields of a form by name. Raises `Invalid` for a body that is no form in UTF-8."""

    def __init__(self, call: Call) -> None:
        try:
            pairs = parse_qsl(
                (call.body or b"").decode(), keep_blank_values=True, errors="strict", max_num_fields=FIELDS_LIMIT
            )
        except ValueError as error:
            raise Invalid(f"The body is not a form in UTF-8 with at most {FIELDS_LIMIT} fields.") from error
        if any("\x00" in text for pair in pairs for text in pair):
            raise Invalid("A form field contains a NUL character.")
        self._pairs = pairs

    def get(self, name: str) -> str:
        """Returns the first value of a field, empty where the form has none."""
        return next((value for field, value in self._pairs if field == name), "")

    def without(self, name: str) -> list[tuple[str, str]]:
        """Returns all other fields, so that another form can send them again."""
        return [pair for pair in self._pairs if pair[0] != name]

    @property
    def precondition(self) -> Precondition:
        """Returns that what the form changes is still in the version that the form showed, as with `If-Match`."""
        return Precondition(tags=frozenset([self.get("version")]))

    def span(self, name: str) -> str:
        """Returns the duration that a number and its unit mean, as the API writes it."""
        return durations.written(self.get(name), self.get(f"{name}Unit"))

    def all(self, name: str) -> list[str]:
        """Returns all values of a field, as ticked boxes send them."""
        return [value for field, value in self._pairs if field == name]


#: The members that an error names, as services write them.
_MEMBER: Final = re.compile(r"'([^']{1,64})'")


def beside(error: SignfleetError, fields: Mapping[str, str]) -> dict[str, str]:
    """Returns the message of an error by the field that it stands beside; by "" if it is about none.

    `fields` are the names of the form's fields by the names that services use, in full or without what is above them.
    """
    names = [name for found in _MEMBER.findall(error.message) for name in (found, found.rpartition(".")[2])]
    return {next((fields[name] for name in names if name in fields), ""): error.message}


_POSITION: Final = re.compile(r"\bat (\d{1,4})\b")


def pointed(text: str, message: str | None) -> str | None:
    """Returns an expression with a mark below the position that a message about it names; None if it names none."""
    found = None if message is None else _POSITION.search(message)
    return None if found is None else f"{text}\n{' ' * (int(found[1]) - 1)}^"


def fitted(values: dict[str, Any], type_: type[T]) -> T:
    """Returns the body that the values of a form make. Raises `Invalid`, which begins with the member at fault."""
    try:
        return msgspec.convert(values, type_)
    except msgspec.ValidationError as error:
        raise Invalid(f"{explain(error, type_)}.") from error


def differing(labels: Mapping[str, str], mine: Mapping[str, Any], theirs: Mapping[str, Any]) -> list[Difference]:
    """Returns the values that differ, the reader's beside the present ones, in the order of the labels."""
    pairs = [(label, _shown(mine.get(name)), _shown(theirs.get(name))) for name, label in labels.items()]
    return [Difference(*each) for each in pairs if each[1] != each[2]]


def _shown(value: Any) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return "" if value is None else str(value)
