"""A log that cannot be written harms no answer."""

from __future__ import annotations

import fcntl
import io
import json
import os
import select
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from signfleet.foundation.output import Output
from tests.processes import free_port
from tests.running import PATIENCE, environment


def _full(_: Path) -> Any:
    return Path("/dev/full").open("w")


def _closed_pipe(_: Path) -> Any:
    reading, writing = os.pipe()
    os.close(reading)
    return os.fdopen(writing, "w")


def _unread_pipe(_: Path) -> Any:
    reading, writing = os.pipe()
    if sys.platform == "linux":
        fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, 4096)
    _open.append(reading)
    return os.fdopen(writing, "w")


#: More than a pipe takes that nobody reads.
LINES = 60 if sys.platform == "linux" else 600
LOST = "signfleet_log_lines_lost_total "

#: Read ends that nobody reads.
_open: list[int] = []


@pytest.mark.parametrize("sink", [_full, _closed_pipe, _unread_pipe], ids=lambda sink: sink.__name__)
def test_every_request_is_answered(tmp_path: Path, sink: Callable[[Path], Any]) -> None:
    port = free_port()
    base = f"http://127.0.0.1:{port}"
    with sink(tmp_path) as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "signfleet", "serve", "--port", str(port), "--data", str(tmp_path)],
            stdout=output,
            stderr=output,
            env=environment(),
        )
    try:
        wait_for(f"{base}/health/live")
        with httpx.Client(base_url=base) as client:
            for _ in range(LINES):
                assert client.get("/health/live", headers={"X-Request-Id": "x" * 64}).status_code == 200
            assert client.post("/2022/06/REST/Self/", json={}).status_code in (400, 403)
            assert client.get("/2022/06/REST/Devices/").status_code == 401
            lost = next(line for line in client.get("/metrics").text.splitlines() if line.startswith(LOST))
        assert float(lost.rpartition(" ")[2]) > 0
    finally:
        process.terminate()
        assert process.wait(PATIENCE) == 0


def wait_for(address: str) -> None:
    for _ in range(600):
        try:
            httpx.get(address)
        except httpx.TransportError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError("the server did not start")


def test_the_next_line_is_preceded_by_the_count_of_lost_ones(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    with os.fdopen(writing, "w") as pipe:
        output = Output(pipe)
        for _ in range(200):
            output.write(b'{"text":"' + b"x" * 1000 + b'"}\n')
        taken: list[bytes] = []
        thread = threading.Thread(target=lambda: taken.extend(iter(lambda: os.read(reading, 65_536), b"")))
        thread.start()
        while not taken or select.select([reading], [], [], 0)[0]:
            time.sleep(0.01)
        output.write(b'{"text":"after"}\n')
    thread.join()
    os.close(reading)
    lines = [json.loads(line) for line in b"".join(taken).splitlines()]
    assert lines[-1] == {"text": "after"}
    assert lines[-2]["event"] == "lines of the log were lost"
    assert lines[-2]["count"] == 200 - (len(lines) - 2)


def test_a_long_line_arrives_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("signfleet.foundation.output.PATIENCE", 60_000)  # the reader may get no turn for long
    reading, writing = os.pipe()
    taken: list[bytes] = []
    thread = threading.Thread(target=lambda: taken.extend(iter(lambda: os.read(reading, 65_536), b"")))
    thread.start()
    with os.fdopen(writing, "w") as pipe:
        Output(pipe).write("ü" * 500_000 + "\n")
    thread.join()
    os.close(reading)
    assert b"".join(taken).decode() == "ü" * 500_000 + "\n"


def test_a_file_and_a_stream_in_memory_take_lines_too(tmp_path: Path) -> None:
    with (tmp_path / "log").open("w") as file:
        Output(file).write("one\n")
        Output(file).write(b"two\n")
    assert (tmp_path / "log").read_text() == "one\ntwo\n"
    memory = io.StringIO()
    Output(memory).write(b"three\n")
    assert memory.getvalue() == "three\n"


def test_waiting_lines_are_written_before_the_next_one(tmp_path: Path) -> None:
    with (tmp_path / "log").open("w") as file:
        output = Output(file)
        assert [output.add(b"one\n"), output.add(b"two\n")] == [True, False]
        assert not (tmp_path / "log").read_text()
        output.write(b"three\n")
        assert output.add(b"four\n")
        output.flush()
        output.flush()
    assert (tmp_path / "log").read_text() == "one\ntwo\nthree\nfour\n"


def test_threads_lose_no_line(tmp_path: Path) -> None:
    with (tmp_path / "log").open("w") as file:
        output = Output(file)

        def write(name: int) -> None:
            for number in range(500):
                output.add(b"%d %d\n" % (name, number)) if number % 3 else output.write(b"%d %d\n" % (name, number))

        threads = [threading.Thread(target=write, args=(name,)) for name in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        output.flush()
    assert len(set((tmp_path / "log").read_text().splitlines())) == 2000


def test_each_of_several_lost_lines_counts() -> None:
    with Path("/dev/full").open("w") as full:
        output = Output(full)
        for _ in range(5):
            output.add(b"{}\n")
        output.flush()
        assert b'"count":5}' in output._about_lost()


def test_a_pipe_gets_whole_lines_in_each_piece(monkeypatch: pytest.MonkeyPatch) -> None:
    pieces: list[bytes] = []
    write = os.write
    monkeypatch.setattr(os, "write", lambda file, data: pieces.append(bytes(data)) or write(file, data))
    reading, writing = os.pipe()
    with os.fdopen(writing, "w") as pipe:
        output = Output(pipe)
        for number in range(100):
            output.add(b"%d %b\n" % (number, b"x" * 99))
        output.flush()
    lines = os.read(reading, 65_536).splitlines()
    os.close(reading)
    assert len(lines) == 100
    assert len(pieces) == 3
    assert all(piece.endswith(b"\n") for piece in pieces)
