"""Fetches the files of others that the console serves, and compares them with the sums in vendor.toml.

Needs npm. Files land in `NAME-VERSION/`, unmodified. After a new version: change it in vendor.toml, run
`make vendor`, and copy the sums that it prints.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tarfile
import tempfile
import tomllib
from pathlib import Path
from typing import Any

NPM = shutil.which("npm") or "npm"
FOLDER = Path(__file__).parents[1] / "src" / "signfleet" / "console" / "vendor"


def packages() -> list[tuple[str, dict[str, Any]]]:
    """Returns the packages of vendor.toml: the name, and its version, licence and files with their sums."""
    declared = tomllib.loads((FOLDER / "vendor.toml").read_text(encoding="utf-8"))
    return [(name, package) for name, versions in declared.items() for package in versions]


def folder_of(name: str, package: dict[str, Any]) -> Path:
    """Returns where the files of a package are."""
    return FOLDER / f"{name.replace('/', '-').lstrip('@')}-{package['version']}"


def sum_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def fetch(name: str, package: dict[str, Any]) -> bool:
    """Fetches one package; returns whether its files have the declared sums."""
    target = folder_of(name, package)
    target.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        wanted = f"{name}@{package['version']}"
        subprocess.run([NPM, "pack", "--silent", wanted], cwd=folder, check=True)  # noqa: S603 - from vendor.toml
        (archive,) = Path(folder).glob("*.tgz")
        with tarfile.open(archive) as packed:
            packed.extractall(folder, filter="data")
        for file in package["files"]:
            shutil.copyfile(Path(folder) / "package" / file, target / Path(file).name)
    fits = True
    for file, expected in package["files"].items():
        found = sum_of(target / Path(file).name)
        if found != expected:
            print(f"{name} {package['version']}: {file} has the sum {found}")
            fits = False
    return fits


if __name__ == "__main__":
    fitting = [fetch(name, package) for name, package in packages()]
    sys.exit(not all(fitting))
