"""`/console/networks`: chooses the network that the pages show."""

from __future__ import annotations

from signfleet.console.forms import FormData
from signfleet.console.pages import Pages
from signfleet.console.sign_in.routes import START
from signfleet.console.view import View
from signfleet.foundation.wire.ids import id_of
from signfleet.identity.self_.session.service import SessionChanges
from signfleet.identity.users.service import Users
from signfleet.web.http.call import Answer

pages = Pages("/console/networks")


@pages.get("/", needs_network=False)
async def list_networks(view: View, users: Users) -> Answer:
    """List the networks of the person."""
    members = await users.of_person(view.call.person_id)
    return view.page("networks.html", members=members, chosen=view.session.network_id)


@pages.post("/", needs_network=False)
async def choose_network(view: View, session_changes: SessionChanges) -> Answer:
    """Choose the network of the form for this browser's session."""
    network_id = id_of(FormData(view.call).get("network"))
    await session_changes.choose_network(view.session, network_id, None, view.now)
    return view.redirect(START)
