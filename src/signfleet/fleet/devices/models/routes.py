"""`/Devices/Models`: the player models, their connectors and video modes."""

from __future__ import annotations

from signfleet.fleet.devices.models import models
from signfleet.fleet.devices.scopes import PREFIX
from signfleet.foundation.errors import NotFound
from signfleet.web.http.call import Answer, Call, answer_json
from signfleet.web.http.endpoint import Endpoints

endpoints = Endpoints(f"{PREFIX}/Models")


@endpoints.get("/", answer=list[str])
async def list_models(_call: Call) -> Answer:
    """List the supported player models."""
    return answer_json(models.LISTED_MODELS)


@endpoints.get("/{model}/", answer=str)
async def get_model(_call: Call, model: str) -> Answer:
    """Get the name of a model, as the contract spells it."""
    return answer_json(_model(model).name)


@endpoints.get("/{model}/Connectors/", answer=list[str])
async def list_connectors(_call: Call, model: str) -> Answer:
    """List the video connectors of a model."""
    return answer_json(_model(model).connectors)


@endpoints.get("/{model}/Connectors/{connector}/", answer=str)
async def get_connector(_call: Call, model: str, connector: str) -> Answer:
    """Get the name of a connector of a model, as the contract spells it."""
    found = _model(model)
    name = found.connector(connector)
    if name is None:
        raise _no_connector(found, connector)
    return answer_json(name)


@endpoints.get("/{model}/Connectors/{connector}/VideoModes/", answer=list[str])
async def list_video_modes(_call: Call, model: str, connector: str) -> Answer:
    """List the video modes of a connector of a model."""
    found = _model(model)
    modes = found.video_modes(connector)
    if modes is None:
        raise _no_connector(found, connector)
    return answer_json(modes)


def _model(name: str) -> models.Model:
    found = models.find(name)
    if found is None:
        raise NotFound(f"There is no player model '{name}'; see /Devices/Models/.")
    return found


def _no_connector(model: models.Model, name: str) -> NotFound:
    known = ", ".join(model.connectors) or "none"
    return NotFound(f"The model {model.name} has no connector '{name}'; it has: {known}.")
