"""`/admin/v1/events`: lists and streams what happens in the chosen network."""

from __future__ import annotations

from signfleet.foundation.errors import Invalid
from signfleet.identity.events.catalogue import EVENTS
from signfleet.identity.events.feeds import EventFeeds
from signfleet.identity.events.schemas import EventPage
from signfleet.identity.events.service import EventLists
from signfleet.notify.events.reading import Position
from signfleet.web.caller.session import Session
from signfleet.web.http.call import Answer, Call
from signfleet.web.http.endpoint import LISTING, Endpoints
from signfleet.web.http.event_streams import EventStream, EventStreams, asks_for_stream
from signfleet.web.http.paging import answer_page, list_query

RETRIEVE = "bsn.api.main.events.retrieve"

endpoints = Endpoints("/admin/v1/events", family="Events", scope=RETRIEVE)


@endpoints.get("/", parameters=LISTING, answer=EventPage, streams=True)
async def list_events(call: Call, events: EventLists, feeds: EventFeeds, streams: EventStreams) -> Answer:
    """List what happened to the devices, the network and its accounts, newest first.

    With `Accept: text/event-stream` it sends events as they happen instead, until the token ends; `filter` narrows
    them. After a break, `Last-Event-ID` with the id of the last message continues without a gap.
    """
    if not asks_for_stream(call):
        query = list_query(call)
        return answer_page(await events.list_(call.session, query), query.size)
    parsed = await EVENTS.read_filter(call.parameter("filter"))
    after, scope = _last_event(call), await events.scope(call.session)

    async def pump(stream: EventStream) -> None:
        await feeds.feed(stream, call.network_id, parsed, scope, after)

    async def recheck(session: Session) -> bool:
        return session.network_id == call.network_id and (await events.scope(session)).key == scope.key

    return streams.answer(call, pump, recheck)


def _last_event(call: Call) -> Position | None:
    """Returns where the client left off. Raises `Invalid` for an id that no stream has sent."""
    text = (call.header(b"last-event-id") or "").strip()
    if not text:
        return None
    try:
        return Position.parse(text)
    except ValueError as error:
        raise Invalid(f"The header 'Last-Event-ID': {error}.") from error
