"""Files of others that the console serves."""

from __future__ import annotations

import pytest

from tools.vendor import FOLDER, folder_of, packages, sum_of


@pytest.mark.parametrize(("name", "package"), packages(), ids=[name for name, _ in packages()])
def test_vendored_files_are_those_that_were_published(name: str, package: dict[str, object]) -> None:
    files = package["files"]
    assert isinstance(files, dict)
    assert {path: sum_of(folder_of(name, package) / path.rpartition("/")[2]) for path in files} == files
    assert package["licence"]


def test_every_vendored_file_is_declared() -> None:
    declared = {
        folder_of(name, package) / path.rpartition("/")[2] for name, package in packages() for path in package["files"]
    }
    assert {path for path in FOLDER.rglob("*") if path.is_file() and path.name != "vendor.toml"} == declared
