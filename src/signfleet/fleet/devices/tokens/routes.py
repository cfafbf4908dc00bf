"""`/Devices/{device}/Tokens`: access and refresh tokens of a device.

The contract's examples write `/Device/` instead of `/Devices/`; both paths work.
"""

from __future__ import annotations

from signfleet.fleet.devices.scopes import PREFIX
from signfleet.fleet.devices.service import Devices
from signfleet.identity.access.operations.definitions import REVOKE_TOKENS, VIEW_DEVICE
from signfleet.identity.tokens.schemas import TokenInfo
from signfleet.identity.tokens.service import Tokens
from signfleet.web.http.call import NO_CONTENT, Answer, Call, answer_json
from signfleet.web.http.endpoint import Endpoints

PATH = "/{device}/Tokens/{token}/"
ALIASES = (PREFIX.removesuffix("s") + PATH,)

endpoints = Endpoints(PREFIX)


@endpoints.get(PATH, operation=VIEW_DEVICE, answer=TokenInfo, aliases=ALIASES, secret=True)
async def get_device_token(call: Call, devices: Devices, tokens: Tokens, device: str, token: str) -> Answer:
    """Check a token of a device: its scope, and how long it lasts."""
    found = await devices.find(call.session, device)
    return answer_json(await tokens.get_of_device(call.network_id, found.id, token, call.now))


@endpoints.delete(PATH, operation=REVOKE_TOKENS, aliases=ALIASES)
async def revoke_device_token(call: Call, devices: Devices, tokens: Tokens, device: str, token: str) -> Answer:
    """Revoke a token of a device; with a refresh token, also the access token issued with it."""
    found = await devices.find(call.session, device, REVOKE_TOKENS)
    await tokens.revoke_of_device(call.network_id, found.id, token, call.now)
    return NO_CONTENT
