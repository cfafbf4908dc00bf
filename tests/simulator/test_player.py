"""How a simulated player handles the answers of a server."""

import gzip
import json
import math
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from signfleet.foundation.wire import datetime
from signfleet.foundation.wire.timespan import DAY
from signfleet.simulator.faults import refused_settings
from signfleet.simulator.fleet import Profile, fleet
from signfleet.simulator.player import Player, Tally
from signfleet.simulator.run import simulate
from signfleet.simulator.secrets import Secrets

NOW = 1_710_347_352_000
SETTINGS = {"group": {"id": 1, "name": "Moved"}, "screenshots": {"interval": "00:15:00", "quality": 30}}


class Server:
    """Answers as the protocol requires, and records the requests. `fail` may answer instead."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, str]] = []
        self.reports: list[dict[str, Any]] = []
        self.sent: list[bytes] = []
        self.valid = ""
        self.etag = '"1"'
        self.tokens = 0
        self.fail: Callable[[str], httpx.Response | None] = lambda path: None

    def __call__(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path.removeprefix("/player/v1/")
        self.calls.append((request.method, path.split("/")[0]))
        if path == "report":
            self.sent.append(request.content)
        if failure := self.fail(path):
            return failure
        if path in {"register", "token"}:
            self.tokens += 1
            self.valid = f"access-{self.tokens}"
            return httpx.Response(
                200, json={"access_token": self.valid, "refresh_token": f"refresh-{self.tokens}", "sequence": 0}
            )
        if request.headers["Authorization"] != f"Bearer {self.valid}":
            return httpx.Response(401)
        if path == "report":
            is_packed = request.headers.get("Content-Encoding") == "gzip"
            self.reports.append(json.loads(gzip.decompress(request.content) if is_packed else request.content))
            sequence = self.reports[-1]["sequence"]
            return httpx.Response(200, json={"sequence": sequence, "settingsETag": self.etag, "nextReport": 300})
        if path == "settings":
            return httpx.Response(200, json=SETTINGS, headers={"ETag": self.etag})
        return httpx.Response(201)

    @property
    def statuses(self) -> list[dict[str, Any]]:
        return [report["status"] for report in self.reports]

    @property
    def paths(self) -> list[str]:
        return [path for _, path in self.calls]


@pytest.fixture
def server() -> Server:
    return Server()


def healthy() -> Profile:
    """A player that loses no answer for a while."""
    return next(p for p in fleet(200) if p.condition == "healthy" and not any(loses(p, asked) for asked in range(60)))


def loses(profile: Profile, asked: int) -> bool:
    return profile.random("lost answer", asked).random() < 0.02


def player(
    server: Server, now: Callable[[], int] = lambda: NOW, tally: Tally | None = None, secrets: Secrets | None = None
) -> Player:
    http = httpx.AsyncClient(base_url="http://fleet.test", transport=httpx.MockTransport(server))
    return Player(healthy(), http, "setup", clock=now, tally=tally or Tally(), secrets=secrets or Secrets())


async def at_work(server: Server, tally: Tally | None = None) -> Player:
    """A player that has registered, reported and sent its first picture."""
    one = player(server, tally=tally)
    await one.step()
    await one.step()
    server.calls.clear()
    server.sent.clear()
    return one


async def test_a_player_registers_asks_for_its_settings_and_reports(server: Server) -> None:
    assert await player(server).step() == 0
    assert server.paths == ["register", "settings", "report"]


async def test_a_picture_follows_the_first_report_and_then_each_interval(server: Server) -> None:
    now = [NOW]
    one = player(server, lambda: now[0])
    assert await one.step() == 0
    pictures = []
    while len(pictures) < 4:
        server.calls.clear()
        wait = await one.step()
        if server.paths == ["screenshots"]:
            pictures.append(now[0])
        now[0] += int(wait * 1000) + 1
    first, second, third, fourth = pictures
    assert first == NOW
    assert 0 < second - first < 900_000, "from then on those of a fleet are spread evenly"
    assert [third - second, fourth - third] == pytest.approx([900_000, 900_000], abs=1000)


async def test_the_group_of_the_settings_is_reported(server: Server) -> None:
    await player(server).step()
    assert server.statuses[0]["group"] == SETTINGS["group"]


async def test_changed_settings_are_fetched_again(server: Server) -> None:
    one = await at_work(server)
    server.etag = '"2"'
    await one.step()
    assert server.paths == ["report", "settings"]


async def test_an_expired_access_token_is_refreshed(server: Server) -> None:
    one = await at_work(server)
    server.valid = "another"
    await one.step()
    assert server.paths == ["report", "token", "report"]


async def test_a_player_whose_tokens_are_all_revoked_registers_again(server: Server) -> None:
    tally = Tally()
    one = await at_work(server, tally)
    server.valid = "another"
    server.fail = lambda path: httpx.Response(400, json={"error": "invalid_grant"}) if path == "token" else None
    await one.step()
    assert server.paths == ["report", "token", "register", "report"]
    assert tally.registered == 1, "it is the same player"


async def test_a_player_with_a_secret_uses_it_before_it_registers_again(server: Server) -> None:
    secrets = Secrets()
    secrets.put(healthy().serial, "secret")
    await player(server, secrets=secrets).step()
    assert server.paths == ["token", "settings", "report"]


async def test_a_player_whose_secret_is_refused_registers_with_it_and_stores_a_new_one(server: Server) -> None:
    secrets = Secrets()
    secrets.put(healthy().serial, "old")

    def fail(path: str) -> httpx.Response | None:
        if path == "token":
            return httpx.Response(401, json={"error": "invalid_client"})
        if path == "register":
            server.valid = "x"
            return httpx.Response(200, json={"access_token": "x", "refresh_token": "y", "device_secret": "new"})
        return None

    server.fail = fail
    await player(server, secrets=secrets).step()
    assert server.paths == ["token", "register", "settings", "report"]
    assert secrets.get(healthy().serial) == "new"


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_a_report_without_an_answer_is_sent_again_unchanged(server: Server, status: int) -> None:
    tally = Tally()
    one = await at_work(server, tally)
    answers = iter([httpx.Response(status)])
    server.fail = lambda path: next(answers, None)
    assert await one.step() == 5
    await one.step()
    lost, repeated = server.sent
    assert lost == repeated
    assert tally.retries == 1


async def test_the_wait_grows_without_an_answer_and_follows_retry_after(
    server: Server,
) -> None:
    def unreachable(path: str) -> httpx.Response:
        raise httpx.ConnectError("refused")

    one = player(server)
    server.fail = unreachable
    waits = [await one.step() for _ in range(9)]
    assert waits == [5, 10, 20, 40, 80, 160, 300, 300, 300]
    server.fail = lambda path: httpx.Response(503, headers={"Retry-After": "17"})
    assert await one.step() == 17


async def test_a_player_that_may_not_register_gives_up(server: Server) -> None:
    tally = Tally()
    server.fail = lambda path: httpx.Response(409, json={"error": "conflict", "message": "It lives elsewhere."})
    assert await player(server, tally=tally).step() == math.inf
    assert tally.refused == 1
    assert "It lives elsewhere." in tally.last_refusal


async def test_an_address_without_a_player_server_is_refused(server: Server) -> None:
    server.fail = lambda path: httpx.Response(200, html="<h1>It works!</h1>")
    assert await player(server).step() == math.inf


async def test_a_fleet_registers_and_reports_as_often_as_asked(server: Server) -> None:
    tally = await simulate(
        "http://fleet.test", "setup", 20, period=0, rounds=2, concurrency=4, transport=httpx.MockTransport(server)
    )
    assert (tally.registered, tally.settings) == (20, 20)
    assert tally.refused == 0
    assert 30 <= tally.reports <= 40


async def test_a_fleet_that_cannot_reach_its_server_ends_after_as_many_attempts_as_asked() -> None:
    def unreachable(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    tally = await simulate("http://fleet.test", "setup", 3, rounds=1, transport=httpx.MockTransport(unreachable))
    assert (tally.registered, tally.retries) == (0, 3)


async def test_a_longer_report_is_compressed(server: Server) -> None:
    one = player(server)
    await one.step()
    for sent, said in zip(server.sent, server.reports, strict=True):
        assert sent.startswith(b"\x1f\x8b") == (len(json.dumps(said, separators=(",", ":"))) > 2048)
    assert any(sent.startswith(b"\x1f\x8b") for sent in server.sent), "the first one lists all files"


async def test_players_misbehave_on_order(server: Server) -> None:
    await simulate(
        "http://fleet.test",
        "setup",
        1,
        rounds=3,
        period=0,
        clock=lambda: NOW,
        transport=httpx.MockTransport(server),
        faults=["refused-setting", "wrong-clock", "cut-answers"],
    )
    sent = datetime.parse(server.reports[0]["sentAt"])
    assert sent is not None
    assert NOW - sent == 40 * DAY
    failed = [{"path": "/network/hostname", "reason": "not managed here"}]
    assert [report["applied"]["failed"] for report in server.reports] == [failed] * len(server.reports)
    assert len(server.calls) > 5 + len({report["sequence"] for report in server.reports})


def test_only_what_an_operator_has_set_is_refused() -> None:
    assert refused_settings(["refused-setting"], ["/screen", "/name"])[0]["path"] == "/screen"
    assert refused_settings([], ["/screen"]) == []
