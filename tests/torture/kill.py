"""`kill -9` during writes of every kind, again and again: no answered write is lost, and none is stored twice."""

from __future__ import annotations

import asyncio
import signal
import sqlite3
import sys
import time
from contextlib import closing
from pathlib import Path
from random import Random

from signfleet.foundation.settings import Settings
from tests.running import bootstrapped
from tests.torture.figures import Figures
from tests.torture.forked import Forked, forked_server
from tests.torture.ledger import Ledger
from tests.torture.writers import WRITERS, Operator, Writer, stored_facts, write_until


def kill(database: str, folder: Path, rounds: int) -> Figures:
    """Kills the server `rounds` times and compares the store with the ledger after each."""
    random = Random(20)
    settings = Settings(data=str(folder), database=database, port=0, access_log=False)
    operator = Operator(bootstrapped(folder, database))
    ledger = Ledger()
    writers = [Writer(number, ledger, random) for number in range(WRITERS)]
    started = time.monotonic()
    for number in range(1, rounds + 1):
        with forked_server(settings, folder / "server.log") as server:

            async def die(server: Forked = server) -> None:
                await asyncio.gather(*(writer.joined.wait() for writer in writers))
                # Kills during some write, after a number of answers, or after a while without them.
                await ledger.reach(ledger.acknowledged + random.randrange(1, 20), seconds=5)
                await asyncio.sleep(random.uniform(0, 0.02))
                server.send(signal.SIGKILL)

            asyncio.run(write_until(server.address, writers, operator, die))
            server.wait()
        ledger.check(asyncio.run(stored_facts(database, folder / "blobs")))
        if number % 100 == 0:
            lost = len(ledger.violations)
            print(
                f"{number} kills, {ledger.acknowledged} acknowledged writes, {lost} lost", file=sys.stderr, flush=True
            )
    figures = Figures(f"kill -9, {database.partition(':')[0]}")
    figures.add("kills", rounds)
    figures.add("acknowledged writes", ledger.acknowledged)
    figures.add("lost or doubled", len(ledger.violations), wanted=0)
    refused = sum(count for writer in writers for status, count in writer.statuses.items() if status >= 500)
    figures.add("answers 5xx", refused, wanted=0)
    figures.add(
        "answers 4xx",
        sum(many for writer in writers for code, many in writer.statuses.items() if code in range(400, 500)),
    )
    if database.startswith("sqlite"):
        figures.add("integrity errors", _integrity_errors(Path(database.removeprefix("sqlite:///"))), wanted=0)
    figures.add("minutes", round((time.monotonic() - started) / 60, 1))
    figures.notes += ledger.violations[:10]
    return figures


def _integrity_errors(file: Path) -> int:
    with closing(sqlite3.connect(file)) as database:
        lines = [row[0] for row in database.execute("PRAGMA integrity_check")]
        broken = database.execute("PRAGMA foreign_key_check").fetchall()
    return len([line for line in lines if line != "ok"]) + len(broken)
