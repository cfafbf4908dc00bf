"""`/admin/v1/sessions`: people see where they are signed in, and end sessions."""

from __future__ import annotations

from signfleet.foundation.wire.ids import id_of
from signfleet.identity.sessions.schemas import SessionPage
from signfleet.identity.sessions.service import OwnSessions
from signfleet.web.http.call import NO_CONTENT, Answer, Call, answer_json
from signfleet.web.http.endpoint import PAGING, Endpoints
from signfleet.web.http.paging import page_size

endpoints = Endpoints("/admin/v1/sessions", family="Sessions", caller="person")


@endpoints.get("/", scope="bsn.api.self.sessions.retrieve", parameters=PAGING, answer=SessionPage)
async def list_sessions(call: Call, sessions: OwnSessions) -> Answer:
    """List the person's live sessions, newest first."""
    marker, size = call.parameter("marker"), page_size(call)
    return answer_json(await sessions.page(call.person_id, call.session.id, marker, size, call.now))


@endpoints.delete("/{session}/", scope="bsn.api.self.sessions.delete")
async def delete_session(call: Call, own_sessions: OwnSessions, session: str) -> Answer:
    """Delete one of the person's sessions, which ends its access and refresh tokens."""
    await own_sessions.end(call.person_id, id_of(session), call.session.login, call.now)
    return NO_CONTENT
