"""The names of metrics."""

from __future__ import annotations

import re
from typing import Final

#: How many metrics a report may have, and characters a name.
MOST_METRICS: Final = 64
NAME_LENGTH: Final = 48
#: Names in lower case; a dot separates parts, as in filters.
PATTERN: Final = re.compile(rf"(?=.{{1,{NAME_LENGTH}}}\Z)[a-z0-9_-]+(\.[a-z0-9_-]+)*", re.ASCII)
NAME_FORM: Final = f"1 to {NAME_LENGTH} letters, digits, '_' or '-', in parts that dots separate"
