"""`signfleet jobs`"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import click

from signfleet.app.cli.command import NETWORK, chosen_network
from signfleet.app.cli.groups import WithDefault
from signfleet.app.cli.local_store import STORE, with_services
from signfleet.app.cli.options import Command, settings_options
from signfleet.app.cli.output import json_option, show, show_table
from signfleet.foundation import clock

if TYPE_CHECKING:
    from signfleet.app.wiring import Services
    from signfleet.identity.jobs.schemas import Job, JobFailure
    from signfleet.identity.jobs.store import JobRow
    from signfleet.web.caller.session import Session
    from signfleet.web.contract.paging import Page

USER = click.option("--user", "login", required=True, metavar="LOGIN", help="The user whose permissions count.")
#: Seconds between two lines about the progress of a job.
PROGRESS = 1
_ID = click.argument("id_", metavar="ID", type=click.IntRange(1))


@click.group(cls=WithDefault, default="list")
def jobs() -> None:
    """List jobs and what they failed at, cancel, retry and undo them.

    `signfleet jobs …` is short for `signfleet jobs list …`.
    """


def _of_a_job(command: Command) -> Command:
    """Adds what every command about one job needs."""
    return _ID(USER(NETWORK(settings_options(*STORE)(command))))


@jobs.command("list")
@USER
@NETWORK
@click.option("--filter", "filter_", metavar="EXPRESSION", help='Only those that match, such as "[Job].[Failed] IS 0".')
@click.option("--count", type=click.IntRange(1, 100), default=20, show_default=True, help="How many.")
@json_option
@settings_options(*STORE)
def list_(login: str, network: str | None, filter_: str | None, count: int, **flags: Any) -> None:
    """List the newest jobs of a network that a user may see, and how far they have come.

    The word `list` may be left out.
    """

    async def work(services: Services) -> list[Job]:
        import msgspec

        from signfleet.identity.jobs.schemas import Job
        from signfleet.web.contract.paging import ListQuery

        session = await session_of(services, network, login)
        page = await services.job_lists.list_(session, ListQuery(filter_, None, None, count))
        return [msgspec.json.decode(item, type=Job) for item in page.items]

    show_table(
        ["id", "kind", "state", "subject", "total", "done", "failed", "by"],
        [
            [job.id, job.kind, job.state, job.subject, job.total, job.done, job.failed, job.created_by]
            for job in with_services(flags, work)
        ],
    )


@jobs.command("show")
@_of_a_job
@json_option
def show_job(id_: int, login: str, network: str | None, **flags: Any) -> None:
    """Show the job ID, how far it has come, and its result."""

    async def work(services: Services) -> dict[str, Any]:
        import msgspec

        job = await services.job_lists.get(await session_of(services, network, login), str(id_))
        return {name: value for name, value in msgspec.to_builtins(job).items() if name != "isCancelled"}

    show(with_services(flags, work))


@jobs.command()
@_of_a_job
@json_option
def failures(id_: int, login: str, network: str | None, **flags: Any) -> None:
    """List what the job ID could not do, and why."""

    async def work(services: Services) -> list[JobFailure]:
        return await failures_of(services, await session_of(services, network, login), id_)

    show_failures(with_services(flags, work))


@jobs.command()
@_of_a_job
def cancel(id_: int, login: str, network: str | None, **flags: Any) -> None:
    """End the job ID before its next step; what it has done stays."""

    async def work(services: Services) -> None:
        await services.job_lists.cancel(await session_of(services, network, login), str(id_), clock.now())

    with_services(flags, work)
    click.echo(f"Job {id_} ends before its next step.")


@jobs.command()
@_of_a_job
@json_option
def retry(id_: int, login: str, network: str | None, **flags: Any) -> None:
    """Repeat a change or an import for just what the job ID failed at, and list what fails again."""
    _follow(id_, login, network, "retry", flags)


@jobs.command()
@_of_a_job
@json_option
def undo(id_: int, login: str, network: str | None, **flags: Any) -> None:
    """Put the old values back that the job ID, a change or an import, has replaced; list where that fails.

    Values that somebody has changed since stay as they are.
    """
    _follow(id_, login, network, "undo", flags)


def _follow(id_: int, login: str, network: str | None, name: str, flags: dict[str, Any]) -> None:
    """Retries or undoes a job, and waits for the end."""

    async def work(services: Services) -> tuple[JobRow, list[JobFailure]]:
        from signfleet.foundation.errors import Invalid

        session = await session_of(services, network, login)
        found = await services.job_lists.get(session, str(id_))
        kinds = (services.changes, services.device_imports, services.record_imports)
        kind = next((kind for kind in kinds if kind.name == found.kind), None)
        if kind is None:
            raise Invalid(f"Job {id_} is of the kind '{found.kind}'; only changes and imports have a {name}.")
        job = await getattr(kind, name)(session, str(id_), None, clock.now())
        return await run_job(services, session, job.id)

    end_with(*with_services(flags, work))


async def run_job(services: Services, session: Session, job_id: int) -> tuple[JobRow, list[JobFailure]]:
    """Runs a job to its end and reports its progress meanwhile; returns it and what it failed at."""
    task = asyncio.create_task(services.job_runner.finish(session.network, job_id))
    while not (await asyncio.wait({task}, timeout=PROGRESS))[0]:
        job = await services.job_lists.get(session, str(job_id))
        of = "" if job.total is None else f" of {job.total}"
        click.echo(f"job {job_id}: {job.done}{of} done, {job.failed} of them failed", err=True)
    return task.result(), await failures_of(services, session, job_id)


def end_with(job: JobRow, found: list[JobFailure], columns: tuple[str, ...] = ("device", "line", "column")) -> None:
    """Shows what a job failed at, and how it ended; the command ends with status 1 if it did not succeed."""
    show_failures(found, columns)
    result = "" if job.result is None else f" Result: {job.result}"
    click.echo(f"Job {job.id} {job.state.lower()}: {job.done} done, {job.failed} of them failed.{result}", err=True)
    if job.failed or job.state != "Finished":
        click.get_current_context().exit(1)


def show_failures(found: list[JobFailure], columns: tuple[str, ...] = ("device", "line", "column")) -> None:
    """Shows what a job failed at."""
    cells = [{"device": each.name or each.device_id, "line": each.line, "column": each.column} for each in found]
    show_table(
        [*columns, "reason"],
        [[*(row[name] for name in columns), each.reason] for row, each in zip(cells, found, strict=True)],
    )


async def failures_of(services: Services, session: Session, job_id: int) -> list[JobFailure]:
    """Returns all that is listed of what a job could not do."""
    import msgspec

    from signfleet.identity.jobs.schemas import JobFailure
    from signfleet.web.contract.paging import ListQuery

    found: list[JobFailure] = []
    page: Page | None = None
    while page is None or page.next_marker is not None:
        query = ListQuery(None, None, None if page is None else page.next_marker, 100)
        page = await services.job_lists.failures(session, str(job_id), query)
        found += [msgspec.json.decode(item, type=JobFailure) for item in page.items]
    return found


async def session_of(services: Services, network: str | None, login: str) -> Session:
    """Returns a session of a user of the network, who may do what their permissions say. Raises `NotFound`."""
    import msgspec

    from signfleet.foundation.errors import NotFound
    from signfleet.web.caller.scopes import USER_SCOPE

    found = await chosen_network(services, network)
    user = await services.users.find(found.id, login)
    if user is None:
        raise NotFound(f"There is no user '{login}' in the network '{found.name}'.")
    return msgspec.structs.replace(await services.users.session_of(user), scope=USER_SCOPE)
