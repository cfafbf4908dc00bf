"""The database, the mail server and the object storage hang: they accept connections and bytes, and never answer."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import boto3
import httpx
from moto.server import ThreadedMotoServer

from signfleet.foundation.settings import Settings
from tests.api import MAIN, Api
from tests.line import line_to, line_to_postgres
from tests.postgres import running_postgres
from tests.running import bootstrapped
from tests.torture.disk import _becomes
from tests.torture.figures import Figures
from tests.torture.forked import forked_server
from tests.torture.writers import JPEG

#: The longest that a request, and the end of the server, may take (s).
ANSWER_LIMIT, STOP_LIMIT = 10.0, 15.0


def _timed(http: httpx.Client, path: str) -> tuple[int, float]:
    before = time.monotonic()
    status = http.get(path, timeout=120).status_code
    return status, time.monotonic() - before


def silent_database(folder: Path, rounds: int) -> Figures:
    """Makes PostgreSQL hang and answer again, repeatedly; the last time, stops the server meanwhile."""
    waits, ready_waits = [], []
    refused = recovered = 0
    with running_postgres() as postgres:
        url = postgres.create()
        network = bootstrapped(folder, url)
        with line_to_postgres(url) as (line, through):
            settings = Settings(data=str(folder), database=through, port=0, access_log=False)
            with forked_server(settings, folder / "server.log") as server:
                for number in range(rounds):
                    with Api(server.address, network) as api:
                        line.silence()
                        status, seconds = _timed(api.http, f"{MAIN}/Devices/")
                        refused += status == 503
                        waits.append(seconds)
                        status, seconds = _timed(api.http, "/health/ready")
                        refused += status == 503
                        ready_waits.append(seconds)
                        if number < rounds - 1:
                            line.restore()
                            recovered += _becomes(server.address, 200)
                code, stopping = server.stop()
    figures = Figures("PostgreSQL silent")
    figures.add("times silent", rounds)
    figures.add("requests answered 503", refused, wanted=2 * rounds)
    figures.add("longest request (s)", round(max(waits), 1), at_most=ANSWER_LIMIT)
    figures.add("longest readiness check (s)", round(max(ready_waits), 1), at_most=ANSWER_LIMIT)
    figures.add("recovered", recovered, wanted=rounds - 1)
    figures.add("exit code", code, wanted=0)
    figures.add("seconds to stop", round(stopping, 1), at_most=STOP_LIMIT)
    return figures


@contextmanager
def object_storage() -> Iterator[int]:
    """Runs an object storage with a bucket `signage`; yields its port."""
    storage = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    storage.start()
    try:
        port = storage.get_host_and_port()[1]
        os.environ |= {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_REGION": "us-east-1"}
        client = boto3.client("s3", endpoint_url=f"http://127.0.0.1:{port}", region_name="us-east-1")
        client.create_bucket(Bucket="signage")
        yield port
    finally:
        storage.stop()


def silent_neighbours(folder: Path, rounds: int) -> Figures:
    """Makes the mail server and the object storage hang while clients use the API."""
    database = f"sqlite:///{folder / 'signfleet.db'}"
    network = bootstrapped(folder, database)
    others: dict[int, int] = {}
    not_ready = ready = pictures = 0
    with object_storage() as port, line_to(port) as line, socket.create_server(("127.0.0.1", 0)) as mail:
        os.environ["AWS_ENDPOINT_URL"] = f"http://127.0.0.1:{line.port}"
        settings = Settings(
            data=str(folder),
            database=database,
            blobs="s3://signage/fleet",
            smtp_host="127.0.0.1",
            smtp_port=mail.getsockname()[1],
            smtp_security="none",
            port=0,
            access_log=False,
        )
        with forked_server(settings, folder / "server.log") as server, Api(server.address, network) as api:
            setup = {"Authorization": f"Bearer {api.setup_token()}"}
            facts = {"serial": "TORTURE0001", "model": "HD1024", "firmware": "9.0.145"}
            joined = httpx.post(f"{server.address}/player/v1/register", json=facts, headers=setup).json()
            player = {"Authorization": f"Bearer {joined['access_token']}", "Content-Type": "image/jpeg"}
            for number in range(rounds):
                line.silence()
                api.http.post("/account/reset", data={"login": network.login})
                upload = f"{server.address}/player/v1/screenshots/2024-03-13T12:00:{number % 60:02}Z"
                pictures += httpx.put(upload, content=JPEG, headers=player, timeout=120).status_code == 503
                for path in ("/Devices/", "/Groups/Regular/", "/Users/"):
                    status = api.http.get(f"{MAIN}{path}").status_code
                    others[status] = others.get(status, 0) + 1
                not_ready += _becomes(server.address, 503)
                line.restore()
                ready += _becomes(server.address, 200)
            line.silence()
            code, stopping = server.stop()
    figures = Figures("object storage and mail server silent")
    figures.add("times silent", rounds)
    figures.add("pictures answered 503", pictures, wanted=rounds)
    figures.add("other requests answered 200", others.get(200, 0), wanted=3 * rounds)
    figures.add("readiness 503 while silent", not_ready, wanted=rounds)
    figures.add("readiness 200 afterwards", ready, wanted=rounds)
    figures.add("exit code", code, wanted=0)
    figures.add("seconds to stop", round(stopping, 1), at_most=STOP_LIMIT)
    return figures
