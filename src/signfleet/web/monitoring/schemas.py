"""What is answered about the server itself."""

from __future__ import annotations

from typing import Literal

import msgspec


class Health(msgspec.Struct):
    """The process runs, or is ready to serve."""

    status: Literal["alive", "ready"]
