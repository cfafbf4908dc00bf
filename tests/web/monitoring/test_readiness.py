"""`/health/ready` of a running server shows whether its disk and its object storage work."""

from __future__ import annotations

import resource
import time
from pathlib import Path
from threading import Thread

import boto3
import httpx
import pytest
from moto.server import ThreadedMotoServer

from tests.line import line_to
from tests.running import Running, running_server


def readiness(server: Running, wanted: int) -> httpx.Response:
    """Returns the first answer of that status, or the last of several: the server caches a result for two seconds."""
    for _ in range(240):
        answer = httpx.get(f"{server.address}/health/ready", timeout=30)
        if answer.status_code == wanted:
            break
        time.sleep(0.25)
    return answer


def test_a_full_disk_is_not_ready_until_there_is_room(tmp_path: Path) -> None:
    with running_server("--data", str(tmp_path), "--no-access-log") as server:
        server.wait_until_bootstrapped()
        assert readiness(server, 200).status_code == 200
        limits = resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE)
        # No file may grow, as on a full disk; what SQLite has written before, it may write again.
        resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (1, limits[1]))
        refused = readiness(server, 503)
        assert refused.status_code == 503
        assert "the database cannot be written" in refused.json()["message"]
        assert "files cannot be written" in refused.json()["message"]
        assert httpx.get(f"{server.address}/health/live").status_code == 200
        resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, limits)
        assert readiness(server, 200).status_code == 200
        assert server.stop() == 0


def use_storage(monkeypatch: pytest.MonkeyPatch, port: int) -> None:
    """Makes servers use object storage at a port of this machine."""
    for name, value in {
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
    }.items():
        monkeypatch.setenv(name, value)


def test_storage_that_refuses_connections_is_not_ready(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server lives, and logs in one line why it is not ready."""
    use_storage(monkeypatch, 1)
    with running_server("--data", str(tmp_path), "--blobs", "s3://signage/fleet", "--no-access-log") as server:
        server.wait_until_bootstrapped()
        assert readiness(server, 503).json()["message"] == "Not ready: files cannot be written."
        assert httpx.get(f"{server.address}/health/live").status_code == 200
        assert server.stop() == 0
    reasons = {line["reason"] for line in server.log if line["event"] == "files cannot be written"}
    assert reasons
    assert all(reason.startswith("file ready could not be stored: ") and "\n" not in reason for reason in reasons)


def test_a_missing_bucket_and_hanging_storage_are_not_ready_and_do_not_delay_the_stop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage = ThreadedMotoServer(ip_address="127.0.0.1", port=0)  # all of a process share their buckets
    storage.start()
    port = storage.get_host_and_port()[1]
    try:
        with line_to(port) as line:
            use_storage(monkeypatch, line.port)
            with running_server(
                "--data", str(tmp_path), "--blobs", "s3://created-late/fleet", "--no-access-log"
            ) as server:
                server.wait_until_bootstrapped()
                assert readiness(server, 503).json()["message"] == "Not ready: files cannot be written."
                client = boto3.client("s3", endpoint_url=f"http://127.0.0.1:{port}", region_name="us-east-1")
                client.create_bucket(Bucket="created-late")
                assert readiness(server, 200).status_code == 200
                line.silence()
                refused = readiness(server, 503)
                assert refused.json()["message"] == "Not ready: files cannot be written."
                # One try is under way however many ask.
                askers = [Thread(target=readiness, args=(server, 503)) for _ in range(20)]
                for asker in askers:
                    asker.start()
                for asker in askers:
                    asker.join()
                assert server.stop() == 0
    finally:
        storage.stop()
