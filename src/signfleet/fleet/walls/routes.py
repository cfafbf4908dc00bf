"""`/admin/v1/wall-links`: links that show a wall of pictures to everybody who has them."""

from __future__ import annotations

from msgspec.structs import asdict

from signfleet.fleet.walls.schemas import CreatedWallLink, NewWallLink, WallLink, WallLinkChange
from signfleet.fleet.walls.service import WallLinks
from signfleet.identity.access.operations.definitions import UPDATE_NETWORK_SETTINGS
from signfleet.identity.access.permissions import Permissions
from signfleet.web.contract.conditional import version_of
from signfleet.web.http.call import NO_CONTENT, Answer, Call, answer_json
from signfleet.web.http.endpoint import Endpoints

RETRIEVE = "bsn.api.main.walls.retrieve"
UPDATE = "bsn.api.main.walls.update"

endpoints = Endpoints("/admin/v1/wall-links", family="Walls", operation=UPDATE_NETWORK_SETTINGS)


@endpoints.get("/", scope=RETRIEVE, answer=list[WallLink])
async def list_wall_links(call: Call, wall_links: WallLinks, permissions: Permissions) -> Answer:
    """List the links to walls of the network, the newest first, without their addresses."""
    await permissions.require_on(call.session, UPDATE_NETWORK_SETTINGS, call.network_id)
    return answer_json(await wall_links.list_(call.network_id))


@endpoints.post("/", scope=UPDATE, body=NewWallLink, answer=CreatedWallLink, secret=True)
async def create_wall_link(call: Call, wall_links: WallLinks, permissions: Permissions) -> Answer:
    """Create a link, which shows pictures and names of players to everybody who has it. Its address is only here.

    It sees what you may see, and ends when you leave the network.
    """
    await permissions.require_on(call.session, UPDATE_NETWORK_SETTINGS, call.network_id)
    made = await wall_links.create(call.session, call.body, call.now)
    answer = CreatedWallLink(**asdict(made.link), link=f"{call.base_url}{made.path}")
    return answer_json(answer, status=201)


@endpoints.get("/{wall_link}/", scope=RETRIEVE, answer=WallLink, statuses="200 304")
async def get_wall_link(call: Call, wall_links: WallLinks, permissions: Permissions, wall_link: str) -> Answer:
    """Get a link to a wall, without its address."""
    await permissions.require_on(call.session, UPDATE_NETWORK_SETTINGS, call.network_id)
    link = await wall_links.get(call.network_id, wall_link)
    return answer_json(link, etag=version_of(link))


@endpoints.put("/{wall_link}/", scope=UPDATE, body=WallLinkChange, more="412")
async def replace_wall_link(call: Call, wall_links: WallLinks, permissions: Permissions, wall_link: str) -> Answer:
    """Replace the name, filter, size and end of a link; its address stays."""
    await permissions.require_on(call.session, UPDATE_NETWORK_SETTINGS, call.network_id)
    await wall_links.update(call.network_id, wall_link, call.body, call.now, call.precondition)
    return NO_CONTENT


@endpoints.delete("/{wall_link}/", scope=UPDATE, more="412")
async def delete_wall_link(call: Call, wall_links: WallLinks, permissions: Permissions, wall_link: str) -> Answer:
    """Delete a link: its page is gone."""
    await permissions.require_on(call.session, UPDATE_NETWORK_SETTINGS, call.network_id)
    await wall_links.revoke(call.network_id, wall_link, call.now, call.precondition)
    return NO_CONTENT
