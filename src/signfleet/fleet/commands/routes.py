"""`/admin/v1/commands` and beside it: operators send commands to players, and see what became of them."""

from __future__ import annotations

from msgspec import UNSET

from signfleet.fleet.commands.batches import Batches
from signfleet.fleet.commands.kinds import KINDS, RELAY, argument_schema
from signfleet.fleet.commands.relay import Relay
from signfleet.fleet.commands.schemas import (
    BatchPreview,
    CommandBatch,
    CommandBatches,
    CommandDetails,
    CommandKind,
    CommandPage,
    CommandRules,
    NewBatch,
    NewCommand,
    RelayedAnswer,
    RelayedRequest,
)
from signfleet.fleet.commands.service import Commands
from signfleet.fleet.devices.agent.service import Agents
from signfleet.fleet.devices.service import Devices
from signfleet.foundation.blobs.files import Blobs
from signfleet.foundation.errors import NotFound
from signfleet.foundation.wire.timespan import SECOND
from signfleet.identity.access.operations.definitions import (
    SEND_DANGER_COMMANDS,
    UNIT_CONTROL,
    UPDATE_NETWORK_SETTINGS,
    VIEW_DEVICE,
    VIEW_NETWORK,
)
from signfleet.identity.access.permissions import Permissions
from signfleet.web.contract.conditional import version_of
from signfleet.web.http.call import NO_CONTENT, Answer, Call, answer_json
from signfleet.web.http.endpoint import LISTING, PAGING, Endpoints, Parameter
from signfleet.web.http.paging import answer_page, list_query, page_size

COMMANDS = "bsn.api.main.devices.commands"
#: Whatever a file says that it is, browsers only store it.
FILE = "application/octet-stream"

endpoints = Endpoints("/admin/v1", family="Commands", operation=VIEW_DEVICE)


@endpoints.get(
    "/command-kinds/",
    scope=f"{COMMANDS}.retrieve",
    parameters=(Parameter("device", "The id or serial of a device, to see which commands its player can do."),),
    answer=list[CommandKind],
    errors="400 401 403 404 406 5XX",
)
async def list_command_kinds(call: Call, agents: Agents) -> Answer:
    """List the commands that operators can send, with the operation that each needs and its arguments."""
    device = call.parameter("device")
    can = None if device is None else await agents.can(call.session, device)
    return answer_json(
        [
            CommandKind(
                name=kind.name,
                group=kind.group,
                operation=kind.operation.key,
                lifetime=kind.lifetime // SECOND,
                coalesces=kind.coalesces,
                arguments=argument_schema(kind),
                can=UNSET if device is None else can is None or kind.name in can,
            )
            for kind in KINDS.values()
            if not kind.internal
        ]
    )


@endpoints.get("/commands/", scope=f"{COMMANDS}.retrieve", parameters=LISTING, answer=CommandPage)
async def list_commands(call: Call, commands: Commands) -> Answer:
    """List the commands that the caller could send, the newest first."""
    query = list_query(call)
    return answer_page(await commands.list_(call.session, query), query.size)


@endpoints.post(
    "/commands/",
    operation=UNIT_CONTROL,
    alternatives=(SEND_DANGER_COMMANDS,),
    scope=f"{COMMANDS}.create",
    body=NewCommand,
    answer=CommandDetails,
    statuses="200 201",
    errors="400 401 403 404 406 409 413 415 5XX",
)
async def create_command(call: Call, commands: Commands) -> Answer:
    """Create a command to one device.

    The caller needs the operation of the command's group on the device. The answer is 200 with the command that
    exists, if the device has an unfinished one of a kind that it needs only once, or if the request repeats an earlier
    one with the same header `Idempotency-Key`. It is 409 if the player has said that it cannot do the command.
    """
    sent = await commands.send(call.session, call.body, call.header(b"idempotency-key"), call.now)
    return answer_json(sent.command, status=201 if sent.is_new else 200)


@endpoints.get("/commands/{command}/", scope=f"{COMMANDS}.retrieve", answer=CommandDetails)
async def get_command(call: Call, commands: Commands, command: str) -> Answer:
    """Get a command with its result and files."""
    return answer_json(await commands.get(call.session, _id("command", command)))


@endpoints.post(
    "/commands/{command}/cancel/",
    operation=UNIT_CONTROL,
    alternatives=(SEND_DANGER_COMMANDS,),
    scope=f"{COMMANDS}.cancel",
    statuses="204",
    errors="400 401 403 404 406 409 5XX",
)
async def cancel_command(call: Call, commands: Commands, command: str) -> Answer:
    """Revoke a command that the player has not begun: it is cancelled."""
    await commands.cancel(call.session, _id("command", command), call.now)
    return NO_CONTENT


@endpoints.get("/commands/{command}/files/{file_name}", scope=f"{COMMANDS}.retrieve", answer=bytes, produces=FILE)
async def get_command_file(call: Call, commands: Commands, blobs: Blobs, command: str, file_name: str) -> Answer:
    """Get a file that the player has sent with a command."""
    file = await commands.file(call.session, _id("command", command), file_name)
    content = await blobs.get(file.blob)
    if content is None:
        raise NotFound(f"The file '{file_name}' has been deleted.")
    return Answer(
        body=content,
        media_type=FILE,
        headers={
            "Cache-Control": "private, no-store",
            "Content-Disposition": f'attachment; filename="{file.name}"',
            "Content-Security-Policy": "default-src 'none'",
        },
    )


