"""Every page that a person can open: no barriers in any look, a useful name for everything, no errors, one server."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from signfleet.testing import TestingServer
from tests.browser import AXE, COLOUR_RULES, WIDTH_RULES, barriers
from tests.console.browser.conftest import DESK, PHONE, Open, wide
from tests.console.browser.walking import Walk, routes

if TYPE_CHECKING:
    from playwright.sync_api import Page

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
        wider = [*wide(self._page), *self._wide_from_right_to_left()]
        return [*wider, *self._page.evaluate(UNLABELLED), *barriers(self._page, rules, within)]

    def _wide_from_right_to_left(self) -> list[str]:
        self._page.evaluate("document.documentElement.dir = 'rtl'")
        found = wide(self._page)
        self._page.evaluate("document.documentElement.dir = 'ltr'")
        return [f"from right to left: {each}" for each in found]


def test_pages_have_no_barriers(opened: Open, server: TestingServer, walk: Walk) -> None:
    player = walk.player
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
