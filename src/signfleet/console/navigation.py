"""The sections of the console, in the order of the rail: one entry for each part that has pages."""

from __future__ import annotations

from typing import Final, NamedTuple

from signfleet.console.translations import later
from signfleet.identity.access.operations.definitions import (
    SETUP_DEVICE,
    VIEW_AUDIT,
    VIEW_DEVICE,
    VIEW_GROUP,
    VIEW_NETWORK,
    VIEW_SCREENSHOTS,
    VIEW_SUBSCRIPTION,
    VIEW_USER,
)
from signfleet.identity.access.operations.operation import Operation


class Section(NamedTuple):
    """An entry of the rail, which those see who may do `operation` on something; None: everybody."""

    path: str
    icon: str
    name: str
    operation: Operation | None = None


SECTIONS: Final = (
    Section("/console/now/", "layout-dashboard", later("Now"), VIEW_DEVICE),
    Section("/console/players/", "monitor", later("Players"), VIEW_DEVICE),
    Section("/console/wall/", "layout-grid", later("Wall"), VIEW_SCREENSHOTS),
    Section("/console/map/", "map", later("Map"), VIEW_DEVICE),
    Section("/console/alerts/", "bell", later("Alerts"), VIEW_DEVICE),
    Section("/console/add/", "plus", later("Add players"), SETUP_DEVICE),
    Section("/console/groups/", "folder-input", later("Groups"), VIEW_GROUP),
    Section("/console/tags/", "tag", later("Tags"), VIEW_DEVICE),
    Section("/console/subscriptions/", "clock", later("Subscriptions"), VIEW_SUBSCRIPTION),
    Section("/console/people/", "users", later("People & rights"), VIEW_USER),
    Section("/console/audit/", "scroll-text", later("Audit"), VIEW_AUDIT),
    Section("/console/settings/", "settings", later("Settings"), VIEW_NETWORK),
)
"""What a new section adds itself to. The first one that a person may see is where they begin."""
