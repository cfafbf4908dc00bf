"""Asks before something is deleted: what it is, and how many go with it or lose it."""

from __future__ import annotations

from typing import Literal, NamedTuple

from signfleet.console.changes.asking import TYPED_ABOVE
from signfleet.console.forms import FormData
from signfleet.console.view import View
from signfleet.web.http.call import Answer

#: What can be deleted; the template of the question has the words of each.
Kind = Literal[
    "application",
    "group",
    "invitation",
    "link",
    "permission",
    "role",
    "rule",
    "session",
    "sessions",
    "token",
    "user",
    "view",
    "webhook",
    "window",
]


class Loss(NamedTuple):
    """What a deletion takes away. `number`: how many players, people or messages it is about beside the thing."""

    kind: Kind
    name: str
    number: int = 0
    #: Where what is about the thing goes, if it goes anywhere.
    to: str = ""

    @property
    def must_type(self) -> bool:
        """Whether the reader types the number rather than presses a button."""
        return self.number > TYPED_ABOVE


def question(view: View, loss: Loss, back: str) -> Answer | None:
    """Returns the page that asks before a deletion; None if its form has confirmed the number as it is now.

    `back` is the page to which the reader returns who changes their mind.
    """
    form = FormData(view.call)
    confirmed = form.get("count").strip()
    if confirmed == str(loss.number):
        return None
    return view.page(
        "changes/deletion.html",
        400 if confirmed else 200,
        loss=loss,
        fields=form.without("count"),
        back=back,
        is_other=bool(confirmed),
    )
