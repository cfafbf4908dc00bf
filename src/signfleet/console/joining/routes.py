"""`/console/add`: a setup token with the lines that work, its QR code, and the players that join with it."""

from __future__ import annotations

import secrets
from shlex import quote
from typing import Any, Final, NamedTuple

import msgspec
import segno

from signfleet.console.forms import FormData
from signfleet.console.pages import Pages
from signfleet.console.players.routes import links_of
from signfleet.console.translations import later
from signfleet.console.view import View
from signfleet.fleet.groups.creation import DEFAULT_GROUP
from signfleet.fleet.groups.schemas import Group
from signfleet.fleet.groups.service import Groups
from signfleet.fleet.health.schemas import DeviceHealth
from signfleet.fleet.health.service import HealthLists
from signfleet.fleet.joining.schemas import NewSetupToken
from signfleet.fleet.joining.setup_tokens import SetupTokenLists
from signfleet.fleet.provisioning.service import Provisioning
from signfleet.foundation.blobs.links import Links
from signfleet.foundation.errors import Invalid, SignfleetError
from signfleet.foundation.wire import datetime
from signfleet.identity.access.operations.definitions import SETUP_DEVICE, VIEW_DEVICE, VIEW_GROUP
from signfleet.identity.access.permissions import Permissions
from signfleet.web.contract.paging import ListQuery
from signfleet.web.http.call import Answer
from signfleet.web.http.errors import status_of

#: For how many days a new token can be valid, with the words of the choice.
DAYS: Final = {1: later("1 day"), 7: later("7 days"), 30: later("30 days"), 365: later("1 year")}
USES_LIMIT: Final = 1_000_000
#: How many groups the page suggests, and how many new players it lists.
SUGGESTED: Final = 200
SHOWN: Final = 20
#: A simulated player has a random number, so that it is no player that there is already.
FLEETS: Final = 1_000_000

pages = Pages("/console/add")
_groups = msgspec.json.Decoder(list[Group])
_players = msgspec.json.Decoder(list[DeviceHealth])


class _Ready(NamedTuple):
    """A setup token, and how players use it."""

    token: str
    valid_to: str
    max_uses: int | None
    qr: str
    simulate: str
    register: str


@pages.get("/", operation=SETUP_DEVICE)
async def show_form(view: View, permissions: Permissions, groups: Groups) -> Answer:
    """Get the form that makes or takes a setup token."""
    await permissions.require_everywhere(view.session, SETUP_DEVICE)
    return await _page(view, permissions, groups)


@pages.post("/", operation=SETUP_DEVICE)
async def make_token(
    view: View,
    *,
    setup_token_lists: SetupTokenLists,
    provisioning: Provisioning,
    permissions: Permissions,
    groups: Groups,
) -> Answer:
    """Issue a setup token, or take the one of the form, and show how players join with it. It is shown only here."""
    session = view.session
    await permissions.require_everywhere(session, SETUP_DEVICE)
    form = FormData(view.call)
    group, given = form.get("group").strip(), form.get("token").strip()
    try:
        if given:
            known = await provisioning.get(session.network, given, view.now)
            ready = _ready(view, given, known.valid_to, None, group)
        else:
            days, uses = _number(form, "days", 3650), _number(form, "uses", USES_LIMIT)
            issued = await setup_token_lists.issue(session.network, NewSetupToken(max_uses=uses, days=days), view.now)
            ready = _ready(view, issued.token, issued.valid_to, issued.max_uses, group)
    except SignfleetError as wrong:
        return await _page(view, permissions, groups, status_of(wrong), error=wrong.message, given=form)
    return await _page(view, permissions, groups, ready=ready, since=view.now)


@pages.get("/arrivals", operation=VIEW_DEVICE)
async def list_arrivals(view: View, health_lists: HealthLists, links: Links) -> Answer:
    """List the players that have joined the network since a moment, the last first."""
    since = view.call.parameter("since") or ""
    if not (since.isascii() and since.isdigit() and len(since) < 15):
        raise Invalid("'since' is a number of milliseconds.")
    joined = f"[registrationDate] IS AFTER '{datetime.format(int(since) - 1)}'"
    query = ListQuery(joined, "[registrationDate] DESC", None, SHOWN)
    found = await health_lists.list_(view.session, query, links_of(view, links))
    players = _players.decode(b"[%b]" % b",".join(found.items))
    template = "joining/arrivals.html" if view.is_fragment else "joining/waiting.html"
    return view.page(template, players=players, matching=found.matching, since=since)


async def _page(view: View, permissions: Permissions, groups: Groups, status: int = 200, **state: Any) -> Answer:
    names = []
    if not view.is_fragment and await permissions.allows(view.session, VIEW_GROUP):
        found = await groups.list_(view.session, ListQuery(None, None, None, SUGGESTED))
        names = [group.name for group in _groups.decode(b"[%b]" % b",".join(found.items))]
    known: dict[str, Any] = {"ready": None, "since": None, "error": None, "given": None, "players": [], "matching": 0}
    template = "joining/issued.html" if view.is_fragment else "joining/add.html"
    return view.page(template, status, groups=names, days=DAYS, default_group=DEFAULT_GROUP, **{**known, **state})


def _ready(view: View, token: str, valid_to: str, max_uses: int | None, group: str) -> _Ready:
    base = view.call.base_url
    serial = f"TEST-{secrets.randbelow(10_000):04}"
    player = {"serial": serial, "model": "TEST", "firmware": "1.0", "name": "Test player"}
    if group:
        player["group"] = group
    drawn = segno.make(token, error="m", micro=False)
    return _Ready(
        token=token,
        valid_to=valid_to,
        max_uses=max_uses,
        qr=drawn.svg_inline(scale=4, border=4, dark="#000", light="#fff", svgclass=None, lineclass=None, omitsize=True),
        simulate=f"SETUP_TOKEN={quote(token)} signfleet simulate --url {quote(base)} --players 1"
        f" --seed {secrets.randbelow(FLEETS)}",
        register=f"curl {quote(base + '/player/v1/register')} -H {quote(f'Authorization: Bearer {token}')}"
        f" -H 'Content-Type: application/json' \\\n  -d {quote(msgspec.json.encode(player).decode())}",
    )


def _number(form: FormData, name: str, most: int) -> int | None:
    """Returns the number of a field, None for an empty one. Raises `Invalid`."""
    text = form.get(name).strip()
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 8 and 1 <= int(text) <= most):
        raise Invalid(f"'{name}' is a number from 1 to {most}.")
    return int(text)
