"""Looks up player models, their families, connectors and video modes (`/Devices/Models/…`).

Names match in any letter case; results are spelled as in the contract.
"""

from __future__ import annotations

from collections.abc import Iterable
from importlib import resources
from typing import Final

import msgspec

UNKNOWN_FAMILY: Final = "Unknown"


class Model(msgspec.Struct, frozen=True):
    """A player model. `outputs` maps its video connectors to the name of their list of video modes."""

    name: str
    family: str
    outputs: dict[str, str]
    listed: bool = True

    @property
    def connectors(self) -> tuple[str, ...]:
        """Returns the names of the video connectors; an audio player has none."""
        return tuple(self.outputs)

    def connector(self, name: str) -> str | None:
        """Returns the connector of this name as the contract spells it, or None."""
        return _by_key(self.outputs).get(name.casefold())

    def video_modes(self, connector: str) -> tuple[str, ...] | None:
        """Returns the modes of a connector, each as `<width>x<height>x<rate><p|i>`; None for an unknown connector."""
        spelled = self.connector(connector)
        return None if spelled is None else _DATA.video_modes[self.outputs[spelled]]


class _Data(msgspec.Struct, frozen=True, rename="camel"):
    models: tuple[Model, ...]
    retired: dict[str, tuple[str, ...]]
    video_modes: dict[str, tuple[str, ...]]


def _by_key(names: Iterable[str]) -> dict[str, str]:
    return {name.casefold(): name for name in names}


_DATA: Final = msgspec.json.decode(resources.files(__package__).joinpath("models.json").read_bytes(), type=_Data)

LISTED_MODELS: Final = tuple(model.name for model in _DATA.models if model.listed)
"""The supported models in the contract's order."""

KNOWN_MODELS: Final = (
    *(model.name for model in _DATA.models),
    *(name for names in _DATA.retired.values() for name in names),
)
"""All models of known family: the supported ones first, then newer and retired ones."""

_MODELS: Final = {model.name.casefold(): model for model in _DATA.models}
_RETIRED: Final = {name.casefold(): family for family, names in _DATA.retired.items() for name in names}


def find(name: str) -> Model | None:
    """Returns the model of this name, or None if it is unknown or retired."""
    return _MODELS.get(name.casefold())


def family_of(model_name: str) -> str:
    """Returns the family of a model, retired or not; `Unknown` for an unknown model."""
    model = find(model_name)
    return model.family if model else _RETIRED.get(model_name.casefold(), UNKNOWN_FAMILY)
