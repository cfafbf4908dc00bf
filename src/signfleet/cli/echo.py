"""Prints what a running server has to say, wherever standard output leads."""

from __future__ import annotations

import os
import sys

import click


def echo(text: str) -> None:
    """Print a text; where standard output cannot be written (a full disk, a closed pipe), the server goes on."""
    try:
        click.echo(text)
    except OSError as error:
        import structlog

        # What is left in the buffer would fail again when the process ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        structlog.get_logger("cli").warning("standard output cannot be written", reason=error.strerror)
