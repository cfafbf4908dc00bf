"""`/Provisioning`: setup tokens, at the paths of all versions of the contract."""

from __future__ import annotations

import msgspec

from signfleet.fleet.provisioning.service import Provisioning
from signfleet.identity.access.operations.definitions import SETUP_DEVICE
from signfleet.identity.access.permissions import Permissions
from signfleet.identity.tokens.schemas import TokenInfo
from signfleet.web.http.call import NO_CONTENT, Answer, Call, answer_json
from signfleet.web.http.endpoint import JSON, Endpoints
from signfleet.web.http.media import is_sent_as
from signfleet.web.http.pipeline import decode_json

endpoints = Endpoints("/2022/06/REST/Provisioning")

#: Longer bodies are not read.
BODY_LIMIT = 65_536

_ANYTHING = msgspec.json.Decoder()
_OLDER = "/*/*/REST/Provisioning/Setups/Tokens/"


@endpoints.post("/Setups/Tokens/", operation=SETUP_DEVICE, answer=TokenInfo, secret=True, aliases=(_OLDER,))
async def create_setup_token(call: Call, permissions: Permissions, provisioning: Provisioning) -> Answer:
    """Issue a setup token with which players join the network. A body is ignored if it is valid JSON."""
    await _check_body(call)
    await permissions.require_everywhere(call.session, SETUP_DEVICE)
    return answer_json(await provisioning.issue(call.network_id, call.now))


@endpoints.get(
    "/Setups/Tokens/{token}/", operation=SETUP_DEVICE, answer=TokenInfo, secret=True, aliases=(_OLDER + "{token}/",)
)
async def get_setup_token(call: Call, permissions: Permissions, provisioning: Provisioning, token: str) -> Answer:
    """Check a setup token of the network and get its validity."""
    await permissions.require_everywhere(call.session, SETUP_DEVICE)
    return answer_json(await provisioning.get(call.network_id, token, call.now))


@endpoints.delete("/Setups/Tokens/{token}/", operation=SETUP_DEVICE, aliases=(_OLDER + "{token}/",))
async def revoke_setup_token(call: Call, permissions: Permissions, provisioning: Provisioning, token: str) -> Answer:
    """Revoke a setup token of the network."""
    await permissions.require_everywhere(call.session, SETUP_DEVICE)
    await provisioning.revoke(call.network_id, token, call.now)
    return NO_CONTENT


async def _check_body(call: Call) -> None:
    """Raises `Invalid` for a body that is sent as JSON and is malformed."""
    media_type = call.header(b"content-type")
    if media_type is None or not is_sent_as(media_type, JSON):
        return
    body = await call.read(BODY_LIMIT)
    if not body:
        return
    await decode_json(body, _ANYTHING)
