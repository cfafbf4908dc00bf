"""Answers who may do an operation, on everything or on one player, and which rule decides."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from signfleet.console.people.users import BY_LOGIN, ListedUser
from signfleet.console.view import View
from signfleet.fleet.permission_explanation.schemas import Explanation
from signfleet.fleet.permission_explanation.service import Explanations
from signfleet.foundation.errors import Invalid, NotFound
from signfleet.identity.users.administration import UserAdministration
from signfleet.web.contract.paging import ListQuery

#: Without a user, so many are explained at once.
USERS_AT_ONCE: Final = 25

_decoder = msgspec.json.Decoder(list[ListedUser])


async def explained(view: View, explanations: Explanations, user_administration: UserAdministration) -> dict[str, Any]:
    """Returns the answer to the question of the address: for the user that it names, or for the first ones."""
    names = ("user", "operation", "device")
    asked = {name: (view.call.parameter(name) or "").strip() for name in names}
    found: list[Explanation] = []
    error, more = None, None
    if asked["operation"]:
        session = view.session
        try:
            logins = [asked["user"]]
            if not asked["user"]:
                query = ListQuery(None, BY_LOGIN, view.call.parameter("marker"), USERS_AT_ONCE)
                listed = await user_administration.list_(session, query)
                logins = [str(user.id) for user in _decoder.decode(b"[%b]" % b",".join(listed.items))]
                more = listed.next_marker
            for login in logins:
                found.append(
                    await explanations.explain(
                        session.network, login, asked["operation"], asked["device"] or None, session
                    )
                )
        except (Invalid, NotFound) as wrong:
            error = wrong.message
    return {"asked": asked, "explanations": found, "error": error, "next_marker": more}
