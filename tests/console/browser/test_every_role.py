"""Every page as each of the six roles on both stores: each opens what it may, and shows nothing that it may not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

import pytest

from signfleet.console import wiring
from signfleet.identity.access.operations.definitions import (
    EDIT_USER_PERMISSIONS,
    MANAGE_JOBS,
    SEND_LOOK_COMMANDS,
    UPDATE_DEVICE,
    UPDATE_NETWORK_SETTINGS,
    VIEW_ROLE,
)
from signfleet.identity.access.operations.operation import Operation
from signfleet.identity.access.operations.roles import (
    ADMINISTRATORS,
    CREATORS,
    PUBLISHERS,
    SYSTEM_ROLES,
    SystemRole,
)
from signfleet.identity.access.rules import system_allows
from signfleet.testing import TestingServer
from tests.browser import barriers
from tests.console.browser.conftest import PATIENCE, PHONE, Player, darken, device, watch, wide
from tests.console.browser.walking import Walk, endpoint_at, operation_of, routes, signed_in, walking

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext

#: What the pages and forms need that ask their services themselves, or declare less.
NEEDS: Mapping[tuple[str, str], Operation] = {
    ("GET", "/console/jobs/"): UPDATE_DEVICE,
    ("GET", "/console/jobs/{job}/"): MANAGE_JOBS,
    ("POST", "/console/jobs/{job}/cancel"): UPDATE_DEVICE,
    ("GET", "/console/players/{player}/commands/{command}/"): SEND_LOOK_COMMANDS,
    ("POST", "/console/players/{player}/commands/{command}/"): SEND_LOOK_COMMANDS,
    ("POST", "/console/players/{player}/cancel"): SEND_LOOK_COMMANDS,
    ("GET", "/console/people/permissions/{kind}/{ref}/"): VIEW_ROLE,
    ("POST", "/console/people/permissions/{kind}/{ref}/"): EDIT_USER_PERMISSIONS,
    ("POST", "/console/settings/{group}"): UPDATE_NETWORK_SETTINGS,
}
#: Pages to which other programs lead, and the answer to a form: the administrator alone opens them.
UNLINKED = ("/console/kiosk/{token}/", "/console/authorize", "/console/sign-in", "/console/add/arrivals")
#: Forms for what is somebody's own, which the administrator alone has here.
OWN = {
    "/console/players/views/delete",
    "/console/people/applications/{application}/delete",
    "/console/people/applications/{application}/secret",
    "/console/profile/sessions/{session}/end",
}
#: Forms for what has failed, still runs, waits or is blocked.
RARE = {
    "/console/jobs/{job}/retry",
    "/console/jobs/{job}/cancel",
    "/console/alerts/webhooks/{webhook}/replay",
    "/console/add/serials/withdraw",
    "/console/add/serials/unblock",
}
#: Roles whose pages lack most of what the administrator's have.
POOREST = (CREATORS, PUBLISHERS)

#: The paths to which a page leads, and those of its forms that change something.
OFFERED = """() => {
    const of = (selector, name) => [...document.querySelectorAll(selector)]
        .map(each => new URL(each.getAttribute(name), location.href).pathname);
    return [
        [...of('form[method=get]', 'action'), ...of('a[href]', 'href'),
         ...['hx-get', 'data-src', 'data-find'].flatMap(name => of(`[${name}]`, name))],
        [...document.forms].filter(form => form.method === 'post').flatMap(form =>
            [...form.elements].filter(each => each.type === 'submit' && !each.matches(':disabled'))
            .map(button => new URL(button.getAttribute('formaction') ?? form.getAttribute('action'), location.href)))
        .map(each => each.pathname),
    ];
}"""


class Installation(NamedTuple):
    """A server on one of the stores, with one of everything."""

    store: str
    server: TestingServer
    walk: Walk


class Seen(NamedTuple):
    """What a role sees on a page: the routes to which it leads, and those of its forms that change something."""

    status: int
    links: set[str]
    forms: set[str]
    barriers: list[object]


class Walked(NamedTuple):
    """The pages that a role has opened, by their routes, and what went wrong in them."""

    pages: dict[str, Seen]
    faults: list[str]


Walks = Mapping[SystemRole, Walked]


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def installation(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    if request.param == "sqlite":
        yield Installation("sqlite", request.getfixturevalue("server"), request.getfixturevalue("walk"))
        return
    postgres = request.getfixturevalue("postgres")
    url = postgres.create()
    with TestingServer(tmp_path_factory.mktemp("postgresql"), database=url) as server:
        darken(server)
        with walking(server, device(server, Player.DARK)["id"]) as walk:
            yield Installation("postgresql", server, walk)
    postgres.drop(url)


@pytest.fixture(scope="module")
def walks(browser: Browser, installation: Installation) -> Walks:
    """Walks as each role: from the first page, by links alone, to one page of each route."""
    store, server, walk = installation
    context = browser.new_context(viewport=PHONE, locale="en")
    found: dict[SystemRole, Walked] = {}
    accounts = {account["role"]: account for account in reversed(server.installation()["accounts"])}
    looked_at = POOREST if store == "sqlite" else ()
    for role in SYSTEM_ROLES:
        account = accounts[role.name]
        with signed_in(server, account["login"], account["password"]) as http:
            cookies = [{"name": name, "value": value, "url": server.base_url} for name, value in http.cookies.items()]
        context.clear_cookies()
        context.add_cookies(cookies)  # type: ignore[arg-type]
        found[role] = _walked(context, server.base_url, role, walk, has_eyes=role in looked_at)
    context.close()
    return found


def _walked(context: BrowserContext, base: str, role: SystemRole, walk: Walk, *, has_eyes: bool) -> Walked:
    """Follows links in a browser until there is no other route."""
    faults: list[str] = []
    pages: dict[str, Seen] = {}
    waiting = {route: walk.addresses[route] for route in UNLINKED} if role is ADMINISTRATORS else {}
    waiting["/console/"] = "/console/"
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    watch(page, base, faults)
    while waiting:
        route, address = waiting.popitem()
        answer = page.goto(base + address)
        assert answer is not None
        links, forms = page.evaluate(OFFERED)
        paths = {route_at("GET", link): link for link in links if _is_of(link, walk.player)}
        wrong = [*wide(page), *barriers(page)] if has_eyes else []
        pages[route] = Seen(answer.status, {*paths}, {route_at("POST", form) for form in forms}, wrong)
        waiting |= {route: link for route, link in paths.items() if route not in pages and route in routes()}
    page.close()
    return Walked(pages, faults)


def route_at(method: str, path: str) -> str:
    """Returns the route of a path, or the path where it is none of the console."""
    endpoint = endpoint_at(method, path)
    return path if endpoint is None else endpoint.path


def _is_of(link: str, player: int) -> bool:
    """Whether a link leads to this player, or to none."""
    parts = link.split("/")
    return parts[1:3] != ["console", "players"] or not parts[3].isdecimal() or parts[3] == str(player)


def allows(role: SystemRole, method: str, route: str) -> bool:
    """Returns whether a role may open a page or send a form."""
    endpoint = endpoint_at(method, route)
    operation = NEEDS.get((method, route), endpoint and operation_of(endpoint))
    return operation is None or system_allows(role.id, operation)


def test_no_page_has_an_error_and_no_link_leads_to_one(walks: Walks) -> None:
    """An error is one of the console, a violation of the policy, or a request to another server, too."""
    faults = {role.name: walked.faults for role, walked in walks.items() if walked.faults}
    assert faults == {}
    opened = {(role.name, route): seen.status for role, each in walks.items() for route, seen in each.pages.items()}
    assert {key: status for key, status in opened.items() if status != 200} == {}


def test_links_lead_each_role_to_every_page_that_it_may_open(walks: Walks) -> None:
    for role, walked in walks.items():
        expected = {route for route in routes() if allows(role, "GET", route) and route not in UNLINKED}
        assert (role.name, expected - walked.pages.keys()) == (role.name, set())
    assert {*routes()} == {*walks[ADMINISTRATORS].pages} - {"/console/"}


def test_no_link_leads_to_what_the_role_may_not_open(walks: Walks) -> None:
    assert _beyond("GET", {role: _all(walked, "links") for role, walked in walks.items()}) == {}


def test_no_form_changes_what_the_role_may_not_change(walks: Walks) -> None:
    assert _beyond("POST", {role: _all(walked, "forms") for role, walked in walks.items()}) == {}


def test_what_the_role_may_change_is_on_the_same_pages_as_the_administrator_s(walks: Walks) -> None:
    every = {each.path for each in wiring.endpoints() if each.method == "POST"} - RARE
    assert every - {route for _, route in _all(walks[ADMINISTRATORS], "forms")} == set()
    every_form = {page: seen.forms for page, seen in walks[ADMINISTRATORS].pages.items()}
    lacking = {
        (role.name, page): lacks
        for role, walked in walks.items()
        for page, seen in walked.pages.items()
        if (lacks := {each for each in every_form[page] - seen.forms - OWN if allows(role, "POST", each)})
    }
    assert lacking == {}


def test_pages_of_roles_that_may_do_little_have_no_barriers(walks: Walks) -> None:
    found = {(role.name, route): seen.barriers for role in POOREST for route, seen in walks[role].pages.items()}
    assert {key: wrong for key, wrong in found.items() if wrong} == {}


def _all(walked: Walked, kind: str) -> set[tuple[str, str]]:
    """Returns the routes of the links or forms of all pages, with the page of each."""
    return {(page, route) for page, seen in walked.pages.items() for route in getattr(seen, kind)}


def _beyond(method: str, offered: Mapping[SystemRole, set[tuple[str, str]]]) -> dict[str, set[tuple[str, str]]]:
    """Returns what a role is offered though it may not do it, with the page of each."""
    found = {role.name: {each for each in all_ if not allows(role, method, each[1])} for role, all_ in offered.items()}
    return {name: wrong for name, wrong in found.items() if wrong}
