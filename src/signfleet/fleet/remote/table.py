"""All routes of Remote DWS: who may call each, what it takes and what it answers.

The dispatch, the rights, the documentation, COMPATIBILITY.md and the tests of simulated players derive from it.
"""

from __future__ import annotations

from functools import cache
from typing import Final, NamedTuple
from urllib.parse import unquote

from signfleet.identity.access.operations.definitions import (
    SETUP_DEVICE,
    UNIT_CONTROL,
    VIEW_DEVICE,
    VIEW_SCREENSHOTS,
)
from signfleet.identity.access.operations.operation import Operation


class Route(NamedTuple):
    """One route below `/rest/v1/`.

    `takes` lists the members of the request's `data`, `answers` those of `data.result`, each as `name:type`; a single
    type stands for a bare value. `{path}` at the end of a pattern takes all segments that follow.
    """

    method: str
    pattern: str
    operation: Operation
    answers: str
    takes: str = ""
    #: The player restarts for it, so that a repeat while it is away has the answer of the first request.
    restarts: bool = False
    #: Changes nothing, whatever its method.
    reads: bool = False

    @property
    def name(self) -> str:
        """Returns how documents and tests name it."""
        return f"{self.method} {self.pattern}/"


_SWITCH: Final = "success:bool reboot:bool"
_DONE: Final = "success:bool"
_OUTPUT: Final = "video/{connector}/output/{output}"


def _reads(pattern: str, answers: str, operation: Operation = VIEW_DEVICE, method: str = "GET") -> Route:
    return Route(method, pattern, operation, answers, reads=True)


def _sets(pattern: str, takes: str, answers: str = _DONE, *, restarts: bool = False) -> Route:
    return Route("PUT", pattern, SETUP_DEVICE, answers, takes, restarts)


def _screen(setting: str, takes: str, answers: str) -> tuple[Route, Route]:
    """Returns the two routes of one setting of a screen."""
    pattern = f"display-control/{setting}"
    changed = f"{_DONE} {answers}"
    return _reads(pattern, answers), Route("PUT", pattern, UNIT_CONTROL, changed, takes)


