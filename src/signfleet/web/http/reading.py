"""Feeds what a client sends to httptools, a portion at a time, also behind heads that offer another protocol."""

from __future__ import annotations

from collections import deque

import httptools

from signfleet.web.http.head import Head
from signfleet.web.http.refusal import Refused, malformed

#: The parser gets no more than this at once: what follows waits until the requests before it are answered.
PORTION = 8192


class Reader:
    """The bytes of one connection that are not parsed yet, and their parser, which calls `callbacks`."""

    def __init__(self, callbacks: object, head: Head, head_size: int) -> None:
        self._callbacks = callbacks
        self._head = head
        self._head_size = head_size
        self.parser = httptools.HttpRequestParser(callbacks)
        self.unread: deque[bytes | memoryview] = deque()
        #: After a head that offers another protocol: a head that frames the same body, fed to a new parser.
        self.framing = b""
        self.replays = False
        #: Bytes that brought the parser to the end of nothing.
        self._pending = 0

    def feed(self) -> None:
        """Parse the next portion. Raises `Refused`."""
        data = self.unread.popleft()
        if len(data) > PORTION:
            view = memoryview(data)
            self.unread.appendleft(view[PORTION:])
            data = view[:PORTION]
        head = self._head
        head.read(len(data))
        fields = len(head.headers)
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            if rest := data[upgrade.args[0] :]:
                self.unread.appendleft(rest)
            self._pass_over_upgrade()
        except httptools.HttpParserError as error:
            cause = error.__context__  # what a callback raised
            raise cause if isinstance(cause, Refused) else Refused(malformed(error)) from None
        moved = head.moved or len(head.headers) > fields
        self._pending = 0 if moved else self._pending + len(data)
        if self._pending > self._head_size or head.is_too_long():
            raise Refused(head.too_long())

    def _pass_over_upgrade(self) -> None:
        """Read on as if no other protocol had been offered: the parser stops at such a head, and skips its body."""
        self.parser = httptools.HttpRequestParser(self._callbacks)
        self.replays = True
        framing, self.framing = self.framing, b""
        self.parser.feed_data(framing)
