"""Loads every setting of the server into one typed object, from flags, environment and a TOML file, in that order.

Environment variables are the names in capitals behind `SIGNFLEET_`; with `_FILE` behind them they name a file with the
value, for secrets. An empty variable counts as unset. The TOML file is named by `--config` or `SIGNFLEET_CONFIG`.
Anything unknown or ill-typed stops the start with an error that names it.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_type_hints

import msgspec

from signfleet.foundation.settings.declarations import Settings
from signfleet.foundation.settings.descriptions import describe_value

PREFIX = "SIGNFLEET_"

#: Variables that Kubernetes and Docker set for a service named "signfleet" or "signfleet-…", and that images set.
_FOREIGN_NAME = re.compile(
    r"(\w+_)?(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?|ENV_\w+)|(\w+_)?NAME|VERSION"
)
_FOREIGN_PORT = re.compile(r"(tcp|udp|sctp)://\S*")


class SettingsError(Exception):
    """A setting is unknown or has an invalid value; the message names it and never shows the value."""


def load(
    flags: Mapping[str, Any] | None = None, environment: Mapping[str, str] = os.environ, config: str | None = None
) -> Settings:
    """Loads settings from flags, then environment, then the TOML file. Raises `SettingsError`."""
    given = {name: value for name, value in (flags or {}).items() if value is not None}
    variables = _variables(environment)
    config = config or variables.pop("config", None)
    variables.pop("config", None)
    merged: dict[str, Any] = {}
    file = _read(config) if config else {}
    for source, values in ((f"file {config}", file), ("environment", variables), ("flags", given)):
        merged |= values
        _check(source, values)
    return msgspec.convert(merged, Settings, strict=False)


def _variables(environment: Mapping[str, str]) -> dict[str, str]:
    """Returns the settings in the environment; NAME_FILE names a file whose content is the value of NAME."""
    found: dict[str, str] = {}
    for variable, value in sorted(environment.items()):
        name = variable.removeprefix(PREFIX)
        if name == variable or not value or _is_foreign(name, value):
            continue
        if name.endswith("_FILE") and (setting := name.removesuffix("_FILE").lower()) in Settings.__struct_fields__:
            plain = variable.removesuffix("_FILE")
            if environment.get(plain):
                raise SettingsError(f"environment: set either {plain} or {variable}, not both.")
            found[setting] = _content(variable, value)
        else:
            found[name.lower()] = value
    return found


def _is_foreign(name: str, value: str) -> bool:
    """Checks whether a variable with our prefix belongs to the container platform rather than to the server."""
    return bool(_FOREIGN_NAME.fullmatch(name) or (name.endswith("PORT") and _FOREIGN_PORT.fullmatch(value)))


def _content(variable: str, path: str) -> str:
    """Returns the text of a file without its final line break."""
    try:
        return Path(path).read_text(encoding="utf-8").removesuffix("\n").removesuffix("\r")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"environment: {variable}: {error}.") from error


def _check(source: str, values: dict[str, Any]) -> None:
    """Raises `SettingsError` for the first invalid setting, named as its source spells it."""
    types = get_type_hints(Settings, include_extras=True)
    for name, value in values.items():
        shown = f"{PREFIX}{name.upper()}" if source == "environment" else name
        if name not in types:
            raise SettingsError(f"{source}: there is no setting '{shown}'; known are {', '.join(types)}.")
        try:
            msgspec.convert(value, types[name], strict=False)
        except msgspec.ValidationError as error:
            raise SettingsError(f"{source}: setting '{shown}' has to be {describe_value(types[name])}.") from error


def _read(config: str) -> dict[str, Any]:
    """Reads the TOML file. Raises `SettingsError`."""
    try:
        return tomllib.loads(Path(config).read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"file {config}: {error}.") from error
