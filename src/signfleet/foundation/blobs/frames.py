"""Messages between two processes over a pipe: four bytes of length, then the content."""

from __future__ import annotations

from typing import BinaryIO

_LENGTH = 4


def write_frame(pipe: BinaryIO, content: bytes) -> None:
    """Writes one message. Raises `OSError` if the pipe has no reader."""
    pipe.write(len(content).to_bytes(_LENGTH, "big"))
    pipe.write(content)
    pipe.flush()


def read_frame(pipe: BinaryIO, limit: int) -> bytes | None:
    """Reads one message; None if the pipe ends before it is complete, or its length is above `limit`."""
    head = pipe.read(_LENGTH)
    length = int.from_bytes(head, "big")
    if len(head) < _LENGTH or length > limit:
        return None
    content = pipe.read(length)
    return content if len(content) == length else None
