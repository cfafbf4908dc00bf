"""One player on the console's pages: its tabs, its commands, and what people change."""

from __future__ import annotations

import re
from html import unescape
from typing import NamedTuple

import pytest
from httpx import AsyncClient

from signfleet.app.wiring import Services
from signfleet.console.player.metrics import Row, rows_of
from signfleet.console.translations import translation
from signfleet.fleet.commands.schemas import CommandRules
from signfleet.fleet.devices.metrics.schemas import MetricSeries
from signfleet.fleet.devices.notes.service import version_of_note
from signfleet.foundation import clock
from signfleet.identity.access.operations.roles import CREATORS, VIEWERS
from tests.conftest import ON_SQLITE, ROOT, CallAs, SignIn
from tests.console.browsing import send, sign_in
from tests.world import World, a_picture

#: Each tab, and what its page has of the player.
TABS = {
    "": "Last report",
    "timeline/": "Player registered",
    "pictures/": "<img",
    "errors/": "&lt;dark&gt;",
    "downloads/": "film.mp4",
    "settings/": "Time zone",
    "metrics/": "41.5",
    "rights/": "may do “Full control of players” in general.",
    "audit/": "created",
}
SCRIPT = {"HX-Request": "true"}


class Seen(NamedTuple):
    """A player that has reported, and the path of its page."""

    id: int
    page: str


@pytest.fixture
async def player(client: AsyncClient, world: World, call_as: CallAs) -> Seen:
    """A player with an error, a download, metrics and a picture; the client is signed in."""
    joined = await world.joined()
    own = call_as(joined.access_token)
    report = {
        "sequence": 1,
        "applied": {"settingsETag": '"0"'},
        "metrics": {"cpu.load": 41.5},
        "errors": [
            {"timestamp": "2026-03-13T12:00:00Z", "errorName": "NoSignal", "errorEvent": "e", "reason": "<dark>"}
        ],
        "downloads": [
            {"timestamp": "2026-03-13T12:00:00Z", "fileName": "film.mp4", "progress": 40, "status": "Downloading"}
        ],
    }
    assert (await own.post(f"{ROOT}/player/v1/report", json=report)).status_code == 200
    headers = {"Content-Type": "image/jpeg"}
    path = f"{ROOT}/player/v1/screenshots/2026-03-13T12:00:00Z"
    assert (await own.put(path, content=a_picture(), headers=headers)).status_code == 201
    await sign_in(client)
    return Seen(joined.device_id, f"/console/players/{joined.device_id}/")


async def test_usual_states_of_downloads_have_words(client: AsyncClient, world: World, player: Seen) -> None:
    own = {"Authorization": f"Bearer {(await world.player(device_id=player.id)).access_token}"}
    when = "2026-03-13T12:00:00Z"
    files = [("a", "half"), ("b", "downloading"), ("c", "ok")]
    downloads = [{"timestamp": when, "fileName": name, "progress": 1, "status": status} for name, status in files]
    report = {"sequence": 2, "applied": {"settingsETag": '"0"'}, "downloads": downloads}
    assert (await client.post(f"{ROOT}/player/v1/report", json=report, headers=own)).status_code == 200
    await send(client, "/console/profile/preferences", language="de", zone="")
    german = translation("de").gettext
    page = (await client.get(f"{ROOT}{player.page}downloads/")).text
    for words in (german("finished"), german("running"), "half"):
        assert f">{words}</td>" in page
    assert german("finished") in (await client.get(f"{ROOT}{player.page}timeline/")).text


async def test_each_tab_is_a_page_and_a_fragment(client: AsyncClient, player: Seen) -> None:
    for tab, words in TABS.items():
        page = await client.get(ROOT + player.page + tab)
        assert (page.status_code, words in page.text) == (200, True), tab
        part = await client.get(ROOT + player.page + tab, headers=SCRIPT)
        assert part.text.startswith('<div id="player" data-name='), tab
        assert f'href="{player.page}{tab}"' in part.text
    for tab, block, begin in (
        ("", "panels", "<section"),
        ("pictures/", "shots", '<ul class="pictures">'),
        ("timeline/", "rows", "<tr"),
    ):
        refresh = SCRIPT | {"X-Refresh": "true", "X-Fragment": block}
        assert (await client.get(ROOT + player.page + tab, headers=refresh)).text.strip().startswith(begin)
    assert "data-chart" in (await client.get(f"{ROOT}{player.page}metrics/cpu.load/?range=7d", headers=SCRIPT)).text
    for wrong in ("metrics/?range=9d", "timeline/?range=x", "rights/?operation=x", "metrics/a b/"):
        assert (await client.get(ROOT + player.page + wrong)).status_code == 400
    assert (await client.get(f"{ROOT}/console/players/none/timeline/")).status_code == 404
    assert "Run scripts on it" in (await client.get(f"{ROOT}{player.page}rights/?user=JaneDoe@example.com")).text


