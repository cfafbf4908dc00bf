"""Pages of the console over a large fleet, in a real browser and on the server

There are 50,000 devices. Request to painted is the time from a request of a script to the next frame of the browser:
the list of 100 players beside the page of 100 devices of the API, both fetched by the same page in turns, the API's
written into the page as text. CPU is what the server takes for a whole page, beside the same page over 10,000 devices;
for Now with silent devices also beside the page of as many devices without any.
"""

from __future__ import annotations

import random
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Iterator
from http.cookiejar import CookieJar
from pathlib import Path

import httpx

from bench.servers import SWEEP_PERIOD, Ours, copy_fleet, serving, serving_fleet, wait_until_idle
from bench.table import Row
from tests.browser import FLAGS, running_browser

LARGE, USUAL = 50_000, 10_000
TURNS = 15
#: Requests whose CPU time is measured together.
REQUESTS = 20
#: How many devices are silent, of the large fleet.
SILENT = (12, 500, LARGE)
PAGES = {
    "players": "/console/players/",
    "Now": "/console/now/",
    "map": "/console/map/",
    "tags": "/console/tags/",
    "groups": "/console/groups/",
    "map of errors": "/console/map/?search=health:error",
}
API = "/2022/06/REST/Devices/?pageSize=100"

#: Fetches, writes into the page, and waits for the frame that shows it; returns the ms from the first to the last.
PAINT = """
async ([address, headers, part]) => {
  const place = document.querySelector(part);
  const started = performance.now();
  const answer = await fetch(address, {headers});
  const text = await answer.text();
  if (answer.status !== 200) throw new Error(`${answer.status} ${text.slice(0, 200)}`);
  if (headers.Authorization) place.textContent = text;
  else await htmx.swap({text, target: place, sourceElement: place, swap: "innerMorph"});
  place.getBoundingClientRect();
  await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
  return performance.now() - started;
}
"""
#: As people use it: the scripts of tests are not optimised.
BROWSER = [flag for flag in FLAGS if not flag.startswith("--js-flags")]
ROWS = {"HX-Request": "true", "X-Refresh": "true", "X-Fragment": "rows"}


def measure() -> Iterator[Row]:
    with serving_fleet(LARGE) as ours:
        yield painted(ours)
        large = {name: cpu(ours, path) for name, path in PAGES.items()}
    with serving_fleet(USUAL) as ours:
        usual = {name: cpu(ours, path) for name, path in PAGES.items()}
    for name, took in large.items():
        yield Row(f"{name}, CPU of the server", "ms", took, usual[name], took / usual[name])
    for silent in SILENT:
        with tempfile.TemporaryDirectory() as folder:
            data = Path(folder, "data")
            tenant = copy_fleet(data, LARGE)
            silence(data, silent)
            with serving(data, tenant) as ours:
                wait_until_idle(ours.server, SWEEP_PERIOD)  # alerts are opened
                took = cpu(ours, PAGES["Now"])
        yield Row(f"Now, {silent:,} silent, CPU of the server", "ms", took, large["Now"], took / large["Now"])


def silence(data: Path, count: int) -> None:
    """Makes devices of a stopped server silent, each since a moment of the last hour."""
    connection, now = sqlite3.connect(data / "signfleet.db"), int(1000 * time.time())
    chance = random.Random(count)
    ids = connection.execute("SELECT network_id, id FROM device").fetchall()
    change = (
        "UPDATE device SET health = 'Error', health_reason = 'silent', health_since = ? WHERE (network_id, id) = (?, ?)"
    )
    with connection:
        rows = [(now - chance.randrange(3_600_000), *each) for each in chance.sample(ids, min(count, len(ids)))]
        connection.executemany(change, rows)
    connection.close()


def signed_in(ours: Ours) -> CookieJar:
    """Signs in by the form; returns the cookies."""
    form = {"login": ours.api.network.login, "password": ours.api.network.password}
    with httpx.Client(base_url=ours.api.address) as http:
        answer = http.post("/console/sign-in", data=form, headers={"Origin": ours.api.address})
        assert answer.status_code == 303, answer.text
        return http.cookies.jar


def painted(ours: Ours) -> Row:
    """Returns the row of the list of players beside the page of the API, medians of turns."""
    cookies = [{"name": each.name, "value": each.value or "", "url": ours.api.address} for each in signed_in(ours)]
    listed, plain, ratios = [], [], []
    with running_browser(BROWSER) as browser:
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.context.add_cookies(cookies)
        page.goto(ours.api.address + PAGES["players"])
        page.evaluate("document.querySelector('main').insertAdjacentHTML('beforeend', '<pre id=api></pre>')")
        for turn in range(TURNS + 2):
            own = page.evaluate(PAINT, [PAGES["players"], ROWS, "#rows"])
            page.evaluate("document.getElementById('api').textContent = ''")
            other = page.evaluate(PAINT, [API, ours.headers, "#api"])
            if turn >= 2:
                listed.append(own)
                plain.append(other)
                ratios.append(own / other)
    return Row(
        "list of 100 of 50,000, request to painted",
        "ms",
        statistics.median(listed),
        statistics.median(plain),
        statistics.median(ratios),
        at_most=2,
    )


def cpu(ours: Ours, path: str) -> float:
    """Returns the ms of CPU time that the server takes for a page, whose caches a first request has filled."""
    with httpx.Client(base_url=ours.api.address, cookies=signed_in(ours), timeout=60) as http:
        assert http.get(path).raise_for_status().text
        before = ours.server.cpu_seconds()
        for _ in range(REQUESTS):
            http.get(path)
        return 1000 * (ours.server.cpu_seconds() - before) / REQUESTS
