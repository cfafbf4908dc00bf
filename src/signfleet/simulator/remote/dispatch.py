"""Finds what answers a route of the web interface of a simulated player."""

from __future__ import annotations

import json
from typing import Any, Final, NamedTuple
from urllib.parse import unquote

from signfleet.simulator.remote import control, diagnostics, information, registry, screen, storage, video
from signfleet.simulator.remote.asking import Ask, Refusal, fold
from signfleet.simulator.remote.screen import Handler
from signfleet.simulator.remote.state import State

#: A longer result travels as a file.
RESULT_LIMIT: Final = 49_152
#: The name of that file.
FILE: Final = "answer.json"

_OUTPUT: Final = "video/*/output/*"
#: `*` stands for one segment, `**` for all that follow.
ROUTES: Final[dict[tuple[str, str], Handler]] = {
    ("GET", "info"): information.info,
    ("GET", "time"): information.get_time,
    ("PUT", "time"): information.put_time,
    ("GET", "health"): information.health,
    ("GET", "logs"): information.logs,
    ("GET", "crash-dump"): information.crash_dump,
    ("PUT", "control/reboot"): control.reboot,
    ("GET", "control/dws-password"): control.get_password,
    ("PUT", "control/dws-password"): control.put_password,
    ("GET", "control/local-dws"): control.get_local_dws,
    ("PUT", "control/local-dws"): control.put_local_dws,
    ("PUT", "control/ssh-host-keys/reset"): control.reset_ssh_keys,
    ("PUT", "control/dws-default-certs/reset"): control.reset_certificates,
    ("PUT", "custom"): control.custom,
    ("GET", "download-firmware"): control.download_firmware,
    ("GET", "re-provision"): control.re_provision,
    ("GET", "files/**"): storage.list_files,
    ("PUT", "files/**"): storage.put_files,
    ("POST", "files/**"): storage.rename_file,
    ("DELETE", "files/**"): storage.delete_file,
    ("DELETE", "storage/*"): storage.format_storage,
    ("GET", "diagnostics"): diagnostics.diagnose,
    ("GET", "diagnostics/dns-lookup/*"): diagnostics.dns_lookup,
    ("GET", "diagnostics/ping/*"): diagnostics.ping,
    ("GET", "diagnostics/trace-route/*"): diagnostics.trace_route,
    ("GET", "diagnostics/network-configuration/*"): diagnostics.get_configuration,
    ("PUT", "diagnostics/network-configuration/*"): diagnostics.put_configuration,
    ("GET", "diagnostics/network-neighborhood"): diagnostics.neighborhood,
    ("GET", "diagnostics/packet-capture"): diagnostics.get_capture,
    ("POST", "diagnostics/packet-capture"): diagnostics.start_capture,
    ("DELETE", "diagnostics/packet-capture"): diagnostics.stop_capture,
    ("GET", "diagnostics/telnet"): diagnostics.get_telnet,
    ("PUT", "diagnostics/telnet"): diagnostics.put_telnet,
    ("GET", "diagnostics/ssh"): diagnostics.get_ssh,
    ("PUT", "diagnostics/ssh"): diagnostics.put_ssh,
    ("POST", "snapshot"): video.snapshot,
    ("GET", "video-mode"): video.get_video_mode,
    ("GET", _OUTPUT): video.get_output,
    ("GET", f"{_OUTPUT}/edid"): video.get_edid,
    ("GET", f"{_OUTPUT}/power-save"): video.get_power_save,
    ("PUT", f"{_OUTPUT}/power-save"): video.put_power_save,
    ("GET", f"{_OUTPUT}/modes"): video.get_modes,
    ("GET", f"{_OUTPUT}/mode"): video.get_mode,
    ("PUT", f"{_OUTPUT}/mode"): video.put_mode,
    ("GET", "advanced/property-lock"): video.get_lock,
    ("PUT", "advanced/property-lock"): video.put_lock,
    ("GET", "registry/recovery_url"): registry.get_recovery,
    ("PUT", "registry/recovery_url"): registry.put_recovery,
    ("GET", "registry/recovery-url"): registry.get_recovery,
    ("PUT", "registry/recovery-url"): registry.put_recovery,
    ("PUT", "registry/flush"): registry.flush,
    ("GET", "registry"): registry.get_registry,
    ("GET", "registry/*/*"): registry.get_key,
    ("PUT", "registry/*/*"): registry.put_key,
    ("DELETE", "registry/*/*"): registry.delete_key,
    ("DELETE", "registry/*"): registry.delete_section,
    ("GET", "display-control"): screen.get_all,
    ("GET", "display-control/info"): screen.get_info,
    ("PUT", "display-control/firmware"): screen.put_firmware,
    **screen.routes(),
}


class Answered(NamedTuple):
    """What the command `relay` results in, the content of a file if the result is long, and whether to restart."""

    result: dict[str, Any]
    file: bytes | None = None
    restarts: bool = False


def answer(state: State, arguments: dict[str, Any], now: int) -> Answered:
    """Answers a relayed request."""
    segments = [unquote(part) for part in arguments["route"].strip("/").split("/")][1:]
    found = _find(arguments["method"], segments)
    if found is None:
        message = f"This player has no route {arguments['method']} {arguments['route']}."
        return Answered({"status": 404, "message": message})
    handler, values = found
    data = arguments.get("data") or {}
    ask = Ask(values, arguments.get("query") or {}, {fold(name): value for name, value in data.items()}, now)
    try:
        reply = handler(state, ask)
    except Refusal as refusal:
        return Answered({"status": refusal.status, "message": refusal.message})
    text = json.dumps(reply.result).encode()
    if len(text) > RESULT_LIMIT:
        return Answered({"status": 200, "file": FILE}, text, reply.restarts)
    return Answered({"status": 200, "data": reply.result}, None, reply.restarts)


def _find(method: str, segments: list[str]) -> tuple[Handler, tuple[str, ...]] | None:
    """Returns what answers a route, and the values in it; literals come first."""
    for (known, pattern), handler in ROUTES.items():
        parts = pattern.split("/")
        if known != method:
            continue
        if parts[-1] == "**" and len(segments) >= len(parts) and segments[: len(parts) - 1] == parts[:-1]:
            return handler, tuple(segments[len(parts) - 1 :])
        if len(parts) == len(segments) and all(
            part in ("*", segment) for part, segment in zip(parts, segments, strict=True)
        ):
            values = [segment for part, segment in zip(parts, segments, strict=True) if part == "*"]
            return handler, tuple(values)
    return None
