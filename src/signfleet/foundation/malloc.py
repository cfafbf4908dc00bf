"""Tunes glibc's allocator, which reads its settings from the environment once, before a process starts.

By default it hands every freed buffer of a page of devices back to the kernel and faults it in again for the next
page, which costs pages of 100 about as much as all else together.
"""

from __future__ import annotations

import os
import sys
from collections.abc import MutableMapping

#: Bytes: memory kept when freed, and the size from which a buffer is mapped alone (the most that glibc takes).
TUNED = {"MALLOC_TRIM_THRESHOLD_": str(256 << 20), "MALLOC_MMAP_THRESHOLD_": str(32 << 20)}


def restart_with_tuned_allocation(environment: MutableMapping[str, str] = os.environ) -> None:
    """Start the interpreter anew with the same arguments and process id, unless it is tuned already or has no glibc.

    What an operator has set stays as it is.
    """
    if not _has_glibc() or all(name in environment for name in TUNED):
        return
    for name, value in TUNED.items():
        environment.setdefault(name, value)
    os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], dict(environment))  # noqa: S606 - ourselves


def _has_glibc() -> bool:
    try:
        return (os.confstr("CS_GNU_LIBC_VERSION") or "").startswith("glibc")
    except (AttributeError, ValueError, OSError):  # another system, another C library
        return False
