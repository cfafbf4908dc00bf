"""How simulated players misbehave on order."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any, Final, Literal, get_args

from signfleet.simulator.fleet import Profile

Fault = Literal["refused-setting", "wrong-clock", "cut-answers"]
FAULTS: Final[tuple[Fault, ...]] = get_args(Fault)

#: The share of requests that a player repeats as if their answers had been lost: usually, and on order.
_LOST, _OFTEN_LOST = 0.02, 0.5
#: What a player refuses if operators have set nothing.
_ANY_SETTING = "/network/hostname"


def with_faults(profile: Profile, faults: Collection[Fault]) -> Profile:
    """Returns the player as it is with some faults."""
    return replace(profile, condition="wrong clock") if "wrong-clock" in faults else profile


def share_of_lost_answers(faults: Collection[Fault]) -> float:
    return _OFTEN_LOST if "cut-answers" in faults else _LOST


def refused_settings(faults: Collection[Fault], managed: Sequence[str]) -> list[dict[str, Any]]:
    """Returns the parts of its settings that a player cannot apply: the first that an operator has set, on order."""
    if "refused-setting" not in faults:
        return []
    return [{"path": next(iter(managed), _ANY_SETTING), "reason": "not managed here"}]
