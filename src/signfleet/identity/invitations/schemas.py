"""The Invitation entity."""

from __future__ import annotations

import msgspec

from signfleet.foundation.storage.interface import Row
from signfleet.foundation.wire import datetime
from signfleet.foundation.wire.types import DateTime, Id
from signfleet.identity.roles.system import role_name
from signfleet.identity.users.schemas import NetworkName


class Invitation(msgspec.Struct, rename="camel"):
    """A network that a person may join; `id` is the user's who then is a member."""

    id: Id
    network: NetworkName
    role_name: str | None
    creation_date: DateTime


def invitation_of(row: Row) -> Invitation:
    """The entity of a row of `users.store`."""
    network = NetworkName(row.network_id, row.network_name)
    return Invitation(row.id, network, role_name(row), datetime.format(row.creation_date))
