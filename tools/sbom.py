"""Writes `sbom.json` (CycloneDX 1.6) and `licenses.md` of the packages that the server needs.

Names, versions and hashes come from requirements/runtime.txt, licenses from the metadata of the installed packages; a
package that this platform does not need is listed without a license.
"""

from __future__ import annotations

import json
import re
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
_REQUIREMENT = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)(.*?)(?=^\S|\Z)", re.MULTILINE | re.DOTALL)


def license_of(name: str) -> str | None:
    """Returns the license of a package: the expression, else the classifiers, else the first line of the text."""
    try:
        stated = metadata.metadata(name)
    except metadata.PackageNotFoundError:
        return None
    if expression := stated.get("License-Expression"):
        return expression
    classifiers = [
        line.rpartition(" :: ")[2] for line in stated.get_all("Classifier", []) if line.startswith("License")
    ]
    return " and ".join(classifiers) or (stated.get("License") or "").partition("\n")[0].strip() or None


def components(requirements: str) -> list[dict[str, Any]]:
    """Returns the pinned packages as CycloneDX components."""
    found = []
    for name, version, rest in _REQUIREMENT.findall(requirements):
        component: dict[str, Any] = {
            "type": "library",
            "bom-ref": f"pkg:pypi/{name}@{version}",
            "name": name,
            "version": version,
            "purl": f"pkg:pypi/{name}@{version}",
            # One for each file that the package is distributed as: any of them may be installed.
            "properties": [
                {"name": "signfleet:sha256", "value": hash_} for hash_ in re.findall(r"sha256:([0-9a-f]{64})", rest)
            ],
        }
        if stated := license_of(name):
            component["licenses"] = [{"license": {"name": stated}}]
        found.append(component)
    return found


def document(listed: list[dict[str, Any]], version: str) -> dict[str, Any]:
    """Returns the bill of materials. It has no date: the same requirements give the same file."""
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "bom-ref": "signfleet",
                "name": "signfleet",
                "version": version,
                "licenses": [{"license": {"id": "Apache-2.0"}}],
            }
        },
        "components": listed,
        "dependencies": [{"ref": "signfleet", "dependsOn": [component["bom-ref"] for component in listed]}],
    }


def licenses(listed: list[dict[str, Any]]) -> str:
    """Returns the packages and their licenses as a table."""
    lines = ["# Licenses of what the server needs", "", "| package | version | license |", "|---|---|---|"]
    for component in listed:
        stated = component["licenses"][0]["license"]["name"] if "licenses" in component else "not installed here"
        lines.append(f"| {component['name']} | {component['version']} | {stated} |")
    return "\n".join(lines) + "\n"


def main(folder: Path = ROOT) -> None:
    sys.path.insert(0, str(ROOT / "src"))
    from signfleet import __version__  # noqa: PLC0415 - after the path is set

    listed = components((ROOT / "requirements" / "runtime.txt").read_text())
    (folder / "sbom.json").write_text(json.dumps(document(listed, __version__), indent=1) + "\n")
    (folder / "licenses.md").write_text(licenses(listed))


if __name__ == "__main__":
    main()
