"""Feeds what a client sends to httptools, a portion at a time, and goes on where a head offers another protocol."""

from __future__ import annotations

from collections import deque

import httptools

from signfleet.web.http.rejection import RequestRejected, malformed
from signfleet.web.http.request_head import RequestHead

#: The parser gets at most so many bytes at once: what follows waits until the requests before it are answered.
PORTION = 8192


class RequestParser:
    """The unread bytes of one connection, and the parser for them, which calls `callbacks`."""

    def __init__(self, callbacks: object, head: RequestHead, head_size: int) -> None:
        self._callbacks = callbacks
        self._head = head
        self._head_size = head_size
        self.parser = httptools.HttpRequestParser(callbacks)
        self.unread: deque[bytes | memoryview] = deque()
        #: After a head that offers another protocol: a head that frames the same body, for a new parser.
        self.framing = b""
        self.replays = False
        #: How many bytes the parser has read since it last completed anything.
        self._pending = 0

    def feed(self) -> None:
        """Parses the next portion. Raises `RequestRejected`."""
        data = self.unread.popleft()
        if len(data) > PORTION:
            view = memoryview(data)
            self.unread.appendleft(view[PORTION:])
            data = view[:PORTION]
        head = self._head
        head.read(data)
        fields = len(head.headers)
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            if rest := data[upgrade.args[0] :]:
                self.unread.appendleft(rest)
            self._pass_over_upgrade()
        except httptools.HttpParserError as error:
            cause = error.__context__  # what a callback raised
            raise cause if isinstance(cause, RequestRejected) else RequestRejected(malformed(error)) from None
        moved = head.moved or len(head.headers) > fields
        self._pending = 0 if moved else self._pending + len(data)
        if self._pending > self._head_size or head.is_too_long():
            raise RequestRejected(head.too_long())

    def _pass_over_upgrade(self) -> None:
        """Ignores the offer of another protocol.

        httptools stops behind such a head and takes the body for the other protocol's bytes. A new parser gets a head
        without the offer that frames the same body (`replays`), and reads on from there.
        """
        self.parser = httptools.HttpRequestParser(self._callbacks)
        self.replays = True
        framing, self.framing = self.framing, b""
        self.parser.feed_data(framing)
