"""A person agrees that a program acts for them, in a real browser."""

from __future__ import annotations

import threading
from urllib.parse import urlencode

from signfleet.app.cli.loopback import Loopback
from signfleet.identity.sign_in.codes import challenge_of
from tests.console.browser.conftest import Open


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
        page = opened(path, expected=loopback.address.removesuffix("/callback"))
        page.click("button[value=allow]")
        page.wait_for_url(f"{loopback.address}**")  # a browser that still loads may not close the page
        waiting.join()
    answer = found[0] or {}
    assert (answer.get("state"), "code" in answer) == ("s1", True)
