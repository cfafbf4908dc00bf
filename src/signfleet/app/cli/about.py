"""`signfleet version` and `signfleet openapi`"""

from __future__ import annotations

import click

from signfleet import __version__
from signfleet.app.cli.output import json_option, show, wants_json


@click.command()
@json_option
def version() -> None:
    """Print the version."""
    if wants_json():
        show({"version": __version__})
        return
    click.echo(__version__)


@click.command()
def openapi() -> None:
    """Print the description of the API as an OpenAPI 3.1 document."""
    import msgspec

    from signfleet.app.wiring import endpoints
    from signfleet.web.http.openapi import document

    click.echo(msgspec.json.format(msgspec.json.encode(document(endpoints()))))
