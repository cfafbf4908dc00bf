"""The properties that filters and sorts of jobs and their failures can name."""

from __future__ import annotations

from signfleet.foundation.expressions.catalogue import Catalogue
from signfleet.foundation.expressions.columns import Columns
from signfleet.foundation.expressions.properties import properties_of
from signfleet.foundation.storage.tables import job, job_failure
from signfleet.identity.jobs.schemas import Job, JobFailure

#: Texts of errors are shown, not filtered by.
JOBS = Catalogue(
    [found for found in properties_of(Job) if found.path != "error"],
    Columns(
        job,
        {
            "id": job.c.id,
            "kind": job.c.kind,
            "state": job.c.state,
            "subject": job.c.subject_key,
            "total": job.c.total,
            "done": job.c.done,
            "failed": job.c.failed,
            "creationDate": job.c.creation_date,
            "lastModifiedDate": job.c.last_modified_date,
            "finishedDate": job.c.finished_date,
            "createdBy": job.c.created_by_key,
            "isCancelled": job.c.is_cancelled,
        },
    ),
    entities=("Job",),
    default_sort="[Job].[CreationDate] DESC",
)
"""The catalogue of /admin/v1/jobs/."""

FAILURES = Catalogue(
    [found for found in properties_of(JobFailure) if found.path in ("id", "deviceId", "line")],
    Columns(
        job_failure,
        {
            "id": job_failure.c.id,
            "deviceId": job_failure.c.device_id,
            "line": job_failure.c.line,
        },
    ),
    entities=("Failure", "JobFailure"),
    default_sort="[Failure].[Id] ASC",
)
"""The catalogue of a job's failures."""
