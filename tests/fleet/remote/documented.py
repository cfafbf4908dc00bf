"""What each route of Remote DWS answers, member by member, as references and public clients have it.

A type stands for a value of it, `float` for any number, a list for a list of what it contains, `Map` for an object with
any names, a tuple for one of several. Answers may have further members.
"""

from __future__ import annotations

from typing import Any, NamedTuple


class Map(NamedTuple):
    """An object whose members, of any name, have one shape."""

    of: Any


DONE = {"success": bool, "message": str}
SWITCHED = DONE | {"reboot": bool}
_CAPTURED = DONE | {"filePath": str}
_SHELL = {"enabled": bool, "portNumber": int, "port": int}
_ADDRESS = {"address": str, "netmask": str, "family": str, "mac": str, "internal": bool, "cidr": str}
_INTERFACE = {
    "interfaceName": str,
    "interfaceType": str,
    "IPv4": [_ADDRESS],
    "IPv6": [_ADDRESS | {"scopeid": int}],
}
_TEST = {"ok": bool, "diagnosis": str, "log": [{"name": str, "pass": bool, "result": str}]}
_COUNTS = {"made": int, "pass": int, "fail": int, "timeout": int, "mismatch": int}
_MODE = {
    "modeName": str,
    "width": int,
    "height": int,
    "graphicsPlaneWidth": int,
    "graphicsPlaneHeight": int,
    "frequency": float,
    "interlaced": bool,
    "preferred": bool,
    "overscan": bool,
    "dropFrame": bool,
    "colorSpace": str,
    "colorDepth": str,
}
_KEY = {"success": bool, "section": str, "key": str, "value": str}
_RECOVERY = {"success": bool, "value": str, "url": str}
_TV = dict.fromkeys(("macAddress", "wifiMacAddress", "serialNo", "osVersion", "hwRevision"), str)
_BALANCE = dict.fromkeys(("redBalance", "greenBalance", "blueBalance"), int)
_FILE = {"name": str, "type": str, "path": str, "stat": {"size": int}}

_SCREEN: dict[str, Any] = {
    "brightness": {"brightness": int},
    "contrast": {"contrast": int},
    "volume": {"volume": int},
    "always-connected": {"enabled": bool},
    "always-on": {"enabled": bool},
    "power-settings": {"setting": str},
    "standby-timeout": {"seconds": int},
    "sd-connection": {"connection": str},
    "video-output": {"output": str},
    "white-balance": _BALANCE,
}
_OUTPUT = "video/{connector}/output/{output}"

