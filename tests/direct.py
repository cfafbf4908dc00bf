"""Calls the application without a connection, to count or profile its own work alone."""

from __future__ import annotations

import json
from typing import Any

from signfleet.web.http.asgi_app import AsgiApp

Answer = tuple[int, bytes]


class DirectClient:
    """Sends requests to the application as the server would."""

    def __init__(self, app: AsgiApp) -> None:
        self._app = app

    async def ask(self, method: str, target: str, token: str, body: Any = None, form: str = "") -> Answer:
        """Returns status and body of the answer."""
        path, _, query = target.partition("?")
        content = form.encode() if form else b"" if body is None else json.dumps(body).encode()
        headers = [(b"host", b"signs.example")]
        if token:
            headers.append((b"authorization", f"Bearer {token}".encode()))
        if content:
            media_type = b"application/x-www-form-urlencoded" if form else b"application/json"
            headers += [(b"content-type", media_type), (b"content-length", str(len(content)).encode())]
        scope = {
            "type": "http",
            "method": method,
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "client": ("192.0.2.1", 1),
            "server": ("192.0.2.2", 80),
            "headers": headers,
        }
        sent: list[Any] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": content, "more_body": False}

        async def send(event: Any) -> None:
            sent.append(event)

        await self._app(scope, receive, send)
        return sent[0]["status"], b"".join(event.get("body", b"") for event in sent)
