"""Compact JSON, for the store and for responses."""

from __future__ import annotations

import msgspec

#: Encodes any value that msgspec knows as UTF-8 bytes without spaces.
encode = msgspec.json.Encoder().encode
