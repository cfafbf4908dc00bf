"""`bsn-cloud-api` as published drives players: each of its functions, over the server and simulated players."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.api import Api
from tests.clients.conftest import Fleet, RunClient
from tests.clients.crew import SERIALS, running_crew

SCRIPT = """
import json, sys
import bsn_cloud_api.api as api
arguments = json.loads(sys.argv[1])
calls = json.loads(arguments.pop("calls"))
api.configure(**arguments)
print(json.dumps([getattr(api, name)(*given) for name, given in calls]))
"""
PLAYER = SERIALS[0]
#: Calls that a player refuses, or that name no player.
REFUSED = {"put_device_password 2", "delete_device_file 2", "get_device_registry_key 2", "get_device_info 2"}


def call(name: str, *arguments: Any, player: str = PLAYER) -> tuple[str, list[Any]]:
    return name, [player, *arguments]


def result(answer: dict[str, Any]) -> Any:
    assert "data" in answer, answer
    return answer["data"]["result"]


@pytest.fixture(scope="module")
def said(fleet: Fleet, run_client: RunClient, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """The answers to all calls, by function; where one is called again, by its name and a number."""
    folder = tmp_path_factory.mktemp("files")
    text, data = folder / "menu.json", folder / "picture.png"
    text.write_text('{"soup": "ü"}', encoding="utf-8")
    data.write_bytes(bytes(range(256)) * 200)
    calls = all_calls(text, data)
    with Api(fleet.address, fleet.network) as api, running_crew(fleet.address, api.setup_token()):
        network = fleet.network
        answers = run_client(
            SCRIPT,
            calls=json.dumps(calls),
            client_id=network.client_id,
            secret=network.client_secret,
            network=network.network,
        )
        found: dict[str, Any] = {}
        for (name, _), answer in zip(calls, answers, strict=True):
            again = sum(known.partition(" ")[0] == name for known in found)
            found[f"{name} {again + 1}" if again else name] = answer
        yield found


def all_calls(text: Path, data: Path) -> list[tuple[str, list[Any]]]:
    """Returns every function of the package that drives a player, with its arguments.

    Functions that make their player restart get a player of their own, since it is away afterwards.
    """
    others = iter(SERIALS[1:])

    def alone(name: str, *arguments: Any) -> tuple[str, list[Any]]:
        return name, [next(others), *arguments]

    lock = (True, False)
    return [
        call("get_device_info"),
        call("get_device_time"),
        call("put_device_time", "12:34:56", "2030-01-02", True),
        call("get_device_time"),
        call("get_device_health"),
        call("get_device_logs"),
        call("get_device_crash_dumps"),
        call("get_device_password"),
        call("put_device_password", "Str0ng!", ""),
        call("get_device_password"),
        call("put_device_password", "x", "wrong"),
        call("set_device_local_dws", False),
        call("get_device_local_dws_status"),
        call("reset_device_ssh_host_keys"),
        call("reset_device_dws_default_certs", False),
        call("put_device_files", str(text)),
        call("put_device_files", str(data), "sd", "media/new"),
        call("create_device_directory", "empty"),
        call("rename_device_file", "menu.json", "soup.json"),
        call("get_device_files"),
        call("get_device_files", "sd", "media/new/picture.png", False, True),
        call("delete_device_file", "soup.json"),
        call("delete_device_file", "soup.json"),
        call("get_device_diagnostics"),
        call("get_device_dns_lookup", "example.org"),
        call("get_device_ping", "example.org"),
        call("get_device_traceroute", "example.org", False),
        call("put_device_network_config", "eth0", {"metric": 7, "dnsServerList": ["10.0.0.9"]}),
        call("get_device_network_config", "eth0"),
        call("get_device_network_neighborhood"),
        call("start_device_packet_capture", "trace.pcap"),
        call("get_device_packet_capture_status"),
        call("stop_device_packet_capture"),
        call("get_device_packet_capture_status"),
        call("put_device_telnet_config", True, 2323, "secret", False),
        call("get_device_telnet_status"),
        call("put_device_ssh_config", True, 2222, "secret", None, False),
        call("get_device_ssh_status"),
        call("take_device_snapshot"),
        call("send_device_custom_command", "next"),
        call("send_device_custom_command", "status", False),
        call("get_device_video_mode"),
        call("get_device_video_output"),
        call("get_device_video_edid"),
        call("set_device_video_power_save", True),
        call("get_device_video_power_save"),
        call("get_device_video_modes"),
        call("get_device_video_current_mode", "best"),
        call("get_device_property_lock"),
        call("get_device_registry"),
        call("set_device_registry_key", "new section", "a ü", 23),
        call("get_device_registry_key", "new section", "a ü"),
        call("delete_device_registry_key", "new section", "a ü"),
        call("get_device_registry_key", "new section", "a ü"),
        call("flush_device_registry"),
        call("set_device_recovery_url", "http://recovery.example/"),
        call("get_device_recovery_url"),
        call("set_display_brightness", 11),
        call("get_display_brightness"),
        call("set_display_contrast", 22),
        call("get_display_contrast"),
        call("set_display_volume", 33),
        call("get_display_volume"),
        call("set_display_always_connected", True),
        call("get_display_always_connected"),
        call("set_display_always_on", False),
        call("get_display_always_on"),
        call("set_display_power_settings", "standby"),
        call("get_display_power_settings"),
        call("set_display_standby_timeout", 60),
        call("get_display_standby_timeout"),
        call("set_display_sd_connection", "display"),
        call("get_display_sd_connection"),
        call("set_display_video_output", "hdmi2"),
        call("get_display_video_output"),
        call("set_display_white_balance", 1, 2, 3),
        call("get_display_white_balance"),
        call("get_display_info"),
        call("get_display_control_all"),
        call("get_device_info", player="NOBODY1"),
        alone("put_device_reboot", "crash_report"),
        alone("device_format_storage"),
        alone("reformat_device_storage"),
        alone("reprovision_device"),
        alone("download_device_firmware", "https://files.example/cobra-9.1.52-update.bsfw"),
        alone("set_device_video_mode", "3840x2160x30p"),
        alone("set_device_property_lock", *lock),
        alone("update_display_firmware", "/storage/sd/tv.bin"),
    ]


#: The functions that are called here.
FUNCTIONS = {name for name, _ in all_calls(Path("text"), Path("data"))}


def test_every_function_succeeds_unless_it_asks_for_what_does_not_exist(said: dict[str, Any]) -> None:
    for name, answer in said.items():
        if name in REFUSED:
            assert answer["error"] in {403, 404}, name
        else:
            found = result(answer)
            assert found is not None, name
            assert not isinstance(found, dict) or found.get("success", True) is True, name


def test_what_a_player_is(said: dict[str, Any]) -> None:
    info = said["get_device_info"]
    assert (info["route"], info["method"]) == ("/v1/info", "GET")
    assert result(info)["serial"] == PLAYER
    assert result(info)["ethernet"][0]["interfaceName"] == "eth0"
    assert result(said["get_device_health"])["status"] == "active"
    assert "l=p,z=1," in result(said["get_device_logs"])
    assert result(said["get_device_crash_dumps"])["crashDumpFiles"] == []
    assert said["get_device_info 2"]["error"] == 404


def test_the_clock_is_set_and_read_back(said: dict[str, Any]) -> None:
    assert result(said["put_device_time"]) is True
    time = result(said["get_device_time 2"])
    assert time["time"].startswith("2030-01-02 12:3")
    assert (time["year"], time["month"], time["date"], time["hour"]) == (2030, 1, 2, 12)


def test_switches_are_read_back(said: dict[str, Any]) -> None:
    assert result(said["get_device_password"])["password"] == {"isResultValid": True, "isBlank": True}
    assert result(said["put_device_password"])["success"] is True
    assert result(said["get_device_password 2"])["password"]["isBlank"] is False
    assert said["put_device_password 2"]["error"] == 403
    assert result(said["get_device_local_dws_status"]) == {
        "success": True,
        "value": False,
        "enabled": False,
        "port": 80,
    }
    assert result(said["get_device_telnet_status"])["portNumber"] == 2323
    ssh = result(said["get_device_ssh_status"])
    assert (ssh["enabled"], ssh["port"]) == (True, 2222)
    assert result(said["reset_device_ssh_host_keys"])["reboot"] is False
    assert result(said["reset_device_dws_default_certs"])["reboot"] is False


def test_files_are_uploaded_renamed_read_and_deleted(said: dict[str, Any]) -> None:
    assert result(said["put_device_files"])["results"] == ["menu.json"]
    listed = result(said["get_device_files"])
    assert {"soup.json", "media", "empty"} <= {file["name"] for file in listed["files"]}
    assert listed["storageInfo"]["mountedOn"] == "/storage/sd"
    assert b64decode(result(said["get_device_files 2"])["contents"]) == bytes(range(256)) * 200
    assert result(said["delete_device_file"])["success"] is True
    assert said["delete_device_file 2"]["error"] == 404
    assert result(said["create_device_directory"])["success"] is True
    assert result(said["rename_device_file"])["success"] is True


def test_the_network_is_examined(said: dict[str, Any]) -> None:
    assert result(said["get_device_diagnostics"])["internet"]["ok"] is True
    assert result(said["get_device_dns_lookup"])["records"]["ipv4"]
    assert result(said["get_device_ping"])["response"]["results"]["ipv4"][0]["results"]["transmitted"] == 4
    assert result(said["get_device_traceroute"])["results"]["example.org"]["route"][0]["hop"] == 1
    assert result(said["get_device_network_config"])["response"][0]["metric"] == 7
    assert result(said["get_device_network_neighborhood"])["response"]
    assert result(said["put_device_network_config"])["success"] is True
    assert result(said["get_device_packet_capture_status"])["is_running"] is True
    assert result(said["stop_device_packet_capture"])["filePath"] == "/storage/sd/trace.pcap"
    assert result(said["get_device_packet_capture_status 2"])["is_running"] is False


def test_a_snapshot_is_a_picture_of_its_size(said: dict[str, Any]) -> None:
    shot = result(said["take_device_snapshot"])
    picture = Image.open(BytesIO(b64decode(shot["remoteSnapshotThumbnail"].partition(",")[2])))
    assert picture.size == (shot["width"], shot["height"])
    assert picture.format == "JPEG"
    assert '"error"' not in json.dumps(said["take_device_snapshot"])


def test_video_and_registry_are_set_and_read_back(said: dict[str, Any]) -> None:
    assert result(said["get_device_video_mode"])["width"] == "1920"
    assert result(said["get_device_video_output"])["attached"] == {"result": True}
    assert result(said["get_device_video_edid"])["monitorName"]
    assert result(said["get_device_video_power_save"])["enabled"] is True
    assert len(result(said["get_device_video_modes"])) > 3
    assert result(said["get_device_video_current_mode"])["modeName"] == "3840x2160x60p"
    assert result(said["get_device_property_lock"])["forceRegistrySettings"] is False
    assert result(said["get_device_registry"])["value"]["brightscript"] == {"debug": "0"}
    stored = {"section": "new section", "key": "a ü", "value": "23"}
    for name in ("set_device_registry_key", "get_device_registry_key"):
        assert result(said[name]).items() >= stored.items()
    assert said["get_device_registry_key 2"]["error"] == 404
    assert result(said["set_device_recovery_url"])["url"] == "http://recovery.example/"
    assert result(said["get_device_recovery_url"])["value"] == "http://recovery.example/"
    assert result(said["flush_device_registry"])["success"] is True
    assert result(said["send_device_custom_command"]) == {"success": True, "message": "done"}
    assert result(said["send_device_custom_command 2"])["response"] == "received status"


def test_the_screen_is_set_and_read_back(said: dict[str, Any]) -> None:
    expected = {
        "brightness": 11,
        "contrast": 22,
        "volume": 33,
        "tvInfo": result(said["get_display_info"]),
        "whiteBalance": {"redBalance": 1, "greenBalance": 2, "blueBalance": 3},
        "idleStandbyTimeout": 60,
        "powerSetting": "standby",
        "videoOutput": "hdmi2",
        "sdConnection": "display",
        "alwaysConnectedEnabled": True,
    }
    assert result(said["get_display_control_all"]) == expected
    for setting in ("brightness", "contrast", "volume", "always_connected", "always_on", "power_settings"):
        changed, read = result(said[f"set_display_{setting}"]), result(said[f"get_display_{setting}"])
        assert changed == {"success": True, "message": "done"} | read
    for setting in ("standby_timeout", "sd_connection", "video_output", "white_balance"):
        changed, read = result(said[f"set_display_{setting}"]), result(said[f"get_display_{setting}"])
        assert changed == {"success": True, "message": "done"} | read


def test_what_restarts_a_player_answers_before(said: dict[str, Any]) -> None:
    assert result(said["put_device_reboot"]) == {"success": True, "reboot": True, "message": "The player restarts."}
    for name in ("download_device_firmware", "set_device_video_mode", "set_device_property_lock"):
        assert result(said[name])["reboot"] is True
    assert result(said["update_display_firmware"])["reboot"] is True
    assert result(said["device_format_storage"])["error"] == ""
    assert "exfat" in result(said["reformat_device_storage"])["output"]
    assert '"error"' not in json.dumps(said["reprovision_device"])
    assert result(said["reprovision_device"])["success"] is True
