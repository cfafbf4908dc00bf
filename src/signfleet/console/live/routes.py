"""`/console/events`: says that something has happened; the pages then ask for what they show."""

from __future__ import annotations

from signfleet.console.cookies import session_token
from signfleet.console.pages import Pages
from signfleet.console.view import View
from signfleet.identity.events.facts import FactFeeds
from signfleet.identity.events.service import EventLists
from signfleet.web.caller.session import Session
from signfleet.web.http.call import Answer
from signfleet.web.http.event_streams import EventStream, EventStreams

pages = Pages("/console")


@pages.get("/events", streams=True)
async def stream_facts(view: View, event_lists: EventLists, fact_feeds: FactFeeds, streams: EventStreams) -> Answer:
    """Get a stream of what happens in the chosen network, until the session ends or has another network."""
    network_id = view.session.network
    scope, changes = await event_lists.scope(view.session), await event_lists.changes(view.session)

    async def pump(stream: EventStream) -> None:
        await fact_feeds.feed(stream, network_id, scope, changes)

    async def recheck(session: Session) -> bool:
        if session.network_id != network_id or (await event_lists.scope(session)).key != scope.key:
            return False
        return (await event_lists.changes(session)).key == changes.key

    return streams.answer(view.call, pump, recheck, session_token(view.call))