SHAPES: dict[str, Any] = {
    "GET info/": {
        **dict.fromkeys(("serial", "model", "FWVersion", "bootVersion", "family", "upTime", "connectionType"), str),
        "isPlayer": bool,
        "upTimeSeconds": int,
        "ethernet": [_INTERFACE],
        **{part: {"result": object} for part in ("power", "poe", "extensions", "blessings", "networking")},
        **dict.fromkeys(("hardware_features", "api_features", "active_features"), Map(bool)),
        "bsnce": bool,
    },
    "GET time/": {
        **dict.fromkeys(("time", "timezone_name", "timezone_abbr"), str),
        "timezone_mins": (int, type(None)),
        **dict.fromkeys(("year", "month", "date", "hour", "minute", "second", "millisecond"), int),
    },
    "PUT time/": bool,
    "GET health/": {"status": str, "statusTime": str},
    "GET logs/": str,
    "GET crash-dump/": {
        "isRecent": bool,
        "crashDumpFiles": [{"fileName": str, "mimeType": str, "fileContents": str}],
    },
    "PUT control/reboot/": SWITCHED,
    "GET control/dws-password/": {"success": bool, "password": {"isResultValid": bool, "isBlank": bool}},
    "PUT control/dws-password/": SWITCHED,
    "GET control/local-dws/": {"success": bool, "value": bool, "enabled": bool, "port": int},
    "PUT control/local-dws/": SWITCHED,
    "PUT control/ssh-host-keys/reset/": SWITCHED,
    "PUT control/dws-default-certs/reset/": SWITCHED,
    "PUT custom/": DONE,
    "GET download-firmware/": SWITCHED,
    "GET re-provision/": {"success": bool},
    "GET files/{path}/": _FILE | {"files": [_FILE | {"mime": str}]},
    "PUT files/{path}/": DONE,
    "POST files/{path}/": DONE,
    "DELETE files/{path}/": DONE,
    "DELETE storage/{device}/": {"success": bool, "output": str, "error": str},
    "GET diagnostics/": {
        **dict.fromkeys(("ethernet", "wifi", "modem", "internet"), _TEST),
        "gateway": str,
        "externalIpAddress": str,
        "dns": [str],
        "connectedToRouter": bool,
        "connectedToInternet": bool,
    },
    "GET diagnostics/dns-lookup/{name}/": {
        "records": {name: [object] for name in ("ipv4", "ipv6", "text", "mx")},
        "server_test": {"tcp": _COUNTS, "udp": _COUNTS},
        "errorList": [object],
        "success": bool,
        "domain": str,
        "addresses": [str],
    },
    "GET diagnostics/ping/{host}/": {
        "response": {"results": {"ipv4": [{"results": {"transmitted": int, "received": int}}]}},
        "success": bool,
        "host": str,
        **dict.fromkeys(("packetLoss", "minRtt", "maxRtt", "avgRtt"), float),
        "output": str,
    },
    "GET diagnostics/trace-route/{host}/": {
        "results": Map({"route": [{"hop": int, "ip": str}]}),
        "success": bool,
        "host": str,
        "hops": [{"hop": int, "address": str, "rtt": float, "timeout": bool}],
    },
    "GET diagnostics/network-configuration/{interface}/": {
        "response": [
            {
                "ipAddressList": [object],
                "dnsServerList": [str],
                "enabledProtocolList": [str],
                "clientIdentifier": str,
                "metric": int,
                "mtu": int,
            }
        ],
        **dict.fromkeys(("interface", "type", "ipAddress", "netmask", "gateway", "macAddress", "linkStatus"), str),
        "dns": [str],
    },
    "PUT diagnostics/network-configuration/{interface}/": DONE,
    "GET diagnostics/network-neighborhood/": {
        "response": [Map(object)],
        "success": bool,
        "neighbors": [{"ipAddress": str, "macAddress": str, "hostname": str}],
    },
    "GET diagnostics/packet-capture/": {
        **dict.fromkeys(("is_running", "running"), bool),
        **dict.fromkeys(("interface", "filePath", "startTime"), str),
        **dict.fromkeys(("duration", "elapsedTime"), int),
    },
    "POST diagnostics/packet-capture/": _CAPTURED,
    "DELETE diagnostics/packet-capture/": _CAPTURED,
    "GET diagnostics/telnet/": _SHELL,
    "PUT diagnostics/telnet/": SWITCHED,
    "GET diagnostics/ssh/": _SHELL,
    "PUT diagnostics/ssh/": SWITCHED,
    "POST snapshot/": {
        **dict.fromkeys(("remoteSnapshotThumbnail", "filename", "timestamp", "devicename"), str),
        **dict.fromkeys(("width", "height"), int),
    },
    "GET video-mode/": {
        **dict.fromkeys(("width", "height", "frames", "scan", "name"), str),
        "isAutoMode": bool,
        "mode": _MODE,
    },
    f"GET {_OUTPUT}/": {"attached": {"result": bool}, "activeMode": _MODE, "bestMode": str, "status": Map(object)},
    f"GET {_OUTPUT}/edid/": {"monitorName": str},
    f"GET {_OUTPUT}/power-save/": {"is_connected": bool, "is_powered": bool, "enabled": bool},
    f"PUT {_OUTPUT}/power-save/": DONE,
    f"GET {_OUTPUT}/modes/": [_MODE],
    f"GET {_OUTPUT}/mode/": _MODE,
    f"PUT {_OUTPUT}/mode/": SWITCHED,
    "GET advanced/property-lock/": dict.fromkeys(
        ("settingsHandlerEnabled", "forceRegistrySettings", "registryEnableSettings", "bsnce"), bool
    ),
    "PUT advanced/property-lock/": SWITCHED,
    "GET registry/": {"success": bool, "value": Map(Map(str)), "sections": Map(Map(str))},
    "GET registry/{section}/{key}/": _KEY,
    "PUT registry/{section}/{key}/": _KEY | DONE,
    "DELETE registry/{section}/{key}/": DONE,
    "DELETE registry/{section}/": DONE,
    "PUT registry/flush/": DONE,
    **{f"GET registry/{name}/": _RECOVERY for name in ("recovery_url", "recovery-url")},
    **{f"PUT registry/{name}/": _RECOVERY | DONE for name in ("recovery_url", "recovery-url")},
    "GET display-control/": {
        "tvInfo": _TV,
        "whiteBalance": _BALANCE,
        **dict.fromkeys(("volume", "brightness", "contrast", "idleStandbyTimeout"), int),
        **dict.fromkeys(("powerSetting", "videoOutput", "sdConnection"), str),
        "alwaysConnectedEnabled": bool,
    },
    "GET display-control/info/": _TV,
    **{f"GET display-control/{setting}/": shape for setting, shape in _SCREEN.items()},
    **{f"PUT display-control/{setting}/": shape | DONE for setting, shape in _SCREEN.items()},
    "PUT display-control/firmware/": SWITCHED,
}