@ON_SQLITE
async def test_readers_see_the_tabs_and_commands_that_are_theirs(
    call_as: CallAs, sign_in: SignIn, player: Seen, client: AsyncClient
) -> None:
    viewer = call_as()
    viewer.cookies.set("signfleet", await sign_in("v@example.com", role=VIEWERS), domain="signfleet.test", path="/")
    page = (await viewer.get(ROOT + player.page)).text
    assert "Downloads" in page
    for hidden in ("commands/", "/rights/", "/audit/", 'name="note"', 'name="key"'):
        assert hidden not in page
    for forbidden in ("rights/", "audit/"):
        assert (await viewer.get(f"{ROOT}{player.page}{forbidden}")).status_code == 403
    assert (await send(viewer, f"{player.page}commands/reboot/")).status_code == 403
    assert (await send(viewer, f"{player.page}settings/", name="x")).status_code == 403
    nobody = call_as()
    nobody.cookies.set("signfleet", await sign_in("c@example.com", role=CREATORS), domain="signfleet.test", path="/")
    assert (await nobody.get(ROOT + player.page)).status_code == 403
    page = (await client.get(ROOT + player.page)).text
    assert f"{player.page}commands/reboot/" in page
    assert f"{player.page}commands/script/" not in page


@ON_SQLITE
async def test_dangerous_commands_show_where_the_network_allows_them(
    client: AsyncClient, player: Seen, services: Services, world: World
) -> None:
    await services.commands.set_rules(world.network.network_id, CommandRules(danger_allowed=True), clock.now())
    assert "commands/script/" in (await client.get(ROOT + player.page)).text


@ON_SQLITE
async def test_what_darkens_a_screen_is_asked_for_first(client: AsyncClient, player: Seen, admin: AsyncClient) -> None:
    async def sent() -> list[tuple[str, object]]:
        found = (await admin.get(f"{ROOT}/admin/v1/commands/")).json()["items"]
        return [(each["name"], each["arguments"]) for each in found]

    address = f"{player.page}commands/reboot/"
    asked = await client.get(ROOT + address, headers=SCRIPT)
    assert "<dialog" in asked.text
    assert "The screen is dark until" in asked.text
    assert await sent() == []
    answer = await send(client, address)
    assert (answer.status_code, answer.headers["location"]) == (303, player.page)
    await send(client, f"{player.page}commands/display/", power="off")
    assert await sent() == [("display", {"power": "off"}), ("reboot", {})]
    wrong = await send(client, f"{player.page}commands/logs/", source="system", maxBytes="many")
    assert (wrong.status_code, "whole number, not &#39;many&#39;" in wrong.text) == (400, True)
    assert 'value="many"' in wrong.text
    assert (await send(client, f"{player.page}commands/relay/")).status_code == 404
    assert "Waits for the player" in (await client.get(ROOT + player.page)).text


@ON_SQLITE
async def test_the_audit_tab_has_the_commands_and_one_that_waits_can_be_cancelled(
    client: AsyncClient, player: Seen, world: World, call_as: CallAs, sign_in: SignIn
) -> None:
    await send(client, f"{player.page}commands/reboot/")
    command = re.search(r'name="command" value="(\d+)"', (await client.get(ROOT + player.page)).text)
    assert command
    assert "Command: reboot" in (await client.get(f"{ROOT}{player.page}audit/")).text
    other = f"/console/players/{world.ids['Device']}/cancel"
    assert (await send(client, other, command=command[1])).status_code == 404
    viewer = AsyncClient(transport=client._transport, cookies={"signfleet": await sign_in("v@a.com", role=VIEWERS)})
    assert (await send(viewer, f"{player.page}cancel", command=command[1])).status_code == 404
    answer = await client.post(
        f"{ROOT}{player.page}cancel", data={"command": command[1]}, headers={"Origin": ROOT, **SCRIPT}
    )
    assert (answer.status_code, "Cancelled" in answer.text) == (200, True)
    assert (await send(client, f"{player.page}cancel", command=command[1])).status_code == 409
    assert 'name="command" value=' not in (await client.get(ROOT + player.page)).text
    (seen,) = (await world.admin.get(f"{ROOT}/admin/v1/commands/")).json()["items"]
    assert (seen["state"], seen["message"]) == ("cancelled", "cancelled by JaneDoe@example.com")


