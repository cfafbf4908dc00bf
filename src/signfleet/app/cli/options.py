"""Makes flags from the settings, so that each is described once."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, TypeVar

import click

from signfleet.foundation.settings import PREFIX, SWITCH, Settings, SettingsError, describe_settings, load

Command = TypeVar("Command", bound=Callable[..., Any])


def flag_of(name: str) -> str:
    """Returns the flag of a setting: `--log-level` of `log_level`."""
    return "--" + name.replace("_", "-")


def settings_options(*names: str) -> Callable[[Command], Command]:
    """Adds `--config` and the flags of the settings `names`, or of all settings."""

    def add(command: Command) -> Command:
        for name, kind, default, description, is_list in reversed(describe_settings()):
            if not names or name in names:
                flag = flag_of(name)
                command = click.option(
                    f"{flag}/--no-{flag[2:]}" if kind == SWITCH else flag,
                    name,
                    default=None,
                    metavar=None if kind == SWITCH else kind.upper() if kind.isalpha() else kind,
                    multiple=is_list,
                    callback=_joined if is_list else None,
                    help=f"{description}{_default_note(default)}",
                )(command)
        return click.option("--config", metavar="FILE", help=f"TOML file of settings, or {PREFIX}CONFIG.")(command)

    return add


def named_values(context: click.Context, option: click.Parameter, values: tuple[str, ...]) -> dict[str, Any]:
    """Reads a repeatable flag NAME=VALUE: a value is JSON, or else text."""
    return {name: value_of(text) for name, text in named_texts(context, option, values).items()}


def named_texts(_context: click.Context, _option: click.Parameter, values: tuple[str, ...]) -> dict[str, str]:
    """Reads a repeatable flag NAME=TEXT."""
    read: dict[str, str] = {}
    for value in values:
        name, equals, text = value.partition("=")
        if not equals or not name:
            raise click.BadParameter(f"'{value}': expected NAME=VALUE, such as seconds=30.")
        read[name] = text
    return read


def value_of(text: str) -> Any:
    """Returns the value of JSON, or the text if it is not JSON."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def _joined(_context: click.Context, _option: click.Parameter, values: tuple[str, ...]) -> str | None:
    """Joins the values of a flag that may be repeated; None if it is absent."""
    return ", ".join(values) if values else None


def _default_note(default: Any) -> str:
    if default in {None, ""}:
        return ""
    return f"  [default: {str(default).lower() if isinstance(default, bool) else default}]"


def load_settings(flags: dict[str, Any]) -> Settings:
    """Loads settings from the flags of `settings_options`, the environment and the file; a mistake ends the command.

    What the command logs goes to the standard error from now on: the standard output is for its data.
    """
    from signfleet.foundation import logs

    config = flags.pop("config", None)
    try:
        settings = load(flags, config=config)
    except SettingsError as error:
        raise click.UsageError(str(error)) from error
    logs.configure(settings.log_level)
    return settings
