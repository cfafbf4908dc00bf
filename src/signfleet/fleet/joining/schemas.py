"""The bodies of the endpoints that control joining."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType

from signfleet.fleet.devices.serials import SERIAL_FORM, SERIAL_PATTERN
from signfleet.foundation.wire.types import DateTime


class NewSetupToken(msgspec.Struct, rename="camel", kw_only=True):
    """The limits of a new setup token; by default any number of devices, for as long as the network's settings say."""

    max_uses: Annotated[int, Meta(ge=1, le=1_000_000)] | None = None
    days: Annotated[int, Meta(ge=1, le=3650)] | None = None


class SetupToken(msgspec.Struct, rename="camel", kw_only=True):
    """A setup token without its text. `uses` is null without `maxUses`."""

    id: str
    author: str | None
    valid_from: DateTime
    valid_to: DateTime
    max_uses: int | None
    uses: int | None


class IssuedSetupToken(SetupToken, kw_only=True):
    """A new setup token; its text is only in this answer."""

    token: str


class SetupTokens(msgspec.Struct, rename="camel", kw_only=True):
    """A page of setup tokens, by when they expire; `nextMarker` is null on the last."""

    items: list[SetupToken]
    next_marker: str | None


class BlockedSerial(msgspec.Struct, rename="camel", kw_only=True):
    """The serial of a deleted device, which the network blocks."""

    serial: str
    date: DateTime


class BlockedSerials(msgspec.Struct, rename="camel", kw_only=True):
    """A page of blocked serials; `nextMarker` is null on the last."""

    items: list[BlockedSerial]
    next_marker: str | None


class NewSerialClaim(msgspec.Struct, rename="camel", kw_only=True):
    """A serial to claim."""

    serial: Annotated[str, Meta(pattern=SERIAL_PATTERN, extra={"is": SERIAL_FORM})]


class SerialClaim(msgspec.Struct, rename="camel", kw_only=True):
    """A serial that the network claims; the operator of the server decides."""

    serial: str
    author: str
    date: DateTime


class JoiningRules(msgspec.Struct, rename="camel", kw_only=True):
    """Which players may register without a secret or a setup token.

    `protocol1Until` is the date until which players of protocol version 1 may register again without a secret; null
    for never. With `joinsByRecord`, players register at `joinAddress` if the network has a provisioning record of their
    serial; a body without it leaves it as it is. A new `joinAddress` comes with each true after false; it is ignored in
    a body.
    """

    protocol_1_until: DateTime | None
    joins_by_record: bool | UnsetType = UNSET
    join_address: str | UnsetType | None = UNSET
