"""The recipe of docs/webhooks.md verifies what the server signs."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from signfleet.notify.webhooks.signing import WebhookKeys
from tests.processes import ROOT

SECONDS = 1_777_636_800


def recipe() -> Callable[..., bool]:
    """Returns the function of the page."""
    page = (ROOT / "docs" / "webhooks.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    names: dict[str, Any] = {}
    exec(code, names)
    return names["is_genuine"]


def test_the_documented_recipe_accepts_what_is_genuine_and_nothing_else() -> None:
    keys, old, new = WebhookKeys(bytes(32)), b"a" * 16, b"b" * 16
    headers = keys.headers("msg_1_7", SECONDS, b"{}", [new, old])
    is_genuine = recipe()
    for salt in (old, new):
        assert is_genuine(headers, b"{}", keys.secret(salt), SECONDS + 1)
    assert not is_genuine(headers, b"{ }", keys.secret(new), SECONDS)
    assert not is_genuine(headers, b"{}", keys.secret(b"c" * 16), SECONDS)
    assert not is_genuine(headers, b"{}", keys.secret(new), SECONDS + 301)
    assert not is_genuine(headers | {"webhook-id": "msg_1_8"}, b"{}", keys.secret(new), SECONDS)
    assert not is_genuine(headers, b"{}", WebhookKeys(bytes(31) + b"x").secret(new), SECONDS)
