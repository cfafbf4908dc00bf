"""What surrounds every page, in a real browser."""

from __future__ import annotations

from typing import TYPE_CHECKING

from signfleet.testing import TestingServer
from tests.browser import barriers
from tests.console.browser.conftest import Open, Player, device, transferred

if TYPE_CHECKING:
    from playwright.sync_api import Page

FIRST_PAGE_LIMIT = 40 * 1024


def test_the_first_page_is_small(opened: Open) -> None:
    page = opened("/console/players/", alone=True)
    page.wait_for_load_state("networkidle")
    assert transferred(page) <= FIRST_PAGE_LIMIT


def test_the_palette_opens_a_page_by_its_name(opened: Open) -> None:
    page = opened("/console/players/")
    page.keyboard.press("Control+k")
    page.fill("#palette-text", "netw")
    page.keyboard.press("Enter")
    page.wait_for_url("**/console/networks/")


def test_the_palette_says_what_is_chosen_how_many_there_are_and_what_can_be_done_here(
    opened: Open, server: TestingServer
) -> None:
    player = device(server, Player.PALETTE)
    page = opened(f"/console/players/{player['id']}/")

    def chosen() -> str:
        page.wait_for_selector("#palette-list [aria-selected=true]")
        return page.inner_text(f"#{page.get_attribute('#palette-text', 'aria-activedescendant')}").strip()

    page.keyboard.press("Control+k")
    page.fill("#palette-text", "reb")
    page.wait_for_selector("#palette-count:text-is('Results: 1')")
    assert barriers(page, within="dialog[open]") == []
    assert chosen() == "Reboot …"
    page.fill("#palette-text", "nothing like it")
    page.wait_for_selector("#palette-count:text-is('Nothing found')")
    assert page.get_attribute("#palette-text", "aria-activedescendant") is None
    page.fill("#palette-text", "")
    first = chosen()  # of those looked at last
    page.keyboard.press("ArrowDown")
    assert chosen() != first
    page.keyboard.press("ArrowUp")
    page.fill("#palette-text", "reboot")
    page.keyboard.press("Enter")
    page.wait_for_selector("#ask[open]")


def focused(page: Page) -> str:
    """Returns the name of the element that has the focus."""
    return str(
        page.evaluate("document.activeElement.ariaLabel ?? (document.activeElement.innerText || '').trim()")
    ).replace("\n", " ")


def test_a_person_works_with_keys_alone(opened: Open) -> None:
    page = opened("/console/now/")
    press, write = page.keyboard.press, page.keyboard.type
    press("Tab")
    assert focused(page) == "Skip to the content"
    press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    press("Control+k")
    write("play")
    page.wait_for_selector("#palette-list [aria-selected=true]:has-text('Players')")
    press("Enter")
    page.wait_for_url("**/console/players/")
    press("/")
    write("health:normal ?")
    assert page.locator("#keys").is_hidden()  # a field has its own keys
    press("Backspace")
    press("Enter")
    page.wait_for_url("**search=**")
    press("j")
    first = focused(page)
    press("j")
    assert focused(page) != first
    press("x")
    assert page.inner_text("[data-selected]") == "1"
    press("k")
    assert focused(page) == first
    press("?")
    assert page.locator("#keys").is_visible()
    press("Escape")
    assert focused(page) == first
    press("o")
    page.wait_for_selector("#side-content .facts")
    assert page.evaluate("document.activeElement.closest('#side') !== null")
    press("Escape")
    assert page.locator("#side").is_hidden()
    assert focused(page) == f"Look at {first}"
    for _ in range(40):
        press("Shift+Tab")
        if focused(page).startswith("Columns"):
            break
    press("Enter")
    assert page.locator("details[open] [name=column]").count() > 0
    press("Escape")
    assert page.locator("details.menu[open]").count() == 0
    assert focused(page).startswith("Columns")
    press("j")
    press("Enter")
    page.wait_for_url("**/console/players/*/")
    press("g")
    press("a")
    page.wait_for_url("**/console/alerts/")


def test_nothing_moves_for_people_who_ask_for_that(opened: Open) -> None:
    page = opened("/console/players/")
    moving = "getComputedStyle(document.getElementById('side')).animationName"
    assert page.evaluate(moving) != "none"
    page.emulate_media(reduced_motion="reduce")
    assert page.evaluate(moving) == "none"
    page.click("#rows tr:nth-child(1) [data-side]")
    page.wait_for_selector("#side-content .facts")
    assert page.evaluate("document.getAnimations().length") == 0


def test_the_focus_returns_from_dialogs_and_stays_where_a_part_of_a_page_is_replaced(
    opened: Open, server: TestingServer
) -> None:
    page = opened(f"/console/players/{device(server, Player.COMMANDED)['id']}/")
    page.focus(".head summary")
    page.keyboard.press("Enter")
    page.focus("a[href$='/commands/reboot/']")
    page.keyboard.press("Enter")
    page.wait_for_selector("#ask[open]")
    page.keyboard.press("Escape")
    page.wait_for_selector("#ask[open]", state="detached")
    page.wait_for_selector(".head :focus")
    page.goto(f"{page.url}settings/")
    page.focus("#settings button")
    page.keyboard.press("Enter")
    page.wait_for_selector("#settings [role=status]")
    page.wait_for_selector("#settings :focus")
    page.wait_for_selector("#voice[aria-live=polite]:has-text('Saved')", state="attached")


def test_what_has_the_focus_is_never_behind_the_bar_for_ticked_rows(opened: Open) -> None:
    page = opened("/console/players/", viewport={"width": 1280, "height": 400})
    page.check("#rows tr:first-child [name=id]")
    page.wait_for_selector("#bulk:not([hidden])")
    for _ in range(page.locator("#rows tr").count() - 1):
        page.keyboard.press("j")
        covered = page.evaluate(
            "() => { const {left, top} = document.activeElement.getBoundingClientRect();"
            " return document.elementFromPoint(left + 2, top + 2)?.closest('#bulk') !== null; }"
        )
        assert not covered, focused(page)


def test_people_who_choose_the_colours_see_which_section_is_open(opened: Open) -> None:
    page = opened("/console/players/", alone=True, forced_colors="active")
    outlines = [
        page.evaluate(f"getComputedStyle(document.querySelector('.rail a{which}')).outlineStyle")
        for which in ("[aria-current]", ":not([aria-current])")
    ]
    assert outlines == ["solid", "none"]
