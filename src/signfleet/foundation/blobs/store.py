"""The SQL of the key that signs links."""

from __future__ import annotations

import secrets

from sqlalchemy import bindparam, select
from sqlalchemy.dialects.postgresql import insert  # its ON CONFLICT compiles for both stores

from signfleet.foundation.storage.interface import Store, Transaction
from signfleet.foundation.storage.query import Query
from signfleet.foundation.storage.tables import setting

_NAME = "link_key"
_KEY = Query(select(setting.c.value).where(setting.c.name == bindparam("name")))
_INSERT = Query(insert(setting).on_conflict_do_nothing())


async def link_key(store: Store) -> bytes:
    """Returns this installation's key, 32 random bytes; the first call creates it."""
    row = await store.one(_KEY, name=_NAME)
    if row is None:

        async def work(tx: Transaction) -> None:
            await tx.execute(_INSERT, name=_NAME, value=secrets.token_hex(32))

        await store.write(work)
        row = await store.one(_KEY, name=_NAME)
        assert row is not None
    return bytes.fromhex(row.value)
