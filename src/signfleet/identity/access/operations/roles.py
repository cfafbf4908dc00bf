"""The six roles that every network has and nobody can change.

Their ids and names are the contract's; a custom role has a larger id.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class SystemRole:
    """A role with a fixed set of permissions; `id` and `name` are the same in every network."""

    id: int
    name: str


ADMINISTRATORS: Final = SystemRole(1, "Administrators")
GENERAL_MANAGERS: Final = SystemRole(2, "General Managers")
CREATORS: Final = SystemRole(3, "Creators")
PUBLISHERS: Final = SystemRole(4, "Publishers")
NETWORK_MANAGERS: Final = SystemRole(5, "Network Managers")
VIEWERS: Final = SystemRole(6, "Viewers")

SYSTEM_ROLES: Final = (ADMINISTRATORS, GENERAL_MANAGERS, CREATORS, PUBLISHERS, NETWORK_MANAGERS, VIEWERS)
