"""Declares how stored documents follow when a user or role that permissions name is renamed or removed."""

from __future__ import annotations

from typing import Protocol

from signfleet.foundation.storage.interface import Transaction


class PermissionDocuments(Protocol):
    """Stored documents that contain permissions, and so name users and roles.

    `principal_type` is "User" or "Role". Both methods lock the rows of these documents until the transaction ends. If
    there are too many, a job does it, whose id they return; `remove` leaves that job the permissions too, which have no
    effect without their principal.
    """

    async def rename(
        self, tx: Transaction, network_id: int, principal_type: str, principal_id: int, now: int
    ) -> int | None:
        """Rewrites the documents that name a user or role whose name has changed."""

    async def remove(
        self, tx: Transaction, network_id: int, principal_type: str, principal_id: int, now: int
    ) -> int | None:
        """Removes all permissions of a user or role, and rewrites the documents that contain them."""
