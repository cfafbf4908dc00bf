"""Every page that a person can open: no barriers in any look, a useful name for everything, no errors, one server."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

import httpx
import pytest

from signfleet.console import wiring
from signfleet.testing import TestingServer
from tests.browser import AXE, COLOUR_RULES, WIDTH_RULES, barriers
from tests.console.browser.conftest import DESK, PHONE, Open, Player, device, wide

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page

#: Routes of GET that answer no page: streams, files, parts of pages and the redirect to the first section.
NO_PAGES = (
    "/console/",
    "/console/events",
    "/console/find",
    "/console/players/csv",
    "/console/export",
    "/console/audit/export.csv",
    "/console/people/permissions/find",
    "/console/{address:path}/",
)
#: One template makes all guides; these have all that a guide may contain.
GUIDES = ("expressions", "console", "player-protocol")
#: What a page shows that no link of another page leads to: after a search, a choice or an error.
STATES = (
    "/console/players/?search=health:error",
    "/console/players/?search=nothing-like-it",
    "/console/players/?search=[Id]+%3E",
    "/console/players/?columns=health,picture,tags&player={player}",
    "/console/wall/?side=640",
    "/console/wall/?kiosk=1",
    "/console/people/permissions/?operation=Device.ViewDevice",
    "/console/networks/players/?search=health:error",
    "/console/add/arrivals?since=1",
    "/console/players/999999/",
    "/console/no/page/",
    "/account/activate?token=x",
    "/docs",
    *(f"/docs/{name}" for name in GUIDES),
)
#: Forms that make something to look at, before the walk begins.
MADE: tuple[tuple[str, dict[str, str]], ...] = (
    ("/console/groups/", {"name": "Walked", "description": "Ground floor"}),
    ("/console/people/roles/new/", {"name": "Walkers", "description": "From ten"}),
    ("/console/people/invite/", {"login": "walker@example.com", "role": "Viewers"}),
    ("/console/people/applications/", {"name": "Walk", "scopes": "bsn.api.main.devices.retrieve", "days": "30"}),
    ("/console/people/setup-tokens/", {"uses": "3", "days": "7"}),
    (
        "/console/alerts/windows/",
        {"name": "Night", "begin": "2190-01-01T22:00", "end": "2190-01-02T04:00", "repeats": "daily"},
    ),
    ("/console/alerts/webhooks/new/", {"name": "Desk", "url": "https://example.com/", "enabled": "yes"}),
    ("/console/players/views", {"name": "Walk", "query": "?search=health:error"}),
    ("/console/players/{player}/tags/", {"key": "Walk", "value": "first"}),
    ("/console/players/{player}/commands/screenshot/", {}),
)
#: What forms answer with a page of their own: a question, or a secret that is shown once.
ANSWERED: tuple[tuple[str, dict[str, str]], ...] = (
    ("/console/players/change/", {"do": "tag", "all": "1", "search": "health:error"}),
    ("/console/players/change/", {"do": "group", "id": "{player}"}),
    ("/console/people/setup-tokens/", {"uses": "1", "days": "1"}),
    ("/console/add/", {"days": "1", "uses": "1", "group": "Walked"}),
    ("/console/alerts/rules/new/", {"name": ""}),
    ("/console/settings/health", {"lateReports": "many"}),
    ("/console/players/views/delete", {"name": "Walk"}),
)

#: What opens above a page, with what is clicked for it.
OPENED = (
    ("/console/players/", "main summary:has-text('Columns')"),
    ("/console/players/", "main summary:has-text('Views')"),
    ("/console/players/", "[data-dialog=palette]"),
    ("/console/players/{player}/", ".head summary"),
    ("/console/jobs/", ".top .menu:not(.account) summary"),
    ("/console/jobs/", ".top .account summary"),
)

#: Roles of the accessibility tree whose elements need a name of their own.
NAMED = {
    *("link", "button", "textbox", "searchbox", "checkbox", "radio", "combobox", "spinbutton", "listbox", "menuitem"),
    *("image", "img", "dialog", "alertdialog", "region", "navigation", "complementary", "progressbar", "meter"),
    *("DisclosureTriangle", "Date", "DateTime", "InputTime", "slider", "switch", "tab", "graphics-document"),
}


def routes() -> list[str]:
    """Returns the routes of all pages of the console."""
    found = [each.path for each in wiring.endpoints() if each.method == "GET" and each.path not in NO_PAGES]
    return [path for path in found if not path.startswith("/console/static/")]


class Walk(NamedTuple):
    """A person's requests, and the address of one page of each route."""

    http: httpx.Client
    addresses: dict[str, str]


