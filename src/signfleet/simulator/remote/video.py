"""Routes of pictures: snapshots, video modes, outputs."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

from PIL import Image

from signfleet.simulator.remote.asking import Ask, Refusal, Reply, done, fold, switch
from signfleet.simulator.remote.information import local_time
from signfleet.simulator.remote.state import State
from signfleet.simulator.screenshots import drawn, encoded

_MODES = (
    "640x480x60p",
    "1280x720x50p",
    "1280x720x60p",
    "1920x1080x50i",
    "1920x1080x50p",
    "1920x1080x60i",
    "1920x1080x60p",
    "3840x2160x30p",
    "3840x2160x60p",
)
_BEST = "3840x2160x60p"
_SMALLEST, _LARGEST = 64, 3840
_FORMATS = {"jpeg": "JPEG", "jpg": "JPEG", "png": "PNG"}
#: The numbers of the screen, by which clients name it.
_DISPLAYS = (0, 1)
#: How many snapshots stay on the card.
SNAPSHOTS = 5


def snapshot(state: State, ask: Ask) -> Reply:
    _require_screen(state)
    profile = state.machine.profile
    if ask.member("displayId", int, default=0) not in _DISPLAYS:
        raise Refusal("There is no such display.", 404)
    form = _FORMATS.get(ask.member("format", str, default="jpeg").lower())
    if form is None:
        raise Refusal("'format' has to be jpeg or png.")
    quality = min(max(ask.member("quality", int, default=70), 1), 100)
    image = _drawn(state, ask)
    content = encoded(image, form, quality)
    state.pictures += 1
    ending = "png" if form == "PNG" else "jpg"
    path = f"sd/remote_snapshots/img-{ask.now}-{state.pictures}.{ending}"
    state.store(path, content)
    for old in sorted(known for known in state.files if known.startswith("sd/remote_snapshots/"))[:-SNAPSHOTS]:
        del state.files[old]
    return Reply(
        {
            "remoteSnapshotThumbnail": f"data:image/{form.lower()};base64,{b64encode(content).decode()}",
            "filename": path,
            "timestamp": f"{local_time(state, ask.now):%Y-%m-%d %H:%M:%S %Z}",
            "devicename": profile.name,
            "width": image.width,
            "height": image.height,
        }
    )


def _drawn(state: State, ask: Ask) -> Image.Image:
    """Draws the whole screen, or a region of it, in the size asked for."""
    profile = state.machine.profile
    full = _full_size(state)
    region = ask.data.get("region")
    size = _size(ask, full) if region is None else full
    image = drawn(profile, ask.now, size[::-1] if profile.portrait else size)
    if region is None:
        return image
    left, top, width, height = _region(region, full)
    image = image.crop((left, top, left + width, top + height))
    wanted = _size(ask, (width, height), shrinks=False)
    return image if wanted == image.size else image.resize(wanted)


def _region(region: Any, full: tuple[int, int]) -> tuple[int, int, int, int]:
    """Returns left, top, width and height of a part of the screen. Raises `Refusal`."""
    given = region if isinstance(region, dict) else {}
    sides = [side for side in map(given.get, ("x", "y", "width", "height")) if type(side) is int]
    if len(sides) < 4:
        raise Refusal("'region' has to be an object of the numbers x, y, width and height.")
    left, top, width, height = sides
    if min(left, top) < 0 or min(width, height) < 1 or left + width > full[0] or top + height > full[1]:
        raise Refusal(f"'region' has to be within the screen of {full[0]} x {full[1]}.")
    return left, top, width, height


def _full_size(state: State) -> tuple[int, int]:
    """Returns width and height of the screen as it hangs."""
    width, height = (int(side) for side in state.mode.split("x")[:2])
    return (height, width) if state.machine.profile.portrait else (width, height)


def _size(ask: Ask, full: tuple[int, int], *, shrinks: bool = True) -> tuple[int, int]:
    """Returns the size asked for; where only one side is named, the other one has the ratio of `full`."""
    width: Any = ask.data.get("width")
    height: Any = ask.data.get("height")
    for side in (width, height):
        if side is not None and (type(side) is not int or not _SMALLEST <= side <= _LARGEST):
            raise Refusal(f"'width' and 'height' have to be {_SMALLEST} to {_LARGEST}.")
    if width is None and height is None:
        shrink = 1 if not shrinks or ask.member("shouldCaptureFullResolution", bool, default=False) else 3
        return full[0] // shrink, full[1] // shrink
    return width or height * full[0] // full[1], height or width * full[1] // full[0]


def _require_screen(state: State) -> None:
    if not state.has_screen():
        raise Refusal("This player has no video output.", 404)


def get_video_mode(state: State, _ask: Ask) -> Reply:
    _require_screen(state)
    mode = _mode(state, state.mode)
    return Reply(
        {
            "width": str(mode["width"]),
            "height": str(mode["height"]),
            "frames": str(mode["frequency"]),
            "scan": "i" if mode["interlaced"] else "p",
            "name": state.mode,
            "isAutoMode": state.is_auto_mode,
            "mode": mode,
        }
    )


def _mode(state: State, name: str) -> dict[str, Any]:
    width, height, rate = name.split("x")
    return {
        "modeName": name,
        "width": int(width),
        "height": int(height),
        "graphicsPlaneWidth": int(width),
        "graphicsPlaneHeight": int(height),
        "frequency": int(rate[:-1]),
        "interlaced": rate.endswith("i"),
        "preferred": name == "1920x1080x60p",
        "overscan": state.overscan,
        "dropFrame": False,
        **state.colour,
    }


def _check_output(state: State, ask: Ask) -> None:
    _require_screen(state)
    connector, output = ask.path
    if connector != "hdmi" or output not in ("0", "1"):
        raise Refusal(f"There is no output {connector} {output}.", 404)


def get_output(state: State, ask: Ask) -> Reply:
    _check_output(state, ask)
    status = {"outputPresent": True, "outputPowered": not state.power_save, "unstable": False, "audioFormat": "PCM"}
    return Reply(
        {
            "attached": {"result": True},
            "bestMode": _BEST,
            "activeMode": _mode(state, state.mode),
            "configuredMode": _mode(state, state.mode),
            "status": {"result": status},
            "powerSaveStatus": {"result": state.power_save},
        }
    )


def get_edid(state: State, ask: Ask) -> Reply:
    _check_output(state, ask)
    chance = state.machine.profile.random("edid")
    return Reply(
        {
            "monitorName": chance.choice(("QM55", "55UL3J", "Signage 50")),
            "manufacturer": chance.choice(("SAM", "GSM", "PHL")),
            "product": chance.randrange(1, 65_536),
            "serialNumber": str(chance.randrange(10**8)),
            "yearOfManufacture": chance.randrange(2015, 2024),
        }
    )


def get_power_save(state: State, ask: Ask) -> Reply:
    _check_output(state, ask)
    return Reply({"is_connected": True, "is_powered": not state.power_save, "enabled": state.power_save})


def put_power_save(state: State, ask: Ask) -> Reply:
    _check_output(state, ask)
    state.power_save = ask.member("enabled", bool)
    state.machine.display = "off" if state.power_save else "on"
    return done()


def get_modes(state: State, ask: Ask) -> Reply:
    _check_output(state, ask)
    return Reply([_mode(state, name) for name in _MODES])


def get_mode(state: State, ask: Ask) -> Reply:
    _check_output(state, ask)
    return Reply(_mode(state, _BEST if "best" in ask.query else state.mode))


def put_mode(state: State, ask: Ask) -> Reply:
    _check_output(state, ask)
    wanted = ask.data.get("name")
    members: dict[str, Any] = (
        {fold(key): value for key, value in wanted.items()} if isinstance(wanted, dict) else {"modename": wanted}
    )
    name = str(members.get("modename"))
    if name != "auto" and name not in _MODES:
        raise Refusal(f"There is no video mode '{name}'; there are {', '.join(_MODES)}.")
    state.is_auto_mode = name == "auto"
    state.mode = "1920x1080x60p" if name == "auto" else name
    for key in ("colorSpace", "colorDepth"):
        if isinstance(members.get(key.lower()), str):
            state.colour[key] = members[key.lower()]
    state.overscan = bool(members.get("overscan", state.overscan))
    return switch(reboot=True)


def get_lock(state: State, _ask: Ask) -> Reply:
    return Reply({"settingsHandlerEnabled": True, "bsnce": False, **state.lock})


def put_lock(state: State, ask: Ask) -> Reply:
    for name in state.lock:
        state.lock[name] = ask.member(name, bool, default=state.lock[name])
    return switch(reboot=True)