async def test_settings_wait_for_the_player_and_a_second_author_loses_no_text(
    client: AsyncClient, player: Seen, call_as: CallAs
) -> None:
    address = f"{player.page}settings/"

    def version(text: str) -> str:
        found = re.search(r'name="version" value="([^"]+)"', text)
        assert found
        return found[1]

    first = version((await client.get(ROOT + address)).text)
    given = {"name": "Lobby", "description": "", "timezone": "Europe/Paris", "period": "00:03:00"}
    saved = await send(client, address, version=first, **given)
    assert (saved.status_code, "Saved" in saved.text) == (200, True)
    for path in (address, player.page):
        assert "waiting for the player</span> <span>next report <time" in (await client.get(ROOT + path)).text
    late = await send(client, address, version=first, **given | {"name": "Foyer"})
    assert late.status_code == 412
    assert 'value="Foyer"' in late.text
    assert '<td class="wrap">Lobby</td>' in late.text
    kept = await send(client, address, version=version(late.text), **given | {"name": "Foyer"})
    assert kept.status_code == 200
    wrong = await send(client, address, version=version(kept.text), **given | {"period": "soon"})
    assert (wrong.status_code, 'value="soon"' in wrong.text, 'role="alert"' in wrong.text) == (400, True, True)
    assert "********" not in wrong.text


async def test_every_setting_waits_until_the_player_has_fetched_it_with_a_report(
    client: AsyncClient, player: Seen, world: World, call_as: CallAs
) -> None:
    own = call_as((await world.player(device_id=player.id)).access_token)
    sequence = 1

    async def report(**members: object) -> str:
        nonlocal sequence
        sequence += 1
        answer = await own.post(f"{ROOT}/player/v1/report", json={"sequence": sequence, **members})
        return str(answer.json()["settingsETag"])

    async def fetched() -> None:
        """The player reports, fetches what has changed, and says with its next report that it has applied it."""
        wanted = await report()
        settings = await own.get(f"{ROOT}/player/v1/settings")
        assert settings.headers["ETag"] == wanted
        await report(applied={"settingsETag": wanted})

    async def states() -> set[str]:
        pages = [(await client.get(ROOT + player.page + tab)).text for tab in ("", "settings/")]
        words = ('badge warn">waiting for the player</span> <span>next report <time', 'badge good">applied<')
        return {word.split(">")[1].partition("<")[0] for word in words for page in pages if word in page}

    async def change(**values: str) -> None:
        page = (await client.get(f"{ROOT}{player.page}settings/")).text
        version = re.search(r'name="version" value="([^"]+)"', page)
        given = {"name": "Lobby", "description": "", "timezone": "", "period": "00:05:00", **values}
        saved = await send(client, f"{player.page}settings/", version=version and version[1], **given)
        assert saved.status_code == 200, saved.text

    async def move() -> None:
        group = [{"op": "replace", "path": "/settings/group/name", "value": "Gamma"}]
        assert (await world.admin.patch(f"/Devices/{player.id}/", json=group)).status_code == 204

    async def rename() -> None:
        assert (await world.admin.put("/Groups/Regular/Gamma/", json={"name": "Delta"})).status_code == 204

    await change()
    await fetched()
    assert await states() == {"applied"}
    for act in (
        lambda: change(name="Foyer"),
        lambda: change(name="Foyer", description="By the door"),
        lambda: change(name="Foyer", timezone="Europe/Paris"),
        lambda: change(name="Foyer", period="00:03:00"),
        move,
        rename,
    ):
        await act()
        assert await states() == {"waiting for the player"}
        await report()  # it has heard of it, and has not applied it yet
        assert await states() == {"waiting for the player"}
        await fetched()
        assert await states() == {"applied"}
    await send(client, f"{player.page}tags/", key="Floor", value="2")  # players fetch neither tags nor notes
    await send(client, f"{player.page}note/", note="Key at the desk", version=version_of_note(""))
    assert await states() == {"applied"}


