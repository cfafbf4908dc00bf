"""The session of a request: its caller, network and scopes."""

from __future__ import annotations

import msgspec

from signfleet.foundation.errors import Forbidden
from signfleet.web.caller.scopes import PERSON_SCOPE, covers, covers_any


class Session(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A caller's session. A person has no `device_id`, a device no `person_id`; `network_id` is None until chosen.

    Caches have one for each caller, which Python's search for cyclic garbage can pass over: it refers to no objects.
    """

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
    #: The scopes at sign-in, more than `scope` if the token was narrowed since; None: the same.
    granted: str | None = None
    #: ms
    last_modified: int
    #: False: neither this user nor their role has permissions beyond those of every network.
    has_permissions: bool = True
    #: Counts changes of the network's permissions; caches of what derives from them compare it.
    permission_changes: int = 0

    @property
    def network(self) -> int:
        """Returns the chosen network; endpoints that need one are not called without it."""
        assert self.network_id is not None
        return self.network_id

    def covers(self, scope: str) -> bool:
        return covers(self.scope, scope)

    def may_grant(self, scope: str) -> bool:
        """Returns whether the token may grant `scope`: it may if it has the scope.

        A person who signed in with a password may grant every scope, unless the token was narrowed since.
        """
        is_whole = self.granted in (None, self.scope) and self.covers(PERSON_SCOPE)
        return self.covers(scope) or (self.application_id is None and is_whole)

    def check_can_grant(self, scopes: list[str], action: str = "grant it") -> None:
        """Raises `Forbidden` with the first scope that the token may not grant, and the `action` that needs it."""
        for scope in scopes:
            if not self.may_grant(scope):
                raise Forbidden(f"The access token lacks the scope '{scope}', so it cannot {action}.")

    def covers_any(self, scopes: tuple[str, ...]) -> bool:
        return covers_any(self.scope, scopes)
