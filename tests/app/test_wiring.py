"""The services and handlers that the wiring connects."""

from __future__ import annotations

from signfleet.app.wiring import Services, make_app, services_by_type
from signfleet.foundation.settings import Settings


async def test_no_two_services_have_one_type(services: Services) -> None:
    """Handlers name services by type, so the second would hide the first."""
    by_type = services_by_type(services)
    assert set(map(id, by_type.values())) == set(map(id, vars(services).values()))
    assert by_type[Settings] is services.settings


async def test_every_handler_finds_its_services(services: Services) -> None:
    make_app(services)
