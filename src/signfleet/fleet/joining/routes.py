"""`/admin/v1`: the endpoints with which operators control joining: setup tokens, releases, blocked serials, claims."""

from __future__ import annotations

from signfleet.fleet.joining.claims import Claims
from signfleet.fleet.joining.schemas import (
    BlockedSerials,
    IssuedSetupToken,
    JoiningRules,
    NewSerialClaim,
    NewSetupToken,
    SerialClaim,
    SetupTokens,
)
from signfleet.fleet.joining.service import Joining, version_of_rules
from signfleet.fleet.joining.setup_tokens import SetupTokenLists
from signfleet.identity.access.operations.definitions import SETUP_DEVICE, UPDATE_NETWORK_SETTINGS, VIEW_NETWORK
from signfleet.identity.access.permissions import Permissions
from signfleet.web.contract.conditional import version_of
from signfleet.web.http.call import NO_CONTENT, Answer, Call, answer_json
from signfleet.web.http.endpoint import PAGING, Endpoints
from signfleet.web.http.paging import page_size

SETUPS = "bsn.api.main.devices.setups"

endpoints = Endpoints("/admin/v1", family="Joining", operation=SETUP_DEVICE)


@endpoints.get("/setup-tokens/", scope=f"{SETUPS}.token.retrieve", parameters=PAGING, answer=SetupTokens)
async def list_setup_tokens(call: Call, lists: SetupTokenLists, permissions: Permissions) -> Answer:
    """List the unexpired setup tokens of the network, without their text."""
    await permissions.require_everywhere(call.session, SETUP_DEVICE)
    return answer_json(await lists.page(call.network_id, call.parameter("marker"), page_size(call), call.now))


@endpoints.post(
    "/setup-tokens/",
    scope=f"{SETUPS}.token.create",
    body=NewSetupToken,
    body_optional=True,
    answer=IssuedSetupToken,
    secret=True,
)
async def issue_setup_token(call: Call, permissions: Permissions, setup_token_lists: SetupTokenLists) -> Answer:
    """Issue a setup token, optionally limited by uses and days. Its text is only in this answer."""
    await permissions.require_everywhere(call.session, SETUP_DEVICE)
    issued = await setup_token_lists.issue(call.network_id, call.body or NewSetupToken(), call.now)
    return answer_json(issued, status=201)


@endpoints.delete("/setup-tokens/{setup_token}/", scope=f"{SETUPS}.token.revoke")
async def revoke_listed_setup_token(
    call: Call, permissions: Permissions, setup_token_lists: SetupTokenLists, setup_token: str
) -> Answer:
    """Revoke a setup token by its id; players that have joined with it stay."""
    await permissions.require_everywhere(call.session, SETUP_DEVICE)
    await setup_token_lists.revoke(call.network_id, setup_token, call.now)
    return NO_CONTENT


@endpoints.post("/devices/{device}/release/", scope=f"{SETUPS}.release", statuses="204")
async def release_device(call: Call, joining: Joining, device: str) -> Answer:
    """Release a device: the next player with a setup token and its serial becomes the device, without its secret."""
    await joining.release(call.session, device, call.now)
    return NO_CONTENT


@endpoints.get("/blocked-serials/", scope=f"{SETUPS}.serials.retrieve", parameters=PAGING, answer=BlockedSerials)
async def list_blocked_serials(call: Call, joining: Joining, permissions: Permissions) -> Answer:
    """List the serials of deleted devices, which the network blocks."""
    await permissions.require_everywhere(call.session, SETUP_DEVICE)
    scope = await joining.scope(call.session)
    return answer_json(await joining.blocked(call.network_id, call.parameter("marker"), page_size(call), scope))


@endpoints.delete("/blocked-serials/{serial}/", scope=f"{SETUPS}.serials.unblock")
async def unblock_serial(call: Call, joining: Joining, permissions: Permissions, serial: str) -> Answer:
    """Unblock the serial of a deleted device, so that it can join the network as a new device."""
    await permissions.require_everywhere(call.session, SETUP_DEVICE)
    await joining.unblock(call.network_id, serial, call.now, await joining.scope(call.session))
    return NO_CONTENT


@endpoints.get("/serial-claims/", scope=f"{SETUPS}.serials.retrieve", answer=list[SerialClaim])
async def list_serial_claims(call: Call, permissions: Permissions, claims: Claims) -> Answer:
    """List the serials that the network claims because another one may have them."""
    await permissions.require_everywhere(call.session, SETUP_DEVICE)
    return answer_json(await claims.of_network(call.network_id))


@endpoints.post("/serial-claims/", scope=f"{SETUPS}.serials.claim", body=NewSerialClaim, answer=SerialClaim)
async def claim_serial(call: Call, permissions: Permissions, claims: Claims) -> Answer:
    """Create a claim for a serial that another network has. The server's operator decides."""
    await permissions.require_everywhere(call.session, SETUP_DEVICE)
    return answer_json(await claims.claim(call.network_id, call.body.serial, call.now), status=201)


@endpoints.delete("/serial-claims/{serial}/", scope=f"{SETUPS}.serials.claim")
async def withdraw_serial_claim(call: Call, permissions: Permissions, claims: Claims, serial: str) -> Answer:
    """Delete a claim for a serial."""
    await permissions.require_everywhere(call.session, SETUP_DEVICE)
    await claims.withdraw(call.network_id, serial, call.now)
    return NO_CONTENT


@endpoints.get(
    "/joining/",
    scope=f"{SETUPS}.rules.retrieve",
    operation=VIEW_NETWORK,
    answer=JoiningRules,
    statuses="200 304",
)
async def get_joining_rules(call: Call, permissions: Permissions, joining: Joining) -> Answer:
    """Get which players may register without a secret or a setup token, and at which address."""
    await permissions.require_on(call.session, VIEW_NETWORK, call.network_id)
    rules = await joining.rules(call.network_id, call.base_url)
    # The tag covers the address too; preconditions of writes compare the rules alone.
    return answer_json(rules, etag=f"{version_of_rules(rules)}-{version_of(rules)}")


@endpoints.put(
    "/joining/",
    scope=f"{SETUPS}.rules.update",
    operation=UPDATE_NETWORK_SETTINGS,
    body=JoiningRules,
    more="412",
)
async def put_joining_rules(call: Call, permissions: Permissions, joining: Joining) -> Answer:
    """Replace the rules by which players may register without a secret or a setup token."""
    await permissions.require_on(call.session, UPDATE_NETWORK_SETTINGS, call.network_id)
    await joining.set_rules(call.network_id, call.body, call.now, call.precondition)
    return NO_CONTENT
