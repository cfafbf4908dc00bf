"""`signfleet import` and `signfleet jobs`"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from signfleet.app.cli.command import NETWORK, chosen_network
from signfleet.app.cli.local_store import STORE, with_services
from signfleet.app.cli.options import settings_options
from signfleet.app.cli.output import json_option, show_table
from signfleet.foundation import clock

if TYPE_CHECKING:
    from signfleet.app.wiring import Services
    from signfleet.web.caller.session import Session

_USER = click.option("--user", "login", required=True, metavar="LOGIN", help="The user whose permissions count.")


@click.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@_USER
@NETWORK
@click.option("--yes", is_flag=True, help="Import the file; without it, only show which lines would fail.")
@json_option
@settings_options(*STORE)
def import_(file: Path, login: str, network: str | None, yes: bool, **flags: Any) -> None:
    """Change the devices that the lines of the CSV file FILE name, and list the lines that fail.

    Without --yes nothing changes. The columns are in docs/mass-changes.md. It ends with status 1 if a line fails.
    """
    content = file.read_bytes()

    async def work(services: Services) -> tuple[int, list[list[Any]]]:
        session = await _session(services, network, login)
        if not yes:
            preview = await services.device_imports.check(session, content, clock.now())
            rows = [[each.line, each.column, each.reason] for each in preview.errors]
            return preview.error_count, rows
        job = await services.device_imports.submit(session, content, None, clock.now())
        row = await services.job_runner.finish(session.network, job.id)
        return row.failed, await _failures(services, session, job.id)

    failed, rows = with_services(flags, work)
    show_table(["line", "column", "reason"], rows)
    if not yes:
        click.echo("Nothing was changed; --yes imports the file.", err=True)
    if failed:
        click.get_current_context().exit(1)


@click.command()
@_USER
@NETWORK
@click.option("--filter", "filter_", metavar="EXPRESSION", help='Only those that match, such as "[Job].[Failed] IS 0".')
@click.option("--count", type=click.IntRange(1, 100), default=20, show_default=True, help="How many.")
@json_option
@settings_options(*STORE)
def jobs(login: str, network: str | None, filter_: str | None, count: int, **flags: Any) -> None:
    """List the newest jobs of a network that a user may see, and how far they have come."""

    async def work(services: Services) -> list[list[Any]]:
        import msgspec

        from signfleet.identity.jobs.schemas import Job
        from signfleet.web.contract.paging import ListQuery

        session = await _session(services, network, login)
        page = await services.job_lists.list_(session, ListQuery(filter_, None, None, count))
        found = [msgspec.json.decode(item, type=Job) for item in page.items]
        return [
            [job.id, job.kind, job.state, job.subject, job.total, job.done, job.failed, job.created_by] for job in found
        ]

    show_table(["id", "kind", "state", "subject", "total", "done", "failed", "by"], with_services(flags, work))


async def _failures(services: Services, session: Session, job_id: int) -> list[list[Any]]:
    import msgspec

    from signfleet.identity.jobs.schemas import JobFailure
    from signfleet.web.contract.paging import ListQuery

    page = await services.job_lists.failures(session, str(job_id), ListQuery(None, None, None, 100))
    found = [msgspec.json.decode(item, type=JobFailure) for item in page.items]
    return [[each.line, each.column, each.reason] for each in found]


async def _session(services: Services, network: str | None, login: str) -> Session:
    """Returns a session of a user of the network, who may do what their permissions say. Raises `NotFound`."""
    import msgspec

    from signfleet.foundation.errors import NotFound
    from signfleet.web.caller.scopes import USER_SCOPE

    found = await chosen_network(services, network)
    user = await services.users.find(found.id, login)
    if user is None:
        raise NotFound(f"There is no user '{login}' in the network '{found.name}'.")
    return msgspec.structs.replace(await services.users.session_of(user), scope=USER_SCOPE)
