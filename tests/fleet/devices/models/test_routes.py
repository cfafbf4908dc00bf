"""GET of /Devices/Models/ and what is below it."""

from __future__ import annotations

import pytest
from httpx import AsyncClient

from tests.fleet.devices.stored import example

pytestmark = pytest.mark.parametrize("bootstrapped", ["sqlite"], indirect=True)


@pytest.mark.contract(
    "GET /Devices/Models/",
    "GET /Devices/Models/{model}/",
    "GET /Devices/Models/{model}/Connectors/",
    "GET /Devices/Models/{model}/Connectors/{connector}/",
    "GET /Devices/Models/{model}/Connectors/{connector}/VideoModes/",
)
@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("", "4-get-devices-models-answer"),
        ("XD1034/", "5-get-devices-models-model-answer"),
        ("xd1034/", "5-get-devices-models-model-answer"),
        ("XD1034/Connectors/", "6-get-devices-models-model-connectors-answer"),
        ("XD1034/Connectors/HDMI/", "7-get-devices-models-model-connectors-connector-answer"),
        ("xd1034/connectors/hdmi", "7-get-devices-models-model-connectors-connector-answer"),
        ("XD1034/Connectors/HDMI/VideoModes/", "8-get-devices-models-model-connectors-connector-videomodes-answer"),
    ],
)
async def test_the_examples_are_answered(path: str, name: str, admin: AsyncClient) -> None:
    answer = await admin.get(f"/Devices/Models/{path}")
    assert (answer.status_code, answer.json()) == (200, example(f"001-3{name}"))


async def test_an_audio_player_has_no_connectors(admin: AsyncClient) -> None:
    assert (await admin.get("/Devices/Models/AU335/Connectors/")).json() == []


@pytest.mark.parametrize(
    "path",
    [
        "HD9999/",
        "HD9999/Connectors/",
        "HD9999/Connectors/HDMI/",
        "HD9999/Connectors/HDMI/VideoModes/",
        "XD1034/Connectors/VGA/",
        "XD1034/Connectors/VGA/VideoModes/",
        "AU335/Connectors/HDMI/",
    ],
)
async def test_an_unknown_model_or_connector_is_404(path: str, admin: AsyncClient) -> None:
    answer = await admin.get(f"/Devices/Models/{path}")
    assert answer.status_code == 404
    assert path.split("/")[2 if "XD" in path or "AU" in path else 0] in answer.json()["message"]
