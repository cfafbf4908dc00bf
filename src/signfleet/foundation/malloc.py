"""Tunes glibc's allocator, which reads its settings from the environment once, before a process starts.

By default it returns every freed buffer of a page of devices to the kernel and maps it again for the next page. For
pages of 100 devices that takes about as long as everything else together.
"""

from __future__ import annotations

import os
import sys
from collections.abc import MutableMapping

#: In bytes: how much freed memory glibc retains, and from which size it maps a buffer separately (its maximum).
TUNED = {"MALLOC_TRIM_THRESHOLD_": str(256 << 20), "MALLOC_MMAP_THRESHOLD_": str(32 << 20)}


def restart_with_tuned_allocation(environment: MutableMapping[str, str] = os.environ) -> None:
    """Restarts the interpreter with the same arguments and process id, unless it is tuned already or has no glibc.

    It does not change what an operator has set.
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
