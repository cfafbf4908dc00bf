"""Changes all devices that a filter matches: a dry run, the job, its retry and its undoing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final, NamedTuple

import msgspec
from msgspec.json import decode

from signfleet.fleet.changes.actions import Act, Action, Outcome
from signfleet.fleet.changes.schemas import DryRun, Example, NewChange
from signfleet.fleet.devices.catalogue import DEVICES
from signfleet.fleet.devices.selection import DeviceSelection
from signfleet.fleet.devices.service import Devices
from signfleet.fleet.devices.store import FoundDevice
from signfleet.foundation.errors import Forbidden, Invalid, SignfleetError
from signfleet.foundation.expressions.catalogue import Catalogue
from signfleet.foundation.storage.interface import Store, Transaction
from signfleet.foundation.wire.json import encode
from signfleet.identity.jobs import store as queries
from signfleet.identity.jobs.kinds import Change, Failure, NewJob, Progress, Run, Step
from signfleet.identity.jobs.runner import JobRunner
from signfleet.identity.jobs.schemas import Job
from signfleet.identity.jobs.service import JobLists, entity
from signfleet.web.caller.session import Session

#: How many devices a dry run shows.
EXAMPLES: Final = 10
#: Above the number of any change of a job.
NEWEST: Final = 2**62


class _RolledBack(Exception):
    """Ends a dry run with what it would have changed."""

    def __init__(self, outcome: Outcome | None) -> None:
        super().__init__()
        self.outcome = outcome


class _Item(NamedTuple):
    """A device to change, the position of the job after it, and what to do; None: what its job says."""

    device_id: int
    position: int
    act: Act | None = None


class Changes:
    """Runs actions on many devices. A `JobKind` too."""

    name = "change"

    def __init__(
        self, store: Store, devices: Devices, runner: JobRunner, jobs: JobLists, catalogue: Catalogue = DEVICES
    ) -> None:
        self._store = store
        self._devices = devices
        self._runner = runner
        self._jobs = jobs
        self._selection = DeviceSelection(store, catalogue)
        self._actions: dict[str, Action] = {}
        runner.register(self)

    def register(self, *actions: Action) -> None:
        """Adds actions, by the names of their members in the body."""
        self._actions |= {action.name: action for action in actions}

    async def check(self, session: Session, new: NewChange, now: int) -> DryRun:
        """Counts the devices of a change, and returns what would happen to the first ones. Changes nothing."""
        action, value = self._action(session, new)
        act = await action.read(value, session)
        found = await self._selection.find(session.network, new.filter, await self._devices.scope(session))
        examples = [
            await self._store.write(lambda tx, id_=id_: self._attempt(tx, session, str(id_), act, now))  # type: ignore[misc]  # no type for a lambda with a default
            for id_ in await self._selection.ids(session.network, found, EXAMPLES)
        ]
        count = await self._selection.count(session.network, found)
        return DryRun(count=count, examples=examples)

    async def submit(self, session: Session, new: NewChange, request_key: str | None, now: int) -> Job:
        """Starts a change as a job. Raises `Invalid`, `Forbidden`, `QuotaReached`, `Conflict`."""
        action, value = self._action(session, new)
        await action.read(value, session)
        found = await self._selection.find(session.network, new.filter, await self._devices.scope(session))
        last = await self._selection.last(session.network, found)
        total = await self._selection.count(session.network, found)
        given = {"filter": new.filter, "action": action.name, "value": value, "last": last}
        return await self.start(session, NewJob(self.name, new.filter, given, session, total, request_key), now)

    async def retry(self, session: Session, ref: str, request_key: str | None, now: int) -> Job:
        """Starts a change of just the devices that a job has failed at. Raises `NotFound`, `Invalid`."""
        row, given = await self.finished(session, ref, self.name)
        if not row.failed:
            raise Invalid(f"Job {row.id} has failed at no device.")
        if "undo" in given:
            raise Invalid(f"Job {row.id} undoes another one; undo that one again instead.")
        self._require_scope(session, self._actions[given["action"]])
        retried = {"retry": row.id, "filter": row.subject, "action": given["action"], "value": given["value"]}
        new = NewJob(self.name, row.subject, retried, session, row.failed, request_key)
        return await self.start(session, new, now)

    async def undo(self, session: Session, ref: str, request_key: str | None, now: int) -> Job:
        """Starts to put the old values back where those that a job wrote are still there. Raises like `retry`."""
        row, given = await self.finished(session, ref, self.name)
        action = self._actions[given["action"]]
        if action.undo(Outcome({}, {})) is None:
            raise Invalid(f"Job {row.id}: the action '{action.name}' cannot be undone.")
        self._require_scope(session, action)
        undone = {"undo": row.id, "action": action.name}
        return await self.start(session, NewJob(self.name, row.subject, undone, session, None, request_key), now)

    async def can_undo(self, session: Session, ref: str) -> bool:
        """Returns whether the old values of a job can be put back. Raises `NotFound`."""
        row = await self._jobs.row(session, ref)
        if row.kind != self.name or row.finished_date is None:
            return False
        _, given = await self.finished(session, ref, self.name)
        return "undo" not in given and self._actions[given["action"]].undo(Outcome({}, {})) is not None

    async def next_step(self, run: Run) -> Step:
        """Takes the next devices of a filter, of the failures of a job, or of those that a job has changed."""
        given, after = run.input, run.position or (NEWEST if "undo" in run.input else 0)
        action = self._actions[given["action"]]
        act = None if "undo" in given else await action.read(given["value"], run.caller, run)
        found = None
        if "undo" in given:
            items = await self._changed(run, action, after)
        elif "retry" in given:
            items = await self._failed(run, after)
        else:
            found = await self._selection.find(run.network_id, given["filter"], await self._devices.scope(run.caller))
            ids = await self._selection.ids(run.network_id, found, run.size, after=after, last=given["last"])
            items = [_Item(id_, id_) for id_ in ids]

        async def step(tx: Transaction) -> Progress:
            ids = [item.device_id for item in items]
            present = ids if found is None else await found.still_matching(tx, run.network_id, ids)
            taken = set(present)
            results = [
                await self._change(tx, run, item.device_id, todo)
                for item in items
                if item.device_id in taken and (todo := item.act or act) is not None
            ]
            is_last = len(items) < run.size
            return Progress(
                items[-1].position if items else None,
                len(taken),
                is_last=is_last,
                failures=[result for result in results if isinstance(result, Failure)],
                changes=[result for result in results if isinstance(result, Change)],
                result=await action.finish(tx, run) if is_last and act is not None else None,
            )

        return step

    async def _change(self, tx: Transaction, run: Run, device_id: int, act: Act) -> Failure | Change | None:
        """Does an action with one device, and returns what it has changed, or why it could not."""
        serial = None
        try:
            device = await self._devices.find(run.caller, str(device_id), tx=tx)
            serial = device.serial
            outcome = await tx.nested(lambda tx: act(tx, run.caller, device, run.now))
        except SignfleetError as error:
            return Failure(error.message, device_id, serial)
        if outcome is None or "undo" in run.input:
            return None
        return change_of(outcome, device_id, serial)

    async def _attempt(self, tx: Transaction, session: Session, ref: str, act: Act, now: int) -> Example:
        """Does an action with one device, and rolls it back."""
        device: FoundDevice = await self._devices.find(session, ref, tx=tx)

        (before, after), problem = await attempt(tx, lambda tx: act(tx, session, device, now))
        return Example(id=device.id, serial=device.serial, before=before, after=after, error=problem)

    async def _failed(self, run: Run, after: int) -> list[_Item]:
        key = {"network_id": run.network_id, "job_id": run.input["retry"]}
        rows = await self._store.all(queries.FAILURES_AFTER, **key, after=after, limit=run.size)
        return [_Item(row.device_id or 0, row.id) for row in rows]

    async def _changed(self, run: Run, action: Action, before: int) -> list[_Item]:
        key = {"network_id": run.network_id, "job_id": run.input["undo"]}
        rows = await self._store.all(queries.CHANGES_BEFORE, **key, before_id=before, limit=run.size)
        return [_Item(row.device_id or 0, row.id, action.undo(outcome_of(row))) for row in rows]

    async def start(self, session: Session, new: NewJob, now: int) -> Job:
        """Adds a job of a person, starts it, and returns it."""
        id_ = await self._runner.submit(session.network, new, now)
        return entity(await self._jobs.row(session, str(id_)))

    async def finished(self, session: Session, ref: str, kind: str) -> tuple[queries.JobRow, Any]:
        """Returns a job of a kind that has ended, and its input. Raises `NotFound`, `Invalid`."""
        row = await self._jobs.row(session, ref)
        if row.kind != kind:
            raise Invalid(f"Job {row.id} is of the kind '{row.kind}', not '{kind}'.")
        if row.finished_date is None:
            raise Invalid(f"Job {row.id} has not ended yet.")
        stored = await self._store.one(queries.INPUT, network_id=row.network_id, id=row.id)
        return row, {} if stored is None else decode(stored.input)

    def _action(self, session: Session, new: NewChange) -> tuple[Action, Any]:
        """Returns the action of a body, and its member as builtin types. Raises `Invalid`, `Forbidden`."""
        given = {
            name: value
            for name in new.__struct_fields__
            if name != "filter" and (value := getattr(new, name)) is not msgspec.UNSET
        }
        known = ", ".join(f"'{name}'" for name in self._actions)
        if len(given) != 1:
            raise Invalid(f"The body needs exactly one of {known}, and has {len(given)}.")
        [(name, value)] = given.items()
        action = self._actions.get(name)
        if action is None:
            raise Invalid(f"'{name}': this server has no such action; it has {known}.")
        self._require_scope(session, action)
        return action, msgspec.to_builtins(value)

    def _require_scope(self, session: Session, action: Action) -> None:
        if not session.covers(action.scope):
            raise Forbidden(f"The access token lacks the scope '{action.scope}', so it cannot do '{action.name}'.")


async def attempt(
    tx: Transaction, work: Callable[[Transaction], Awaitable[Outcome | None]]
) -> tuple[Outcome, str | None]:
    """Runs a part of a unit of work and rolls it back; returns what it would have changed, or why it would fail."""

    async def roll_back(tx: Transaction) -> None:
        raise _RolledBack(await work(tx))

    try:
        await tx.nested(roll_back)
    except _RolledBack as end:
        return end.outcome or Outcome({}, {}), None
    except SignfleetError as error:
        return Outcome({}, {}), error.message
    raise AssertionError("a dry run was not rolled back")


def change_of(outcome: Outcome, device_id: int | None, serial: str | None) -> Change:
    """Returns what a job remembers, to undo it."""
    before, after = (encode(values).decode() for values in outcome)
    return Change(before, after, device_id, serial)


def outcome_of(row: queries.ChangeRow) -> Outcome:
    """Returns what a job has changed."""
    return Outcome(decode(row.before), decode(row.after))
