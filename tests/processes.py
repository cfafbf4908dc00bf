"""Servers in processes of their own, for tests and benchmarks that need a whole one."""

from __future__ import annotations

import http.client
import os
import random
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

ROOT = Path(__file__).parent.parent
HOST = "127.0.0.1"


#: Systems pick the port of an outgoing connection, or of a server that leaves the choice to them, above these.
PORTS = range(20_000, 32_000)
_dice = random.SystemRandom()


def free_port() -> int:
    """Returns a port that nobody listens on, and that no process gets unless it asks for it by number."""
    for _ in range(1000):
        port = _dice.choice(PORTS)
        with suppress(OSError), socket.socket() as listener:
            listener.bind((HOST, port))
            return port
    raise RuntimeError("no port is free")


def start(command: Sequence[str], log: Path, environment: Mapping[str, str] | None = None) -> subprocess.Popen[bytes]:
    """Start a command with the source tree on its path; what it prints is appended to `log`."""
    path = os.pathsep.join([str(ROOT / "src"), str(ROOT)])
    with log.open("ab") as output:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, "PYTHONPATH": path, **(environment or {})},
        )


def wait_until_ready(process: subprocess.Popen[bytes], port: int, path: str, log: Path, seconds: float = 120) -> None:
    """Return when `path` answers 200; fail with the log when the process ends before, or the time is up."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and process.poll() is None:
        connection = http.client.HTTPConnection(HOST, port, timeout=5)
        try:
            connection.request("GET", path)
            if connection.getresponse().status == 200:
                return
        except OSError:
            pass
        finally:
            connection.close()
        time.sleep(0.02)
    raise RuntimeError(f"no server on port {port}: {log.read_text(encoding='utf-8', errors='replace')[-4000:]}")


@contextmanager
def running(
    command: Sequence[str],
    port: int,
    log: Path,
    ready: str = "/health/ready",
    environment: Mapping[str, str] | None = None,
) -> Iterator[subprocess.Popen[bytes]]:
    """A server that is ready inside the block and has ended, by SIGTERM, after it."""
    process = start(command, log, environment)
    try:
        wait_until_ready(process, port, ready, log)
        yield process
    finally:
        process.terminate()
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
