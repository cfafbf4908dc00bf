"""Quotas: how many of its kind a person, a network or a device may have. They are settings."""

from __future__ import annotations

from signfleet.foundation.errors import Invalid


class QuotaReached(Invalid):
    """There are as many as the setting allows (400); the message names both."""

    code = "quota_reached"


def check_quota(present: int, most: int, things: str, setting: str) -> None:
    """Raises `QuotaReached` unless one more fits; `things` is what there are, and of whom."""
    if present >= most:
        raise QuotaReached(f"There are {present} {things}; the setting '{setting}' allows {most}.")