@ON_SQLITE
async def test_the_page_says_where_a_player_is_and_what_it_runs(
    client: AsyncClient, player: Seen, world: World, call_as: CallAs
) -> None:
    own = call_as((await world.player(device_id=player.id)).access_token)
    storage = {"interface": "SD1", "access": "Read", "stats": {"sizeTotal": 16 * 2**30, "sizeFree": 2**31}}
    network = {"externalIp": "192.0.2.9", "interfaces": [{"name": "eth0", "ip": ["10.0.0.7/24"]}]}
    status = {"firmware": {"version": "9.0.1"}, "storage": [storage], "network": network, "uptime": "1.00:00:00"}
    assert (await own.post(f"{ROOT}/player/v1/report", json={"sequence": 2, "status": status})).status_code == 200
    page = (await client.get(ROOT + player.page)).text
    facts = dict(re.findall(r"<dt>([^<]+)</dt><dd>(.*?)</dd>", page))
    assert {"Group", "Firmware", "Address", "Local addresses", "Storage", "Runs since", "Subscription"} <= set(facts)
    assert (facts["Local addresses"], "2 of 16 GiB free" in facts["Storage"]) == ("10.0.0.7/24", True)
    assert "1 day ago" in facts["Runs since"]
    assert '<span class="badge bad">read-only</span>' in facts["Storage"]
    for label in ("Group", "Firmware", "Address", "Subscription"):
        (link,) = re.findall(r'href="([^"]+)"', facts[label])
        answer = await client.get(ROOT + unescape(link))
        assert (answer.status_code, "No player matches" in answer.text) == (200, False), label


@ON_SQLITE
async def test_the_list_says_that_a_player_refuses_its_settings(
    client: AsyncClient, player: Seen, world: World, call_as: CallAs
) -> None:
    own = call_as((await world.player(device_id=player.id)).access_token)
    report = f"{ROOT}/player/v1/report"
    new = (await own.post(report, json={"sequence": 2})).json()["settingsETag"]
    failed = [{"path": "/settings/name", "reason": "too long"}]
    await own.post(report, json={"sequence": 3, "applied": {"settingsETag": new, "failed": failed}})
    listed = (await client.get(f"{ROOT}/console/players/?columns=settings")).text
    assert '<span class="badge bad">refused</span>' in listed
    assert "refused in part" in (await client.get(ROOT + player.page)).text


@ON_SQLITE
async def test_a_tag_and_a_note_can_be_taken_back(client: AsyncClient, player: Seen) -> None:
    async def change(part: str, **fields: str) -> str:
        answer = await client.post(f"{ROOT}{player.page}{part}/", data=fields, headers={"Origin": ROOT, **SCRIPT})
        assert answer.status_code == 200
        return answer.text

    added = await change("tags", key="floor", value="2")
    key = re.search(r'name="key" value="([^"]+)"', added)
    assert key
    assert "Undo" in added
    removed = await change("tags", key="string::[Device].<floor>", remove="1")
    assert 'name="value" value="2"' in removed
    assert "Tag removed" in removed
    first = await change("note", note="Key at the desk", version=version_of_note(""))
    assert "Note saved" in first
    second = await change("note", note="Key is lost", version=version_of_note("Key at the desk"))
    assert 'name="note" value="Key at the desk"' in second
    assert (await send(client, f"{player.page}note/", note="x" * 4097)).status_code == 400
    assert (await send(client, f"{player.page}tags/", key="", value="x")).status_code == 400


def test_the_table_beside_a_chart_sums_its_numbers_up() -> None:
    series = MetricSeries("x", [1, None, 4, 7], [2, None, 5, 8], [3, None, 6, 9])
    assert rows_of([0, 10, 20, 2300], series, 0, 2400) == [Row(2300, 7, 8, 9), Row(0, 1, 3.5, 6)]
