"""`/admin/v1/changes`: changes of all devices that a filter matches."""

from __future__ import annotations

from signfleet.fleet.changes.schemas import DryRun, NewChange
from signfleet.fleet.changes.service import Changes
from signfleet.foundation.errors import Invalid
from signfleet.identity.access.operations.definitions import UPDATE_DEVICE
from signfleet.identity.jobs.schemas import Job
from signfleet.web.http.call import Answer, Call, answer_created, answer_json
from signfleet.web.http.endpoint import Endpoints

CREATE = "bsn.api.main.changes.create"
JOBS = "/admin/v1/jobs"
#: The most characters of an Idempotency-Key.
KEY_LIMIT = 255

endpoints = Endpoints("/admin/v1/changes", family="Jobs", scope=CREATE, operation=UPDATE_DEVICE, statuses="202")


@endpoints.post("/dry-run/", body=NewChange, answer=DryRun, statuses="200")
async def check_change(call: Call, changes: Changes) -> Answer:
    """Preview a change: how many devices it is about, and what would happen to the first ones."""
    return answer_json(await changes.check(call.session, call.body, call.now))


@endpoints.post("/", body=NewChange, answer=Job, more="409")
async def create_change(call: Call, changes: Changes) -> Answer:
    """Create a job that changes all devices that a filter matches."""
    return accepted(call, await changes.submit(call.session, call.body, request_key(call), call.now))


@endpoints.post("/{job}/retry/", answer=Job, more="409")
async def retry_change(call: Call, changes: Changes, job: str) -> Answer:
    """Create a job that repeats a change for just the devices at which it failed."""
    return accepted(call, await changes.retry(call.session, job, request_key(call), call.now))


@endpoints.post("/{job}/undo/", answer=Job, more="409")
async def undo_change(call: Call, changes: Changes, job: str) -> Answer:
    """Create a job that puts the old values back where nobody has changed the new ones since."""
    return accepted(call, await changes.undo(call.session, job, request_key(call), call.now))


def request_key(call: Call) -> str | None:
    """Returns the header Idempotency-Key. Raises `Invalid` for one that is too long."""
    key = call.header(b"idempotency-key")
    if key is not None and not 1 <= len(key) <= KEY_LIMIT:
        raise Invalid(f"The header Idempotency-Key has 1 to {KEY_LIMIT} characters.")
    return key


def accepted(call: Call, job: Job) -> Answer:
    """Returns 202 with a job, and where to watch it."""
    answer = answer_created(call, job, JOBS, job.id)
    answer.status = 202
    return answer
