"""The contract's own examples, and what of an answer can be compared with them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from signfleet.foundation.wire.datetime import parse
from signfleet.web.http import documented

FOLDER = Path(documented.__file__).with_name("contract_examples")


def example(name: str) -> Any:
    """The example in the file `name` (without `.json`), decoded."""
    return json.loads((FOLDER / f"{name}.json").read_text())


def moment(date: str) -> int:
    """A date of an answer in ms: as texts, `34.4Z` would come after `34.432Z`."""
    parsed = parse(date)
    assert parsed is not None
    return parsed


def alike(answer: Any, expected: Any) -> bool:
    """Whether an answer has exactly the properties of an example, in its order, with values of its types."""
    if isinstance(answer, dict) and isinstance(expected, dict):
        return list(answer) == list(expected) and all(alike(answer[name], expected[name]) for name in answer)
    if isinstance(answer, list) and isinstance(expected, list):
        return not expected or all(alike(item, expected[0]) for item in answer)
    return answer is None or expected is None or type(answer) is type(expected)
