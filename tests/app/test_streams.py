"""Event streams and commands of a whole server in its own process: delivery, the reader's leaving, kills, a stop."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from socket import create_connection
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import httpx

from signfleet.app.bootstrap import Tenant
from tests.api import Api
from tests.running import Running, bootstrapped, running_server
from tests.world import a_picture

PATIENCE = 60
#: What a player uploads.
LOG, PICTURE = b"x" * 100_000, a_picture()
MOMENT = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
COMMANDS = "/admin/v1/commands/"
Message = tuple[str, Any]


class Player(NamedTuple):
    """A player that has joined."""

    token: str
    device: int

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    def say(self, address: str, command: int, state: str) -> str:
        url = f"{address}/player/v1/commands/{command}"
        answer = httpx.post(url, json={"state": state}, headers=self.headers, timeout=PATIENCE)
        return str(answer.raise_for_status().json()["state"])

    @contextmanager
    def listening(self, address: str) -> Iterator[Iterator[Message]]:
        """Listens inside the block; the stream begins with the settings."""
        with httpx.stream("GET", f"{address}/player/v1/events", headers=self.headers, timeout=PATIENCE) as answer:
            assert answer.status_code == 200
            heard = messages(answer)
            assert next(heard)[0] == "settings"
            yield heard


def messages(answer: httpx.Response) -> Iterator[Message]:
    kind = ""
    for line in answer.iter_lines():
        name, _, value = line.partition(": ")
        if name == "event":
            kind = value
        elif name == "data":
            yield kind, json.loads(value)


def join(api: Api, address: str) -> Player:
    body = {"serial": "A1", "model": "XT1144", "firmware": "9.0.100"}
    headers = {"Authorization": f"Bearer {api.setup_token()}"}
    answer = httpx.post(f"{address}/player/v1/register", json=body, headers=headers, timeout=PATIENCE)
    tokens = answer.raise_for_status().json()
    return Player(tokens["access_token"], tokens["device"]["id"])


def send(api: Api, address: str, device: int, key: str, status: int = 201) -> int:
    headers = {"Authorization": f"Bearer {api.token}", "Idempotency-Key": key}
    body = {"device": device, "name": "identify"}
    answer = httpx.post(f"{address}{COMMANDS}", json=body, headers=headers, timeout=PATIENCE)
    assert answer.status_code == status, answer.text
    return int(answer.json()["id"])


def state_of(api: Api, address: str, command: int) -> str:
    headers = {"Authorization": f"Bearer {api.token}"}
    return str(httpx.get(f"{address}{COMMANDS}{command}/", headers=headers, timeout=PATIENCE).json()["state"])


@contextmanager
def served(folder: Path, tenant: Tenant, database: str | None = None) -> Iterator[tuple[Running, Api, str]]:
    arguments = ["--data", str(folder), *(() if database is None else ("--database", database))]
    with running_server(*arguments) as server, Api(server.address, tenant) as api:
        yield server, api, server.address


@contextmanager
def uploads(address: str, player: Player, command: int) -> Iterator[None]:
    """Sends half a log of a command and a whole picture; inside the block the server stores the picture."""
    url = urlsplit(address)
    with ExitStack() as open_:
        for path, media, content, sent in (
            (f"/player/v1/commands/{command}/files/a.log", "text/plain", LOG, len(LOG) // 2),
            (f"/player/v1/screenshots/{MOMENT}", "image/jpeg", PICTURE, len(PICTURE)),
        ):
            line = open_.enter_context(create_connection((url.hostname or "", url.port or 0), PATIENCE))
            head = {**player.headers, "Host": url.netloc, "Content-Type": media, "Content-Length": str(len(content))}
            lines = [f"PUT {path} HTTP/1.1", *(f"{name}: {value}" for name, value in head.items()), "", ""]
            line.sendall("\r\n".join(lines).encode() + content[:sent])
        yield


def stored_whole(address: str, api: Api, player: Player, command: int) -> None:
    """The player repeats both uploads, and what is stored is what it has sent, once."""
    for path, media, content in (
        (f"commands/{command}/files/a.log", "text/plain", LOG),
        (f"screenshots/{MOMENT}", "image/jpeg", PICTURE),
    ):
        head = player.headers | {"Content-Type": media}
        url = f"{address}/player/v1/{path}"
        codes = [httpx.put(url, content=content, headers=head, timeout=PATIENCE).status_code for _ in range(2)]
        assert codes in ([201, 200], [200, 200]), codes
    head = {"Authorization": f"Bearer {api.token}"}
    found = httpx.get(f"{address}{COMMANDS}{command}/files/a.log", headers=head, timeout=PATIENCE)
    assert found.raise_for_status().content == LOG
    pictures = api.get("/Devices/ScreenShots/")["items"]
    assert [picture["fileSize"] for picture in pictures] == [len(PICTURE)]


def test_a_killed_server_loses_no_command_and_hands_out_none_that_has_begun(tmp_path: Path, database: str) -> None:
    """It is killed after the POST, after the hand-over, and during uploads; a stop ends streams with a reason."""
    tenant = bootstrapped(tmp_path, database)
    with served(tmp_path, tenant, database) as (server, api, address):
        player = join(api, address)
        sent = send(api, address, player.device, "k1")
        server.stop(signal.SIGKILL)
    with served(tmp_path, tenant, database) as (server, api, address):
        assert send(api, address, player.device, "k1", 200) == sent, "the operator repeats what had no answer"
        with player.listening(address) as heard:
            assert next(heard)[1]["id"] == sent
            server.stop(signal.SIGKILL)
    with served(tmp_path, tenant, database) as (server, api, address), player.listening(address) as heard:
        assert next(heard)[1]["id"] == sent, "it is handed out until it begins"
        assert player.say(address, sent, "running") == "running"
        with uploads(address, player, sent):
            server.stop(signal.SIGKILL)
    with served(tmp_path, tenant, database) as (server, api, address):
        assert list((tmp_path / "blobs" / "commands").rglob("*")) == [], "half a file is none"
        assert player.say(address, sent, "running") == "running", "the player repeats what had no answer"
        later = send(api, address, player.device, "k2")
        with player.listening(address) as heard:
            assert next(heard)[1]["id"] == later, "what has begun is not handed out"
            stored_whole(address, api, player, sent)
            assert player.say(address, sent, "succeeded") == "succeeded"
            assert [state_of(api, address, each) for each in (sent, later)] == ["succeeded", "sent"]
            server.process.send_signal(signal.SIGTERM)
            kind, data = next(heard)
            assert (kind, "stopping" in data["reason"]) == ("end", True)


def test_a_stream_delivers_at_once_and_its_end_is_logged_with_bytes_and_duration(tmp_path: Path) -> None:
    tenant = bootstrapped(tmp_path)
    with served(tmp_path, tenant) as (server, api, address):
        player = join(api, address)
        with player.listening(address) as heard:
            sent = send(api, address, player.device, "k1")
            assert next(heard)[1]["id"] == sent
        while "signfleet_event_streams 0.0" not in httpx.get(f"{address}/metrics", timeout=PATIENCE).text:
            pass  # the server notices that the reader has left, long before a heart-beat
        server.stop()
    (line,) = [line for line in server.log if line.get("path") == "/player/v1/events"]
    assert line["incomplete"]
    assert line["bytes"] > 100
    assert line["ms"] > 0
