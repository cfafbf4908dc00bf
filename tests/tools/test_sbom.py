"""The bill of materials names everything that is pinned."""

from __future__ import annotations

import json
import re
from pathlib import Path

from tools import sbom

RUNTIME = (Path(__file__).parents[2] / "requirements" / "runtime.txt").read_text()


def test_the_list_has_every_pinned_package(tmp_path: Path) -> None:
    sbom.main(tmp_path)
    document = json.loads((tmp_path / "sbom.json").read_text())
    assert (document["bomFormat"], document["specVersion"]) == ("CycloneDX", "1.6")
    listed = {(component["name"], component["version"]) for component in document["components"]}
    assert listed == set(re.findall(r"^([\w.-]+)==([^\s;\\]+)", RUNTIME, re.MULTILINE))
    assert sum(len(component["properties"]) for component in document["components"]) == RUNTIME.count("--hash=sha256:")
    licenses = (tmp_path / "licenses.md").read_text()
    assert "| uvicorn | " in licenses
    assert all(f"| {name} | {version} | " in licenses for name, version in listed)


def test_the_same_requirements_give_the_same_document(tmp_path: Path) -> None:
    texts = []
    for _ in range(2):
        sbom.main(tmp_path)
        texts.append((tmp_path / "sbom.json").read_text())
    assert texts[0] == texts[1]
