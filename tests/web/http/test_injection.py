"""Handlers get the services that their signatures name."""

from __future__ import annotations

from typing import Any

import pytest

from signfleet.foundation.settings import Settings
from signfleet.web.http.asgi_app import AsgiApp
from signfleet.web.http.call import Answer, Call
from signfleet.web.http.endpoint import Endpoints
from signfleet.web.http.injection import MissingService, with_services


class Shelf:
    """A service."""


things = Endpoints("/things", family="Things")


@things.get("/{thing}/", caller="public", statuses="204")
async def get_thing(_call: Call, shelf: Shelf, thing: str) -> Answer:
    return Answer(status=204, headers={"Shelf": str(id(shelf)), "Thing": thing})


@things.get("/", caller="public", statuses="204")
async def list_things(_call: Call, thing: str) -> Answer:
    return Answer(status=204, headers={"Thing": thing})


NO_CALL: Any = None


@pytest.mark.anyio
async def test_a_handler_gets_the_servers_one_service_of_a_type() -> None:
    shelf = Shelf()
    handler = with_services(things.declared[0], {Shelf: shelf})
    answer = await handler(NO_CALL, thing="7")
    assert answer.headers == {"Shelf": str(id(shelf)), "Thing": "7"}


@pytest.mark.parametrize(
    ("index", "reason"),
    [
        (0, "GET /things/{thing}/: 'shelf' is neither in the path nor a service."),
        (1, "GET /things/: 'thing' is neither in the path nor a service."),
    ],
)
def test_an_application_does_not_start_without_a_service_that_a_handler_names(index: int, reason: str) -> None:
    with pytest.raises(MissingService) as error:
        AsgiApp([things.declared[index]], {Settings: Settings()}, NO_CALL)
    assert str(error.value) == reason
