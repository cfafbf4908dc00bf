"""How the reason of a health reads in English."""

import pytest

from signfleet.fleet.health.rules import Reason
from signfleet.fleet.health.wording import describe
from signfleet.foundation.wire.timespan import DAY, HOUR, MINUTE

NOW = 1_710_347_352_000


@pytest.mark.parametrize(
    ("reason", "text"),
    [
        (Reason("neverReported"), "has never reported"),
        (Reason("silent", NOW + 7), "silent since 2024-03-13T16:29:12Z"),
        (Reason("storageReadOnly", subject="SD1"), "SD1 read-only"),
        (Reason("storageFull", subject="SD1", number=0.4), "SD1 0.4 % free"),
        (Reason("storageFull", subject="SD1", number=0.0), "SD1 0 % free"),
        (Reason("storageNearlyFull", subject="USB1", number=4.0), "USB1 4 % free"),
        (Reason("deviceError", NOW - 12 * MINUTE, "RealizeFailure"), "error RealizeFailure 12 min ago"),
        (Reason("deviceError", NOW - 3 * HOUR, "x"), "error x 3 h ago"),
        (Reason("deviceError", NOW - 2 * DAY, "x"), "error x 2 d ago"),
        (Reason("deviceError", NOW, "x"), "error x just now"),
        (Reason("subscriptionSuspended"), "subscription suspended"),
    ],
)
def test_a_reason_is_a_few_words(reason: Reason, text: str) -> None:
    assert describe(reason, NOW) == text
