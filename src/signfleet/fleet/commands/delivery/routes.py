"""`/player/v1/commands`: players get their commands, and say what became of them."""

from __future__ import annotations

from signfleet.fleet.commands.delivery.files import CommandFiles, FileUpload
from signfleet.fleet.commands.delivery.service import Delivery
from signfleet.fleet.commands.kinds import LOG_LIMIT
from signfleet.fleet.commands.schemas import Acknowledged, PendingCommand, Progress, StoredFile
from signfleet.foundation.errors import Invalid, NotFound
from signfleet.web.http.call import NO_CONTENT, Answer, Call, answer_json
from signfleet.web.http.endpoint import Endpoints, Parameter

#: Seconds that a poll may wait: less than what proxies between allow.
LONGEST_WAIT = 50
#: The result and what stands around it.
PROGRESS_LIMIT = 73_728
FILE_TYPES = ("text/plain", "application/octet-stream", "application/gzip", "application/json", "image/jpeg")

endpoints = Endpoints("/player/v1", family="Players", caller="device", scope="bsn.api.device")


@endpoints.get(
    "/commands",
    parameters=(Parameter("wait", "How many seconds to wait for the first command: 0 to 50, 0 by default."),),
    answer=list[PendingCommand],
    statuses="200 204",
    errors="400 401 403 406 429 5XX",
)
async def list_player_commands(call: Call, delivery: Delivery) -> Answer:
    """List the commands that this player may begin, the oldest first; 204 if there are none."""
    commands = await call.unless_left(delivery.poll(call.network_id, call.device_id, _seconds(call.parameter("wait"))))
    return answer_json(commands) if commands else NO_CONTENT


@endpoints.post(
    "/commands/{command}",
    body=Progress,
    body_limit=PROGRESS_LIMIT,
    answer=Acknowledged,
    statuses="200",
    errors="400 401 403 404 406 409 413 415 429 5XX",
)
async def update_player_command(call: Call, delivery: Delivery, command: str) -> Answer:
    """Update the state of a command: the player begins it, or has its outcome."""
    return answer_json(
        await delivery.progress(call.network_id, call.device_id, _command_id(command), call.body, call.now)
    )


@endpoints.put(
    "/commands/{command}/files/{file_name}",
    consumes=FILE_TYPES,
    body=bytes,
    body_limit=LOG_LIMIT,
    answer=StoredFile,
    statuses="200 201",
    errors="400 401 403 404 406 409 413 415 429 5XX",
)
async def upload_command_file(call: Call, command_files: CommandFiles, command: str, file_name: str) -> Answer:
    """Upload a file of a command, such as a log, before its outcome."""
    media_type = (call.header(b"content-type") or "").partition(";")[0].strip().lower()
    upload = FileUpload(_command_id(command), file_name, media_type, call.body)
    stored, is_new = await command_files.receive(call.network_id, call.device_id, upload, call.now)
    return answer_json(stored, status=201 if is_new else 200)


def _seconds(text: str | None) -> float:
    """Reads the time to wait. Raises `Invalid`."""
    if text is None:
        return 0
    if not (text.isascii() and text.isdigit() and len(text) < 6):
        raise Invalid(f"Query parameter 'wait': '{text}' is not a whole number of seconds.")
    return min(int(text), LONGEST_WAIT)


def _command_id(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 10):
        raise NotFound(f"This player has no command '{text}'.")
    return int(text)
