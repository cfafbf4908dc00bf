"""The fields of a submitted form."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qsl

from signfleet.foundation.errors import Invalid, SignfleetError
from signfleet.web.http.call import Call

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
