"""The examples of `docs/player-protocol.md` work as they stand there."""

import json
import re
from pathlib import Path
from typing import Any

from httpx import AsyncClient

from tests.conftest import CallAs
from tests.fleet.players.conftest import PLAYER

TEXT = (Path(__file__).parents[3] / "docs" / "player-protocol.md").read_text()
REGISTRATION, REGISTERED, REPORT, REPORT_ANSWER, REJECTING, *_COMMANDS = (
    json.loads(block) for block in re.findall(r"```json\n(.*?)```", TEXT, re.DOTALL)
)


def shape(value: Any) -> Any:
    """What kinds of things are where."""
    return {name: shape(item) for name, item in value.items()} if isinstance(value, dict) else type(value)


async def test_the_examples_get_the_documented_answers(call_as: CallAs, setup_token: str, admin: AsyncClient) -> None:
    registered = await call_as(setup_token).post(f"{PLAYER}/register", json=REGISTRATION)
    assert registered.status_code == 201
    assert shape(registered.json()) == shape(REGISTERED)
    player = call_as(registered.json()["access_token"])
    answer = await player.post(f"{PLAYER}/report", json=REPORT)
    assert answer.status_code == 200
    assert shape(answer.json()) == shape(REPORT_ANSWER)
    wrong = {"sequence": REPORT["sequence"] + 1, "errors": [*REPORT["errors"], REPORT["errors"][0] | {"reason": 7}]}
    answer = await player.post(f"{PLAYER}/report", json=wrong)
    assert answer.json()["rejected"] == REJECTING["rejected"]
    status = (await admin.get(f"/Devices/{REGISTRATION['serial']}/")).json()["status"]
    for name, sent in REPORT["status"].items():
        assert contains(status[name], sent), name


def contains(whole: Any, part: Any) -> bool:
    if isinstance(part, dict):
        return all(contains(whole[name], item) for name, item in part.items())
    if isinstance(part, list):
        return len(whole) == len(part) and all(map(contains, whole, part))
    return bool(whole == part)
