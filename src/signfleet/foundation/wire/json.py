"""Compact JSON, as everything is stored and answered."""

from __future__ import annotations

import msgspec

#: Any value that msgspec knows, as UTF-8 bytes without a blank.
encode = msgspec.json.Encoder().encode
