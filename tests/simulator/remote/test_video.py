"""What simulated players answer about pictures: snapshots as they are asked for."""

from __future__ import annotations

import json
from base64 import b64decode
from dataclasses import replace
from io import BytesIO
from typing import Any

import pytest
from PIL import Image

from signfleet.simulator.fleet import fleet
from signfleet.simulator.machine import Machine
from signfleet.simulator.remote.dispatch import answer
from signfleet.simulator.remote.state import State

NOW = 1_710_347_352_000
PROFILE = next(profile for profile in fleet(200) if profile.model == "HD1024" and profile.condition == "healthy")


def shoot(state: State, **data: Any) -> dict[str, Any]:
    asked = {"method": "POST", "route": "/v1/snapshot", "data": data}
    found = answer(state, asked, NOW)
    result: dict[str, Any] = found.result
    if found.file is not None:
        result = {"status": 200, "data": json.loads(found.file)}
    return result


def image_of(result: dict[str, Any]) -> tuple[str, Image.Image]:
    """Returns the media type and the whole picture; its size is as the answer says."""
    head, _, text = result["data"]["remoteSnapshotThumbnail"].partition(";base64,")
    with Image.open(BytesIO(b64decode(text))) as opened:
        image = opened.convert("RGB")
        assert opened.format == {"data:image/jpeg": "JPEG", "data:image/png": "PNG"}[head]
    assert image.size == (result["data"]["width"], result["data"]["height"])
    return head.removeprefix("data:"), image


@pytest.mark.parametrize("is_portrait", [False, True])
@pytest.mark.parametrize(
    ("data", "size"),
    [
        ({}, (640, 360)),
        ({"shouldCaptureFullResolution": True}, (1920, 1080)),
        ({"width": 320, "height": 200}, (320, 200)),
        ({"width": 960}, (960, 540)),
        ({"height": 270, "quality": 20}, (480, 270)),
    ],
)
def test_a_snapshot_has_the_size_that_was_asked_for(
    data: dict[str, Any], size: tuple[int, int], is_portrait: bool
) -> None:
    if is_portrait:
        turned = {"width": "height", "height": "width"}
        data, size = {turned.get(name, name): value for name, value in data.items()}, size[::-1]
    state = State(Machine(replace(PROFILE, portrait=is_portrait), NOW))
    assert image_of(shoot(state, **data))[1].size == size


@pytest.mark.parametrize("form", ["jpeg", "PNG", "jpg"])
def test_a_snapshot_has_the_format_that_was_asked_for(form: str) -> None:
    state = State(Machine(PROFILE, NOW))
    result = shoot(state, format=form, displayId=1)
    kind = "image/png" if form == "PNG" else "image/jpeg"
    assert image_of(result)[0] == kind
    stored = state.files[result["data"]["filename"]]
    assert stored == b64decode(result["data"]["remoteSnapshotThumbnail"].partition(",")[2])


def test_a_region_is_that_part_of_the_screen() -> None:
    state = State(Machine(PROFILE, NOW))
    _, whole = image_of(shoot(state, format="png", shouldCaptureFullResolution=True))
    region = {"x": 100, "y": 900, "width": 300, "height": 150}
    _, part = image_of(shoot(state, format="png", region=region))
    assert part.tobytes() == whole.crop((100, 900, 400, 1050)).tobytes()
    assert image_of(shoot(state, region=region, width=150))[1].size == (150, 75)


@pytest.mark.parametrize(
    ("data", "status"),
    [
        ({"format": "gif"}, 400),
        ({"displayId": 4}, 404),
        ({"width": 10_000}, 400),
        ({"region": "all"}, 400),
        ({"region": {"x": 0, "y": 0, "width": 2000, "height": 10}}, 400),
        ({"region": {"x": -1, "y": 0, "width": 10, "height": 10}}, 400),
    ],
)
def test_a_snapshot_that_cannot_be_taken_is_refused(data: dict[str, Any], status: int) -> None:
    result = shoot(State(Machine(PROFILE, NOW)), **data)
    assert result["status"] == status
    assert result["message"]
