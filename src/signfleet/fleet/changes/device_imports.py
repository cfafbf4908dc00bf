"""Changes the devices that the lines of a file name: their settings and tags."""

from __future__ import annotations

import re
from typing import Final

from signfleet.fleet.changes import import_store as queries
from signfleet.fleet.changes.actions import Outcome, SettingsAction, TagsAction
from signfleet.fleet.changes.import_columns import CellError, Head, RowEdit, read_head, read_row
from signfleet.fleet.changes.import_files import ImportedFiles
from signfleet.fleet.changes.importing import Imports
from signfleet.fleet.changes.service import Changes
from signfleet.fleet.devices.catalogue import DEVICES
from signfleet.fleet.devices.service import Devices
from signfleet.fleet.devices.store import FoundDevice
from signfleet.foundation.errors import NotFound
from signfleet.foundation.expressions.listing import Listing
from signfleet.foundation.expressions.query_cache import QueryCache
from signfleet.foundation.storage.interface import Store, Transaction
from signfleet.foundation.wire.text import fold
from signfleet.identity.jobs.runner import JobRunner
from signfleet.identity.jobs.store import ChangeRow
from signfleet.web.caller.session import Session

_PATH: Final = re.compile(r"'/?(settings[./][A-Za-z0-9./]+)'")


class DeviceImports(Imports[RowEdit]):
    """Imports files of devices, which have to exist."""

    name = "import"
    scope = "bsn.api.main.devices.update"

    def __init__(
        self,
        store: Store,
        files: ImportedFiles,
        changes: Changes,
        runner: JobRunner,
        *,
        devices: Devices,
        settings: SettingsAction,
        tags: TagsAction,
    ) -> None:
        super().__init__(store, files, changes, runner)
        self._devices = devices
        self._settings = settings
        self._tags = tags
        self._listing = Listing(DEVICES)
        self._queries = QueryCache()

    def read_head(self, names: list[str]) -> Head:
        """Reads the heading: columns of the list of devices as CSV, and tags."""
        return read_head(names)

    def read_row(self, head: Head, cells: list[str]) -> RowEdit:
        """Reads the settings and tags of a device."""
        return read_row(head, cells)

    async def problems(self, session: Session, edits: dict[int, RowEdit]) -> dict[int, CellError]:
        """Returns the lines whose devices do not exist, or are hidden from the caller."""
        keys = {line: fold(edit.serial) for line, edit in edits.items()}
        rows = await self._store.all(queries.IDS_OF_SERIALS, network_id=session.network, keys=list(keys.values()))
        scope = await self._devices.scope(session)
        query = self._queries.get((scope.name,), lambda: self._listing.matching_among(None, scope))
        await query.prepare(self._store.dialect)
        ids = [row.id for row in rows]
        visible = {
            row.id for row in await self._store.all(query, network_id=session.network, ids=ids, **scope.parameters)
        }
        known = {row.serial_key for row in rows if row.id in visible}
        return {line: _unknown(edits[line].serial) for line, key in keys.items() if key not in known}

    async def find(self, tx: Transaction, session: Session, edit: RowEdit) -> FoundDevice:
        """Returns the device of a line."""
        try:
            return await self._devices.find(session, edit.serial, tx=tx)
        except NotFound as error:
            raise CellError(error.message, "serial") from error

    async def act(
        self, tx: Transaction, session: Session, found: FoundDevice | None, edit: RowEdit, now: int
    ) -> Outcome | None:
        """Changes a device: all that its line says, or nothing."""
        assert found is not None
        outcomes = []
        if edit.edit is not None:
            outcomes.append(await self._settings.act(edit.edit)(tx, session, found, now))
        if edit.tags or edit.removed:
            outcomes.append(await self._tags.act(edit.tags, edit.removed, {})(tx, session, found, now))
        whole = Outcome({}, {})
        for outcome in outcomes:
            if outcome is not None:
                whole = Outcome(whole.before | outcome.before, whole.after | outcome.after)
        return whole if whole.after else None

    def column_of(self, head: Head, message: str) -> str | None:
        """Returns the column whose path an error message names."""
        found = _PATH.search(message)
        path = None if found is None else fold(found[1].replace("/", "."))
        return next((column.name for column in head.columns if fold(".".join(column.path)) == path), None)

    async def put_back(self, tx: Transaction, session: Session, change: ChangeRow, outcome: Outcome, now: int) -> None:
        """Puts the old settings and tags of a device back, all or none."""
        found = await self._devices.find(session, str(change.device_id), tx=tx)
        for action, at in ((self._settings, "/settings/"), (self._tags, "/tags/")):
            before, after = ({path: value for path, value in half.items() if path.startswith(at)} for half in outcome)
            if after:
                await action.undo(Outcome(before, after))(tx, session, found, now)


def _unknown(serial: str) -> CellError:
    return CellError(NotFound.in_network("device", serial).message, "serial")
