"""Starts a testing server in its own process and controls it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx

#: Seconds that a server has to start, and to stop.
PATIENCE = 120.0
_TICK = 0.02

#: Settings that suit tests, unless they say otherwise.
SETTINGS: Mapping[str, Any] = {
    "log_level": "warning",
    "access_log": False,
    "legacy_token_endpoint": True,
    "self_registration": True,
}


class TestingServer:
    """A `signfleet serve --testing` on a free port of this machine; use it in a `with` block.

    `folder` is an empty folder for its store and its log; `settings` are those of docs/settings.md, by name.
    """

    __test__ = False  # pytest collects classes whose name begins with Test

    def __init__(self, folder: Path | str, **settings: Any) -> None:
        """Returns when the server is ready. Raises `RuntimeError`, with the end of its log, if it does not start."""
        #: The server's data folder: mails that it sends are in `outbox`.
        self.data = Path(folder) / "data"
        self.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._credentials = self.data / "credentials.json"
        self._credentials.unlink(missing_ok=True)
        self._log = Path(folder) / "server.log"
        self._process = self._start({**SETTINGS, **settings})
        given = self._wait()
        #: Where the server answers, such as `http://127.0.0.1:40123`.
        self.base_url: str = given["base_url"]
        #: Where the documented API is.
        self.api_url = f"{self.base_url}/2022/06/REST"
        #: The network, and the credentials of its administrator and of an application: always the same.
        self.network: str = given["network"]
        self.login: str = given["login"]
        self.password: str = given["password"]
        self.client_id: str = given["client_id"]
        self.client_secret: str = given["client_secret"]
        self._http = httpx.Client(base_url=f"{self.base_url}/testing/v1", timeout=PATIENCE)

    def __enter__(self) -> TestingServer:
        return self

    def __exit__(self, *_error: object) -> None:
        self.stop()

    def installation(self) -> dict[str, Any]:
        """Returns the network, `accounts` with their passwords and roles, and `devices` with ids and serials."""
        return self._ask("GET", "/")

    def reset(self, **seed: Any) -> dict[str, Any]:
        """Deletes everything and seeds again: `devices=10, seed=37, reporting=True, pictures=False` unless given."""
        return self._ask("POST", "/reset", seed)

    def seed(self, **seed: Any) -> dict[str, Any]:
        """Adds the next simulated players of a seed; takes the same arguments as `reset`."""
        return self._ask("POST", "/seed", seed)

    def advance(self, seconds: int) -> dict[str, Any]:
        """Moves the server's clock; returns once players and background jobs have done what is due."""
        return self._ask("POST", "/clock", {"seconds": seconds})

    def fault(self, kind: str, route: str, **how: Any) -> None:
        """Makes the next requests of `route` fail: `TooManyRequests`, `Unavailable`, `Slow` or `LostAnswer`.

        `method`, `times` (1) and `seconds` (1) say which requests, how many, and for how long.
        """
        self._ask("POST", "/faults", {"kind": kind, "route": route, **how})

    def clear_faults(self) -> None:
        """Removes the faults that no request has met yet."""
        self._ask("DELETE", "/faults")

    def player(self, serial: str, condition: str) -> None:
        """Makes a simulated player `Healthy`, `Dark`, `DiskFull` or `WrongClock`."""
        self._ask("PUT", f"/players/{quote(serial, safe='')}", {"condition": condition})

    def token(self, login: str | None = None, network: str | None = None) -> str:
        """Returns an access token of an account of the installation, the administrator's unless `login` is given."""
        account = next(found for found in self.installation()["accounts"] if found["login"] == (login or self.login))
        form = {
            "grant_type": "password",
            "client_id": self.client_id,
            "client_secret": self.client_secret,
            "username": f"{network or account['network']}/{account['login']}",
            "password": account["password"],
        }
        answer = httpx.post(f"{self.api_url}/Token", data=form, timeout=PATIENCE)
        answer.raise_for_status()
        return str(answer.json()["access_token"])

    def stop(self) -> None:
        """Stops the server."""
        self._http.close()
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()

    def _ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        answer = self._http.request(method, path, json=body)
        if answer.is_error:
            raise ValueError(f"{method} /testing/v1{path} {answer.status_code}: {answer.text}")
        return answer.json() if answer.content else {}

    def _start(self, settings: Mapping[str, Any]) -> subprocess.Popen[bytes]:
        flags = [_flag(name, value) for name, value in settings.items()]
        command = [sys.executable, "-P", "-m", "signfleet", "serve", "--testing", "--port=0", f"--data={self.data}"]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("SIGNFLEET_")}
        with self._log.open("ab") as log:
            return subprocess.Popen(  # noqa: S603 - this package itself
                [*command, *flags],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=environment,
            )

    def _wait(self) -> dict[str, Any]:
        """Waits until the server answers; returns what it publishes then."""
        end = time.monotonic() + PATIENCE
        while self._process.poll() is None and time.monotonic() < end:
            if self._credentials.exists():
                given: dict[str, Any] = json.loads(self._credentials.read_text(encoding="utf-8"))
                return given
            time.sleep(_TICK)
        self._process.kill()
        self._process.wait()
        log = self._log.read_text(encoding="utf-8", errors="replace")[-4000:]
        raise RuntimeError(f"the testing server did not start:\n{log}")


def _flag(name: str, value: object) -> str:
    flag = name.replace("_", "-")
    if isinstance(value, bool):
        return f"--{flag}" if value else f"--no-{flag}"
    return f"--{flag}={value}"
