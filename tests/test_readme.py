"""The README's first session works as it is printed."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.curl import curl_on_path
from tests.running import running_demo

README = Path(__file__).parents[1] / "README.md"


def documents(text: str) -> list[dict[str, Any]]:
    """The JSON documents that a text consists of."""
    found, decoder = [], json.JSONDecoder()
    while text:
        document, end = decoder.raw_decode(text)
        found.append(document)
        text = text[end:]
    return found


@pytest.mark.parametrize("data", ["data", "elsewhere"])
def test_the_first_session(tmp_path: Path, data: str) -> None:
    session = "".join(re.findall(r"```sh\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL))
    with running_demo(tmp_path / data, players=12):
        done = subprocess.run(
            ["sh", "-eu", "-c", session],
            cwd=tmp_path,
            env=curl_on_path(tmp_path) | ({} if data == "data" else {"DATA": data}),
            capture_output=True,
            text=True,
            check=True,
        )
    page, filtered, changed, info, rebooted = documents(done.stdout)
    assert (len(page["items"]), page["totalItemCount"]) == (5, 12)
    names = [device["settings"]["name"] for device in filtered["items"]]
    assert names
    assert names == sorted(names, key=str.casefold, reverse=True)
    assert changed["settings"]["description"] == "Above the main entrance"
    about = info["data"]["result"]
    assert "isFromLastReport" not in about, "the player itself answers"
    with Image.open(tmp_path / "snapshot.jpg") as picture:
        assert min(picture.size) >= 240
    assert rebooted["data"]["result"]["reboot"] is True
