"""A site of twelve players, and somebody who asks for mail about it."""

from __future__ import annotations

import pytest

from signfleet.app.bootstrap import Tenant
from signfleet.app.wiring import Services
from tests.fleet.alerts.dark_site import SITE, Site
from tests.fleet.devices.stored import register
from tests.world import now


@pytest.fixture
async def site(services: Services, network: Tenant) -> Site:
    site = Site(services, network.network_id, await register(services.store, network.network_id, SITE))
    await site.come_back()
    await services.alert_evaluator.run(site.time)
    return site


@pytest.fixture
async def asks(services: Services, network: Tenant) -> None:
    """The administrator asks for mail about players that lose contact, one or several."""
    user = await services.users.row(network.user_id)
    names = ("deviceDisconnected", "devicesDisconnected")
    await services.notifications.put(user, {f"{name}NotificationEnabled": True for name in names}, now())
