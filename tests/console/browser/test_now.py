"""The alerts, in a real browser."""

from __future__ import annotations

from tests.console.browser.conftest import Open


def test_an_alert_is_acknowledged_in_the_list_and_muted_on_its_page(opened: Open) -> None:
    page = opened("/console/alerts/")
    row = page.locator("#rows tr").first
    row.locator("button").click()
    page.wait_for_selector(".toast")
    assert "Acknowledged" in row.inner_text()
    row.locator("td a").click()
    page.fill("#f-note", "The electrician comes at nine")
    page.select_option("#for", "4h")
    page.click("#alert button:has-text('Mute')")
    page.wait_for_selector("#alert [role=status]")
    assert "in 4 hours" in page.inner_text("#alert")
    assert "The electrician comes at nine" in page.inner_text("#alert dl")
