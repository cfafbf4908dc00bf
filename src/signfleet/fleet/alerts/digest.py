"""Puts notices that have something in common into one: the same place, address, group, model or firmware.

Subscriptions of the stock have their type or status in common.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from heapq import heapify, heappop, heappush
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
    """Returns the fewest mails: again and again the largest number of devices that share something.

    Each device counts down what it shared when it is chosen, so the time grows with their number, not its square.
    """
    by_value: dict[tuple[int, str], list[int]] = defaultdict(list)
    values: list[list[tuple[int, str]]] = []
    for number, subject in enumerate(subjects):
        own = [(rank, value) for rank, member in enumerate(SHARED) if (value := getattr(subject, member))]
        values.append(own)
        for each in own:
            by_value[each].append(number)
    counts = {value: len(numbers) for value, numbers in by_value.items()}
    largest = [(-count, value[0], by_value[value][0], value) for value, count in counts.items()]
    heapify(largest)
    chosen: set[int] = set()
    found: list[Cluster] = []

    def choose(numbers: Sequence[int]) -> None:
        together = [subjects[number] for number in numbers]
        found.append(Cluster(together, shared_by(together)))
        chosen.update(numbers)
        for number in numbers:
            for each in values[number]:
                counts[each] -= 1

    while largest:
        negative, rank, first, value = heappop(largest)
        if counts[value] == -negative:
            choose([number for number in by_value[value] if number not in chosen])
        elif counts[value]:  # others of its devices were chosen since
            heappush(largest, (-counts[value], rank, first, value))
    for number in range(len(subjects)):
        if number not in chosen:
            choose([number])
    return found


def shared_by(subjects: Sequence[Subject]) -> list[tuple[str, str]]:
    """Returns what all of these devices share."""
    values = [(member, {getattr(subject, member) for subject in subjects}) for member in SHARED]
    return [(member, value) for member, found in values if len(found) == 1 and (value := next(iter(found)))]
