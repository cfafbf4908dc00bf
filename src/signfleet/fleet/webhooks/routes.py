"""`/admin/v1/webhooks` and `/admin/v1/outbox`: webhooks of the chosen network, and what was sent or waits."""

from __future__ import annotations

from signfleet.fleet.webhooks.deliveries import Deliveries
from signfleet.fleet.webhooks.schemas import (
    CreatedWebhook,
    IssuedKey,
    KeyRotation,
    NewWebhook,
    OutboxPage,
    Webhook,
    WebhookChange,
    WebhookTest,
)
from signfleet.fleet.webhooks.service import Webhooks
from signfleet.foundation.wire import datetime
from signfleet.identity.access.operations.definitions import MANAGE_WEBHOOKS
from signfleet.identity.access.permissions import Permissions
from signfleet.web.contract.conditional import version_of
from signfleet.web.http.call import NO_CONTENT, Answer, Call, answer_json
from signfleet.web.http.endpoint import LISTING, Endpoints
from signfleet.web.http.paging import answer_page, list_query

RETRIEVE = "bsn.api.main.webhooks.retrieve"
UPDATE = "bsn.api.main.webhooks.update"

endpoints = Endpoints("/admin/v1", family="Webhooks", operation=MANAGE_WEBHOOKS)


@endpoints.get("/webhooks/", scope=RETRIEVE, answer=list[Webhook])
async def list_webhooks(call: Call, webhooks: Webhooks, permissions: Permissions) -> Answer:
    """List the webhooks of the network, without their secrets."""
    await permissions.require_on(call.session, MANAGE_WEBHOOKS, call.network_id)
    return answer_json(await webhooks.list_(call.network_id))


@endpoints.post("/webhooks/", scope=UPDATE, body=NewWebhook, answer=CreatedWebhook, secret=True)
async def create_webhook(call: Call, webhooks: Webhooks, permissions: Permissions) -> Answer:
    """Create a webhook. Its secret is only in this answer."""
    await permissions.require_on(call.session, MANAGE_WEBHOOKS, call.network_id)
    return answer_json(await webhooks.create(call.network_id, call.body, call.now), status=201)


@endpoints.get("/webhooks/{webhook}/", scope=RETRIEVE, answer=Webhook, statuses="200 304")
async def get_webhook(call: Call, webhooks: Webhooks, permissions: Permissions, webhook: str) -> Answer:
    """Get a webhook, without its secret."""
    await permissions.require_on(call.session, MANAGE_WEBHOOKS, call.network_id)
    found = await webhooks.get(call.network_id, webhook)
    # The tag covers failures of deliveries too; preconditions of writes compare the date of the last change alone.
    return answer_json(found, etag=f"{datetime.parse(found.last_modified_date)}-{version_of(found)}")


@endpoints.put("/webhooks/{webhook}/", scope=UPDATE, body=WebhookChange, more="412")
async def replace_webhook(call: Call, webhooks: Webhooks, permissions: Permissions, webhook: str) -> Answer:
    """Replace the name, URL, events and filter of a webhook; its keys stay."""
    await permissions.require_on(call.session, MANAGE_WEBHOOKS, call.network_id)
    await webhooks.update(call.network_id, webhook, call.body, call.now, call.precondition)
    return NO_CONTENT


@endpoints.delete("/webhooks/{webhook}/", scope=UPDATE, more="412")
async def delete_webhook(call: Call, webhooks: Webhooks, permissions: Permissions, webhook: str) -> Answer:
    """Delete a webhook with its log; what waits for it is not delivered."""
    await permissions.require_on(call.session, MANAGE_WEBHOOKS, call.network_id)
    await webhooks.delete(call.network_id, webhook, call.now, call.precondition)
    return NO_CONTENT


@endpoints.post(
    "/webhooks/{webhook}/keys/", scope=UPDATE, body=KeyRotation, body_optional=True, answer=IssuedKey, secret=True
)
async def issue_webhook_key(call: Call, webhooks: Webhooks, permissions: Permissions, webhook: str) -> Answer:
    """Issue a new key, whose secret is only in this answer. The previous one signs beside it for a while."""
    await permissions.require_on(call.session, MANAGE_WEBHOOKS, call.network_id)
    rotation = call.body or KeyRotation()
    return answer_json(await webhooks.rotate_key(call.network_id, webhook, rotation, call.now), status=201)


@endpoints.post("/webhooks/{webhook}/test/", scope=UPDATE, statuses="200", answer=WebhookTest, more="429")
async def send_webhook_test(call: Call, webhooks: Webhooks, permissions: Permissions, webhook: str) -> Answer:
    """Send a test message to a webhook at once, and answer what came of it."""
    await permissions.require_on(call.session, MANAGE_WEBHOOKS, call.network_id)
    return answer_json(await webhooks.test(call.network_id, webhook, call.now))


@endpoints.get("/webhooks/{webhook}/deliveries/", scope=RETRIEVE, parameters=LISTING, answer=OutboxPage)
async def list_webhook_deliveries(
    call: Call, webhooks: Webhooks, deliveries: Deliveries, permissions: Permissions, webhook: str
) -> Answer:
    """List the deliveries to a webhook, newest first, each with its last attempt."""
    await permissions.require_on(call.session, MANAGE_WEBHOOKS, call.network_id)
    row, query = await webhooks.row(call.network_id, webhook), list_query(call)
    return answer_page(await deliveries.list_(call.network_id, query, row.id), query.size)


@endpoints.post("/webhooks/{webhook}/deliveries/{message}/replay/", scope=UPDATE, statuses="204")
async def send_webhook_delivery_again(
    call: Call, webhooks: Webhooks, deliveries: Deliveries, permissions: Permissions, webhook: str, message: str
) -> Answer:
    """Send a delivery again under its id, whether it was delivered or given up."""
    await permissions.require_on(call.session, MANAGE_WEBHOOKS, call.network_id)
    row = await webhooks.row(call.network_id, webhook)
    await deliveries.replay(call.network_id, message, call.now, row.id)
    return NO_CONTENT


@endpoints.get("/outbox/", scope=RETRIEVE, parameters=LISTING, answer=OutboxPage)
async def list_outbox(call: Call, deliveries: Deliveries, permissions: Permissions) -> Answer:
    """List the messages of the network that wait, were delivered to webhooks or were given up, newest first."""
    await permissions.require_on(call.session, MANAGE_WEBHOOKS, call.network_id)
    query = list_query(call)
    return answer_page(await deliveries.list_(call.network_id, query), query.size)


@endpoints.post("/outbox/{message}/replay/", scope=UPDATE, statuses="204")
async def send_message_again(call: Call, deliveries: Deliveries, permissions: Permissions, message: str) -> Answer:
    """Send a message again that was given up, or delivered to a webhook."""
    await permissions.require_on(call.session, MANAGE_WEBHOOKS, call.network_id)
    await deliveries.replay(call.network_id, message, call.now)
    return NO_CONTENT
