"""The services and jobs of the notify wing, which has no endpoints."""

from __future__ import annotations

from signfleet.foundation.background import Job, by_the_clock
from signfleet.foundation.settings import SettingsError
from signfleet.foundation.wiring import Foundation
from signfleet.notify.events.retention import EventRetention
from signfleet.notify.mail.delivery import Delivery
from signfleet.notify.outbox.gauges import outbox_source
from signfleet.notify.outbox.service import Outbox
from signfleet.notify.webhooks.addresses import WebhookAddresses
from signfleet.notify.webhooks.client import WebhookClient
from signfleet.notify.webhooks.delivery import WebhookDelivery, WebhookQueue
from signfleet.notify.webhooks.signing import WebhookKeys
from signfleet.web.wiring import WebServices


class NotifyServices(WebServices):
    """The services below, the outbox and the retention of events."""

    def __init__(self, foundation: Foundation) -> None:
        super().__init__(foundation)
        self.webhook_keys = WebhookKeys(foundation.key)
        client = WebhookClient(_webhook_addresses(self.settings.webhook_addresses))
        self.webhook_delivery = WebhookDelivery(self.store, client, self.webhook_keys)
        self.outbox = Outbox(self.store, Delivery(self.settings), self.webhook_delivery)
        self.gauges.add("outbox", outbox_source(self.store))
        self.event_retention = EventRetention(self.store, self.settings.event_retention_days)

    def jobs(self) -> list[Job]:
        """Returns the work that recurs."""
        webhooks = WebhookQueue(self.store, self.outbox, self.webhook_delivery)
        return [
            Job("mail", self.outbox.send_due, 30, wake=self.outbox.wake),
            Job("webhooks", webhooks.send_due, 5, wake=self.outbox.wake_webhooks),
            Job("events", by_the_clock(self.event_retention.sweep), 3600),
            Job("outbox", by_the_clock(self.outbox.sweep), 3600),
        ]


def _webhook_addresses(setting: str) -> WebhookAddresses:
    """Reads the setting. Raises `SettingsError`."""
    try:
        return WebhookAddresses(setting)
    except ValueError as error:
        raise SettingsError(f"webhook_addresses: {error}.") from error