#: What depends on more than the route: the request, and the shape of its answer.
STORAGE = {
    "files": [_FILE],
    "storageInfo": {
        "fileSystemType": str,
        "mountedOn": str,
        "stats": {
            **dict.fromkeys(("blockSize", "bytesFree", "filesFree", "filesUsed", "sizeBytes"), int),
            "isReadOnly": bool,
        },
    },
}
CASES: list[tuple[dict[str, Any], Any]] = [
    ({"method": "GET", "route": "/v1/files/sd"}, STORAGE),
    ({"method": "GET", "route": "/v1/files/sd/nothing"}, {"files": [object]}),
    ({"method": "GET", "route": "/v1/files/sd/autorun.brs", "query": {"contents": ""}}, {"contents": str}),
    (
        {
            "method": "PUT",
            "route": "/v1/files/sd",
            "data": {"fileUploadPath": "/sd", "files": [{"fileName": "a", "fileContents": "b", "fileType": "c"}]},
        },
        DONE | {"results": [str]},
    ),
]


def misfits(shape: Any, value: Any, path: str = "") -> list[str]:
    """Returns where a value has another shape."""
    match shape:
        case Map(of):
            if not isinstance(value, dict):
                return [f"{path}: {value!r}"]
            return [found for name, each in value.items() for found in misfits(of, each, f"{path}.{name}")]
        case tuple():
            return [] if any(not misfits(each, value, path) for each in shape) else [f"{path}: {value!r}"]
        case dict():
            if not isinstance(value, dict):
                return [f"{path}: {value!r}"]
            missing = [f"{path}.{name} is missing" for name in shape.keys() - value.keys()]
            known = shape.keys() & value.keys()
            return missing + [found for name in known for found in misfits(shape[name], value[name], f"{path}.{name}")]
        case [of]:
            if not isinstance(value, list):
                return [f"{path}: {value!r}"]
            return [found for number, each in enumerate(value) for found in misfits(of, each, f"{path}[{number}]")]
    kinds = (int, float) if shape is float else shape
    fits = isinstance(value, kinds) and (shape in (bool, object) or not isinstance(value, bool))
    return [] if fits else [f"{path}: {value!r}"]
