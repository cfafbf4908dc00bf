"""What a form is refused that a script has sent: the status, and why, for the place beside the form."""

from __future__ import annotations

import re
from html import unescape

from httpx import AsyncClient, Response

from signfleet.app.wiring import Services
from signfleet.console import wiring
from signfleet.identity.access.operations.roles import VIEWERS
from tests.conftest import ON_SQLITE, ROOT, CallAs, SignIn
from tests.console.browsing import sign_in as by_form
from tests.console.test_strangers import FIELDS, things
from tests.world import World

TAG = "string::[Device].<Floor>"
#: The forms that a script sends, with what is refused: path, fields, status, words of the message.
REFUSED: tuple[tuple[str, dict[str, str], int, str], ...] = (
    ("players/{player}/tags/", {"key": ""}, 400, "name the tag"),
    ("players/{player}/tags/", {"key": "Floor", "value": "3"}, 400, "already has a tag"),
    ("players/{player}/tags/", {"key": TAG, "value": "9", "remove": "1", "undo": "1"}, 409, "has changed since"),
    ("players/999999/tags/", {"key": "Floor"}, 404, "999999"),
    ("players/{player}/note/", {"note": "x" * 4097, "version": "1"}, 400, "at most 4096"),
    ("players/{player}/note/", {"note": "Mine", "version": "1"}, 412, "Somebody else has changed this"),
    ("players/{player}/settings/", {"name": "Mine", "version": "1"}, 412, "Somebody else has changed this"),
    ("players/{player}/settings/", {"name": "A", "period": "soon", "version": "{version}"}, 400, "period"),
    ("players/{player}/commands/logs/", {"source": "system", "maxBytes": "many"}, 400, "whole number"),
    ("players/{player}/commands/nothing/", {}, 404, "nothing"),
    ("players/{player}/cancel", {"command": "{sent}"}, 409, "cancelled"),
    ("alerts/{alert}/mute", {"for": "ever"}, 400, "choose one of"),
    ("alerts/{alert}/acknowledge", {"note": "x" * 1025}, 400, "at most 1024"),
    ("alerts/999999/resolve", {}, 404, "999999"),
    ("add/", {"days": "0", "uses": "1"}, 400, "days"),
)


async def scripted(client: AsyncClient, path: str, fields: dict[str, str], origin: str = ROOT) -> Response:
    """Sends a form as htmx does."""
    return await client.post(ROOT + path, data=fields, headers={"Origin": origin, "HX-Request": "true"})


@ON_SQLITE
async def test_a_refused_form_says_why_as_part_of_the_page(
    client: AsyncClient, world: World, services: Services, call_as: CallAs, sign_in: SignIn
) -> None:
    await by_form(client)
    values = await things(world, services)
    await scripted(client, f"/console/players/{values['player']}/cancel", {"command": values["sent"]})
    page = await client.get(f"{ROOT}/console/players/{values['player']}/settings/")
    version = re.search(r'name="version" value="([^"]+)"', page.text)
    values["version"] = version[1] if version else ""
    viewer = call_as()
    viewer.cookies.set("signfleet", await sign_in("v@example.com", role=VIEWERS), domain="signfleet.test", path="/")
    for below, given, status, words in REFUSED:
        path = f"/console/{below.format_map(values)}"
        fields = {name: text.format_map(values) for name, text in given.items()}
        answer = await scripted(client, path, fields)
        assert answer.status_code == status, (below, answer.text)
        assert (words in unescape(answer.text), 'role="alert"' in answer.text) == (True, True), (below, answer.text)
        assert "<html" not in answer.text, below
        text = unescape(answer.text)
        is_there = any(each and (f">{each}<" in text or f'value="{each}"' in text) for each in fields.values())
        is_elsewhere = 'id="issued"' in text  # the form stands beside the place of the answer
        assert answer.headers.get("X-Refused") == "1" or is_there or is_elsewhere, below
        for who, origin in ((viewer, ROOT), (client, "https://elsewhere.example")):
            if who is viewer and "/commands/" in below:
                continue  # who may not send it reads the same about its fields
            refused = await scripted(who, path, fields, origin)
            assert refused.status_code in (403, 404), (below, refused.status_code)
            assert (refused.headers["X-Refused"], 'role="alert"' in refused.text) == ("1", True)


@ON_SQLITE
async def test_no_page_and_no_form_fails_when_a_script_asks(
    client: AsyncClient, world: World, services: Services
) -> None:
    await by_form(client)
    values = await things(world, services)
    pages = [endpoint.path for endpoint in wiring.endpoints() if endpoint.method == "GET" and not endpoint.streams]
    for declared in pages:
        path = re.sub(r"\{(\w+)\}", lambda found: values.get(found[1], found[1]), declared)
        answer = await client.get(ROOT + path, headers={"HX-Request": "true"})
        assert answer.status_code < 500, (declared, answer.text)
    paths = [endpoint.path for endpoint in wiring.endpoints() if endpoint.method == "POST"]
    for declared in sorted(paths, key=lambda path: path.endswith(("/sign-out", "/sign-out-everywhere"))):
        path = re.sub(r"\{(\w+)\}", lambda found: values.get(found[1], found[1]), declared)
        fields = {name: text.format_map(values) for name, text in FIELDS.get(declared, {"version": "1"}).items()}
        answer = await scripted(client, path, fields)
        assert answer.status_code < 500, (declared, answer.text)
