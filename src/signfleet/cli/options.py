"""Flags made from the settings, so that each is described once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from signfleet.settings import PREFIX, SWITCH, Settings, SettingsError, described, load

Command = TypeVar("Command", bound=Callable[..., Any])


def flag_of(name: str) -> str:
    """The flag of a setting: `log_level` is `--log-level`."""
    return "--" + name.replace("_", "-")


def settings_options(*names: str) -> Callable[[Command], Command]:
    """Add `--config` and the flags of the settings `names`, of all if none are named."""

    def add(command: Command) -> Command:
        for name, kind, default, description, is_list in reversed(described()):
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


def _joined(_context: click.Context, _option: click.Parameter, values: tuple[str, ...]) -> str | None:
    """What a flag that may be given several times says in all; None where it is not given."""
    return ", ".join(values) if values else None


def _default_note(default: Any) -> str:
    if default in {None, ""}:
        return ""
    return f"  [default: {str(default).lower() if isinstance(default, bool) else default}]"


def load_settings(flags: dict[str, Any]) -> Settings:
    """Settings from flags as `settings_options` made them, environment and file; a mistake ends the command."""
    config = flags.pop("config", None)
    try:
        return load(flags, config=config)
    except SettingsError as error:
        raise click.UsageError(str(error)) from error
