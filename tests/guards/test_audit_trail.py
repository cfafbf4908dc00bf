"""Whatever changes something through the API leaves an entry in the audit trail that says who, and what."""

from __future__ import annotations

import json
import re
from typing import Any, NamedTuple

from httpx import AsyncClient, Response
from sqlalchemy import select

from signfleet.console.audit.values import MEMBERS
from signfleet.foundation.storage.query import Query
from signfleet.foundation.storage.tables import audit, command
from tests.conftest import ON_SQLITE, CallAs
from tests.world import OFFERED, OPENID, ULLA, Request, World, name

CHANGING = [endpoint for endpoint in OFFERED if endpoint.method != "GET"]

#: What leaves no entry, and why.
EXEMPT = {
    "POST /admin/v1/changes/dry-run/": "a dry run changes nothing",
    "POST /admin/v1/import/dry-run/": "a dry run changes nothing",
    "POST /admin/v1/import/provisioning-records/dry-run/": "a dry run changes nothing",
    f"POST {OPENID}/token": "signing in changes nothing but the caller's own tokens",
    "POST /Token": "signing in",
    "POST /player/v1/token": "signing in",
    f"POST {OPENID}/token/introspect": "changes nothing",
    "PUT /Self/Session/Network/": "belongs to the caller's own token, and ends with it",
    "PUT /Self/Session/AuthorizationScope/": "belongs to the caller's own token, and ends with it",
    "POST /player/v1/report": "reports are stored as status, errors and downloads",
    "POST /admin/v1/webhooks/{webhook}/test/": "sends a request and changes nothing",
    "PUT /player/v1/commands/{command}/files/{file_name}": "files are stored with the command",
    "POST /admin/v1/command-batches/preview/": "changes nothing",
    "PUT /player/v1/screenshots/{timestamp}": "screenshots are stored as pictures",
}
#: What an entry is about: the first that stands in the name of the endpoint counts.
ENTITIES = {
    "/replay/": "Message",
    "/alerts/rules/": "AlertRule",
    "/alerts/windows/": "MaintenanceWindow",
    "/alerts/": "Alert",
    "/unsubscribe": "User",
    "/wall-links/": "WallLink",
    "/webhooks/": "Webhook",
    "/command-rules/": "Network",
    "/command-batches/": "CommandBatch",
    "/commands/": "Command",
    "/relay/": "Command",
    "/rest/v1/": "Command",
    "/setup-tokens/": "Token",
    "/jobs/": "Job",
    "/changes/": "Job",
    "/import/": "Job",
    "/blocked-serials/": "Serial",
    "/serial-claims/": "Serial",
    "/release/": "Device",
    "/joining/": "Network",
    "/network/": "Network",
    "/health-rules/": "Network",
    "/sessions/": "Session",
    "/Tokens/": "Token",
    "/rest-setup/": "Setup",
    "/rest-device/": "SetupRecord",
    "/revoke": "Token",
    "/Profile/": "Profile",
    "/Applications/": "Application",
    "/Networks/": "Network",
    "/Users/": "User",
    "/invitations/": "User",
    "/Roles/": "Role",
    "/Groups/": "Group",
    "/Devices/": "Device",
    "/register": "Device",
    "/join/": "Device",
    "/Self/": "Person",
    "/account/": "Person",
}


LAST_COMMAND = Query(select(command.c.id).order_by(command.c.id.desc()).limit(1))


class Entry(NamedTuple):
    """Who, from where, and what; tokens have no id to name."""

    actor: str
    address: str
    entity: str
    id: int | None


async def expected(world: World, called: str, request: Request, answer: Response) -> Entry:
    """The entry that a call has to leave."""
    entity = next(entity for part, entity in ENTITIES.items() if part in called)
    about = await id_of(world, called, entity, request, answer)
    return Entry(actor(world, called, request), "127.0.0.1", entity, about)


