"""Routes that test the network of a player, and that open it for technicians."""

from __future__ import annotations

from typing import Any

from signfleet.simulator.remote.asking import Ask, Refusal, Reply, done, switch
from signfleet.simulator.remote.state import State

_INTERFACES = ("eth0", "wlan0", "modem")


def diagnose(state: State, _ask: Ask) -> Reply:
    is_poor = state.machine.profile.condition == "failing downloads"
    first = state.interfaces()[0]
    results = {}
    for name, kind in (("ethernet", "Ethernet"), ("wifi", "WiFi"), ("modem", "Cellular")):
        is_there = any(each["type"] == kind for each in state.interfaces())
        results[name] = _test(is_there, "link is up" if is_there else "there is no such interface")
    results["internet"] = _test(not is_poor, "connection timed out" if is_poor else "connected")
    return Reply(
        results
        | {
            "gateway": first["gateway"],
            "externalIpAddress": "198.51.100.1",
            "dns": [first["gateway"]],
            "connectedToRouter": True,
            "connectedToInternet": not is_poor,
        }
    )


def _test(is_ok: bool, text: str) -> dict[str, Any]:
    return {"ok": is_ok, "diagnosis": text, "log": [{"name": "connection", "pass": is_ok, "result": text}]}


def dns_lookup(state: State, ask: Ask) -> Reply:
    name = ask.path[0]
    addresses = state.machine.diagnose("dns", name, ask.now)["addresses"]
    counts = {"made": 2, "pass": 2, "fail": 0, "timeout": 0, "mismatch": 0}
    return Reply(
        {
            "success": True,
            "domain": name,
            "addresses": addresses,
            "records": {"ipv4": addresses, "ipv6": [], "text": [], "mx": []},
            "server_test": {"tcp": counts, "udp": counts},
            "errorList": [],
        }
    )


def ping(state: State, ask: Ask) -> Reply:
    host = ask.path[0]
    found = state.machine.diagnose("ping", host, ask.now)
    times = found["milliseconds"] or [0.0]
    counts = {
        "transmitted": found["sent"],
        "received": found["received"],
        "min": min(times),
        "max": max(times),
        "avg": round(sum(times) / len(times), 1),
    }
    return Reply(
        {
            "success": True,
            "host": host,
            "packetLoss": 100 * (found["sent"] - found["received"]) / found["sent"],
            "minRtt": counts["min"],
            "maxRtt": counts["max"],
            "avgRtt": counts["avg"],
            "output": f"{found['sent']} packets transmitted, {found['received']} received",
            "response": {"results": {"ipv4": [{"address": found["address"], "results": counts}], "ipv6": []}},
        }
    )


def trace_route(state: State, ask: Ask) -> Reply:
    host = ask.path[0]
    resolves = ask.query.get("resolveAddress", "true") != "false"
    hops = state.machine.diagnose("trace-route", host, ask.now)["hops"]
    names = {"hostname": f"hop.{host}"} if resolves else {}
    route = [{"hop": hop["hop"], "ip": hop["address"], "rtt": hop["milliseconds"], **names} for hop in hops]
    listed = [
        {"hop": hop["hop"], "address": hop["address"], "rtt": hop["milliseconds"], "timeout": False} for hop in hops
    ]
    return Reply({"success": True, "host": host, "results": {host: {"route": route}}, "hops": listed})


def get_configuration(state: State, ask: Ask) -> Reply:
    return Reply(_configuration(state, _interface(ask)))


def _interface(ask: Ask) -> str:
    name = ask.path[0]
    if name not in _INTERFACES:
        raise Refusal(f"There is no interface '{name}'; there are {', '.join(_INTERFACES)}.", 404)
    return name


def _configuration(state: State, name: str) -> dict[str, Any]:
    """Returns how an interface is configured; what was set replaces what it came with."""
    wired = name if name != "modem" else "ppp0"
    known = next((each for each in state.interfaces() if each["name"] == wired), None)
    address, _, length = (known["ip"][0] if known else "0.0.0.0/0").partition("/")
    changed = state.network.get(name, {})
    gateway = known["gateway"] if known else ""
    config = {
        "interface": name,
        "metric": known["metric"] if known else 100,
        "mtu": 1500,
        "clientIdentifier": "",
        "enabledProtocolList": ["IPv4", "IPv6"],
        "ipAddressList": [{"family": "IPv4", "address": address, "netmask": length, "gateway": gateway}],
        "dnsServerList": [gateway] if gateway else [],
        **changed,
    }
    flat = {
        "interface": name,
        "type": str(changed.get("type", "dhcp")),
        "ipAddress": str(changed.get("ipAddress", address)),
        "netmask": str(changed.get("netmask", length)),
        "gateway": str(changed.get("gateway", gateway)),
        "macAddress": known["mac"] if known else "",
        "linkStatus": "up" if known else "down",
        "dns": changed.get("dns", config["dnsServerList"]),
    }
    return {"success": True, "response": [config]} | config | flat


