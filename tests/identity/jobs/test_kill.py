"""A job of a server that is killed goes on in another one, and no step counts twice."""

from __future__ import annotations

import asyncio
import signal
import threading
import time
from pathlib import Path
from typing import Any

import httpx

from signfleet.foundation.storage.open import open_store
from tests.api import MAIN, Api
from tests.fleet.devices.stored import register
from tests.running import PATIENCE, bootstrapped, running_server

MANY = 1500


async def fill(database: str, network_id: int) -> None:
    store = await open_store(database, connections=1)
    try:
        await register(store, network_id, [f"A{number:04}" for number in range(MANY)])
    finally:
        await store.close()


def test_another_process_takes_over_the_job_of_a_killed_one(tmp_path: Path) -> None:
    database = f"sqlite:///{tmp_path / 'signfleet.db'}"
    network = bootstrapped(tmp_path, database)
    asyncio.run(fill(database, network.network_id))
    arguments = ("--data", str(tmp_path), "--database", database, "--no-access-log")
    with (
        running_server(*arguments) as first,
        running_server(*arguments) as second,
        Api(first.address, network) as api,
        Api(second.address, network) as other,
    ):
        answers: list[Any] = []

        def delete() -> None:
            try:
                answers.append(api.http.delete(f"{MAIN}/Devices/", params={"filter": "[Serial] BEGINS WITH 'A'"}))
            except httpx.TransportError as error:
                answers.append(error)

        caller = threading.Thread(target=delete)
        caller.start()
        while other.get("/Devices/Count/") > MANY - 100:
            time.sleep(0.01)
        first.stop(signal.SIGKILL)
        caller.join(PATIENCE)
        [answer] = answers
        assert isinstance(answer, httpx.TransportError), "the job ended before the kill"
        assert 0 < other.get("/Devices/Count/") < MANY
        deadline = time.monotonic() + PATIENCE
        jobs = f"{second.address}/admin/v1/jobs/"
        while (job := other.http.get(jobs).json()["items"][0])["state"] == "Running":
            assert time.monotonic() < deadline
            time.sleep(0.1)
        assert (job["state"], job["total"], job["done"], job["failed"]) == ("Finished", MANY, MANY, 0)
        assert other.get("/Devices/Count/") == 0
        trail = {"filter": "[Action] IS 'Delete' AND [Entity] IS 'Device'", "pageSize": "1"}
        page = other.http.get(f"{second.address}/admin/v1/audit/", params=trail).json()
        assert page["totalItemCount"] >= page["matchingItemCount"] == MANY
