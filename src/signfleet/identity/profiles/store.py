"""The SQL of profiles: the same for both tables, but for the columns that tell whose it is."""

from __future__ import annotations

from sqlalchemy import Column, Table, bindparam, func, select

from signfleet.foundation.storage.query import Query
from signfleet.foundation.storage.tables import person, person_profile, user, user_profile


class ProfileQueries:
    """The statements over one table; `owner` names its columns that tell whose a value is, and those of the owner.

    The owner's columns are parameters of their own name with `of_` before it, except in `insert`.
    """

    def __init__(self, table: Table, **owner: Column[int]) -> None:
        mine = [table.c[column] == bindparam(f"of_{column}") for column in owner]
        whose = [column == bindparam(f"of_{name}") for name, column in owner.items()]
        this = [*mine, table.c.name_key == bindparam("of_key")]
        columns = (table.c.name, table.c.value, table.c.last_modified_date)
        #: Keeps the owner, and so the profile, from others until the unit of work ends.
        self.hold = Query(select(*owner.values()).where(*whose).with_for_update(key_share=True))
        self.all = Query(select(*columns).where(*mine).order_by(table.c.name_key))
        self.one = Query(select(*columns).where(*this))
        self.count = Query(select(func.count().label("held")).select_from(table).where(*mine))
        self.insert = Query(table.insert())
        self.replace = Query(
            table.update().where(*this).values(value=bindparam("new_value"), last_modified_date=bindparam("now"))
        )
        self.delete = Query(table.delete().where(*this))


PERSON_PROFILE = ProfileQueries(person_profile, person_id=person.c.id)
USER_PROFILE = ProfileQueries(user_profile, network_id=user.c.network_id, user_id=user.c.id)
