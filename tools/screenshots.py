"""Takes the pictures of the console for README and docs/console.md, of a server with simulated players.

    python -m tools.screenshots [FOLDER]

Needs Chromium and Playwright; a town's players are dark in the pictures. They are WebP, because PNG takes three times
the space.
"""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

import httpx
from PIL import Image
from playwright.sync_api import Page, sync_playwright

from signfleet.testing import TestingServer

FOLDER = Path(__file__).parents[1] / "docs" / "images"
SEEDED = 20
PLAYERS = 40
SIZE = {"width": 1280, "height": 800}
#: Pages by the name of their picture; a page that the server does not have has none.
PAGES = {
    "now": "/console/now/",
    "players": "/console/players/",
    "player": "/console/players/{player}/",
    "wall": "/console/wall/",
    "map": "/console/map/",
    "alerts": "/console/alerts/",
}
DARK_SECONDS = 1800


def dark_town(server: TestingServer) -> int:
    """Lets the players of the town with the most of them fall silent; returns the id of one."""
    with httpx.Client(base_url=server.base_url, headers={"Authorization": f"Bearer {server.token()}"}) as client:
        devices = client.get("/2022/06/REST/Devices/").json()["items"]
    towns = Counter(device["settings"]["location"]["path"] for device in devices)
    (town, _), *_ = towns.most_common(1)
    chosen = [device for device in devices if device["settings"]["location"]["path"] == town]
    for device in chosen:
        server.player(device["serial"], "Dark")
    server.advance(DARK_SECONDS)
    return int(chosen[0]["id"])


def add_players(server: TestingServer) -> None:
    """Lets more players join and send pictures of their screens, as `signfleet simulate` does."""
    headers = {"Authorization": f"Bearer {server.token()}"}
    issued = httpx.post(f"{server.base_url}/admin/v1/setup-tokens/", headers=headers).json()
    fleet = ["--players", str(PLAYERS), "--seed", "5", "--rounds", "3", "--period", "2", "--concurrency", "8"]
    command = [sys.executable, "-m", "signfleet", "simulate", "--url", server.base_url, *fleet]
    subprocess.run(command, env={**os.environ, "SETUP_TOKEN": issued["token"]}, check=True)  # noqa: S603 - our own


def sign_in(page: Page, server: TestingServer) -> None:
    """Signs in by the form."""
    page.goto(f"{server.base_url}/console/sign-in")
    page.fill("#login", server.login)
    page.fill("#password", server.password)
    page.click("main button")
    page.wait_for_url("**/console/now/")


def take(page: Page, address: str, target: Path) -> None:
    """Writes the picture of a page, if there is one."""
    answer = page.goto(address)
    if answer is None or answer.status != 200:
        target.unlink(missing_ok=True)
        print(f"{target.name}: no such page")
        return
    page.wait_for_timeout(1500)  # pictures and charts
    target.parent.mkdir(parents=True, exist_ok=True)
    Image.open(io.BytesIO(page.screenshot())).convert("RGB").save(target, "WEBP", quality=80, method=6)
    print(f"{target.name}: {target.stat().st_size // 1024} KiB")


def main(folder: Path) -> None:
    """Takes all pictures."""
    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if program is None:
        sys.exit("There is no Chromium here.")
    with tempfile.TemporaryDirectory() as data, TestingServer(data) as server, sync_playwright() as playwright:
        server.seed(devices=SEEDED)
        server.advance(DARK_SECONDS)
        player = dark_town(server)
        add_players(server)
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_context(viewport=SIZE, locale="en", color_scheme="light").new_page()
        page.set_default_timeout(60_000)
        sign_in(page, server)
        for name, path in PAGES.items():
            take(page, server.base_url + path.format(player=player), folder / f"{name}.webp")
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)
