"""A real browser without a window, and the checks of accessibility that it runs in a page."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

AXE = Path(__file__).parent / "node" / "node_modules" / "axe-core" / "axe.min.js"
#: What the Web Content Accessibility Guidelines 2.2 ask at level AA, and good practice.
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
#: The rules whose results the colour scheme changes, and those that the width of a page changes.
COLOUR_RULES = ["color-contrast", "link-in-text-block"]
WIDTH_RULES = ["target-size", "scrollable-region-focusable"]
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--js-flags=--no-opt --no-maglev",  # a page lives too short for its scripts to be worth optimising
]


@contextmanager
def running_browser(flags: Sequence[str] = FLAGS) -> Iterator[Browser]:
    """Starts the browser of the machine; the test is skipped where there is none."""
    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if program is None:
        pytest.skip("there is no Chromium here")
    sync_api = pytest.importorskip("playwright.sync_api", reason="Playwright has no package for this system")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(flags), headless=True)
        try:
            yield browser
        finally:
            browser.close()


def barriers(page: Page, rules: Sequence[str] = (), within: str = "html") -> list[dict[str, Any]]:
    """Returns what axe finds wrong in a page: the rule, the elements and what is the matter with them.

    Only these rules, or all of `RULES`; only in the elements that `within` selects.
    """
    if not AXE.exists():
        pytest.skip("npm is not installed, so there is no axe-core")
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.read_text(encoding="utf-8"))  # by the debugger, which no policy of the page forbids
    found = page.evaluate(
        "([only, within]) => axe.run(within, {runOnly: only, resultTypes: ['violations'], preload: false})"
        ".then(all => all.violations.map(({id, nodes}) =>"
        " ({id, elements: nodes.slice(0, 5).map(node => [node.html.slice(0, 120), node.failureSummary])})))",
        [{"type": "rule", "values": list(rules)} if rules else {"type": "tag", "values": RULES}, within],
    )
    return list(found)
