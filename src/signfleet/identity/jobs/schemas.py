"""A job as clients see it."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from signfleet.foundation.wire.types import DateTime, Id
from signfleet.web.contract.paging import PagedList

State = Literal["Waiting", "Running", "Finished", "Failed", "Cancelled"]


class Job(msgspec.Struct, rename="camel", kw_only=True):
    """Work in steps. `total` is what was found at the start; `done` includes what failed.

    `result` depends on the kind; `error` says why the whole job failed.
    """

    id: Id
    kind: str
    state: State
    subject: str
    total: int | None
    done: int
    failed: int
    creation_date: DateTime
    last_modified_date: DateTime
    finished_date: DateTime | None
    created_by: str
    is_cancelled: bool
    result: Any
    error: str | None


class JobPage(PagedList):
    items: list[Job]


class JobFailure(msgspec.Struct, rename="camel", kw_only=True):
    """One thing that a job could not do. `line` and `column` are places in an imported file."""

    id: Id
    device_id: Id | None
    name: str | None
    line: int | None
    column: str | None
    reason: str


class JobFailurePage(PagedList):
    items: list[JobFailure]
