"""Who is at work: known where a request or command begins, asked for where a change is recorded.

It travels with the context of the task, into units of work too: services need not hand it on.
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
    """Everything that this task changes from now on is changed by `actor`."""
    _acting.set(actor)


def act_under(name: str) -> None:
    """Whoever is at work has proved, without an access token, to be `name`."""
    _acting.set(_acting.get()._replace(name=name))


def acting() -> Actor:
    """Who is at work in this task."""
    return _acting.get()
