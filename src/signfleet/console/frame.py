"""What stands around every page: the sections that the reader may open, and their networks."""

from __future__ import annotations

from typing import NamedTuple

from signfleet.console.navigation import SECTIONS, Section
from signfleet.identity.access.permissions import Permissions
from signfleet.identity.users.service import Users
from signfleet.identity.users.store import UserRow
from signfleet.web.caller.session import Session


class Frame(NamedTuple):
    """The rail and the chooser of networks."""

    sections: list[Section]
    networks: list[UserRow]
    #: The chosen one's.
    network: str | None


async def frame_of(session: Session, permissions: Permissions, users: Users) -> Frame:
    """Returns the frame of a person's pages."""
    assert session.person_id is not None
    networks = [row for row in await users.of_person(session.person_id) if not row.is_locked_out]
    chosen = next((row.network_name for row in networks if row.network_id == session.network_id), None)
    if chosen is None:
        return Frame([], networks, None)
    sections = [
        section
        for section in SECTIONS
        if section.operation is None or await permissions.allows(session, section.operation)
    ]
    return Frame(sections, networks, chosen)


async def networks_of(person_id: int, users: Users) -> list[UserRow]:
    """Returns the memberships of a person in networks that they can use."""
    rows = await users.of_person(person_id)
    return [row for row in rows if not row.is_locked_out and not row.network_is_locked_out]
