"""Requests of the API as lines for curl, which pages show beside what they show and change."""

from __future__ import annotations

import json
from shlex import quote
from typing import Any


def curl(method: str, url: str, body: Any = None) -> str:
    """Returns a request as a line for a shell that has an access token in the variable `TOKEN`.

    A body is text in JSON, or a value that becomes JSON.
    """
    is_text = body is None or isinstance(body, str)
    # Not msgspec: texts of templates are of a type of their own.
    text = body if is_text else json.dumps(body, ensure_ascii=False, separators=(", ", ": "))
    lines = ['curl -H "Authorization: Bearer $TOKEN"']
    if text is not None:
        lines += ["-H 'Content-Type: application/json'", f"-d {quote(text)}"]
    if method != ("GET" if text is None else "POST"):
        lines.insert(1, f"-X {method}")
    return " \\\n  ".join([*lines, quote(url) if "'" in url else f"'{url}'"])


def curl_for_token(base: str) -> str:
    """Returns the request that signs an application in, whose answer has an access token."""
    url = f"{base}/realms/bsncloud/protocol/openid-connect/token"
    return f"curl -u \"$CLIENT_ID:$CLIENT_SECRET\" -d grant_type=client_credentials \\\n  '{url}'"
