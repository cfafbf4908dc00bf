"""The reference of the API, in a real browser."""

from __future__ import annotations

from tests.console.browser.conftest import Open


def test_search_narrows_the_page_and_reports_an_empty_result(opened: Open) -> None:
    page = opened("/docs")
    assert page.evaluate(
        "[...document.querySelectorAll('a, input')].filter(element => {"
        " const box = element.getBoundingClientRect(); return box.height < 24 || box.width < 24; })"
        ".map(element => element.outerHTML)"
    ) == []  # every link is large enough  # fmt: skip
    page.fill("#find", "beacon name")
    shown = page.locator("main section[id]:visible").count()
    assert 0 < shown < page.locator("main section[id]").count()
    assert page.inner_text("#found") == f"{shown} places"
    page.fill("#find", "xyzzy")
    assert page.inner_text("#found") == "Nothing found. Try fewer or shorter words."
    assert page.locator("main h2[id]:visible, nav h2:visible, nav li:visible").count() == 0
    page.fill("#find", "")
    assert page.inner_text("#found") == ""
    assert page.locator("main section[id]:visible").count() == page.locator("main section[id]").count()
