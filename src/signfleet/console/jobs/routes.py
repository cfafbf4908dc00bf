"""`/console/jobs/{job}`: how far a job has come, what it could not do, and what can be done about it."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from signfleet.console.pages import Pages
from signfleet.console.translations import later
from signfleet.console.view import View
from signfleet.fleet.changes.service import Changes
from signfleet.foundation.errors import Invalid
from signfleet.identity.access.operations.definitions import UPDATE_DEVICE
from signfleet.identity.jobs.schemas import Job, JobFailure
from signfleet.identity.jobs.service import JobLists
from signfleet.web.contract.paging import ListQuery
from signfleet.web.http.call import Answer

PATH: Final = "/console/jobs/"
PAGE_SIZE: Final = 50
#: The states, with the kind of their badge and their words.
STATES: Final = {
    "Waiting": ("none", later("Waits")),
    "Running": ("none", later("Running")),
    "Finished": ("good", later("Finished")),
    "Failed": ("bad", later("Failed")),
    "Cancelled": ("warn", later("Cancelled")),
}

pages = Pages("/console/jobs")
_decoder = msgspec.json.Decoder(list[Job])
_failures = msgspec.json.Decoder(list[JobFailure])


@pages.get("/")
async def list_jobs(view: View, jobs: JobLists) -> Answer:
    """List the jobs of the network that the reader may see, newest first."""
    marker = view.call.parameter("marker")
    found = await jobs.list_(view.session, ListQuery(None, None, marker, PAGE_SIZE))
    return view.page(
        "jobs/rows.html" if view.wants_rows else "jobs/list.html",
        jobs=_decoder.decode(b"[%b]" % b",".join(found.items)),
        states=STATES,
        marker=marker,
        more=f"{PATH}?marker={found.next_marker}" if found.next_marker else None,
    )


@pages.get("/{job}/")
async def show_job(view: View, jobs: JobLists, changes: Changes, job: str) -> Answer:
    """Get a job: how far it has come, and what it could not do."""
    return await _page(view, jobs, changes, job)


@pages.post("/{job}/retry", operation=UPDATE_DEVICE)
async def retry_job(view: View, jobs: JobLists, changes: Changes, job: str) -> Answer:
    """Repeat a change for just the players at which it failed."""
    return await _start(view, jobs, changes, job, is_undo=False)


@pages.post("/{job}/undo", operation=UPDATE_DEVICE)
async def undo_job(view: View, jobs: JobLists, changes: Changes, job: str) -> Answer:
    """Put the old values back where nobody has changed the new ones since."""
    return await _start(view, jobs, changes, job, is_undo=True)


@pages.post("/{job}/cancel")
async def cancel_job(view: View, jobs: JobLists, changes: Changes, job: str) -> Answer:
    """End a job before its next step; what it has done stays."""
    try:
        await jobs.cancel(view.session, job, view.now)
    except Invalid as error:
        return await _page(view, jobs, changes, job, 400, error=error.message)
    return view.redirect(f"{PATH}{job}/")


async def _start(view: View, jobs: JobLists, changes: Changes, job: str, *, is_undo: bool) -> Answer:
    try:
        started = await (changes.undo if is_undo else changes.retry)(view.session, job, None, view.now)
    except Invalid as error:
        return await _page(view, jobs, changes, job, 400, error=error.message)
    return view.redirect(f"{PATH}{started.id}/")


async def _page(view: View, jobs: JobLists, changes: Changes, ref: str, status: int = 200, **state: Any) -> Answer:
    job = await jobs.get(view.session, ref)
    marker = view.call.parameter("marker")
    failures = await jobs.failures(view.session, ref, ListQuery(None, None, marker, PAGE_SIZE))
    return view.page(
        "jobs/failures.html" if view.is_fragment and marker else "jobs/job.html",
        status,
        job=job,
        states=STATES,
        failures=_failures.decode(b"[%b]" % b",".join(failures.items)),
        more=f"{PATH}{job.id}/?marker={failures.next_marker}" if failures.next_marker else None,
        may_retry=job.kind == changes.name and job.finished_date is not None and job.failed > 0,
        may_undo=await changes.can_undo(view.session, ref),
        **{"error": None, **state},
    )
