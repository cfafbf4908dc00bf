"""Puts notices that have something in common into one: the same place, address, group, model or firmware.

Subscriptions of the stock have their type or status in common.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Final, NamedTuple

#: What devices may share, the most telling first: it decides between equally many.
SHARED: Final = ("place", "address", "group", "model", "firmware", "subscription")


class Subject(NamedTuple):
    """A device, or a subscription of the stock, that a mail is about; the members of `SHARED` are None if unknown.

    `subscription` is the type or the status of one in the stock, whose `serial` names it and whose `device_id` is 0.
    """

    device_id: int
    serial: str
    name: str | None
    reason: str | None
    place: str | None = None
    address: str | None = None
    group: str | None = None
    model: str | None = None
    firmware: str | None = None
    subscription: str | None = None

    @property
    def key(self) -> tuple[int, object]:
        """Which device or subscription it is."""
        return self.device_id, self.device_id or self.serial

    @property
    def is_in_stock(self) -> bool:
        return self.subscription is not None

    @property
    def label(self) -> str:
        return f"{self.name} ({self.serial})" if self.name and self.name != self.serial else self.serial


class Cluster(NamedTuple):
    """Devices of one mail, and what all of them share as pairs of a word of `SHARED` and its value."""

    subjects: list[Subject]
    shared: list[tuple[str, str]]


def clusters(subjects: Sequence[Subject]) -> list[Cluster]:
    """Returns the fewest mails: again and again the largest number of devices that share something."""
    rest, found = list(subjects), []
    while rest:
        by_value: dict[tuple[int, str], list[Subject]] = defaultdict(list)
        for subject in rest:
            for rank, member in enumerate(SHARED):
                if value := getattr(subject, member):
                    by_value[rank, value].append(subject)
        largest = min(by_value.items(), key=lambda each: (-len(each[1]), each[0][0]), default=None)
        together = largest[1] if largest is not None else rest[:1]
        found.append(Cluster(together, shared_by(together)))
        chosen = {(subject.device_id, subject.serial) for subject in together}
        rest = [subject for subject in rest if (subject.device_id, subject.serial) not in chosen]
    return found


def shared_by(subjects: Sequence[Subject]) -> list[tuple[str, str]]:
    """Returns what all of these devices share."""
    values = [(member, {getattr(subject, member) for subject in subjects}) for member in SHARED]
    return [(member, value) for member, found in values if len(found) == 1 and (value := next(iter(found)))]
