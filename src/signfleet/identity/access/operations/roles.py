"""The six system roles, which every network has and nobody can change.

The contract defines their ids and names; custom roles have larger ids.
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
