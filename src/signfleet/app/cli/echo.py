"""Prints messages of a running server, even if standard output fails."""

from __future__ import annotations

import os
import sys

import click


def echo(text: str) -> None:
    """Prints a text; if standard output fails (a full disk, a closed pipe), the server continues."""
    try:
        click.echo(text)
    except OSError as error:
        import structlog

        # The rest of the buffer would fail again when the process ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        structlog.get_logger("cli").warning("standard output cannot be written", reason=error.strerror)