@endpoints.post(
    "/command-batches/",
    operation=UNIT_CONTROL,
    alternatives=(SEND_DANGER_COMMANDS,),
    scope=f"{COMMANDS}.create",
    body=NewBatch,
    answer=CommandBatch,
    statuses="200 201",
    errors="400 401 403 406 409 413 415 5XX",
)
async def create_command_batch(call: Call, batches: Batches) -> Answer:
    """Create a command to each device that a filter matches and to which the caller may send it.

    `POST /admin/v1/command-batches/preview/` shows first what it would do. A repeat with the same header
    `Idempotency-Key` creates nothing new.
    """
    batch, is_new = await batches.send(call.session, call.body, call.header(b"idempotency-key"), call.now)
    return answer_json(batch, status=201 if is_new else 200)


@endpoints.post(
    "/command-batches/preview/",
    operation=UNIT_CONTROL,
    alternatives=(SEND_DANGER_COMMANDS,),
    scope=f"{COMMANDS}.create",
    body=NewBatch,
    answer=BatchPreview,
    statuses="200",
)
async def preview_command_batch(call: Call, batches: Batches) -> Answer:
    """Create a preview of a batch of commands: how many devices it would reach, with ten of them."""
    return answer_json(await batches.preview(call.session, call.body))


@endpoints.get("/command-batches/", scope=f"{COMMANDS}.retrieve", parameters=PAGING, answer=CommandBatches)
async def list_command_batches(call: Call, batches: Batches) -> Answer:
    """List the batches of commands of the network that the caller could send, the newest first."""
    return answer_json(await batches.list_(call.session, call.parameter("marker"), page_size(call)))


@endpoints.get("/command-batches/{batch}/", scope=f"{COMMANDS}.retrieve", answer=CommandBatch)
async def get_command_batch(call: Call, batches: Batches, batch: str) -> Answer:
    """Get a batch of commands with the number of its commands in each state."""
    return answer_json(await batches.get(call.session, _id("batch of commands", batch)))


@endpoints.post(
    "/command-batches/{batch}/cancel/",
    operation=UNIT_CONTROL,
    alternatives=(SEND_DANGER_COMMANDS,),
    scope=f"{COMMANDS}.cancel",
    statuses="204",
    errors="400 401 403 404 406 409 5XX",
)
async def cancel_command_batch(call: Call, batches: Batches, batch: str) -> Answer:
    """Revoke what a batch of commands has not sent yet: it is cancelled."""
    await batches.cancel(call.session, _id("batch of commands", batch), call.now)
    return NO_CONTENT


@endpoints.get(
    "/command-rules/",
    scope=f"{COMMANDS}.rules.retrieve",
    operation=VIEW_NETWORK,
    answer=CommandRules,
    statuses="200 304",
)
async def get_command_rules(call: Call, commands: Commands, permissions: Permissions) -> Answer:
    """Get which commands the network allows."""
    await permissions.require_on(call.session, VIEW_NETWORK, call.network_id)
    rules = await commands.rules(call.network_id)
    return answer_json(rules, etag=version_of(rules))


@endpoints.put(
    "/command-rules/",
    scope=f"{COMMANDS}.rules.update",
    operation=UPDATE_NETWORK_SETTINGS,
    body=CommandRules,
    more="412",
)
async def put_command_rules(call: Call, commands: Commands, permissions: Permissions) -> Answer:
    """Replace which commands the network allows: dangerous ones are off by default."""
    await permissions.require_on(call.session, UPDATE_NETWORK_SETTINGS, call.network_id)
    await commands.set_rules(call.network_id, call.body, call.now, call.precondition)
    return NO_CONTENT


@endpoints.post(
    "/devices/{device}/relay/",
    scope=f"{COMMANDS}.relay",
    operation=SEND_DANGER_COMMANDS,
    body=RelayedRequest,
    answer=RelayedAnswer,
    statuses="200",
    errors="400 401 403 404 406 409 413 415 429 5XX",
)
async def relay_to_player(call: Call, commands: Commands, devices: Devices, relay: Relay, device: str) -> Answer:
    """Update or read what a web server on the player has: relay a request to it, and wait for its answer.

    The answer takes 25 seconds at most; the state is `expired` if the player has not answered by then.
    """
    found = await devices.find(call.session, device, SEND_DANGER_COMMANDS)
    await commands.require_allowed(call.network_id, RELAY)
    request = call.body
    answer = relay.relay(call.network_id, found.id, request.method, request.route, request.data)
    return answer_json(await call.unless_left(answer))


def _id(kind: str, text: str) -> int:
    """Returns the id that a path names. Raises `NotFound` for another text."""
    if not (text.isascii() and text.isdigit() and len(text) <= 10):
        raise NotFound.in_network(kind, text)
    return int(text)
