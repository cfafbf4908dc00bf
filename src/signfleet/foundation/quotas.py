"""Quotas: settings that limit how many entities of a kind a person, a network or a device may have."""

from __future__ import annotations

from signfleet.foundation.errors import Invalid


class QuotaReached(Invalid):
    """The setting allows no more (400); the message names the setting and the number."""

    code = "quota_reached"


def check_quota(present: int, most: int, things: str, setting: str) -> None:
    """Raises `QuotaReached` unless one more fits; `things` names them and their owner: "roles in this network"."""
    if present >= most:
        raise QuotaReached(f"There are {present} {things}; the setting '{setting}' allows {most}.")
