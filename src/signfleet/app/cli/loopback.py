"""Listens on this machine for the answer of a browser (RFC 8252, section 7.3)."""

from __future__ import annotations

import hmac
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

PATH = "/callback"
_PAGE = (
    b"<!doctype html><html lang=en><meta charset=utf-8><link rel=icon href=data:,><title>signfleet</title>"
    b"<p>Done: go back to the command line.</p>"
)


class Loopback:
    """A server on 127.0.0.1 that waits for one request with the right `state`, and answers all others with 404."""

    def __init__(self, state: str) -> None:
        answers: list[dict[str, str]] = []

        class Handler(BaseHTTPRequestHandler):
            timeout = 5

            def do_GET(self) -> None:
                url = urlsplit(self.path)
                given = {name: values[0] for name, values in parse_qs(url.query).items()}
                fits = url.path == PATH and hmac.compare_digest(given.get("state", "").encode(), state.encode())
                if fits:
                    answers.append(given)
                body = _PAGE if fits else b""
                self.send_response(200 if fits else 404)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_arguments: Any) -> None:
                """Logs nothing: the address contains a code."""

        self._answers = answers
        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self._server.server_port}{PATH}"

    def __enter__(self) -> Loopback:
        return self

    def __exit__(self, *_error: object) -> None:
        self._server.server_close()

    def wait(self, seconds: float) -> dict[str, str] | None:
        """Returns the parameters of the answer; None if there is none in time."""
        deadline = time.monotonic() + seconds
        while not self._answers and (left := deadline - time.monotonic()) > 0:
            self._server.timeout = left
            self._server.handle_request()
        return self._answers[0] if self._answers else None
