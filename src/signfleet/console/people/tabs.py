"""The pages of the section, as far as their reader may open them, and how they answer."""

from __future__ import annotations

from typing import Any, Final

from signfleet.console.navigation import Section
from signfleet.console.translations import later
from signfleet.console.view import View
from signfleet.identity.access.operations.definitions import (
    EDIT_USER_PERMISSIONS,
    SETUP_DEVICE,
    VIEW_ROLE,
    VIEW_USER,
)
from signfleet.identity.access.permissions import Permissions
from signfleet.web.http.call import Answer

TABS: Final = (
    Section("/console/people/", "users", later("Users"), VIEW_USER),
    Section("/console/people/roles/", "users", later("Roles"), VIEW_ROLE),
    Section("/console/people/permissions/", "users", later("Permissions"), EDIT_USER_PERMISSIONS),
    Section("/console/people/applications/", "users", later("Applications")),
    Section("/console/people/setup-tokens/", "users", later("Setup tokens"), SETUP_DEVICE),
)


async def page(view: View, permissions: Permissions, template: str, status: int = 200, **values: Any) -> Answer:
    """Answers with a page of the section; templates know its `tabs`, and which of them is open."""
    session = view.session
    tabs = [
        tab
        for tab in TABS
        if tab.operation is None or (session.network_id and await permissions.allows(session, tab.operation))
    ]
    at = max((tab.path for tab in TABS if view.call.path.startswith(tab.path)), key=len, default=TABS[0].path)
    return view.page(f"people/{template}", status, tabs=tabs, at=at, **values)
