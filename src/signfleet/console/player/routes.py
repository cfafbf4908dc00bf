"""The tabs that only show: now, timeline, pictures, errors, downloads and audit."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlencode

import msgspec

from signfleet.console.audit.values import differences
from signfleet.console.pages import Pages
from signfleet.console.player.facts import facts_of
from signfleet.console.player.page import PlayerPages, due_of, items
from signfleet.console.player.strip import RANGES, strip
from signfleet.console.players.routes import links_of
from signfleet.console.translations import later
from signfleet.console.view import View
from signfleet.fleet.alerts.schemas import Alert
from signfleet.fleet.alerts.service import Alerts
from signfleet.fleet.commands.schemas import Command
from signfleet.fleet.commands.service import Commands
from signfleet.fleet.devices.history.schemas import PlayerDownload, PlayerError
from signfleet.fleet.devices.history.service import DeviceHistory
from signfleet.fleet.devices.notes.service import Notes, version_of_note
from signfleet.fleet.devices.screenshots.schemas import ScreenShot
from signfleet.fleet.devices.screenshots.service import ScreenshotLists
from signfleet.fleet.devices.service import Devices
from signfleet.fleet.devices.tags.service import Tags
from signfleet.fleet.health.schemas import HealthPeriod
from signfleet.fleet.health.service import HealthLists
from signfleet.foundation.blobs.links import Links
from signfleet.foundation.errors import Invalid
from signfleet.foundation.wire import datetime
from signfleet.identity.access.operations.definitions import (
    MANAGE_TAGS,
    VIEW_AUDIT,
    VIEW_DEVICE,
    VIEW_DOWNLOADS,
    VIEW_GROUP,
    VIEW_SCREENSHOTS,
)
from signfleet.identity.access.permissions import Permissions
from signfleet.identity.audit.schemas import AuditRecord
from signfleet.identity.audit.service import AuditTrail
from signfleet.identity.events.schemas import EventRecord
from signfleet.identity.events.service import EventLists
from signfleet.web.contract.paging import ListQuery, Page
from signfleet.web.http.call import Answer

PAGE_SIZE: Final = 50
PICTURES: Final = 24
LATEST: Final = 5
#: How many periods of health a strip is drawn from.
PERIODS: Final = 500
#: What the last states of a command look like.
STATES: Final = {
    "queued": ("none", later("Waits for the player")),
    "sent": ("none", later("Sent")),
    "running": ("none", later("Running")),
    "succeeded": ("good", later("Done")),
    "failed": ("bad", later("Failed")),
    "rejected": ("bad", later("Refused by the player")),
    "expired": ("warn", later("Expired")),
    "cancelled": ("none", later("Cancelled")),
    "lost": ("warn", later("Without an answer")),
}
pages = Pages("/console/players")


@pages.get("/{player}/", operation=VIEW_DEVICE)
async def show_player(
    view: View,
    player_pages: PlayerPages,
    *,
    alerts: Alerts,
    commands: Commands,
    tags: Tags,
    notes: Notes,
    permissions: Permissions,
    devices: Devices,
    player: str,
) -> Answer:
    """Get what a player does now: its health and why, its picture, open alerts, last commands, tags and note."""
    shown = await player_pages.get(view, player)
    session, ref = view.session, str(shown.health.id)
    is_open = ListQuery(f"[deviceId] IS {ref} AND [state] IS NOT 'resolved'", None, None, LATEST)
    of_device = ListQuery(f"[Device].[Id] IS {ref}", None, None, LATEST)
    note = await notes.get(session, ref)
    health = shown.health
    reported = None if health.last_report is None else datetime.parse(health.last_report)
    facts = facts_of((await devices.get(session, ref)).document, health.serial, reported)
    return player_pages.answer(
        view,
        shown,
        "now",
        alerts=items(await alerts.list_(session, is_open), Alert),
        sent=items(await commands.list_(session, of_device), Command),
        states=STATES,
        tags=msgspec.json.decode(await tags.get(session, ref), type=dict[str, str]),
        note=note,
        facts=facts,
        due=due_of(health.last_report, facts.settings),
        given=note.note,
        version=version_of_note(note.note),
        conflict=None,
        may_open_group=await permissions.allows(session, VIEW_GROUP),
        may_tag=await permissions.allows_on(session, MANAGE_TAGS, shown.health.id),
    )


@pages.get("/{player}/timeline/", operation=VIEW_DEVICE)
async def show_timeline(
    view: View, player_pages: PlayerPages, health_lists: HealthLists, events: EventLists, player: str
) -> Answer:
    """Get the history of a player: its health over a range, and its events."""
    range_ = view.call.parameter("range") or "24h"
    if range_ not in RANGES:
        raise Invalid(f"'range': choose one of {', '.join(RANGES)}.")
    shown = await player_pages.get(view, player)
    session, ref, since = view.session, str(shown.health.id), view.now - RANGES[range_][0]
    periods = ListQuery(f"[until] IS AFTER '{datetime.format(since)}'", None, None, PERIODS)
    found = await events.list_(session, _query(view, f"[deviceId] IS {ref}"))
    return player_pages.answer(
        view,
        shown,
        "timeline",
        range=range_,
        ranges=RANGES,
        strip=strip(
            items(await health_lists.periods(session, ref, periods, view.now), HealthPeriod),
            shown.health,
            since,
            view.now,
        ),
        events=items(found, EventRecord),
        more=_more(view, found, range=range_),
    )


@pages.get("/{player}/pictures/", operation=VIEW_SCREENSHOTS)
async def show_pictures(
    view: View, player_pages: PlayerPages, screenshot_lists: ScreenshotLists, links: Links, player: str
) -> Answer:
    """List the pictures of a player, the newest first."""
    shown = await player_pages.get(view, player)
    query = ListQuery(None, None, view.call.parameter("marker"), PICTURES)
    found = await screenshot_lists.of_device(view.session, str(shown.health.id), query, links_of(view, links))
    return player_pages.answer(view, shown, "pictures", pictures=items(found, ScreenShot), more=_more(view, found))


@pages.get("/{player}/errors/", operation=VIEW_DEVICE)
async def show_errors(view: View, player_pages: PlayerPages, device_history: DeviceHistory, player: str) -> Answer:
    """List the errors that a player has reported, the newest first."""
    shown = await player_pages.get(view, player)
    found = await device_history.errors(view.session, str(shown.health.id), _query(view))
    return player_pages.answer(view, shown, "errors", errors=items(found, PlayerError), more=_more(view, found))


@pages.get("/{player}/downloads/", operation=VIEW_DOWNLOADS)
async def show_downloads(view: View, player_pages: PlayerPages, device_history: DeviceHistory, player: str) -> Answer:
    """List the downloads that a player has reported, the newest first."""
    shown = await player_pages.get(view, player)
    found = await device_history.downloads(view.session, str(shown.health.id), _query(view))
    return player_pages.answer(
        view, shown, "downloads", downloads=items(found, PlayerDownload), more=_more(view, found)
    )


@pages.get("/{player}/audit/", operation=VIEW_AUDIT)
async def show_audit(view: View, player_pages: PlayerPages, audit: AuditTrail, player: str) -> Answer:
    """List who changed a player or sent it a command, what and when, the newest first."""
    shown = await player_pages.get(view, player)
    wanted = f"[deviceId] IS {shown.health.id}"
    found = await audit.list_(view.session, _query(view, wanted))
    records = items(found, AuditRecord)
    changed = [(each, differences(view, each.before, each.after)) for each in records]
    return player_pages.answer(view, shown, "audit", records=changed, filter=wanted, more=_more(view, found))


def _query(view: View, filter_: str | None = None) -> ListQuery:
    return ListQuery(filter_, None, view.call.parameter("marker"), PAGE_SIZE)


def _more(view: View, found: Page, **given: str) -> str | None:
    """Returns the address of the next page; None on the last one."""
    if found.next_marker is None:
        return None
    return f"{view.call.path}?{urlencode({**given, 'marker': found.next_marker})}"
