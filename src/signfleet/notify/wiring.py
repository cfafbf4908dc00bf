"""The services and jobs of the notify wing, which has no endpoints."""

from __future__ import annotations

from signfleet.foundation.background import Job
from signfleet.foundation.wiring import Foundation
from signfleet.notify.mail.delivery import Delivery
from signfleet.notify.mail.outbox import Outbox
from signfleet.web.wiring import WebServices


class NotifyServices(WebServices):
    """The services below, and the outbox."""

    def __init__(self, foundation: Foundation) -> None:
        super().__init__(foundation)
        self.outbox = Outbox(self.store, Delivery(self.settings))

    def jobs(self) -> list[Job]:
        """Returns the work that recurs."""
        return [Job("mail", self.outbox.send_due, 30, wake=self.outbox.wake)]
