"""The session of a request: who calls, in which network, with which scopes."""

from __future__ import annotations

import msgspec

from signfleet.foundation.errors import Forbidden
from signfleet.web.caller.scopes import PERSON_SCOPE, covers, covers_any


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """Who calls. A person has no `device_id`; a device no `person_id`; `network_id` is None until one is chosen."""

    id: int
    person_id: int | None
    application_id: int | None
    network_id: int | None
    user_id: int | None
    role_id: int | None
    device_id: int | None
    login: str | None
    #: Space-separated.
    scope: str
    #: What the session was opened with: more than `scope` after somebody narrowed it. None: the same.
    granted: str | None = None
    #: ms
    last_modified: int
    #: False: there are no permissions for this user, or for their role, beyond those that every network has.
    has_permissions: bool = True
    #: How often the permissions of the network have changed: what was worked out from them is good while this stays.
    permission_changes: int = 0

    @property
    def network(self) -> int:
        """The chosen network; what needs one is not called without."""
        assert self.network_id is not None
        return self.network_id

    def covers(self, scope: str) -> bool:
        return covers(self.scope, scope)

    def may_give(self, scope: str) -> bool:
        """Whether the token may hand `scope` on: one that it has.

        A person who signed in with a password alone may give everything, unless the token was narrowed since.
        """
        is_whole = self.granted in (None, self.scope) and self.covers(PERSON_SCOPE)
        return self.covers(scope) or (self.application_id is None and is_whole)

    def demand_power_to_give(self, scopes: list[str], refused: str = "give it") -> None:
        """Raises `Forbidden` naming the scope that the token may not hand on, and what is `refused` for that."""
        for scope in scopes:
            if not self.may_give(scope):
                raise Forbidden(f"The access token lacks the scope '{scope}', so it cannot {refused}.")

    def covers_any(self, scopes: tuple[str, ...]) -> bool:
        return covers_any(self.scope, scopes)
