"""`/admin/v1/import/provisioning-records`: creates and changes the records that a file lists."""

from __future__ import annotations

from signfleet.fleet.changes.import_routes import CSV, FILE_LIMIT
from signfleet.fleet.changes.import_schemas import ImportPreview
from signfleet.fleet.changes.routes import CREATE, accepted, request_key
from signfleet.fleet.provisioning.records.importing import RecordImports
from signfleet.identity.access.operations.definitions import SETUP_DEVICE
from signfleet.identity.jobs.schemas import Job
from signfleet.web.http.call import Answer, Call, answer_json
from signfleet.web.http.endpoint import Endpoints

endpoints = Endpoints(
    "/admin/v1/import/provisioning-records", family="Jobs", scope=CREATE, operation=SETUP_DEVICE, statuses="202"
)


@endpoints.post(
    "/dry-run/", body=bytes, consumes=CSV, body_limit=FILE_LIMIT, answer=ImportPreview, statuses="200", secret=True
)
async def check_record_import(call: Call, record_imports: RecordImports) -> Answer:
    """Preview an import of provisioning records: which lines would fail, and what the first ones change."""
    return answer_json(await record_imports.check(call.session, call.body, call.now))


@endpoints.post("/", body=bytes, consumes=CSV, body_limit=FILE_LIMIT, answer=Job, more="409")
async def create_record_import(call: Call, record_imports: RecordImports) -> Answer:
    """Create a job that creates and changes the provisioning records that the lines of a file name."""
    return accepted(call, await record_imports.submit(call.session, call.body, request_key(call), call.now))


@endpoints.post("/{job}/retry/", answer=Job, more="409")
async def retry_record_import(call: Call, record_imports: RecordImports, job: str) -> Answer:
    """Create a job that repeats an import of records for just the lines at which it failed."""
    return accepted(call, await record_imports.retry(call.session, job, request_key(call), call.now))


@endpoints.post("/{job}/undo/", answer=Job, more="409")
async def undo_record_import(call: Call, record_imports: RecordImports, job: str) -> Answer:
    """Create a job that puts the old records back where nobody has changed the new ones since."""
    return accepted(call, await record_imports.undo(call.session, job, request_key(call), call.now))