def put_configuration(state: State, ask: Ask) -> Reply:
    name = _interface(ask)
    state.network[name] = {_NAMES.get(key, key): value for key, value in ask.data.items()}
    return done()


#: The members of a configuration by their folded names.
_NAMES = {
    name.lower(): name
    for name in (
        "ipAddressList",
        "dnsServerList",
        "enabledProtocolList",
        "clientIdentifier",
        "ipAddress",
        "inboundShaperRate",
        "vlanIdList",
    )
}


def neighborhood(state: State, _ask: Ask) -> Reply:
    chance = state.machine.profile.random("neighbours")
    gateway = state.interfaces()[0]["gateway"]
    found = {
        "ipAddress": gateway,
        "macAddress": ":".join(("02", *(f"{chance.randrange(256):02X}" for _ in range(5)))),
        "hostname": f"switch-{chance.randrange(1, 20)}",
    }
    lldp = {"systemName": found["hostname"], "portDescription": f"port {chance.randrange(1, 48)}", **found}
    return Reply({"success": True, "response": [lldp], "neighbors": [found]})


def get_capture(state: State, ask: Ask) -> Reply:
    capture = state.capture
    elapsed = (ask.now - capture["started"]) // 1000 if capture else 0
    if capture and elapsed >= capture["duration"]:
        _finish(state)
    is_running = bool(state.capture)
    return Reply(
        {
            "is_running": is_running,
            "running": is_running,
            "interface": capture.get("interface", ""),
            "filePath": capture.get("path", ""),
            "startTime": str(capture.get("started", "")),
            "duration": capture.get("duration", 0),
            "elapsedTime": elapsed,
        }
    )


def start_capture(state: State, ask: Ask) -> Reply:
    if get_capture(state, ask).result["is_running"]:
        raise Refusal("A packet capture is running.", 409)
    name = ask.member("filename", str, default="capture.pcap")
    if "/" in name or not name:
        raise Refusal("'filename' has to be a name without a slash.")
    state.capture = {
        "path": f"sd/{name}",
        "interface": ask.member("interface", str, default="eth0"),
        "duration": ask.member("duration", int, default=300),
        "started": ask.now,
    }
    return done(filePath=f"/storage/sd/{name}")


def stop_capture(state: State, _ask: Ask) -> Reply:
    if not state.capture:
        raise Refusal("No packet capture is running.", 409)
    return done(filePath=f"/storage/{_finish(state)}")


def _finish(state: State) -> str:
    """Ends the packet capture: its file is on the card, with the head of a file of libpcap."""
    path: str = state.capture["path"]
    state.store(path, bytes.fromhex("d4c3b2a1020004000000000000000000ffff000001000000"))
    state.capture = {}
    return path


def get_telnet(state: State, _ask: Ask) -> Reply:
    return _shell(state, "telnet")


def put_telnet(state: State, ask: Ask) -> Reply:
    return _set_shell(state, "telnet", ask)


def get_ssh(state: State, _ask: Ask) -> Reply:
    return _shell(state, "ssh")


def put_ssh(state: State, ask: Ask) -> Reply:
    return _set_shell(state, "ssh", ask)


def _shell(state: State, name: str) -> Reply:
    shell = state.shells[name]
    return Reply({"success": True, "enabled": shell["enabled"], "portNumber": shell["port"], "port": shell["port"]})


def _set_shell(state: State, name: str, ask: Ask) -> Reply:
    shell = state.shells[name]
    port = ask.member("portNumber", int, "port", default=shell["port"])
    if not 1 <= port <= 65_535:
        raise Refusal("'portNumber' has to be 1 to 65535.")
    shell.update(enabled=ask.member("enabled", bool), port=port)
    return switch(reboot=ask.member("reboot", bool, default=False))
