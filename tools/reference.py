"""Writes docs/settings.md and docs/cli.md from the settings and commands themselves.

python tools/reference.py
"""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator
from pathlib import Path

import click

from signfleet.app.cli import cli
from signfleet.app.cli.options import flag_of
from signfleet.foundation.settings import PREFIX, describe_settings

ROOT = Path(__file__).parents[1]
SETTINGS = ROOT / "docs" / "settings.md"
COMMANDS = ROOT / "docs" / "cli.md"
#: Characters in a line of the pages.
WIDTH = 100

SETTINGS_HEAD = f"""# Settings

`make docs` generates this page; a test fails if it is out of date.

You can set each setting in three ways. A flag overrides the environment, and the environment
overrides the file. An unknown name or an invalid value stops the start with an error that names
it.

* A flag of `signfleet serve`: `--log-level info`. Switches read `--access-log` and
  `--no-access-log`.
* An environment variable: `{PREFIX}LOG_LEVEL=info`. Switches are `true` or `false`. For secrets,
  append `_FILE` to the name and set the variable to the path of a file with the value:
  `{PREFIX}SMTP_PASSWORD_FILE=/run/secrets/smtp`. An empty variable counts as unset. The server
  ignores variables that Kubernetes and Docker set for a service named "signfleet"
  (`{PREFIX}PORT=tcp://…`, `{PREFIX}SERVICE_HOST`).
* A line in a TOML file: `log_level = "info"`. `--config` or `{PREFIX}CONFIG` names the file.

| setting | flag | variable | value | default |
| --- | --- | --- | --- | --- |
"""

COMMANDS_HEAD = """# The command `signfleet`

`make docs` generates this page; a test fails if it is out of date. Some flags are settings;
[settings.md](settings.md) shows other ways to set them.

Except for `serve`, `demo`, `simulate` and `tls-front`, the commands work on the store directly,
whether or not a server is running. With `--json`, commands that print data print it as JSON.
"""


def settings() -> str:
    """Returns docs/settings.md."""
    lines, meanings = [], []
    for name, kind, default, description, _ in describe_settings():
        shown = "" if default in {None, ""} else f"`{json.dumps(default).strip(chr(34))}`"
        columns = (f"`{name}`", f"`{flag_of(name)}`", f"`{PREFIX}{name.upper()}`", kind.replace("|", " or "), shown)
        lines.append(f"| {' | '.join(columns)} |\n")
        meanings.append(f"\n{_wrapped(f'**`{name}`**: {description}')}\n")
    return SETTINGS_HEAD + "".join(lines) + "\n## Descriptions\n" + "".join(meanings)


def _wrapped(text: str) -> str:
    return textwrap.fill(text, WIDTH, break_long_words=False, break_on_hyphens=False)


def commands() -> str:
    """Returns docs/cli.md."""
    return COMMANDS_HEAD + "".join(
        f"\n## {name}\n\n```text\n{help_text(name, command)}\n```\n" for name, command in _every("signfleet", cli)
    )


def help_text(name: str, command: click.Command) -> str:
    """Returns what `--help` prints, as wide as a page."""
    names = cli.context_settings["help_option_names"]  # a command keeps those that it was first asked with
    context = click.Context(
        command, info_name=name, max_content_width=WIDTH, terminal_width=WIDTH, help_option_names=names
    )
    return "\n".join(line.rstrip() for line in command.get_help(context).splitlines())


def _every(name: str, command: click.Command) -> Iterator[tuple[str, click.Command]]:
    """Yields a command and those below it; omits groups, which do nothing alone."""
    if not isinstance(command, click.Group):
        yield name, command
        return
    for below in command.commands.values():
        yield from _every(f"{name} {below.name}", below)


if __name__ == "__main__":
    SETTINGS.write_text(settings(), encoding="utf-8")
    COMMANDS.write_text(commands(), encoding="utf-8")