def actor(world: World, called: str, request: Request) -> str:
    """Who has shown who they are, by whatever means."""
    if called in {"POST /player/v1/register", "POST /player/v1/join/{join_key}"}:
        return f"player {request.sent['json']['serial']}"
    return {
        "POST /player/v1/commands/{command}": f"device {world.ids['Device']}",
        "POST /Self/": "anonymous",
        f"POST {OPENID}/revoke": f"application {world.network.client_id}",
        "POST /account/activate": ULLA,
        "POST /account/invitation": ULLA,
        "POST /account/reset": ULLA,
        "POST /account/unsubscribe": ULLA,
    }.get(called, world.administrator.login)


async def id_of(world: World, called: str, entity: str, request: Request, answer: Response) -> int | None:
    """Of what was made, else of what was there."""
    own = world.administrator
    body: Any = answer.json() if answer.content and "json" in answer.headers["Content-Type"] else None
    if entity == "Command" and "/{command}" not in called:
        return int((await world.services.store.scan_all(LAST_COMMAND))[0].id)
    if isinstance(body, dict) and entity not in ("Token", "Command"):
        made = body.get("device", body).get("id")
        if made is not None:
            return int(made)
    match entity:
        case "Token" | "Serial" | "Setup" | "SetupRecord":
            return None
        case "Profile":
            return own.user_id if "/Users/" in called else own.person_id
        case "Application" if called == "DELETE /Self/Applications/":
            return int(re.findall(r"\d+", request.sent["params"]["filter"])[0])
        case (
            "Application"
            | "Job"
            | "Session"
            | "Message"
            | "WallLink"
            | "Webhook"
            | "Alert"
            | "AlertRule"
            | "MaintenanceWindow"
        ):
            return int(re.findall(r"\d+", request.url)[-1])
        case "Command" | "CommandBatch":
            return int(re.findall(r"\d+", request.url)[-1])
        case "Network":
            return own.network_id
        case "Person":
            return own.person_id if "/Self/" in called else (await world.owner(ULLA)).person_id
        case "User" if "/Self/" in called:
            return own.user_id
        case "User" if "/invitations/" in called:
            return int(re.findall(r"\d+", request.url)[-1])
    return world.ids[entity]


async def entries(world: World, after: int) -> tuple[list[Entry], int]:
    """Those that came after another one, and the id of the last."""
    query = Query(audit.select().where(audit.c.id > after).order_by(audit.c.id))
    rows = await world.services.store.scan_all(query)
    found = [Entry(row.actor, row.address, row.entity, row.entity_id) for row in rows]
    return found, max([after, *(row.id for row in rows)])


def is_told(wanted: Entry | None, left: list[Entry]) -> bool:
    """Whether the entry is there, and whatever else was changed along with it was changed by the same."""
    if wanted is None:
        return not left
    return wanted in left and {entry.actor for entry in left} == {wanted.actor}


@ON_SQLITE
async def test_every_change_is_audited_with_its_author(world: World, admin: AsyncClient, call_as: CallAs) -> None:
    player = call_as((await world.player()).access_token)
    clients = {"network": admin, "person": admin, "device": player, "public": call_as()}
    # The device of the player is the first to go: those that are for players come before.
    endpoints = sorted(CHANGING, key=lambda endpoint: endpoint.caller)
    wrong: dict[str, Any] = {}
    for endpoint in endpoints:
        called = name(endpoint)
        request = await world.request(endpoint)
        _, last = await entries(world, 0)
        answer = await clients[endpoint.caller].request(request.method, request.url, **request.sent)
        assert answer.is_success, (called, answer.text)
        left, _ = await entries(world, last)
        wanted = None if called in EXEMPT else await expected(world, called, request, answer)
        if not is_told(wanted, left):
            wrong[called] = left, wanted
        await world.restore()
    assert wrong == {}
    rows = await world.services.store.scan_all(Query(audit.select().where(audit.c.entity != "Profile")))
    documents = [json.loads(text) for row in rows for text in (row.before, row.after) if text]
    members = {member for each in documents if isinstance(each, dict) for member in each}
    assert members - MEMBERS.keys() == set(), "the console has no words for them (console/audit/values.py)"


def test_exempt_endpoints_exist() -> None:
    assert EXEMPT.keys() <= {name(endpoint) for endpoint in CHANGING}
