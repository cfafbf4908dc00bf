"""How a simulated player sends a report."""

from __future__ import annotations

import gzip
from typing import Any

from signfleet.foundation.wire.json import encode

#: Longer reports are sent compressed, in bytes.
_PLAIN = 2048


def as_body(report: dict[str, Any]) -> dict[str, Any]:
    """Returns the content and headers of a report, which is the same bytes each time."""
    content, headers = encode(report), {"Content-Type": "application/json"}
    if len(content) <= _PLAIN:
        return {"content": content, "headers": headers}
    return {"content": gzip.compress(content, mtime=0), "headers": headers | {"Content-Encoding": "gzip"}}
