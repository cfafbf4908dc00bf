"""`signfleet serve`"""

from __future__ import annotations

from typing import Any

import click

from signfleet.cli.options import load_settings, settings_options


@click.command()
@settings_options()
def serve(**flags: Any) -> None:
    """Run the server.

    Each setting may also be given in the environment (--log-level is SIGNFLEET_LOG_LEVEL) or in a TOML file
    (log_level = "info"); a flag wins over the environment, the environment over the file.
    """
    settings = load_settings(flags)
    from signfleet import logs
    from signfleet.server import CannotListen, run
    from signfleet.storage.opening import CannotOpen

    logs.configure(settings.log_level)
    try:
        run(settings)
    except (CannotListen, CannotOpen) as error:
        raise click.ClickException(str(error)) from error