@pytest.fixture(scope="module")
def player(server: TestingServer) -> int:
    return int(device(server, Player.DARK)["id"])


@pytest.fixture(scope="module")
def walk(session: BrowserContext, server: TestingServer, player: int) -> Iterator[Walk]:
    """Makes one of everything, and follows links until each route has an address."""
    cookies = {cookie["name"]: cookie["value"] for cookie in session.cookies()}
    with httpx.Client(base_url=server.base_url, cookies=cookies, headers={"Origin": server.base_url}) as http:
        for path, fields in MADE:
            answer = http.post(path.format(player=player), data=fields)
            assert answer.status_code < 400, (path, answer.text)
        wall = http.post("/console/wall/links/", data={"name": "Desk", "side": "320", "days": "7", "search": ""})
        job = http.post("/console/players/change/", data=_change(http, player))
        assert job.status_code == 303, job.text
        kiosk = re.search(r"/console/kiosk/[\w-]{43}/", wall.text)
        assert kiosk
        arguments = {"response_type": "code", "client_id": "signfleet", "redirect_uri": "http://127.0.0.1:1/callback"}
        challenge = {"code_challenge": "E" * 43, "code_challenge_method": "S256", "state": "s"}
        known = {
            "/console/kiosk/{token}/": kiosk[0],
            "/console/authorize": f"/console/authorize?{httpx.QueryParams(arguments | challenge)}",
            "/console/add/arrivals": "/console/add/arrivals?since=1",
        }
        yield Walk(http, known | _reached(http, player, [path for path in routes() if path not in known]))


def _change(http: httpx.Client, player: int) -> dict[str, str]:
    """Returns the form that starts a change of one player."""
    return {"do": "tag", "filter": f"[id] IS {player}", "filled": "1", "key": "Walk", "value": "again", "count": "1"}


def _reached(http: httpx.Client, player: int, wanted: list[str]) -> dict[str, str]:
    """Returns the first address of each route that links lead to from the pages without parameters."""
    patterns = {
        path: re.compile(re.sub(r"\{\w+\}", "[^/]+", path.replace("{player}", str(player))) + "$") for path in wanted
    }
    found = {path: path for path in wanted if "{" not in path}
    waiting = ["/console/", *found.values(), f"/console/players/{player}/"]
    seen = set(waiting)
    while waiting:
        page = http.get(waiting.pop(0), follow_redirects=True)
        assert page.status_code == 200, (page.url, page.text)
        for link in re.findall(r'(?:href|hx-get)="(/console/[^"?#]*)', page.text):
            for path, pattern in patterns.items():
                if path not in found and link not in found.values() and pattern.match(link):
                    found[path] = link
                    waiting += [link] if link not in seen else []
                    seen.add(link)
    return found


def test_links_lead_to_every_page(walk: Walk) -> None:
    assert sorted(walk.addresses) == sorted(routes())


def nameless(page: Page) -> list[str]:
    """Returns what a screen reader could not announce: elements without names, and what every page has once."""
    reader = page.context.new_cdp_session(page)
    nodes: list[dict[str, Any]] = reader.send("Accessibility.getFullAXTree")["nodes"]
    reader.detach()
    seen = [node for node in nodes if not node.get("ignored")]
    role = {node["nodeId"]: node["role"]["value"] for node in seen}
    words = {node["nodeId"]: node.get("name", {}).get("value", "").strip() for node in seen}
    found = [f"{role[id_]} without a name" for id_ in role if role[id_] in NAMED and not re.search(r"\w", words[id_])]
    levels = [
        next((each["value"]["value"] for each in node["properties"] if each["name"] == "level"), 0)
        for node in seen
        if role[node["nodeId"]] == "heading"
    ]
    every = list(role.values())
    found += [] if levels.count(1) == 1 else [f"{levels.count(1)} headings of level 1"]
    found += [] if every.count("main") == 1 else [f"{every.count('main')} main landmarks"]
    found += [f"heading {b} after {a}" for a, b in pairwise(levels) if b > a + 1]
    return found


