"""Reads the session, chooses its network and narrows its scopes."""

from __future__ import annotations

from signfleet.foundation.errors import NotFound
from signfleet.foundation.wire import datetime
from signfleet.identity.networks.service import Networks
from signfleet.identity.self_.session.schemas import NetworkChoice, SessionDocument
from signfleet.identity.self_.session.service import SessionChanges
from signfleet.identity.sign_in.trace import SignInEvent, SignInTrace
from signfleet.identity.users.schemas import NetworkName
from signfleet.web.http.call import NO_CONTENT, Answer, Call, answer_json
from signfleet.web.http.endpoint import Endpoints

endpoints = Endpoints("/2022/06/REST/Self/Session", family="Self", caller="person")


@endpoints.get("/", scope="bsn.api.self.session.retrieve", answer=SessionDocument, statuses="200 304")
async def get_session(call: Call, networks: Networks) -> Answer:
    """Get the session of this access token: its network and its scopes."""
    session = call.session
    document = SessionDocument(await _network(call, networks), session.scope, datetime.format(session.last_modified))
    return answer_json(document, last_modified=session.last_modified, etag=str(session.last_modified))


@endpoints.get("/Network/", scope="bsn.api.self.session.retrieve", answer=NetworkName, errors="400 401 403 404 406 5XX")
async def get_session_network(call: Call, networks: Networks) -> Answer:
    """Get the network that was chosen for this access token."""
    network = await _network(call, networks)
    if network is None:
        raise NotFound("No network is chosen for this access token.")
    return answer_json(network)


@endpoints.put("/Network/", scope="bsn.api.self.session.update", body=NetworkChoice, errors="400 401 403 406 415 5XX")
async def choose_network(call: Call, sign_in_trace: SignInTrace, session_changes: SessionChanges) -> Answer:
    """Replace the network of this access token, by name or by id."""
    choice: NetworkChoice = call.body
    session = call.session
    network = await session_changes.choose_network(session, choice.id, choice.name, call.now)
    event = SignInEvent(
        "session",
        call.address,
        network_name=network,
        person_id=session.person_id,
        person_login=session.login,
        application_id=session.application_id,
        date=call.now,
    )
    sign_in_trace.note(event)
    return NO_CONTENT


@endpoints.get("/AuthorizationScope/", scope="bsn.api.self.session.retrieve", answer=list[str], statuses="200 304")
async def get_scopes(call: Call) -> Answer:
    """List the scopes of this access token."""
    modified = call.session.last_modified
    return answer_json(call.session.scope.split(), last_modified=modified, etag=str(modified))


@endpoints.put(
    "/AuthorizationScope/", scope="bsn.api.self.session.update", body=list[str], errors="400 401 403 406 412 415 5XX"
)
async def set_scopes(call: Call, session_changes: SessionChanges) -> Answer:
    """Replace the scopes of this access token by fewer, or by up to those that were granted."""
    await session_changes.set_scopes(call.session, call.body, call.precondition, call.now)
    return NO_CONTENT


async def _network(call: Call, networks: Networks) -> NetworkName | None:
    if call.session.network_id is None:
        return None
    row = await networks.row(call.session.network_id)
    return NetworkName(row.id, row.name)
