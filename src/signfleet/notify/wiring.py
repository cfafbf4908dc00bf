"""The services and jobs of the notify wing, which has no endpoints."""

from __future__ import annotations

from signfleet.foundation.background import Job, by_the_clock
from signfleet.foundation.wiring import Foundation
from signfleet.notify.events.retention import EventRetention
from signfleet.notify.mail.delivery import Delivery
from signfleet.notify.mail.outbox import Outbox
from signfleet.web.wiring import WebServices


class NotifyServices(WebServices):
    """The services below, the outbox and the retention of events."""

    def __init__(self, foundation: Foundation) -> None:
        super().__init__(foundation)
        self.outbox = Outbox(self.store, Delivery(self.settings))
        self.event_retention = EventRetention(self.store, self.settings.event_retention_days)

    def jobs(self) -> list[Job]:
        """Returns the work that recurs."""
        return [
            Job("mail", self.outbox.send_due, 30, wake=self.outbox.wake),
            Job("events", by_the_clock(self.event_retention.sweep), 3600),
        ]
