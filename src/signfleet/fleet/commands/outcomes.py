"""Changes the state of commands, with the audit entry and the event of each outcome.

    queued -> sent -> running -> succeeded | failed | rejected
    queued, sent -> expired | cancelled
    running -> lost

What a player says of the outcome counts even after the server has given up on the command (expired, cancelled, lost):
the player knows what it did. Its first word counts; a repeat changes nothing.
"""

from __future__ import annotations

from typing import Any, Final

from signfleet.fleet.commands import store as queries
from signfleet.fleet.commands.kinds import KINDS
from signfleet.fleet.commands.schemas import State
from signfleet.fleet.commands.store import CommandRow
from signfleet.foundation.storage.interface import Transaction
from signfleet.foundation.storage.wakeups import Topic
from signfleet.identity.audit.recording import AuditEntry, record_all
from signfleet.notify.events import recording as events_recording
from signfleet.notify.events.kinds import CommandFinished
from signfleet.notify.events.recording import Event

#: The topics of commands that a caller of this server waits for.
OUTCOMES: Final = "command_outcome"

#: The player has said what became of it.
ANSWERED: Final = ("succeeded", "failed", "rejected")
#: The server has given up on it.
GIVEN_UP: Final = ("expired", "cancelled", "lost")


def document(row: CommandRow, state: State, message: str | None) -> dict[str, Any]:
    """Returns what the audit trail records of a command, secrets masked."""
    return {
        "device": row.serial,
        "arguments": KINDS[row.name].shown(row.arguments),
        "state": state,
        "message": message,
    }


async def begin(tx: Transaction, row: CommandRow, message: str | None, now: int) -> None:
    """Records that the player has begun a command that is locked."""
    await tx.execute(
        queries.SET_RUNNING,
        in_network=row.network_id,
        this_id=row.id,
        now=now,
        new_due_date=now + KINDS[row.name].patience,
        new_message=message,
    )


async def finish(
    tx: Transaction, rows: list[CommandRow], state: State, now: int, *, message: str | None, result: str | None = None
) -> None:
    """Records the outcome of commands of one network that are locked; `result` is JSON."""
    for row in rows:
        await tx.execute(
            queries.SET_FINISHED,
            in_network=row.network_id,
            this_id=row.id,
            new_state=state,
            new_message=message,
            new_result=result,
            now=now,
        )
    entries = [
        AuditEntry(
            "Update",
            "Command",
            row.id,
            row.name,
            document(row, row.state, row.message),
            document(row, state, message),
            device_id=row.device_id,
        )
        for row in rows
    ]
    if not rows:
        return
    await record_all(tx, rows[0].network_id, entries, now)
    events = [
        Event(
            CommandFinished(command_id=row.id, command=row.name, state=state, reason=message),
            device_id=row.device_id,
            serial=row.serial,
        )
        for row in rows
        if not KINDS[row.name].internal
    ]
    await events_recording.record(tx, rows[0].network_id, *events, now=now)
    if waited_for := [row for row in rows if KINDS[row.name].internal]:
        await tx.next_id(OUTCOMES)
        for row in waited_for:
            tx.announce(Topic(OUTCOMES, row.id))
