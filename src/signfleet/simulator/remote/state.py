"""What the web interface of a simulated player remembers."""

from __future__ import annotations

import json
from typing import Any, Final

from signfleet.simulator import behaviour
from signfleet.simulator.machine import Machine

#: Bytes that clients may store on one player.
ROOM: Final = 16_777_216
STORAGES: Final = ("sd", "usb1", "ssd")


class State:
    """Files by path, and the settings behind the routes."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.factory_registry = {section: dict(keys) for section, keys in machine.registry.items()}
        self.files: dict[str, bytes] = {}
        self.folders: set[str] = set()
        self.fill_storage("sd")
        self.pictures = 0
        #: ms that the player's clock is ahead of what its profile says.
        self.clock_shift = 0
        self.mode = "1920x1080x60p"
        self.colour = {"colorSpace": "rgb", "colorDepth": "8bit"}
        self.overscan = False
        self.is_auto_mode = True
        self.network: dict[str, dict[str, Any]] = {}
        self.capture: dict[str, Any] = {}
        self.autorun_is_disabled = False
        self.commands: list[str] = []
        self._set_defaults()

    def _set_defaults(self) -> None:
        self.password = ""
        self.local_dws: dict[str, Any] = {"enabled": True, "port": 80}
        self.shells: dict[str, dict[str, Any]] = {
            "telnet": {"enabled": False, "port": 23},
            "ssh": {"enabled": False, "port": 22},
        }
        self.lock = {"forceRegistrySettings": False, "registryEnableSettings": False}
        self.power_save = False
        self.screen: dict[str, Any] = {
            "brightness": 80,
            "contrast": 50,
            "volume": 40,
            "always-connected": False,
            "always-on": True,
            "power-settings": "on",
            "standby-timeout": 900,
            "sd-connection": "brightsign",
            "video-output": "hdmi1",
            "white-balance": {"redBalance": 50, "greenBalance": 50, "blueBalance": 50},
        }

    def fill_storage(self, name: str) -> None:
        """Replaces what is on a storage by what a player comes with."""
        for path in [path for path in self.files if path.split("/")[0] == name]:
            del self.files[path]
        self.folders = {path for path in self.folders if path.split("/")[0] != name}
        if name == "sd":
            profile = self.machine.profile
            self.folders |= {"sd/pool", "sd/logs"}
            self.files["sd/autorun.brs"] = b"' plays the presentation\nSub Main()\nEnd Sub\n"
            self.files["sd/local-sync.json"] = json.dumps({"player": profile.serial, "group": profile.group}).encode()
            for number in range(3):
                chance = profile.random("pool", number)
                self.files[f"sd/pool/sha1-{chance.getrandbits(64):016x}"] = chance.randbytes(chance.randrange(200, 900))

    def reset(self) -> None:
        """Does a factory reset: registry, password and switches, not the membership in a network."""
        self.machine.registry.clear()
        self.machine.registry.update({section: dict(keys) for section, keys in self.factory_registry.items()})
        self._set_defaults()

    def has_screen(self) -> bool:
        """Returns whether the player shows pictures; audio players do not."""
        return not self.machine.profile.model.startswith("AU")

    def interfaces(self) -> list[dict[str, Any]]:
        """Returns the network interfaces as status reports show them."""
        found: list[dict[str, Any]] = behaviour.network(self.machine.profile)["interfaces"]
        return found

    def store(self, path: str, content: bytes) -> None:
        """Stores a file, with the folders above it."""
        parts = path.split("/")
        self.folders |= {"/".join(parts[:end]) for end in range(2, len(parts))}
        self.files[path] = content

    def room(self) -> int:
        """Returns how many bytes clients may still store."""
        return ROOM - sum(map(len, self.files.values()))
