"""Rewrites the permissions part of devices' documents when permissions, users or roles change."""

from __future__ import annotations

from collections.abc import Sequence

from signfleet.fleet.devices.document import next_moment, touch, write_part
from signfleet.fleet.devices.store import LOCK_DEVICE, LOCK_DEVICES, LockedDevice
from signfleet.foundation.storage.interface import Transaction
from signfleet.foundation.wire.json import encode
from signfleet.identity.access import grants
from signfleet.identity.access.operations.definitions import DEVICE
from signfleet.identity.access.permission_store import ENTITIES_OF_PRINCIPAL
from signfleet.identity.jobs.kinds import STEP_ROWS, NewJob, Progress, Run, Step
from signfleet.identity.jobs.queue import insert_job
from signfleet.identity.jobs.runner import JobRunner


async def rewrite_permissions(tx: Transaction, row: LockedDevice, now: int) -> bool:
    """Writes the permissions part of a locked device's document; returns whether it has changed."""
    document = encode((await grants.of_entity(tx, row.network_id, DEVICE.entity, row.id))[::-1]).decode()
    if document == row.permissions:
        return False
    moment = next_moment(row, now)
    await write_part(tx, row, "permissions", document, moment)
    await touch(tx, row, moment)
    return True


class DevicePermissionDocuments:
    """Implements `PermissionDocuments` for devices. A `JobKind` too, for principals that many devices name."""

    name = "rewrite permissions"

    def __init__(self, jobs: JobRunner) -> None:
        self._jobs = jobs
        jobs.register(self)

    async def rename(
        self, tx: Transaction, network_id: int, principal_type: str, principal_id: int, now: int
    ) -> int | None:
        device_ids = await _lock(tx, network_id, principal_type, principal_id, after=0, limit=STEP_ROWS + 1)
        if len(device_ids) > STEP_ROWS:
            return await self._insert(tx, network_id, principal_type, principal_id, now, is_gone=False)
        await _rewrite(tx, network_id, device_ids, now)
        return None

    async def remove(
        self, tx: Transaction, network_id: int, principal_type: str, principal_id: int, now: int
    ) -> int | None:
        device_ids = await _lock(tx, network_id, principal_type, principal_id, after=0, limit=STEP_ROWS + 1)
        if len(device_ids) > STEP_ROWS:
            return await self._insert(tx, network_id, principal_type, principal_id, now, is_gone=True)
        await grants.delete_of_principal(tx, network_id, principal_type, principal_id)
        await _rewrite(tx, network_id, device_ids, now)
        return None

    async def next_step(self, run: Run) -> Step:
        """Takes the next devices with permissions of the principal, and removes those of one that is gone."""
        principal: tuple[str, int] = run.input["type"], run.input["id"]
        is_gone: bool = run.input["isGone"]

        async def step(tx: Transaction) -> Progress:
            ids = await _lock(tx, run.network_id, *principal, after=run.position or 0, limit=run.size)
            if is_gone:
                await grants.delete_of_principal_on(
                    tx, run.network_id, *principal, entity=DEVICE.entity, entity_ids=ids
                )
            await _rewrite(tx, run.network_id, ids, run.now)
            is_last = len(ids) < run.size
            if is_last and is_gone:
                await grants.delete_of_principal(tx, run.network_id, *principal)
            return Progress(ids[-1] if ids else None, len(ids), is_last)

        return step

    async def _insert(
        self, tx: Transaction, network_id: int, principal_type: str, principal_id: int, now: int, *, is_gone: bool
    ) -> int:
        given = {"type": principal_type, "id": principal_id, "isGone": is_gone}
        job = NewJob(self.name, f"{principal_type.lower()} {principal_id}", given)
        return await insert_job(tx, network_id, job, now)


async def _lock(
    tx: Transaction, network_id: int, principal_type: str, principal_id: int, *, after: int, limit: int
) -> list[int]:
    """Locks the first devices after an id that have permissions of a user or role; returns their ids.

    Lock order: devices before permissions, as in changes of a device.
    """
    rows = await tx.all(
        ENTITIES_OF_PRINCIPAL,
        network_id=network_id,
        principal_type=principal_type,
        principal_id=principal_id,
        entity=DEVICE.entity,
        after=after,
        limit=limit,
    )
    device_ids = [row.entity_id for row in rows]
    await tx.all(LOCK_DEVICES, network_id=network_id, ids=device_ids)
    return device_ids


async def _rewrite(tx: Transaction, network_id: int, device_ids: Sequence[int], now: int) -> None:
    for device_id in device_ids:
        row = await tx.one(LOCK_DEVICE, network_id=network_id, device_id=device_id)
        if row is not None:
            await rewrite_permissions(tx, row, now)
