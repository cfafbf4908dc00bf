"""The pages of the section, as far as their reader may open them, and how they answer."""

from __future__ import annotations

from typing import Any, Final

from signfleet.console.navigation import Section
from signfleet.console.translations import later
from signfleet.console.view import View
from signfleet.identity.access.operations.definitions import MANAGE_ALERTS, MANAGE_WEBHOOKS, VIEW_DEVICE
from signfleet.identity.access.operations.operation import Operation
from signfleet.identity.access.permissions import Permissions
from signfleet.web.http.call import Answer

TABS: Final = (
    Section("/console/alerts/", "bell", later("Alerts"), VIEW_DEVICE),
    Section("/console/alerts/rules/", "bell", later("Rules"), MANAGE_ALERTS),
    Section("/console/alerts/windows/", "bell", later("Maintenance"), MANAGE_ALERTS),
    Section("/console/alerts/webhooks/", "bell", later("Webhooks"), MANAGE_WEBHOOKS),
)


async def page(view: View, permissions: Permissions, template: str, status: int = 200, **values: Any) -> Answer:
    """Answers with a page of the section; templates know its `tabs`, and which of them is open."""
    tabs = [tab for tab in TABS if tab.operation is None or await _may(view, permissions, tab.operation)]
    at = max((tab.path for tab in TABS if view.call.path.startswith(tab.path)), key=len, default=TABS[0].path)
    return view.page(f"alerts/{template}", status, tabs=tabs, at=at, **values)


async def _may(view: View, permissions: Permissions, operation: Operation) -> bool:
    if operation is VIEW_DEVICE:
        return await permissions.allows(view.session, operation)
    return await permissions.allows_on(view.session, operation, view.session.network)
