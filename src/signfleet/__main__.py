"""The command `signfleet`, also as `python -m signfleet`."""

from __future__ import annotations

import os
import sys
from io import TextIOWrapper

from signfleet.foundation import stop_signals
from signfleet.foundation.malloc import restart_with_tuned_allocation


def main() -> None:
    """Runs the command."""
    stop_signals.block()  # until the command is there that knows what they mean to it
    os.umask(0o077)  # whatever the server writes is for its own user only
    restart_with_tuned_allocation()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # what its encoding lacks is escaped instead of ending the command
            stream.reconfigure(errors="backslashreplace")
    from signfleet.app.cli import cli  # noqa: PLC0415 - after the restart, so as not to be loaded twice

    cli(prog_name="signfleet")


if __name__ == "__main__":
    main()
