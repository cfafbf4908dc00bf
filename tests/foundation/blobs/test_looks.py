"""What a picture looks like beside the one before it."""

from __future__ import annotations

import pytest

from signfleet.foundation.blobs.looks import look


@pytest.mark.parametrize(
    ("grid", "before", "expected"),
    [
        ("00" * 256, "ff" * 256, "black"),
        ("0c" * 256, None, "black"),
        ("0d" * 256, None, None),
        ("80" * 256, "82" * 256, "same"),
        ("80" * 255 + "90", "80" * 256, "changed"),
    ],
)
def test_one_part_that_differs_is_a_change_and_noise_is_none(grid: str, before: str | None, expected: str) -> None:
    assert look(grid, before) == expected
