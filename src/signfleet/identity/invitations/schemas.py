"""The Invitation entity."""

from __future__ import annotations

import msgspec

from signfleet.foundation.wire import datetime
from signfleet.foundation.wire.types import DateTime, Id
from signfleet.identity.roles.system import role_name
from signfleet.identity.users.schemas import NetworkName
from signfleet.identity.users.store import UserRow


class Invitation(msgspec.Struct, rename="camel"):
    """A network that a person may join; `id` is that of the user in it."""

    id: Id
    network: NetworkName
    role_name: str | None
    creation_date: DateTime


def invitation_of(row: UserRow) -> Invitation:
    """Returns the entity of a row."""
    network = NetworkName(row.network_id, row.network_name)
    return Invitation(row.id, network, role_name(row), datetime.format(row.creation_date))
