"""An ASGI app that only answers: it shows the speed of uvicorn itself with the same bytes.

`BARE_ANSWERS` names a JSON file of `{"METHOD target": {"status": 200, "headers": [[name, value], …], "body": text}}`.
"""

from __future__ import annotations

import json
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

Event = dict[str, Any]


def prepared(answer: Event) -> tuple[Event, Event]:
    headers = [(name.encode(), value.encode()) for name, value in answer["headers"]]
    return (
        {"type": "http.response.start", "status": answer["status"], "headers": headers},
        {"type": "http.response.body", "body": answer["body"].encode()},
    )


ANSWERS = {
    target: prepared(answer)
    for target, answer in json.loads(Path(os.environ["BARE_ANSWERS"]).read_text(encoding="utf-8")).items()
}


async def app(scope: Event, receive: Callable[[], Awaitable[Event]], send: Callable[[Event], Awaitable[None]]) -> None:
    query = scope["query_string"].decode()
    start, body = ANSWERS[f"{scope['method']} {scope['raw_path'].decode()}{'?' if query else ''}{query}"]
    await send(start)
    await send(body)
