"""Editors race for one group on two servers over one store: each answered write saw the one before."""

from __future__ import annotations

import asyncio
from pathlib import Path

import httpx

from signfleet.foundation.settings import Settings
from tests.api import MAIN
from tests.running import bootstrapped
from tests.torture.figures import Figures
from tests.torture.forked import forked_server
from tests.torture.writers import Operator

EDITORS = 4


def racing_editors(database: str, folder: Path, rounds: int) -> Figures:
    """Lets each editor read a counter and write the next number unless it has changed meanwhile (`If-Match`)."""
    settings = Settings(data=str(folder), database=database, port=0, access_log=False)
    network = bootstrapped(folder, database)
    statuses: dict[int, int] = {}
    with (
        forked_server(settings, folder / "server.log") as first,
        forked_server(settings, folder / "server.log") as second,
    ):
        count = asyncio.run(_race([first.address, second.address], Operator(network), rounds, statuses))
        codes = first.stop()[0], second.stop()[0]
    figures = Figures(f"racing editors, {database.partition(':')[0]}")
    figures.add("attempts", sum(statuses.values()))
    figures.add("written", statuses.get(204, 0))
    figures.add("refused with 412", statuses.get(412, 0))
    figures.add("overwritten unseen", statuses.get(204, 0) - count, wanted=0)
    figures.add("answers 5xx", sum(number for status, number in statuses.items() if status >= 500), wanted=0)
    figures.add("exit codes", codes, wanted=(0, 0))
    return figures


async def _race(addresses: list[str], operator: Operator, rounds: int, statuses: dict[int, int]) -> int:
    clients = [httpx.AsyncClient(base_url=address, timeout=60, verify=False) for address in addresses]
    try:
        for http in clients:
            await operator.sign_in(http)
        path = f"{MAIN}/Groups/Regular/"
        created = await clients[0].post(path, json={"name": "Race", "description": "0"})
        path += f"{created.raise_for_status().json()['id']}/"

        async def edit(http: httpx.AsyncClient) -> None:
            for _ in range(rounds):
                read = (await http.get(path)).raise_for_status()
                change = {"description": str(int(read.json()["description"]) + 1)}
                answer = await http.put(path, json=change, headers={"If-Match": read.headers["ETag"]})
                statuses[answer.status_code] = statuses.get(answer.status_code, 0) + 1

        await asyncio.gather(*(edit(clients[number % len(clients)]) for number in range(EDITORS)))
        return int((await clients[1].get(path)).json()["description"])
    finally:
        for http in clients:
            await http.aclose()
