"""`/console/networks`: all networks of a person with their health, and the choice of one."""

from __future__ import annotations

from typing import Final, NamedTuple

from signfleet.console.forms import FormData
from signfleet.console.frame import networks_of
from signfleet.console.origin import own_path
from signfleet.console.pages import START, Pages
from signfleet.console.view import View
from signfleet.fleet.devices.counts.service import DeviceCounts
from signfleet.fleet.health.outages import Outages
from signfleet.fleet.health.schemas import HealthCounts
from signfleet.foundation.wire.ids import id_of
from signfleet.identity.access.operations.definitions import VIEW_DEVICE
from signfleet.identity.access.permissions import Permissions
from signfleet.identity.self_.session.service import SessionChanges
from signfleet.identity.users.service import Users
from signfleet.web.http.call import Answer

#: Of more networks, the page shows the names alone.
COUNTED: Final = 50

pages = Pages("/console/networks")


class _Network(NamedTuple):
    """A network of the person; None: they may not see its players."""

    id: int
    name: str
    health: HealthCounts | None
    #: How many are dark, and since when the first is, in ms.
    dark: int
    since: int | None

    @property
    def devices(self) -> int:
        counts = self.health
        return 0 if counts is None else counts.normal + counts.warning + counts.error + counts.unknown


@pages.get("/", needs_network=False)
async def list_networks(
    view: View, users: Users, permissions: Permissions, device_counts: DeviceCounts, outages: Outages
) -> Answer:
    """List the networks of the person, with the health of their players, together and in each."""
    networks = []
    for place, row in enumerate(await networks_of(view.call.person_id, users)):
        health, silent = None, None
        if place < COUNTED:
            member = await users.session_of(row)
            if await permissions.allows(member, VIEW_DEVICE):
                counts = await device_counts.by_health(member)
                health = HealthCounts(**{word.lower(): count for word, count in counts.items()})
                causes = await outages.causes(member)
                silent = next((each for each in causes if each.reason == "silent" and each.health == "Error"), None)
        dark, since = (0, None) if silent is None else (silent.devices, silent.first)
        networks.append(_Network(row.network_id, row.network_name, health, dark, since))
    seen = [network for network in networks if network.health is not None]
    return view.page(
        "networks.html",
        networks=sorted(networks, key=lambda network: network.dark, reverse=True),
        chosen=view.session.network_id,
        dark=sum(network.dark for network in seen),
        devices=sum(network.devices for network in seen),
        since=min((network.since for network in seen if network.since is not None), default=None),
        uncounted=max(0, len(networks) - COUNTED),
    )


@pages.post("/", needs_network=False)
async def choose_network(view: View, session_changes: SessionChanges) -> Answer:
    """Choose the network of the form for this browser's session, and go on to the page of the form."""
    form = FormData(view.call)
    await session_changes.choose_network(view.session, id_of(form.get("network")), None, view.now)
    return view.redirect(own_path(form.get("next")) or START)
