"""The actor of the current task: set where a request or command begins, read where a change is recorded.

The context of the task carries it, into transactions too: services need not pass it on.
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import Final, NamedTuple


class Actor(NamedTuple):
    """A person's login, a player's serial or device id, an application, or a part of the server; for a caller, the
    address it calls from, and what it calls this server as far as nobody can make that up: mails link there."""

    name: str
    address: str | None = None
    server: str | None = None


_SERVER: Final = Actor("server")
_acting: ContextVar[Actor] = ContextVar("acting", default=_SERVER)


def act_as(actor: Actor) -> None:
    """Makes `actor` the author of everything that this task changes from now on."""
    _acting.set(actor)


def act_under(name: str) -> None:
    """Sets the name of a caller who authenticated by something other than an access token."""
    _acting.set(_acting.get()._replace(name=name))


def acting() -> Actor:
    """Returns the actor of this task."""
    return _acting.get()
