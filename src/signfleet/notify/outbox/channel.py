"""What the outbox and its channels exchange: mail is one channel, webhooks are another."""

from __future__ import annotations

import re
from typing import Final, Literal, NamedTuple, Protocol

from signfleet.notify.outbox.store import OutboxRow

ChannelName = Literal["mail", "webhook"]

#: The network id of messages that belong to no network.
NO_NETWORK = 0
#: Characters of a reason that the log of deliveries shows.
REASON_LIMIT: Final = 500
_UNPRINTABLE: Final = re.compile(r"[^\t\n\x20-\x7e\xa0-\ud7ff\ue000-\U0010ffff]")


class Message(NamedTuple):
    """What is to be sent: `content` is JSON that the channel understands; `receiver` and `subject` are for people."""

    channel: ChannelName
    receiver: str
    subject: str
    content: str
    network_id: int = NO_NETWORK
    webhook_id: int | None = None


class Answer(NamedTuple):
    """What a receiver answered, as far as the channel knows."""

    status: int | None = None
    text: str | None = None


def printable(text: str) -> str:
    """Returns what a receiver has answered without characters that a terminal obeys or a store refuses."""
    return _UNPRINTABLE.sub("\ufffd", text)


class NotDelivered(Exception):
    """The receiver did not accept the message; the text says why and contains no secret."""

    def __init__(self, reason: str, answer: Answer = Answer(), retry_after: int = 0) -> None:  # noqa: B008 - immutable
        super().__init__(printable(reason)[:REASON_LIMIT])
        self.answer = answer
        #: The receiver wants no other attempt for so long, in ms.
        self.retry_after = retry_after


class PermanentFailure(NotDelivered):
    """The receiver refused permanently: another attempt gets the same answer."""


class Channel(Protocol):
    """One way out of the server."""

    name: ChannelName
    #: How long, in ms, the outbox tries to deliver a message.
    lifetime: int
    #: Whether delivered messages stay as a log; otherwise they are deleted, because they may contain secrets.
    has_log: bool

    def wait(self, attempts: int) -> int:
        """Returns the time to wait after so many attempts, in ms."""
        ...

    async def deliver(self, row: OutboxRow) -> Answer:
        """Returns when the receiver has the message. Raises `NotDelivered` or `PermanentFailure`."""
        ...