ROUTES: Final = (
    _reads(
        "info",
        "serial:text model:text FWVersion:text bootVersion:text family:text isPlayer:bool upTime:text"
        " upTimeSeconds:number connectionType:text ethernet:list power:object poe:object extensions:object"
        " blessings:object networking:object hardware_features:object api_features:object active_features:object"
        " bsnce:bool",
    ),
    _reads(
        "time",
        "time:text timezone_mins:number timezone_name:text timezone_abbr:text year:number month:number date:number"
        " hour:number minute:number second:number millisecond:number",
    ),
    Route("PUT", "time", UNIT_CONTROL, "bool", "time:text date:text applyTimezone:bool?"),
    _reads("health", "status:text statusTime:text"),
    _reads("logs", "text"),
    _reads("crash-dump", "isRecent:bool crashDumpFiles:list"),
    Route(
        "PUT",
        "control/reboot",
        UNIT_CONTROL,
        "success:bool reboot:bool message:text",
        "crash_report:bool? factory_reset:bool? autorun:text?",
        restarts=True,
    ),
    _reads("control/dws-password", "success:bool password:object"),
    _sets("control/dws-password", "password:text previous_password:text", _SWITCH),
    _reads("control/local-dws", "success:bool value:bool enabled:bool port:number"),
    _sets("control/local-dws", "enable:bool", _SWITCH),
    _sets("control/ssh-host-keys/reset", "reboot:text?", _SWITCH, restarts=True),
    _sets("control/dws-default-certs/reset", "reboot:text?", _SWITCH, restarts=True),
    Route("PUT", "custom", UNIT_CONTROL, _DONE, "command:text returnImmediately:bool?"),
    Route("GET", "download-firmware", SETUP_DEVICE, _SWITCH, restarts=True),
    Route("GET", "re-provision", SETUP_DEVICE, _DONE, restarts=True),
    _reads("files/{path}", "name:text type:text path:text files:list"),
    _sets("files/{path}", "fileUploadPath:text? files:list?"),
    Route("POST", "files/{path}", SETUP_DEVICE, _DONE, "name:text"),
    Route("DELETE", "files/{path}", SETUP_DEVICE, _DONE),
    Route("DELETE", "storage/{device}", SETUP_DEVICE, "success:bool output:text error:text", "fs:text?", restarts=True),
    _reads("diagnostics", "ethernet:object wifi:object modem:object internet:object"),
    _reads("diagnostics/dns-lookup/{name}", "records:object server_test:object errorList:list success:bool"),
    _reads("diagnostics/ping/{host}", "response:object success:bool host:text"),
    _reads("diagnostics/trace-route/{host}", "results:object success:bool hops:list"),
    _reads("diagnostics/network-configuration/{interface}", "response:list interface:text type:text"),
    _sets("diagnostics/network-configuration/{interface}", "type:text?"),
    _reads("diagnostics/network-neighborhood", "response:list success:bool neighbors:list"),
    _reads("diagnostics/packet-capture", "is_running:bool running:bool"),
    Route(
        "POST",
        "diagnostics/packet-capture",
        UNIT_CONTROL,
        "success:bool filePath:text",
        "filename:text? interface:text? duration:number? maxPackets:number? snaplen:number? filter:text?",
    ),
    Route("DELETE", "diagnostics/packet-capture", UNIT_CONTROL, "success:bool filePath:text"),
    _reads("diagnostics/telnet", "enabled:bool portNumber:number port:number"),
    _sets("diagnostics/telnet", "enabled:bool portNumber:number? password:text? reboot:bool?", _SWITCH, restarts=True),
    _reads("diagnostics/ssh", "enabled:bool portNumber:number port:number"),
    _sets(
        "diagnostics/ssh",
        "enabled:bool portNumber:number? password:text? obfuscatedPassword:text? reboot:bool?",
        _SWITCH,
        restarts=True,
    ),
    Route(
        "POST",
        "snapshot",
        VIEW_SCREENSHOTS,
        "remoteSnapshotThumbnail:text filename:text timestamp:text devicename:text width:number height:number",
        "width:number? height:number? shouldCaptureFullResolution:bool? format:text? quality:number? displayId:number?"
        " region:object?",
        reads=True,
    ),
    _reads("video-mode", "width:text height:text frames:text scan:text name:text isAutoMode:bool mode:object"),
    _reads(_OUTPUT, "attached:object status:object activeMode:object bestMode:text"),
    _reads(f"{_OUTPUT}/edid", "monitorName:text"),
    _reads(f"{_OUTPUT}/power-save", "is_connected:bool is_powered:bool enabled:bool"),
    Route("PUT", f"{_OUTPUT}/power-save", UNIT_CONTROL, _DONE, "enabled:bool"),
    _reads(f"{_OUTPUT}/modes", "list"),
    _reads(f"{_OUTPUT}/mode", "modeName:text width:number height:number"),
    _sets(f"{_OUTPUT}/mode", "name:object", _SWITCH, restarts=True),
    _reads(
        "advanced/property-lock",
        "settingsHandlerEnabled:bool forceRegistrySettings:bool registryEnableSettings:bool bsnce:bool",
    ),
    _sets("advanced/property-lock", "forceRegistrySettings:bool registryEnableSettings:bool?", _SWITCH, restarts=True),
    _reads("registry", "success:bool value:object sections:object"),
    _reads("registry/recovery_url", "success:bool value:text url:text"),
    _sets("registry/recovery_url", "url:text"),
    _reads("registry/recovery-url", "success:bool value:text url:text"),
    _sets("registry/recovery-url", "url:text"),
    _sets("registry/flush", ""),
    _reads("registry/{section}/{key}", "success:bool section:text key:text value:text"),
    _sets("registry/{section}/{key}", "value:any", "success:bool section:text key:text value:text"),
    Route("DELETE", "registry/{section}/{key}", SETUP_DEVICE, _DONE),
    Route("DELETE", "registry/{section}", SETUP_DEVICE, _DONE),
    _reads(
        "display-control",
        "tvInfo:object whiteBalance:object volume:number brightness:number contrast:number idleStandbyTimeout:number"
        " powerSetting:text videoOutput:text sdConnection:text alwaysConnectedEnabled:bool",
    ),
    _reads("display-control/info", "macAddress:text wifiMacAddress:text serialNo:text osVersion:text hwRevision:text"),
    *_screen("brightness", "brightness:number", "brightness:number"),
    *_screen("contrast", "contrast:number", "contrast:number"),
    *_screen("volume", "volume:number", "volume:number"),
    *_screen("always-connected", "enable:bool", "enabled:bool"),
    *_screen("always-on", "enable:bool", "enabled:bool"),
    *_screen("power-settings", "setting:text", "setting:text"),
    *_screen("standby-timeout", "seconds:number", "seconds:number"),
    *_screen("sd-connection", "connection:text", "connection:text"),
    *_screen("video-output", "output:text", "output:text"),
    *_screen(
        "white-balance",
        "redBalance:number greenBalance:number blueBalance:number",
        "redBalance:number greenBalance:number blueBalance:number",
    ),
    _sets("display-control/firmware", "filepath:text? url:text?", _SWITCH, restarts=True),
)


def segments_of(raw_path: str) -> list[str]:
    """Returns the decoded segments of a path as it was sent, without a slash at its ends."""
    return [unquote(segment) for segment in raw_path.strip("/").split("/")]


def route_of(method: str, segments: list[str]) -> Route | None:
    """Returns the route of a request, literals before parameters; None if there is none. Letter case matters."""
    found = [route for route in _by_method(method) if _fits(route.pattern.split("/"), segments)]
    return min(found, key=lambda route: [part.startswith("{") for part in route.pattern.split("/")], default=None)


@cache
def _by_method(method: str) -> list[Route]:
    return [route for route in ROUTES if route.method == method]


def _fits(parts: list[str], segments: list[str]) -> bool:
    if parts[-1] == "{path}":
        parts = parts[:-1] + ["{}"] * max(len(segments) - len(parts) + 1, 1)
    return len(parts) == len(segments) and all(
        (segment != "" if part.startswith("{") else part == segment)
        for part, segment in zip(parts, segments, strict=True)
    )
