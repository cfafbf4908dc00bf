"""`/admin/v1/jobs`: the jobs of the chosen network."""

from __future__ import annotations

from signfleet.identity.jobs.schemas import Job, JobFailurePage, JobPage
from signfleet.identity.jobs.service import JobLists
from signfleet.web.http.call import NO_CONTENT, Answer, Call, answer_json
from signfleet.web.http.endpoint import LISTING, Endpoints
from signfleet.web.http.paging import answer_page, list_query

RETRIEVE = "bsn.api.main.jobs.retrieve"
UPDATE = "bsn.api.main.jobs.update"

endpoints = Endpoints("/admin/v1/jobs", family="Jobs", scope=RETRIEVE)


@endpoints.get("/", parameters=LISTING, answer=JobPage)
async def list_jobs(call: Call, job_lists: JobLists) -> Answer:
    """List the jobs of the network that the caller may see, newest first."""
    query = list_query(call)
    return answer_page(await job_lists.list_(call.session, query), query.size)


@endpoints.get("/{job}/", answer=Job)
async def get_job(call: Call, job_lists: JobLists, job: str) -> Answer:
    """Get a job and how far it has come."""
    return answer_json(await job_lists.get(call.session, job))


@endpoints.get("/{job}/failures/", parameters=LISTING, answer=JobFailurePage)
async def list_job_failures(call: Call, job_lists: JobLists, job: str) -> Answer:
    """List what a job could not do, and why."""
    query = list_query(call)
    return answer_page(await job_lists.failures(call.session, job, query), query.size)


@endpoints.delete("/{job}/", scope=UPDATE)
async def cancel_job(call: Call, job_lists: JobLists, job: str) -> Answer:
    """Cancel a job: it ends before its next step, and what it has done stays."""
    await job_lists.cancel(call.session, job, call.now)
    return NO_CONTENT
