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
    """An entry of the rail, which those see who may do `operation` on something; None: everybody.

    `key` opens it after `g`.
    """

    path: str
    icon: str
    name: str
    operation: Operation | None = None
    key: str = ""


SECTIONS: Final = (
    Section("/console/now/", "layout-dashboard", later("Now"), VIEW_DEVICE, "n"),
    Section("/console/players/", "monitor", later("Players"), VIEW_DEVICE, "p"),
    Section("/console/wall/", "layout-grid", later("Wall"), VIEW_SCREENSHOTS, "w"),
    Section("/console/map/", "map", later("Map"), VIEW_DEVICE, "m"),
    Section("/console/alerts/", "bell", later("Alerts"), VIEW_DEVICE, "a"),
    Section("/console/add/", "plus", later("Add players"), SETUP_DEVICE, "d"),
    Section("/console/groups/", "folder-input", later("Groups"), VIEW_GROUP, "g"),
    Section("/console/tags/", "tag", later("Tags"), VIEW_DEVICE, "t"),
    Section("/console/subscriptions/", "clock", later("Subscriptions"), VIEW_SUBSCRIPTION, "s"),
    Section("/console/people/", "users", later("People & rights"), VIEW_USER, "u"),
    Section("/console/audit/", "scroll-text", later("Audit"), VIEW_AUDIT, "l"),
    Section("/console/settings/", "settings", later("Settings"), VIEW_NETWORK, "e"),
)
"""What a new section adds itself to. The first one that a person may see is where they begin."""
