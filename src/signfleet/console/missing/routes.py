"""Every address below `/console/` that has no page: people get one that says so, with the sections around it."""

from __future__ import annotations

from signfleet.console.pages import Pages
from signfleet.console.view import View
from signfleet.foundation.errors import NotFound
from signfleet.web.http.call import Answer

pages = Pages("/console")


@pages.get("/{address:path}/", needs_network=False)
async def show_nothing(view: View, address: str) -> Answer:
    """Say that there is no such page."""
    raise NotFound(view.text("There is no page at this address."))
