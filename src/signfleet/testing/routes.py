"""`/testing/v1`: how a test suite controls a testing server. No other server has these paths."""

from __future__ import annotations

from signfleet.testing.schemas import Clock, Fault, Faults, Installation, Leap, Player, Players, PlayerState, Seed
from signfleet.testing.service import Testbed
from signfleet.web.http.call import NO_CONTENT, Answer, Call, answer_json
from signfleet.web.http.endpoint import Endpoints

endpoints = Endpoints("/testing/v1", family="Testing", caller="public", errors="406")

_ERRORS = "400 406 413 415 5XX"


@endpoints.get("/", answer=Installation)
async def get_installation(call: Call, testbed: Testbed) -> Answer:
    """Get the network, the accounts with their credentials, and the devices that the server was seeded with."""
    return answer_json(await testbed.describe())


@endpoints.post("/reset", body=Seed, body_optional=True, answer=Installation, statuses="200", errors=_ERRORS)
async def reset(call: Call, testbed: Testbed) -> Answer:
    """Replace everything by a new seed: store, pictures, mails, caches, rate limits, faults and clock.

    Ids begin at 1 again and credentials stay, so that the same seed gives the same installation. Requests that come
    meanwhile wait.
    """
    return answer_json(await testbed.reset(call.body or Seed()))


@endpoints.post("/seed", body=Seed, answer=Installation, statuses="200", errors=f"{_ERRORS} 409")
async def seed(call: Call, testbed: Testbed) -> Answer:
    """Add the next simulated players of a seed; nothing else changes."""
    return answer_json(await testbed.seed(call.body))


@endpoints.get("/clock", answer=Clock)
async def get_clock(call: Call, testbed: Testbed) -> Answer:
    """Get the server's time, and how far it is ahead of the system's."""
    return answer_json(testbed.clock())


@endpoints.post("/clock", body=Leap, answer=Clock, statuses="200", errors=_ERRORS)
async def advance_clock(call: Call, testbed: Testbed) -> Answer:
    """Replace the server's time by a later one.

    Before the answer, players and background jobs run once: health, subscriptions, retention, expiry and mails are
    those of the new time.
    """
    return answer_json(await testbed.advance(call.body.seconds))


@endpoints.get("/faults", answer=Faults)
async def list_faults(call: Call, testbed: Testbed) -> Answer:
    """List the pending faults."""
    return answer_json(Faults(testbed.faults.list_()))


@endpoints.post("/faults", body=Fault, answer=Faults, errors=_ERRORS)
async def add_fault(call: Call, testbed: Testbed) -> Answer:
    """Add a fault for the next requests of a route; it precedes the check of their tokens."""
    faults = testbed.faults
    faults.add(call.body)
    return answer_json(Faults(faults.list_()), status=201)


@endpoints.delete("/faults")
async def delete_faults(call: Call, testbed: Testbed) -> Answer:
    """Delete all faults and end the wait of slow answers."""
    testbed.faults.clear()
    return NO_CONTENT


@endpoints.get("/players", answer=Players)
async def list_players(call: Call, testbed: Testbed) -> Answer:
    """List the simulated players."""
    return answer_json(Players(testbed.players()))


@endpoints.put("/players/{serial}", body=PlayerState, answer=Player, statuses="200", errors=f"{_ERRORS} 404")
async def change_player(call: Call, testbed: Testbed, serial: str) -> Answer:
    """Replace the condition of a simulated player, which reports at once unless it goes dark."""
    return answer_json(await testbed.change_player(serial, call.body.condition))
