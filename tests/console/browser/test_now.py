"""The alerts, in a real browser."""

from __future__ import annotations

from tests.console.browser.conftest import Open


def test_an_alert_is_acknowledged_in_the_list_and_muted_on_its_page(opened: Open) -> None:
    page = opened("/console/alerts/")
    row = page.locator("#rows tr").first
    its_page = str(row.locator("td a").get_attribute("href"))
    name = str(row.get_attribute("id"))
    row.locator("button").click()
    page.wait_for_selector(".toast:has-text('Acknowledged')")
    page.wait_for_selector(f"#{name}", state="detached")  # it is not open any more
    page = opened(its_page)
    assert "Acknowledged" in page.inner_text("#alert")
    page.fill("#f-note", "The electrician comes at nine")
    page.select_option("#for", "4h")
    page.click("#alert button:has-text('Mute')")
    page.wait_for_selector("#alert [role=status]")
    assert "in 4 hours" in page.inner_text("#alert")
    assert "The electrician comes at nine" in page.inner_text("#alert dl")
