"""Creates the person's networks, reads them, and changes their settings and level. Paths have the id or the name."""

from __future__ import annotations

from typing import Any

from signfleet.foundation.errors import Invalid, of_another
from signfleet.identity.networks.administration import LevelChange, NetworkAdministration
from signfleet.identity.networks.levels import FREE
from signfleet.identity.networks.schemas import (
    Network,
    NetworkSettings,
    NetworkSubscription,
    NewNetwork,
    last_change,
    network_of,
    settings_of,
    subscription_of,
)
from signfleet.identity.networks.service import Networks, columns_of
from signfleet.web.contract.patch import SHOWN_LENGTH, Changes, Document, converted, merged, patched, spell_values
from signfleet.web.http.call import NO_CONTENT, Answer, Call, answer_created, answer_json
from signfleet.web.http.endpoint import Endpoints

endpoints = Endpoints("/2022/06/REST/Self/Networks", caller="person")

CHANGEABLE = ("settings", "subscription")
#: What a PATCH cannot change in them; a PUT ignores it.
READ_ONLY = {
    "settings": ("lastmodifieddate",),
    "subscription": ("id", "creationdate", "lastmodifieddate", "expiredate"),
}


@endpoints.get("/", answer=list[Network])
async def list_networks(call: Call, networks: Networks) -> Answer:
    """List the networks in which the person is a member."""
    return answer_json(await networks.of_person(call.person_id))


@endpoints.post("/", body=NewNetwork, answer=Network)
async def create_network(call: Call, networks: Networks) -> Answer:
    """Create a network, with the person as its administrator."""
    new: NewNetwork = call.body
    level = None if new.subscription is None else new.subscription.level
    network = await networks.create(new.name, call.now, new.settings, level or FREE, administrator=call.person_id)
    return answer_created(call, network, endpoints.prefix, network.id)


@endpoints.get("/{network}/", answer=Network)
async def get_network(call: Call, networks: Networks, network: str) -> Answer:
    """Get one of the person's networks."""
    row = await networks.own(call.person_id, network)
    modified = last_change(row)
    return answer_json(network_of(row), last_modified=modified, etag=str(modified))


@endpoints.patch("/{network}/", body=Changes)
async def patch_network(call: Call, networks: Networks, administration: NetworkAdministration, network: str) -> Answer:
    """Update some values of a network's settings or subscription."""
    row = await networks.own(call.person_id, network)
    changes: Changes = call.body
    for change in changes:
        part, _, name = change.path.strip("/").lower().partition("/")
        if name in READ_ONLY.get(part, ()):
            raise Invalid(f"'{change.path[:SHOWN_LENGTH]}' is set by the server and cannot be changed.")
    await spell_values(changes, Network)
    await administration.change(
        call.session,
        row,
        lambda document: patched(document, changes, Network, CHANGEABLE),
        precondition=call.precondition,
        now=call.now,
    )
    return NO_CONTENT


@endpoints.get("/{network}/Settings/", answer=NetworkSettings)
async def get_settings(call: Call, networks: Networks, network: str) -> Answer:
    """Get a network's settings."""
    row = await networks.own(call.person_id, network)
    modified = row.settings_last_modified_date
    return answer_json(settings_of(row), last_modified=modified, etag=str(modified))


@endpoints.put("/{network}/Settings/", body=NetworkSettings, partial=True, more="412")
async def put_settings(call: Call, networks: Networks, administration: NetworkAdministration, network: str) -> Answer:
    """Update a network's settings; properties that the body omits stay. New tokens have the new lifetimes."""
    await _merge(call, networks, administration, network, "settings")
    return NO_CONTENT


@endpoints.get("/{network}/Subscription/", answer=NetworkSubscription)
async def get_subscription(call: Call, networks: Networks, network: str) -> Answer:
    """Get the subscription that is in force for a network."""
    row = await networks.own(call.person_id, network)
    modified = row.subscription_last_modified_date
    return answer_json(subscription_of(row), last_modified=modified, etag=str(modified))


@endpoints.put("/{network}/Subscription/", body=NetworkSubscription, partial=True)
async def put_subscription(
    call: Call, networks: Networks, administration: NetworkAdministration, network: str
) -> Answer:
    """Update a network's level."""
    await _merge(call, networks, administration, network, "subscription")
    return NO_CONTENT


@endpoints.get("/{network}/Subscriptions/", answer=list[NetworkSubscription])
async def list_subscriptions(call: Call, networks: Networks, network: str) -> Answer:
    """List all subscriptions that a network has had, newest first."""
    row = await networks.own(call.person_id, network)
    return answer_json(await networks.history(row.id))


async def _check_same(call: Call, networks: Networks, network_id: int, name: str, subscription_id: object) -> None:
    """Raises `Invalid` if `subscription_id` is that of another network of the person."""
    for network in await networks.of_person(call.person_id):
        subscription = network.subscription
        if network.id != network_id and subscription is not None and subscription.id == subscription_id:
            raise of_another("id", "network", network.name, name)


async def _merge(
    call: Call, networks: Networks, administration: NetworkAdministration, network: str, part: str
) -> None:
    """Changes one part of a network; properties that the body omits stay."""
    row = await networks.own(call.person_id, network)
    type_: Any = NetworkSettings if part == "settings" else LevelChange
    body: Document = call.body
    if part == "subscription":
        await _check_same(call, networks, row.id, row.name, body.get("id"))

    def edit(document: Document) -> Document:
        changed = merged(document, {part: body})
        new = converted(changed[part], type_)  # errors then name the place in the body, not in the whole network
        if isinstance(new, NetworkSettings):
            columns_of(new, at="")
        return changed

    await administration.change(
        call.session,
        row,
        edit,
        precondition=call.precondition,
        now=call.now,
        date=lambda row: int(getattr(row, f"{part}_last_modified_date")),
    )
