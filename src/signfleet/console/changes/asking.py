"""Asks before a change of many players: how many it is about and what would happen to the first of them."""

from __future__ import annotations

from typing import Final, NamedTuple

from signfleet.console.forms import FormData
from signfleet.console.view import View
from signfleet.fleet.changes.schemas import DryRun, NewChange
from signfleet.fleet.changes.service import Changes
from signfleet.foundation.wire.json import encode
from signfleet.identity.jobs.schemas import Job

#: The deletion of more players than these is confirmed by typing their number.
TYPED_ABOVE: Final = 10


class Question(NamedTuple):
    """What the reader confirms: the form sends `fields` to `action` again, with the count."""

    action: str
    fields: dict[str, str]
    filter: str
    found: DryRun
    #: The body of the request that does the same.
    body: str
    #: Whether another number of players matches than the reader has confirmed.
    is_other: bool
    is_deletion: bool = False

    @property
    def must_type(self) -> bool:
        """Whether the reader types the number of players rather than presses a button."""
        return self.is_deletion and self.found.count > TYPED_ABOVE


#: Where the job of a change is, with its failures and how to undo it.
JOBS: Final = "/console/jobs/"


async def ask_or_start(
    view: View, changes: Changes, form: FormData, new: NewChange, fields: list[str]
) -> Question | Job:
    """Starts a change that the reader has confirmed for as many players as it is about; else returns the question."""
    found = await changes.check(view.session, new, view.now)
    confirmed = form.get("count").strip()
    if found.count and confirmed == str(found.count):
        return await changes.submit(view.session, new, None, view.now)
    sent = {name: form.get(name) for name in fields}
    return Question(
        view.call.path,
        sent,
        new.filter,
        found,
        encode(new).decode(),
        is_other=bool(confirmed),
        is_deletion=new.delete is True,
    )
