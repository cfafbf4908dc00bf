"""The command `signfleet`: one module a command group."""

from __future__ import annotations

import click

from signfleet import __version__
from signfleet.app.cli import (
    about,
    application,
    audit,
    backup,
    change,
    command,
    demo,
    device,
    doctor,
    init,
    jobs,
    login,
    network,
    permission,
    person,
    serve,
    simulate,
    subscription,
    tls_front,
    token,
    user,
)
from signfleet.app.cli.groups import Commands
from signfleet.foundation import stop_signals

#: Commands that handle the stop signals themselves.
SERVERS = ("serve", "demo", "tls-front")


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, message="%(version)s")
@click.pass_context
def cli(context: click.Context) -> None:
    """An open, self-hosted control plane for fleets of digital-signage players."""
    if context.invoked_subcommand not in SERVERS:
        stop_signals.unblock()


for each in (
    serve.serve,
    demo.demo,
    init.init,
    network.network,
    person.person,
    user.user,
    permission.permission,
    subscription.subscription,
    audit.audit,
    application.application,
    token.token,
    device.device,
    command.command,
    command.commands,
    change.change,
    change.import_,
    jobs.jobs,
    simulate.simulate,
    tls_front.tls_front,
    backup.backup,
    backup.restore,
    backup.upgrade,
    doctor.doctor,
    login.login,
    login.logout,
    login.api,
    about.version,
    about.openapi,
):
    cli.add_command(each)


__all__ = ["cli"]
