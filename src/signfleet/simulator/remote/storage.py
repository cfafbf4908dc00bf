"""Routes of files and storages."""

from __future__ import annotations

import mimetypes
from base64 import b64decode, b64encode
from typing import Any

from signfleet.simulator.remote.asking import Ask, Refusal, Reply, done
from signfleet.simulator.remote.state import STORAGES, State

_SYSTEMS = ("exfat", "fat32", "ext4", "ntfs")
#: Bytes of a file that an answer contains.
CONTENTS_LIMIT = 1_048_576


def path_of(ask: Ask) -> str:
    """Returns the path of a request without empty parts; `usb` is the first USB storage. Raises `Refusal`."""
    parts = [part for segment in ask.path for part in segment.split("/") if part]
    parts[:1] = ["usb1" if parts[0].lower() == "usb" else parts[0].lower()]
    if parts[0] not in STORAGES:
        raise Refusal(f"There is no storage '{parts[0]}'.", 404)
    if ".." in parts:
        raise Refusal("A path has no '..'.")
    return "/".join(parts)


def list_files(state: State, ask: Ask) -> Reply:
    path = path_of(ask)
    name = path.rpartition("/")[2]
    if path in state.files:
        content = state.files[path]
        shown = _entry(path, content) | {"files": []}
        if "contents" in ask.query:
            shown["contents"] = b64encode(content[:CONTENTS_LIMIT]).decode()
        elif "raw" in ask.query:
            shown["raw"] = content[:CONTENTS_LIMIT].decode(errors="replace")
        return Reply(shown)
    below = path + "/"
    names = sorted(
        {known.removeprefix(below).split("/")[0] for known in (*state.files, *state.folders) if known.startswith(below)}
    )
    entries = [_entry(below + each, state.files.get(below + each)) for each in names]
    shown = {"name": name, "type": "dir", "path": f"/{path}", "stat": {"size": 0}, "files": entries}
    if "/" not in path:
        shown["storageInfo"] = _storage_info(state, path)
    return Reply(shown)


def _entry(path: str, content: bytes | None) -> dict[str, Any]:
    """Describes a file, or a folder without content."""
    kind = "dir" if content is None else "file"
    mime = None if content is None else mimetypes.guess_type(path)[0] or "application/octet-stream"
    return {
        "name": path.rpartition("/")[2],
        "type": kind,
        "path": f"/{path}",
        "stat": {"size": len(content or b"")},
        "mime": mime,
    }


def _storage_info(state: State, name: str) -> dict[str, Any]:
    profile = state.machine.profile
    used = sum(len(content) for path, content in state.files.items() if path.startswith(f"{name}/"))
    count = sum(path.startswith(f"{name}/") for path in state.files)
    return {
        "fileSystemType": "exfat" if profile.number % 3 else "ext4",
        "mountedOn": f"/storage/{name}",
        "stats": {
            "blockSize": 32_768,
            "sizeBytes": profile.storage_size,
            "bytesFree": max(profile.storage_free - used, 0),
            "filesUsed": count,
            "filesFree": 65_536 - count,
            "isReadOnly": profile.condition == "failing card",
        },
    }


def put_files(state: State, ask: Ask) -> Reply:
    """Stores files, or makes a folder where the request has no files."""
    _check_writable(state)
    path = path_of(ask)
    files = ask.data.get("files")
    if files is None:
        if path in state.files:
            raise Refusal(f"/{path} is a file.", 409)
        state.folders.add(path)
        return done()
    if not isinstance(files, list) or not all(isinstance(file, dict) for file in files):
        raise Refusal("'files' has to be a list of objects.")
    named: dict[str, bytes] = {}
    for file in files:
        name = file.get("fileName")
        if not isinstance(name, str) or not name or "/" in name or name == "..":
            raise Refusal("'fileName' has to be a name without a slash.")
        named[name] = _content(file.get("fileContents"))
    if sum(map(len, named.values())) > state.room():
        raise Refusal("The storage is full.", 409)
    for name, content in named.items():
        state.store(f"{path}/{name}", content)
    return done(results=list(named))


def _content(text: Any) -> bytes:
    """Reads a content: plain text, or a data URL."""
    if not isinstance(text, str):
        raise Refusal("'fileContents' has to be a text.")
    head, comma, rest = text.partition(",")
    if not (head.startswith("data:") and head.endswith(";base64") and comma):
        return text.encode()
    try:
        return b64decode(rest, validate=True)
    except ValueError as error:
        raise Refusal("'fileContents' is no valid base64.") from error


def rename_file(state: State, ask: Ask) -> Reply:
    _check_writable(state)
    path, new = path_of(ask), ask.member("name", str)
    folder = path.rpartition("/")[0]
    if not folder or not new or "/" in new:
        raise Refusal("'name' has to be a name without a slash.")
    _move(state, _existing(state, path), path, f"{folder}/{new}")
    return done()


def _move(state: State, known: list[str], old: str, new: str) -> None:
    if new in state.files or new in state.folders:
        raise Refusal(f"/{new} exists.", 409)
    for path in known:
        target = new + path.removeprefix(old)
        if path in state.files:
            state.files[target] = state.files.pop(path)
        else:
            state.folders.discard(path)
            state.folders.add(target)


def delete_file(state: State, ask: Ask) -> Reply:
    _check_writable(state)
    path = path_of(ask)
    if "/" not in path:
        raise Refusal("A whole storage is formatted, not deleted.")
    for known in _existing(state, path):
        state.files.pop(known, None)
        state.folders.discard(known)
    return done()


def _existing(state: State, path: str) -> list[str]:
    """Returns a file or folder with all in it. Raises `Refusal` if there is none."""
    found = [known for known in (*state.files, *state.folders) if known == path or known.startswith(path + "/")]
    if not found:
        raise Refusal(f"There is no /{path}.", 404)
    return found


def _check_writable(state: State) -> None:
    if state.machine.profile.condition == "failing card":
        raise Refusal("I/O error on /storage/sd", 409)


def format_storage(state: State, ask: Ask) -> Reply:
    name, system = path_of(ask), ask.member("fs", str, default="exfat")
    if system.lower() not in _SYSTEMS:
        raise Refusal(f"'fs' has to be one of {', '.join(_SYSTEMS)}.")
    for path in [path for path in state.files if path.startswith(f"{name}/")]:
        del state.files[path]
    state.folders = {path for path in state.folders if not path.startswith(f"{name}/")}
    return Reply({"success": True, "output": f"{name} has a new {system} file system", "error": ""}, restarts=True)
