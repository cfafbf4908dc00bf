"""The SQL of what stands beside commands: repeated requests, the rules of a network, files, and retention."""

from __future__ import annotations

from typing import Protocol

from sqlalchemy import Integer, and_, bindparam, select, tuple_
from sqlalchemy.dialects.postgresql import insert  # its ON CONFLICT compiles for both stores

from signfleet.foundation.storage.query import Query, among
from signfleet.foundation.storage.tables import command, command_batch, command_file, command_request, command_rule

# --- repeated requests ---------------------------------------------------------------------------------------------


class CommandRequest(Protocol):
    body: bytes
    command_id: int | None
    batch_id: int | None


#: Another transaction with the same key commits first, or this one inserts nothing.
INSERT_REQUEST = Query(insert(command_request).on_conflict_do_nothing())
REQUEST = Query(
    select(command_request.c.body, command_request.c.command_id, command_request.c.batch_id).where(
        command_request.c.network_id == bindparam("network_id"), command_request.c.key == bindparam("key")
    ),
    CommandRequest,
)
SET_REQUEST = Query(
    command_request.update()
    .where(command_request.c.network_id == bindparam("in_network"), command_request.c.key == bindparam("this_key"))
    .values(command_id=bindparam("new_command_id"), batch_id=bindparam("new_batch_id"))
)
DELETE_OLD_REQUESTS = Query(
    command_request.delete().where(
        tuple_(command_request.c.network_id, command_request.c.key).in_(
            select(command_request.c.network_id, command_request.c.key)
            .where(command_request.c.date < bindparam("before"))
            .limit(1000)
        )
    )
)

# --- the rules of a network ------------------------------------------------------------------------------------------

RULE = Query(select(command_rule.c.allows_danger).where(command_rule.c.network_id == bindparam("network_id")))
_rule = insert(command_rule)
SET_RULE = Query(
    _rule.on_conflict_do_update(
        index_elements=[command_rule.c.network_id], set_={"allows_danger": _rule.excluded.allows_danger}
    )
)

# --- files -----------------------------------------------------------------------------------------------------------

_FILE = and_(command_file.c.network_id == bindparam("network_id"), command_file.c.command_id == bindparam("command_id"))


class FileRow(Protocol):
    name: str
    size: int
    media_type: str
    blob: str
    arrival_date: int


_file = select(
    command_file.c.name,
    command_file.c.size,
    command_file.c.media_type,
    command_file.c.blob,
    command_file.c.arrival_date,
).where(_FILE)
FILES = Query(_file.order_by(command_file.c.name), FileRow)
FILE = Query(_file.where(command_file.c.name == bindparam("name")), FileRow)
INSERT_FILE = Query(command_file.insert())
DELETE_FILE = Query(command_file.delete().where(_FILE, command_file.c.name == bindparam("name")))

# --- retention -------------------------------------------------------------------------------------------------------


class OldCommand(Protocol):
    network_id: int
    id: int


OLD = Query(
    select(command.c.network_id, command.c.id)
    .where(command.c.end_date < bindparam("before"))
    .order_by(command.c.end_date)
    .limit(bindparam("limit", type_=Integer())),
    OldCommand,
)
DELETE_OLD_BATCHES = Query(
    command_batch.delete().where(
        tuple_(command_batch.c.network_id, command_batch.c.id).in_(
            select(command_batch.c.network_id, command_batch.c.id)
            .where(command_batch.c.end_date < bindparam("before"))
            .limit(1000)
        )
    )
)
DELETE = Query(command.delete().where(command.c.network_id == bindparam("network_id"), among(command.c.id, "ids")))


class AbandonedFile(FileRow, Protocol):
    network_id: int
    command_id: int


_its_command = select(command.c.id).where(
    command.c.network_id == command_file.c.network_id, command.c.id == command_file.c.command_id
)
#: Files whose command is deleted.
ABANDONED_FILES = Query(
    select(command_file).where(~_its_command.exists()).limit(bindparam("limit", type_=Integer())), AbandonedFile
)
