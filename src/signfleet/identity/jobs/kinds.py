"""What a kind of job declares, and what its steps return.

A step is a unit of work: it changes at most `Run.size` rows and returns how far the job has come. The runner stores
that in the same transaction, so that a step counts exactly once, in whichever process.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, NamedTuple, Protocol

from signfleet.foundation.storage.interface import Transaction
from signfleet.web.caller.session import Session

#: No step changes more rows than this.
STEP_ROWS = 500


class Failure(NamedTuple):
    """What a step could not do, and why; `line` and `column` are places in an imported file."""

    reason: str
    device_id: int | None = None
    name: str | None = None
    line: int | None = None
    column: str | None = None


class Change(NamedTuple):
    """The values that a step replaced and those that it wrote, by path, as JSON; `name` is the serial."""

    before: str
    after: str
    device_id: int | None
    name: str | None


class Progress(NamedTuple):
    """How far a step has come. `position` is what the next one begins with; None keeps the present one."""

    position: Any
    done: int
    is_last: bool
    failures: Sequence[Failure] = ()
    changes: Sequence[Change] = ()
    #: What the job answers; None keeps the present one.
    result: Any = None


class Run(NamedTuple):
    """What a step needs to know of its job. `position` and `result` are None at the first step; times in ms."""

    network_id: int
    id: int
    #: The permissions of the person who created the job, as they are now.
    session: Session | None
    input: Any
    position: Any
    done: int
    failed: int
    size: int
    now: int

    @property
    def caller(self) -> Session:
        """Returns the session; kinds that a person starts always have one."""
        assert self.session is not None
        return self.session


Step = Callable[[Transaction], Awaitable[Progress]]


class JobKind(Protocol):
    """One kind of job."""

    @property
    def name(self) -> str: ...

    async def next_step(self, run: Run) -> Step:
        """Finds what the next step works on, outside the transaction. Errors of callers fail the whole job."""
        ...


class NewJob(NamedTuple):
    """A job to insert. With a session it has the permissions of its person, without one the server's."""

    kind: str
    subject: str
    input: Any
    session: Session | None = None
    total: int | None = None
    request_key: str | None = None
