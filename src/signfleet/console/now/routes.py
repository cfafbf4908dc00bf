"""`/console/now`: the first page of the day."""

from __future__ import annotations

from typing import Final

from signfleet.console.pages import Pages
from signfleet.console.translations import later
from signfleet.console.view import View
from signfleet.fleet.alerts.service import Alerts
from signfleet.fleet.devices.counts.service import DeviceCounts
from signfleet.fleet.health.outages import LATEST, Outages
from signfleet.fleet.health.schemas import HealthCounts
from signfleet.fleet.subscriptions.service import Subscriptions
from signfleet.fleet.webhooks.schemas import Webhook
from signfleet.fleet.webhooks.service import Webhooks
from signfleet.identity.access.operations.definitions import (
    MANAGE_WEBHOOKS,
    SETUP_DEVICE,
    VIEW_DEVICE,
    VIEW_SUBSCRIPTION,
)
from signfleet.identity.access.permissions import Permissions
from signfleet.web.contract.paging import ListQuery
from signfleet.web.http.call import Answer

#: What causes are called, and what helps.
CAUSES: Final = {
    "silent": (later("Silent"), later("See above what they share.")),
    "late": (later("Late"), later("They miss reports: their connection is weak, or they restart.")),
    "neverReported": (later("Never reported"), later("See whether they are switched on.")),
    "storageReadOnly": (later("Storage read-only"), later("The card is worn out or locked: replace it.")),
    "storageFull": (later("Storage full"), later("Delete files, or give the player a larger card.")),
    "storageNearlyFull": (later("Storage nearly full"), later("Make room before the player cannot download.")),
    "deviceError": (later("Errors reported"), later("Open a player and read its errors.")),
    "subscriptionSuspended": (later("Subscription suspended"), later("Renew the subscription.")),
}  # fmt: skip
SHARED: Final = {
    "place": later("Place"),
    "address": later("Address"),
    "group": later("Group"),
    "model": later("Model"),
    "firmware": later("Firmware"),
}
#: What to look at when devices of a kind have fallen silent together.
ADVICE: Final = {
    "place": later("Check power and network there."),
    "address": later("Check the router or line with this address."),
    "group": later("Look at what was changed last in this group."),
    "model": later("Look for a fault that this model has."),
    "firmware": later("Look at what this firmware changed."),
}
OPEN: Final = ListQuery("[state] IS 'open'", None, None, 1)
ENDING: Final = ListQuery("[status] IS 'Suspending'", None, None, 1)

pages = Pages("/console/now")


@pages.get("/", operation=VIEW_DEVICE)
async def show_now(
    view: View,
    *,
    device_counts: DeviceCounts,
    outages: Outages,
    alerts: Alerts,
    webhooks: Webhooks,
    subscriptions: Subscriptions,
    permissions: Permissions,
) -> Answer:
    """Get what is wrong now, since when, and what to do next."""
    session = view.session
    causes = await outages.causes(session)
    silent = next((cause for cause in causes if cause.reason == "silent" and cause.health == "Error"), None)
    health = HealthCounts(**{word.lower(): n for word, n in (await device_counts.by_health(session)).items()})
    hooks = list[Webhook]()
    if await permissions.allows_on(session, MANAGE_WEBHOOKS, session.network):
        hooks = [hook for hook in await webhooks.list_(session.network) if hook.is_enabled and hook.failures]
    ending = 0
    if await permissions.allows(session, VIEW_SUBSCRIPTION):
        ending = (await subscriptions.list_(session, ENDING)).matching
    return view.page(
        "now/now.html",
        hooks=hooks,
        ending=ending,
        health=health,
        devices=health.normal + health.warning + health.error + health.unknown,
        causes=causes,
        silent=silent,
        clusters=await outages.clusters(session) if silent else [],
        compared=LATEST if silent and silent.devices > LATEST else None,
        open_alerts=(await alerts.list_(session, OPEN)).matching,
        may_add=not causes and await permissions.allows(session, SETUP_DEVICE),
        words=CAUSES,
        shared=SHARED,
        advice=ADVICE,
    )
