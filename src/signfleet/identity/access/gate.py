"""Checks token, scope, network and operation before every endpoint that is not public."""

from __future__ import annotations

from typing import cast

from signfleet.foundation.errors import Forbidden
from signfleet.foundation.storage.scan_queue import Caller, read_as
from signfleet.identity.access.operations.operation import Operation
from signfleet.identity.access.permissions import Permissions
from signfleet.identity.access.sessions import Sessions
from signfleet.web.caller.scopes import CHOOSE_NETWORK
from signfleet.web.caller.session import Session
from signfleet.web.http.call import Call
from signfleet.web.http.endpoint import Endpoint


class AccessGate:
    """Sets the session of a call and refuses what its token, network or role does not allow."""

    def __init__(self, sessions: Sessions, permissions: Permissions) -> None:
        self._sessions = sessions
        self._permissions = permissions

    async def admit(self, call: Call, endpoint: Endpoint) -> None:
        """Sets `call.session`. Raises `Unauthenticated` without a valid token, `Forbidden` if it does not suffice."""
        token, now = call.bearer_token, call.now
        session = call.session = self._sessions.cached(token, now) or await self._sessions.authenticate(token, now)
        is_application = session.person_id is None and session.device_id is None
        name = "application" if is_application else session.login or f"device {session.device_id}"
        read_as(Caller(session.network_id or 0, name))
        if endpoint.scopes and not session.covers_any(endpoint.scopes):
            raise Forbidden(f"The access token lacks the scope '{endpoint.scopes[0]}'.")
        if endpoint.caller == "network":
            if session.network_id is None:
                raise Forbidden(_no_network(session))
            operation = cast(Operation | None, endpoint.operation)
            if operation is not None and not self._permissions.allows_all(session, operation):
                alternatives = cast(tuple[Operation, ...], endpoint.alternatives)
                await self._permissions.require(session, operation, *alternatives)
        elif endpoint.caller == "person" and session.person_id is None:
            raise Forbidden("This endpoint needs the token of a person; the access token belongs to a device.")
        elif endpoint.caller == "device" and session.device_id is None:
            raise Forbidden("This endpoint needs the token of a player; the access token belongs to a person.")


def _no_network(session: Session) -> str:
    """Returns why a session without a network is refused, and what its caller can do."""
    if session.person_id is not None and session.covers(CHOOSE_NETWORK):
        return "No network is chosen; choose one with PUT /2022/06/REST/Self/Session/Network/."
    return (
        "No network is chosen, and this access token cannot choose one: that needs a person's token with the scope"
        f" '{CHOOSE_NETWORK}'."
    )
