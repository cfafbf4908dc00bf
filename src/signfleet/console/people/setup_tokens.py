"""`/console/people/setup-tokens`: the tokens with which players join the network."""

from __future__ import annotations

from typing import Final

from signfleet.console.changes.deleting import Loss, question
from signfleet.console.forms import FormData, beside
from signfleet.console.pages import Pages
from signfleet.console.people.tabs import page
from signfleet.console.view import View
from signfleet.fleet.joining.schemas import IssuedSetupToken, NewSetupToken
from signfleet.fleet.joining.setup_tokens import SetupTokenLists
from signfleet.foundation.errors import Invalid
from signfleet.identity.access.operations.definitions import SETUP_DEVICE
from signfleet.identity.access.permissions import Permissions
from signfleet.web.http.call import Answer

PAGE_SIZE: Final = 50
PATH: Final = "/console/people/setup-tokens/"
FIELDS: Final = {"maxUses": "uses", "days": "days"}

pages = Pages("/console/people/setup-tokens")


@pages.get("/", operation=SETUP_DEVICE)
async def list_setup_tokens(view: View, lists: SetupTokenLists, permissions: Permissions) -> Answer:
    """List the setup tokens that have not expired, a page at a time."""
    return await _page(view, lists, permissions)


@pages.post("/", operation=SETUP_DEVICE)
async def issue_setup_token(view: View, lists: SetupTokenLists, permissions: Permissions) -> Answer:
    """Issue a setup token; only this page shows it."""
    await permissions.require_everywhere(view.session, SETUP_DEVICE)
    form = FormData(view.call)
    given = {field: form.get(field).strip() for field in FIELDS.values()}
    try:
        new = NewSetupToken(
            max_uses=_number("maxUses", given["uses"], 1_000_000), days=_number("days", given["days"], 3650)
        )
        issued = await lists.issue(view.session.network, new, view.now)
    except Invalid as error:
        return await _page(view, lists, permissions, given=given, errors=beside(error, FIELDS), status=400)
    return await _page(view, lists, permissions, issued=issued)


@pages.post("/{setup_token}/revoke", operation=SETUP_DEVICE)
async def revoke_setup_token(view: View, lists: SetupTokenLists, permissions: Permissions, setup_token: str) -> Answer:
    """Revoke a setup token; players that have joined with it stay."""
    await permissions.require_everywhere(view.session, SETUP_DEVICE)
    found = await lists.get(view.session.network, setup_token, view.now)
    if (asked := question(view, Loss("token", f"{found.id[:12]}…", found.uses or 0), PATH)) is not None:
        return asked
    await lists.revoke(view.session.network, setup_token, view.now)
    return view.redirect(PATH)


def _number(name: str, text: str, limit: int) -> int | None:
    """Returns a number of the form, None for an empty field. Raises `Invalid`."""
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 10 and 1 <= int(text) <= limit):
        raise Invalid(f"'{name}': a whole number from 1 to {limit}; leave it empty for the default.")
    return int(text)


async def _page(
    view: View,
    lists: SetupTokenLists,
    permissions: Permissions,
    *,
    issued: IssuedSetupToken | None = None,
    given: dict[str, str] | None = None,
    errors: dict[str, str] | None = None,
    status: int = 200,
) -> Answer:
    await permissions.require_everywhere(view.session, SETUP_DEVICE)
    marker = view.call.parameter("marker")
    found = await lists.page(view.session.network, marker, PAGE_SIZE, view.now)
    return await page(
        view,
        permissions,
        "setup-token-rows.html" if view.wants_rows else "setup-tokens.html",
        status,
        tokens=found.items,
        marker=marker,
        more=f"{PATH}?marker={found.next_marker}" if found.next_marker else None,
        issued=issued,
        given=given or dict.fromkeys(FIELDS.values(), ""),
        errors=errors or {},
    )
