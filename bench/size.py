"""How many devices the benchmarks of a large fleet have: 10,000, or as many as BENCH_DEVICES says."""

from __future__ import annotations

import os
from typing import Final

USUAL: Final = 10_000
DEVICES: Final = int(os.environ.get("BENCH_DEVICES", USUAL))
#: Where the size does not matter.
SMALL: Final = 200
