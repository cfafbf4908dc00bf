"""Creates and changes the provisioning records that the lines of a file name."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from signfleet.fleet.changes.actions import Outcome
from signfleet.fleet.changes.import_columns import NULL, CellError, Column, Head, complete, json_cell
from signfleet.fleet.changes.import_files import ImportedFiles
from signfleet.fleet.changes.importing import Imports
from signfleet.fleet.changes.service import Changes
from signfleet.fleet.devices.store import FoundDevice
from signfleet.fleet.provisioning.records.schemas import MEMBERS, check
from signfleet.fleet.provisioning.records.service import ProvisioningRecords, delete_in, values_of
from signfleet.fleet.provisioning.setups.service import Setups
from signfleet.foundation.errors import Conflict, Invalid, NotFound
from signfleet.foundation.expressions.suggestions import nearest
from signfleet.foundation.storage.interface import Store, Transaction
from signfleet.foundation.wire.csv_text import plain
from signfleet.foundation.wire.text import fold
from signfleet.identity.access.operations.definitions import SETUP_DEVICE
from signfleet.identity.access.permissions import Permissions
from signfleet.identity.jobs.runner import JobRunner
from signfleet.identity.jobs.store import ChangeRow
from signfleet.web.caller.session import Session

#: What clients read of a record and cannot change.
_IGNORED: Final = ("_id", "id", "client", "createdat", "updatedat", "__v")
#: The columns of the store by those of a file, folded.
_COLUMNS: Final = {name: column for name, column in MEMBERS.items() if name not in _IGNORED} | {"setup": "setup_name"}
#: How values are called where they are shown.
_SHOWN: Final = {
    "serial": "/serial",
    "username": "/username",
    "name": "/name",
    "model": "/model",
    "description": "/desc",
    "setup_id": "/setupId",
    "setup_name": "/setupName",
    "url": "/url",
    "user_data": "/userData",
}


class RecordEdit(NamedTuple):
    """What a row changes, by column of the store; and the columns of the file, for errors."""

    serial: str
    values: dict[str, Any]
    names: dict[str, str]


class RecordImports(Imports[RecordEdit]):
    """Imports files of provisioning records. A serial without a record gets one."""

    name = "import provisioning records"
    scope = "bsn.api.main.devices.setups.update"

    def __init__(
        self,
        store: Store,
        files: ImportedFiles,
        changes: Changes,
        runner: JobRunner,
        *,
        records: ProvisioningRecords,
        setups: Setups,
        permissions: Permissions,
    ) -> None:
        super().__init__(store, files, changes, runner)
        self._records = records
        self._setups = setups
        self._permissions = permissions

    async def require_allowed(self, session: Session) -> None:
        """Raises `Forbidden` for a caller who may not set up players."""
        await super().require_allowed(session)
        await self._permissions.require_everywhere(session, SETUP_DEVICE)

    def read_head(self, names: list[str]) -> Head:
        """Reads the heading: members of a record as clients send them, and `setup`."""
        places: dict[str, Column] = {}
        for place, name in enumerate(name.strip() for name in names):
            if fold(name) in _IGNORED or (not name and place == len(names) - 1):
                continue
            column = _COLUMNS.get(fold(name))
            if column is None:
                near = nearest(name, list(_COLUMNS))
                hint = f"; did you mean {' or '.join(near)}?" if near else "."
                raise Invalid(f"Line 1 has a column '{name[:100]}', which provisioning records do not have{hint}")
            if column in places:
                raise Invalid(f"Line 1 has two columns for '{name}'.")
            places[column] = Column(name, place, (column,))
        serial = places.pop("serial", None)
        if serial is None:
            raise Invalid("Line 1 has no column 'serial', which names the player of each line.")
        if not places:
            raise Invalid("Line 1 has no column that can be changed, such as 'setup', 'name' or 'model'.")
        if {"setup_id", "setup_name"} <= places.keys():
            raise Invalid("Line 1 has a column for the id of a setup and one for its name; one is enough.")
        return Head(serial.place, list(places.values()))

    def read_row(self, head: Head, cells: list[str]) -> RecordEdit:
        """Reads the values of a record."""
        serial, filled = complete(head, cells)
        values: dict[str, Any] = {}
        for column in head.columns:
            [name], cell = column.path, filled[column.place]
            if not cell:
                continue
            if cell == NULL:
                value = "" if name == "username" else None
            else:
                value = json_cell(column, cell) if name == "user_data" else plain(cell)
            _checked(column.name, {name: value})
            values[name] = value
        _checked("serial", {"serial": serial})
        return RecordEdit(serial, values, {column.path[0]: column.name for column in head.columns})

    async def problems(self, session: Session, edits: dict[int, RecordEdit]) -> dict[int, CellError]:
        """Returns the lines whose serials another network has, or whose setups do not exist."""
        taken = await self._records.taken(session.network, [edit.serial for edit in edits.values()])
        found: dict[int, CellError] = {}
        for line, edit in edits.items():
            try:
                if fold(edit.serial) in taken:
                    raise CellError(f"Another network has a provisioning record of '{edit.serial}'.", "serial")
                await self._complete(session.network, edit)
            except CellError as error:
                found[line] = error
        return found

    async def act(
        self, tx: Transaction, session: Session, found: FoundDevice | None, edit: RecordEdit, now: int
    ) -> Outcome | None:
        """Creates the record of a serial, or changes it."""
        values = await self._complete(session.network, edit, tx)
        row = await self._records.lock(tx, session.network, edit.serial)
        present = {} if row is None else values_of(row)
        if row is None:
            values["serial"] = edit.serial
        try:
            is_new = await self._records.change_in(tx, session.network, row, values, now)
        except Conflict as error:
            raise CellError(error.message, "serial") from error
        return _outcome(present, values) if is_new else None

    async def put_back(self, tx: Transaction, session: Session, change: ChangeRow, outcome: Outcome, now: int) -> None:
        """Puts the old values of a record back, or deletes the record if the import has created it."""
        row = await self._records.lock(tx, session.network, change.name or "")
        if row is None:
            raise NotFound.in_network("provisioning record", change.name or "")
        before, written = ({column: half[path] for column, path in _SHOWN.items() if path in half} for half in outcome)
        is_created = "serial" in written
        if is_created:
            written = dict.fromkeys(_SHOWN) | {"username": ""} | written
        for column, value in values_of(row).items():
            if column in written and written[column] != value:
                raise Conflict(f"'{_SHOWN[column]}' has changed since.")
        if is_created:
            await delete_in(tx, row, now)
        else:
            await self._records.change_in(tx, session.network, row, before, now)

    async def _complete(self, network_id: int, edit: RecordEdit, tx: Transaction | None = None) -> dict[str, Any]:
        """Returns the values of a line, with id and name of its setup. Raises `CellError`."""
        values = dict(edit.values)
        network = values.pop("network_name", None)
        if network is not None and fold(network) != fold(await self._setups.network_name(network_id, tx)):
            raise CellError(f"This network is not '{network}'.", edit.names["network_name"])
        for given, other in (("setup_name", "setup_id"), ("setup_id", "setup_name")):
            if given in values:
                setup = None if values[given] is None else await self._setup(network_id, edit, given, tx)
                values |= {given: None, other: None} if setup is None else setup
                break
        return values

    async def _setup(self, network_id: int, edit: RecordEdit, given: str, tx: Transaction | None) -> dict[str, Any]:
        wanted, column = edit.values[given], edit.names[given]
        by = {"id_": wanted} if given == "setup_id" else {"name": wanted}
        found = await self._setups.identify(network_id, **by, tx=tx)
        if not found:
            raise CellError(NotFound.in_network("setup", wanted).message, column)
        if len(found) > 1:
            raise CellError(f"Several setups have the name '{wanted}'; use a column 'setupId'.", column)
        return {"setup_id": found[0].id, "setup_name": found[0].name}


def _checked(name: str, values: dict[str, Any]) -> None:
    """Raises `CellError` for a value that a record cannot have."""
    try:
        check(values)
    except Invalid as error:
        raise CellError(error.message, name) from error


def _outcome(present: dict[str, Any], values: dict[str, Any]) -> Outcome:
    """Returns old and new values that differ, as they are shown."""
    changed = {column: value for column, value in values.items() if present.get(column) != value}
    return Outcome(
        {_SHOWN[column]: present.get(column) for column in changed},
        {_SHOWN[column]: value for column, value in changed.items()},
    )
