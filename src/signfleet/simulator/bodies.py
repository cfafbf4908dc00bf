"""What a simulated player sends: the call with which it joins, and the form of its reports."""

from __future__ import annotations

import gzip
from typing import Any

from signfleet.foundation.wire.json import encode
from signfleet.simulator.fleet import Profile
from signfleet.simulator.obedience import CAN

#: Longer reports are sent compressed, in bytes.
_PLAIN = 2048


def registration(profile: Profile, join_key: str | None, secret: str | None) -> tuple[str, dict[str, Any]]:
    """Returns the path and body with which a player joins; by its record it leaves to that what it is to be."""
    path, body = "register", profile.registration()
    if join_key is not None:
        path, body = f"join/{join_key}", {name: body[name] for name in ("serial", "model", "firmware")}
    return path, body | {"can": CAN} | ({} if secret is None else {"device_secret": secret})


def as_body(report: dict[str, Any]) -> dict[str, Any]:
    """Returns the content and headers of a report, which is the same bytes each time."""
    content, headers = encode(report), {"Content-Type": "application/json"}
    if len(content) <= _PLAIN:
        return {"content": content, "headers": headers}
    return {"content": gzip.compress(content, mtime=0), "headers": headers | {"Content-Encoding": "gzip"}}