#: Leaves one of everything that a template makes many of alike: rows, and sections and links of the reference.
FEWER = """() => {
    for (const row of document.querySelectorAll('[data-row] ~ [data-row] ~ [data-row]')) row.remove();
    if (!location.pathname.startsWith('/docs')) return;
    for (const kind of ['main section[id]', 'nav li']) {
        document.querySelectorAll(kind).forEach((element, place) => place % 20 && element.remove());
    }
}"""
#: What surrounds the content is alike on all pages: it is looked at once.
UNFRAMED = "for (const each of document.querySelectorAll('.top, .rail, #palette, #keys')) each.remove()"
#: The colours and sizes of all texts, each with the colour behind it.
COLOURS = """() => [...new Set([...document.querySelectorAll('body *')].filter(each => each.checkVisibility()
    && [...each.childNodes].some(node => node.nodeType === 3 && node.data.trim())).map(each => {
        const behind = [];
        for (let element = each; element; element = element.parentElement) {
            const {backgroundColor, opacity} = getComputedStyle(element);
            behind.push(backgroundColor, opacity);
            if (/^rgb\\(/.test(backgroundColor)) break;
        }
        const {color, fontSize, fontWeight} = getComputedStyle(each);
        return [color, fontSize, fontWeight, ...behind].join(' ');
    }))]"""


#: The cells of lists that have no heading beside them on a telephone, where rows are cards.
UNLABELLED = """() => [...document.querySelectorAll('.scroll [data-row] > td:not([data-label])')]
    .filter(cell => cell.innerText.trim() && !cell.querySelector('button, summary, a, input'))
    .map(cell => `without a heading: ${cell.innerText}`)"""


class Eye:
    """Looks at one page after another; what all have alike, it looks at once."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._colours: set[str] = set()
        self._has_seen_a_frame = False
        #: The next page begins as the last one ends, since to change the look takes time.
        self._looks = [self._on_a_desk_in_light, self._on_a_telephone_in_dark]
        page.add_init_script(path=AXE)

    def look(self, opening: str | None = None) -> list[Any]:
        """Returns what is wrong with the page in light, and with its colours and sizes in dark on a telephone.

        With `opening`, at what opens by a click there.
        """
        self._page.evaluate(FEWER)
        found: list[Any] = nameless(self._page)
        if self._page.locator(".rail").count():
            if self._has_seen_a_frame and opening is None:
                self._page.evaluate(UNFRAMED)
            self._has_seen_a_frame = True
        if opening is not None:
            self._page.click(opening)
        for look in self._looks:
            found += look("html" if opening is None else "dialog[open], .menu[open] .sheet")
        self._looks.reverse()
        return found

    def _on_a_desk_in_light(self, within: str) -> list[Any]:
        self._page.set_viewport_size(DESK)
        self._page.emulate_media(color_scheme="light")
        return [*wide(self._page), *barriers(self._page, within=within)]

    def _on_a_telephone_in_dark(self, within: str) -> list[Any]:
        self._page.set_viewport_size(PHONE)
        self._page.emulate_media(color_scheme="dark")
        colours = set(self._page.evaluate(COLOURS))
        rules = WIDTH_RULES if colours <= self._colours else [*WIDTH_RULES, *COLOUR_RULES]
        self._colours |= colours
        return [*wide(self._page), *self._page.evaluate(UNLABELLED), *barriers(self._page, rules, within)]


def test_pages_have_no_barriers(opened: Open, server: TestingServer, walk: Walk, player: int) -> None:
    page = opened("/console/profile/", expected="status of 4")
    eye, wrong = Eye(page), {}
    for path in [*walk.addresses.values(), *STATES]:
        page.goto(server.base_url + path.format(player=player))
        if found := eye.look():
            wrong[path] = found
    for path, opening in OPENED:
        page.goto(server.base_url + path.format(player=player))
        if found := eye.look(opening):
            wrong[f"{path} {opening}"] = found
    for path, fields in ANSWERED:
        page.goto(f"{server.base_url}/console/profile/")
        _submit(page, path, {name: value.format(player=player) for name, value in fields.items()})
        if found := eye.look():
            wrong[f"POST {path}"] = found
    assert wrong == {}, wrong


def _submit(page: Page, path: str, fields: dict[str, str]) -> None:
    """Sends a form from the page, and waits for the answer."""
    with page.expect_navigation(timeout=20000):
        page.evaluate(
            """([path, fields]) => {
            const form = document.body.appendChild(document.createElement('form'));
            form.method = 'post';
            form.action = path;
            for (const [name, value] of Object.entries(fields)) {
                form.append(Object.assign(document.createElement('input'), {name, value}));
            }
            form.submit();
        }""",
            [path, fields],
        )
