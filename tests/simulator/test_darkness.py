"""A player that is dark neither reports nor listens, until it comes back."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from signfleet.app.bootstrap import Tenant
from signfleet.app.wiring import Services
from signfleet.foundation.clock import now
from signfleet.foundation.settings import Settings
from signfleet.foundation.storage.query import Query
from signfleet.foundation.storage.tables import command, device
from signfleet.simulator import run
from signfleet.simulator.darkness import Darkness, covers
from signfleet.simulator.fleet import Profile, fleet
from signfleet.simulator.player import Tally
from tests.conftest import ON_SQLITE
from tests.identity.events.conftest import serving

PATIENCE = 60


async def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, "it never came true"
        await asyncio.sleep(0.01)


def number_of(condition: str) -> int:
    return next(profile.number for profile in fleet(500) if profile.condition == condition)


@ON_SQLITE
async def test_players_leave_their_streams_while_their_place_is_dark_and_return(
    services: Services, settings: Settings, setup_token: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "DARK_LOOK", 0.01)
    monkeypatch.setattr("signfleet.simulator.player._DARK_WAIT", 0.02)
    file, tally, first = tmp_path / "dark", Tally(), number_of("healthy")
    (profile,) = fleet(1, first=first)
    async with serving(services, settings) as address:
        working = asyncio.create_task(
            run.simulate(
                address,
                setup_token,
                1,
                first=first,
                period=0.05,
                tally=tally,
                listens=True,
                darkness=Darkness(file=file),
            )
        )
        streams = services.event_streams.open
        await until(lambda: len(streams) == 1 and tally.reports > 1)
        file.write_text(f"Nowhere\n{profile.place.locality.upper()}\n")
        await until(lambda: not streams)
        await asyncio.sleep(0.05)  # what was on its way
        reports = tally.reports
        await asyncio.sleep(0.2)
        assert tally.reports == reports
        file.unlink()
        await until(lambda: len(streams) == 1 and tally.reports > reports)
        working.cancel()


@ON_SQLITE
async def test_a_player_that_goes_dark_by_its_condition_obeys_no_more(
    services: Services, settings: Settings, network: Tenant, setup_token: str
) -> None:
    tally, first = Tally(), number_of("goes dark")
    async with serving(services, settings) as address:
        working = asyncio.create_task(
            run.simulate(address, setup_token, 1, first=first, period=0.05, tally=tally, listens=True)
        )
        await until(lambda: tally.reports == 3)
        await until(lambda: not services.event_streams.open)
        (row,) = await services.store.scan_all(Query(device.select()))
        await services.command_line.send(network.network_id, [row.id], "identify", {}, now())
        await asyncio.sleep(0.2)
        (sent,) = await services.store.scan_all(Query(command.select()))
        assert sent.state == "queued"
        working.cancel()


def test_darkness_is_at_a_place_after_a_while_and_where_a_file_says(tmp_path: Path) -> None:
    file = tmp_path / "dark"
    assert not Darkness().may_fall
    assert Darkness("US", 1000, file).places() == frozenset()
    assert Darkness("US").places() == {"US"}
    file.write_bytes(b" DE \n\n\xff\n" + b"x" * 10_000)
    assert {"DE", "\ufffd"} < Darkness(file=file).places()
    berlin: Profile = next(profile for profile in fleet(500) if profile.place.locality == "Berlin")
    assert covers(frozenset({"US", "de"}), berlin)
    assert not covers(frozenset({"US", ""}), berlin)
