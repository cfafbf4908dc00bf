"""Puts the wings together: each builds its services over those of the wings below (`<wing>/wiring.py`)."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from signfleet.app.housekeeping import Housekeeping
from signfleet.console import wiring as console
from signfleet.console.people.targets import Targets
from signfleet.console.player.page import PlayerPages
from signfleet.fleet import wiring as fleet
from signfleet.foundation.background import Background, Job
from signfleet.foundation.settings import Settings
from signfleet.foundation.storage.interface import StorageError
from signfleet.foundation.wiring import Foundation, open_foundation
from signfleet.identity import wiring as identity
from signfleet.identity.access.gate import AccessGate
from signfleet.web import wiring as web
from signfleet.web.documentation.routes import documentation
from signfleet.web.http.asgi_app import AsgiApp
from signfleet.web.http.endpoint import Endpoint


class Services(fleet.FleetServices):
    """Every service of the server, and the jobs that run beside it."""

    def __init__(self, foundation: Foundation) -> None:
        super().__init__(foundation)
        self.player_pages = PlayerPages(
            self.health_lists, self.permissions, self.commands, self.agents, foundation.links
        )
        self.permission_targets = Targets(
            self.permissions,
            user_administration=self.user_administration,
            users=self.users,
            roles=self.roles,
            devices=self.devices,
            groups=self.groups,
            device_permissions=self.device_permissions,
        )
        self.background = Background(*self.jobs(), Job("housekeeping", Housekeeping(self.store).tidy, 600))

    async def close(self) -> None:
        """Stops the jobs, writes what waits in memory, and closes the store."""
        await self.background.stop()
        await self.job_runner.stop()
        with suppress(StorageError):
            await self.sign_in_trace.write()
        self.pictures.close()
        self.passwords.close()
        await self.store.close()


async def build(settings: Settings, *, upgrade: bool = True) -> Services:
    """Opens the store and builds the services over it. Close them with `Services.close`.

    Upgrades a store with an older schema, or refuses it without `upgrade`. Raises `CannotOpen`.
    """
    return Services(await open_foundation(settings, upgrade=upgrade))


def endpoints(*more: Endpoint) -> list[Endpoint]:
    """Returns every endpoint of the server, with `more` that a testing server adds."""
    declared = [*identity.endpoints(), *fleet.endpoints(), *web.endpoints(), *more]
    return [*declared, *documentation(declared)]


def make_app(services: Services) -> AsgiApp:
    """Makes the ASGI application over the services."""
    return AsgiApp([*endpoints(), *console.endpoints()], services_by_type(services), gate(services))


def gate(services: Services) -> AccessGate:
    """Makes the checks that run before every private endpoint."""
    return AccessGate(services.sessions, services.permissions)


def services_by_type(services: Services) -> Mapping[type, Any]:
    """Returns the services as the signatures of handlers name them."""
    return {type(service): service for service in vars(services).values()}
