"""The SQL of profiles, which is the same for both tables but for the columns of the owner."""

from __future__ import annotations

from typing import Protocol

from sqlalchemy import Column, Table, bindparam, func, select

from signfleet.foundation.storage.query import Query, among
from signfleet.foundation.storage.tables import person, person_profile, user, user_profile


class ValueRow(Protocol):
    """A property of a profile."""

    name: str
    value: str
    #: ms
    last_modified_date: int


class CountRow(Protocol):
    """How many properties a profile has."""

    total: int


class ProfileQueries:
    """The statements over one table. `owner` maps its columns that identify the owner to those of the owner's table.

    Parameters have the names of these columns with `of_` before them, except in `insert`.
    """

    def __init__(self, table: Table, **owner: Column[int]) -> None:
        mine = [table.c[column] == bindparam(f"of_{column}") for column in owner]
        whose = [column == bindparam(f"of_{name}") for name, column in owner.items()]
        this = [*mine, table.c.name_key == bindparam("of_key")]
        columns = (table.c.name, table.c.value, table.c.last_modified_date)
        #: Locks the owner, and so the profile, until the transaction ends.
        self.lock = Query(select(*owner.values()).where(*whose).with_for_update(key_share=True))
        self.all = Query(select(*columns).where(*mine).order_by(table.c.name_key), ValueRow)
        self.one = Query(select(*columns).where(*this), ValueRow)
        self.some = Query(select(*columns).where(*mine, among(table.c.name_key, "of_keys")), ValueRow)
        self.count = Query(select(func.count().label("total")).select_from(table).where(*mine), CountRow)
        self.insert = Query(table.insert())
        self.replace = Query(
            table.update().where(*this).values(value=bindparam("new_value"), last_modified_date=bindparam("now"))
        )
        self.delete = Query(table.delete().where(*this))


PERSON_PROFILE = ProfileQueries(person_profile, person_id=person.c.id)
USER_PROFILE = ProfileQueries(user_profile, network_id=user.c.network_id, user_id=user.c.id)
