"""`/console/add/serials`: claims to serials that another network has, and serials of deleted players."""

from __future__ import annotations

from typing import Final
from urllib.parse import quote

from signfleet.console.forms import FormData, fitted
from signfleet.console.pages import Pages
from signfleet.console.view import View
from signfleet.fleet.joining.claims import Claims
from signfleet.fleet.joining.schemas import NewSerialClaim
from signfleet.fleet.joining.service import Joining
from signfleet.foundation.errors import Invalid
from signfleet.identity.access.operations.definitions import SETUP_DEVICE
from signfleet.identity.access.permissions import Permissions
from signfleet.web.http.call import Answer

PATH: Final = "/console/add/serials/"
PAGE_SIZE: Final = 100

pages = Pages("/console/add/serials")


@pages.get("/", operation=SETUP_DEVICE)
async def list_serials(view: View, claims: Claims, joining: Joining, permissions: Permissions) -> Answer:
    """List the serials that the network claims and those that it blocks."""
    return await _page(view, claims, joining, permissions)


@pages.post("/", operation=SETUP_DEVICE)
async def claim_serial(view: View, claims: Claims, joining: Joining, permissions: Permissions) -> Answer:
    """Claim the serial of the form; the operator of the server decides."""
    await permissions.require_everywhere(view.session, SETUP_DEVICE)
    serial = FormData(view.call).get("serial").strip()
    try:
        new = fitted({"serial": serial}, NewSerialClaim)
        await claims.claim(view.session.network, new.serial, view.now)
    except Invalid as error:
        return await _page(view, claims, joining, permissions, 400, serial=serial, error=error.message)
    return view.redirect(PATH)


@pages.post("/withdraw", operation=SETUP_DEVICE)
async def withdraw_claim(view: View, claims: Claims, permissions: Permissions) -> Answer:
    """Withdraw the claim to the serial of the form."""
    await permissions.require_everywhere(view.session, SETUP_DEVICE)
    await claims.withdraw(view.session.network, FormData(view.call).get("serial"), view.now)
    return view.redirect(PATH)


@pages.post("/unblock", operation=SETUP_DEVICE)
async def unblock_serial(view: View, joining: Joining, permissions: Permissions) -> Answer:
    """Let the serial of the form, whose player was deleted, join again."""
    await permissions.require_everywhere(view.session, SETUP_DEVICE)
    scope = await joining.scope(view.session)
    await joining.unblock(view.session.network, FormData(view.call).get("serial"), view.now, scope)
    return view.redirect(PATH)


async def _page(
    view: View,
    claims: Claims,
    joining: Joining,
    permissions: Permissions,
    status: int = 200,
    *,
    serial: str = "",
    error: str | None = None,
) -> Answer:
    await permissions.require_everywhere(view.session, SETUP_DEVICE)
    network, marker = view.session.network, view.call.parameter("marker")
    blocked = await joining.blocked(network, marker, PAGE_SIZE, await joining.scope(view.session))
    return view.page(
        "joining/blocked-rows.html" if view.wants_rows else "joining/serials.html",
        status,
        claimed=await claims.of_network(network),
        blocked=blocked.items,
        marker=marker,
        more=None if blocked.next_marker is None else f"{PATH}?marker={quote(blocked.next_marker, safe='')}",
        serial=serial,
        error=error,
    )
