"""`/admin/v1/import`: changes of the devices that a file lists."""

from __future__ import annotations

from signfleet.fleet.changes.device_imports import DeviceImports
from signfleet.fleet.changes.import_schemas import ImportPreview
from signfleet.fleet.changes.routes import CREATE, accepted, request_key
from signfleet.identity.access.operations.definitions import UPDATE_DEVICE
from signfleet.identity.jobs.schemas import Job
from signfleet.web.http.call import Answer, Call, answer_json
from signfleet.web.http.endpoint import Endpoints

CSV = ("text/csv", "text/plain")
#: Bytes of a file.
FILE_LIMIT = 16 * 1024 * 1024

endpoints = Endpoints("/admin/v1/import", family="Jobs", scope=CREATE, operation=UPDATE_DEVICE, statuses="202")


@endpoints.post("/dry-run/", body=bytes, consumes=CSV, body_limit=FILE_LIMIT, answer=ImportPreview, statuses="200")
async def check_import(call: Call, device_imports: DeviceImports) -> Answer:
    """Preview an import: how many lines the file has, which of them would fail, and what the first ones change."""
    return answer_json(await device_imports.check(call.session, call.body, call.now))


@endpoints.post("/", body=bytes, consumes=CSV, body_limit=FILE_LIMIT, answer=Job, more="409")
async def create_import(call: Call, device_imports: DeviceImports) -> Answer:
    """Create a job that changes the devices that the lines of a file name."""
    return accepted(call, await device_imports.submit(call.session, call.body, request_key(call), call.now))


@endpoints.post("/{job}/retry/", answer=Job, more="409")
async def retry_import(call: Call, device_imports: DeviceImports, job: str) -> Answer:
    """Create a job that repeats an import for just the lines at which it failed."""
    return accepted(call, await device_imports.retry(call.session, job, request_key(call), call.now))


@endpoints.post("/{job}/undo/", answer=Job, more="409")
async def undo_import(call: Call, device_imports: DeviceImports, job: str) -> Answer:
    """Create a job that puts the old values back where nobody has changed the new ones since."""
    return accepted(call, await device_imports.undo(call.session, job, request_key(call), call.now))
