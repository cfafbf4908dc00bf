"""As much of curl as the documented command lines use, in Python: the machine that runs the tests may have none.

`curl_on_path(folder)` gives the environment in which `curl` is this file.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from urllib.parse import quote

import httpx


def curl_on_path(folder: Path) -> dict[str, str]:
    """This process's environment, with a command `curl` in `folder` found before any other."""
    command = folder / "curl"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{__file__}" "$@"\n', encoding="utf-8")
    command.chmod(0o755)
    return {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}"}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("-s", action="store_true")
    parser.add_argument("-G", action="store_true")
    parser.add_argument("-N", action="store_true")
    parser.add_argument("-X")
    parser.add_argument("-u", default="")
    parser.add_argument("-K", type=configured, default={})
    parser.add_argument("-H", action="append", default=[])
    parser.add_argument("-d", action="append", default=[], dest="data")
    parser.add_argument("--data-urlencode", action="append", default=[], type=encoded, dest="data")
    parser.add_argument("url")
    given = parser.parse_args()
    data = "&".join(given.data)
    headers = {"Content-Type": "application/x-www-form-urlencoded"} if data and not given.G else {}
    headers |= dict(line.split(": ", 1) for line in [*given.K.get("header", []), *given.H])
    user = given.K.get("user", [given.u])[0]
    request = httpx.Request(
        given.X or ("POST" if data and not given.G else "GET"),
        f"{given.url}?{data}" if data and given.G else given.url,
        content=None if given.G else data,
        headers=headers,
    )
    with httpx.Client(trust_env=False, timeout=None if given.N else 5) as client:
        answer = client.send(request, auth=tuple(user.split(":", 1)) if user else None, stream=True)
        for chunk in answer.iter_bytes():
            sys.stdout.buffer.write(chunk)
            if given.N:
                sys.stdout.buffer.flush()


def configured(place: str) -> dict[str, list[str]]:
    """The options in a configuration, a line each, such as `header = "Accept: text/html"`."""
    text = sys.stdin.read() if place == "-" else Path(place).read_text(encoding="utf-8")
    options: dict[str, list[str]] = {}
    for line in text.splitlines():
        name, _, value = line.partition(" = ")
        options.setdefault(name, []).append(value.strip('"'))
    return options


def encoded(pair: str) -> str:
    name, _, value = pair.partition("=")
    return f"{name}={quote(value)}"


if __name__ == "__main__":
    main()
