"""What the server writes is for its own user only."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import httpx

from signfleet.app.bootstrap import Tenant
from signfleet.foundation.private_files import tighten
from signfleet.simulator.fleet import fleet
from signfleet.simulator.screenshots import picture
from tests.api import Api
from tests.running import Running, running_server


def modes(folder: Path) -> dict[str, int]:
    """The mode of every folder and file, by the path below `folder`."""
    paths = [folder, *folder.rglob("*")]
    return {str(path.relative_to(folder)): stat.S_IMODE(path.stat().st_mode) for path in paths}


def first_credentials(folder: Path) -> Tenant:
    kept = json.loads((folder / "credentials.json").read_text())
    return Tenant(
        network=kept["network"],
        login=kept["login"],
        password=kept["password"],
        client_id=kept["client_id"],
        client_secret=kept["client_secret"],
        **dict.fromkeys(("network_id", "group_id", "person_id", "user_id"), 0),
    )


def upload_picture(server: Running, network: Tenant) -> None:
    with Api(server.address, network) as api:
        api.add_players(1)
        setup = {"Authorization": f"Bearer {api.setup_token()}"}
        facts = {"serial": "PRIVATE0001", "model": "HD1024", "firmware": "9.0.145"}
        registered = httpx.post(f"{server.address}/player/v1/register", json=facts, headers=setup).json()
        httpx.put(
            f"{server.address}/player/v1/screenshots/2024-03-13T12:00:00Z",
            content=picture(next(fleet(1)), 0, size=(320, 180)),
            headers={"Authorization": f"Bearer {registered['access_token']}", "Content-Type": "image/jpeg"},
        ).raise_for_status()


def test_folders_are_0700_and_files_0600_whatever_the_umask(tmp_path: Path) -> None:
    data = tmp_path / "data"
    before = os.umask(0o000)
    try:
        with running_server("--data", str(data), "--no-access-log") as server:
            httpx.get(f"{server.address}/health/ready")
            printed = server.wait_until_bootstrapped()
            network = first_credentials(data)
            upload_picture(server, network)
            found = modes(data)
            server.stop()
    finally:
        os.umask(before)
    assert any(name.endswith(".jpg") for name in found)
    assert set(found.values()) == {0o700, 0o600}
    assert network.password not in printed
    assert network.client_secret not in printed
    assert "credentials.json" in printed


def test_a_looser_installation_is_tightened_at_the_start(tmp_path: Path) -> None:
    with running_server("--data", str(tmp_path)) as server:
        server.wait_until_bootstrapped()
        server.stop()
    tmp_path.chmod(0o755)
    for name in ("signfleet.db", "credentials.json", "blobs"):
        (tmp_path / name).chmod(0o755)
    with running_server("--data", str(tmp_path)) as server:
        while httpx.get(f"{server.address}/health/ready").status_code != 200:
            pass
        found = modes(tmp_path)
        server.stop()
    assert {name: found[name] & 0o077 for name in (".", "signfleet.db", "credentials.json", "blobs")} == {
        ".": 0,
        "signfleet.db": 0,
        "credentials.json": 0,
        "blobs": 0,
    }


def test_a_folder_with_foreign_files_does_not_change(tmp_path: Path) -> None:
    (tmp_path / "signfleet.db").touch(0o644)
    (tmp_path / "of-somebody-else").touch(0o644)
    tmp_path.chmod(0o755)
    tighten(tmp_path, ("signfleet.db",))
    assert modes(tmp_path) == {".": 0o755, "signfleet.db": 0o600, "of-somebody-else": 0o644}


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    target = tmp_path / "elsewhere"
    target.touch(0o644)
    target.chmod(0o644)
    folder = tmp_path / "data"
    folder.mkdir(0o700)
    (folder / "signfleet.db").symlink_to(target)
    tighten(folder, ("signfleet.db",))
    assert stat.S_IMODE(target.stat().st_mode) == 0o644
