"""The date of the last change of a device, and of a change that updates devices without reading them first.

A report writes its date beside the status, everything else to the device itself. A statement that writes the next date
follows one that locks the device, or one that locks both rows and reads them.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, ColumnElement, bindparam, func, select
from sqlalchemy.ext.compiler import compiles

from signfleet.foundation.storage.tables import device, device_status


class latest(ColumnElement[int]):
    """The greater of two dates that are not null."""

    inherit_cache = False
    type = BigInteger()

    def __init__(self, one: ColumnElement[int], other: ColumnElement[int]) -> None:
        self.dates = (one, other)


@compiles(latest, "sqlite")
def _latest_sqlite(element: latest, compiler: Any, **options: Any) -> str:
    return str(compiler.process(func.max(*element.dates), **options))


@compiles(latest, "postgresql")
def _latest_postgresql(element: latest, compiler: Any, **options: Any) -> str:
    return str(compiler.process(func.greatest(*element.dates), **options))


#: The last change of a device or of its status, in statements that join both.
CHANGED_DATE = latest(device.c.changed_date, device_status.c.changed_date).label("changed_date")

_OF_STATUS = select(device_status.c.changed_date).where(device_status.c.device_id == device.c.id).scalar_subquery()
_LAST = latest(device.c.changed_date, _OF_STATUS)

#: `now`, but at least the second after the last change: HTTP dates have whole seconds and have to differ.
NEXT_MOMENT = latest(bindparam("now", type_=BigInteger()), _LAST - _LAST % 1000 + 1000)
