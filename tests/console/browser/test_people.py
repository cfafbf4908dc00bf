"""People and rights, audit, settings, profile and consent, in a real browser."""

from __future__ import annotations

import threading
from typing import Any
from urllib.parse import urlencode

import pytest

from signfleet.app.cli.loopback import Loopback
from signfleet.identity.sign_in.codes import challenge_of
from tests.console.browser.conftest import DESK, PHONE, Open, axe

LIGHT = (
    "/console/people/",
    "/console/people/invite/",
    "/console/people/permissions/?operation=Device.ViewDevice",
    "/console/people/applications/",
    "/console/audit/",
    "/console/settings/",
)
DARK = (
    "/console/people/users/1/",
    "/console/people/permissions/roles/2/",
    "/console/people/setup-tokens/",
    "/console/networks/players/?search=health:error",
    "/console/profile/",
)


@pytest.mark.parametrize(
    ("paths", "scheme", "size"), [(LIGHT, "light", DESK), (DARK, "dark", PHONE)], ids=["light-desk", "dark-phone"]
)
def test_pages_have_no_barriers(opened: Open, paths: tuple[str, ...], scheme: str, size: Any) -> None:
    for path in paths:
        axe(opened(path, color_scheme=scheme, viewport=size))


def test_a_person_agrees_and_the_program_hears_it(opened: Open) -> None:
    with Loopback("s1") as loopback:
        asked = {
            "response_type": "code",
            "client_id": "signfleet",
            "redirect_uri": loopback.address,
            "code_challenge": challenge_of("v" * 43),
            "code_challenge_method": "S256",
            "state": "s1",
        }
        found: list[dict[str, str] | None] = []
        waiting = threading.Thread(target=lambda: found.append(loopback.wait(60)))
        waiting.start()
        path = f"/console/authorize?{urlencode(asked)}"
        axe(opened(path, color_scheme="dark", viewport=PHONE))
        page = opened(path, expected=loopback.address.removesuffix("/callback"))
        page.click("button[value=allow]")
        waiting.join()
    answer = found[0] or {}
    assert (answer.get("state"), "code" in answer) == ("s1", True)
