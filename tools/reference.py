"""Write docs/settings.md and docs/cli.md from the settings and commands themselves.

python tools/reference.py
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import click

from signfleet.cli import cli
from signfleet.cli.options import flag_of
from signfleet.settings import PREFIX, described

ROOT = Path(__file__).parents[1]
SETTINGS = ROOT / "docs" / "settings.md"
COMMANDS = ROOT / "docs" / "cli.md"

SETTINGS_HEAD = f"""# Settings

Written by `make docs`; a test fails when it is out of date.

Each setting may be given in three ways. A flag wins over the environment, the environment over the file. A name that is
unknown or a value that does not fit stops the start with an error that names it.

* A flag of `signfleet serve`: `--log-level info`. Switches read `--access-log` and `--no-access-log`.
* A variable in the environment: `{PREFIX}LOG_LEVEL=info`. Switches are `true` or `false`. With `_FILE` behind its name
  a variable names a file with the value, for secrets: `{PREFIX}SMTP_PASSWORD_FILE=/run/secrets/smtp`. An empty variable
  counts as unset. Variables that Kubernetes and Docker set for a service named "signfleet" are ignored
  (`{PREFIX}PORT=tcp://…`, `{PREFIX}SERVICE_HOST`).
* A line in a TOML file: `log_level = "info"`. The file is named by `--config` or `{PREFIX}CONFIG`.

| setting | flag | variable | value | default |
| --- | --- | --- | --- | --- |
"""

COMMANDS_HEAD = """# The command `signfleet`

Written by `make docs`; a test fails when it is out of date. How settings among the flags are given in other ways,
[settings.md](settings.md) tells.

Commands other than `serve`, `demo` and `simulate` work on the store itself, whether a server runs on it or not.
"""


def settings() -> str:
    """docs/settings.md"""
    lines, meanings = [], []
    for name, kind, default, description, _ in described():
        shown = "" if default in {None, ""} else f"`{json.dumps(default).strip(chr(34))}`"
        columns = (f"`{name}`", f"`{flag_of(name)}`", f"`{PREFIX}{name.upper()}`", kind.replace("|", " or "), shown)
        lines.append(f"| {' | '.join(columns)} |\n")
        meanings.append(f"\n**`{name}`**: {description}\n")
    return SETTINGS_HEAD + "".join(lines) + "\n## What they do\n" + "".join(meanings)


def commands() -> str:
    """docs/cli.md"""
    return COMMANDS_HEAD + "".join(
        f"\n## {name}\n\n```text\n{help_text(name, command)}\n```\n" for name, command in _every("signfleet", cli)
    )


def help_text(name: str, command: click.Command) -> str:
    """What `--help` prints, as wide as a page."""
    names = cli.context_settings["help_option_names"]  # a command keeps those that it was first asked with
    context = click.Context(command, info_name=name, max_content_width=110, terminal_width=110, help_option_names=names)
    return "\n".join(line.rstrip() for line in command.get_help(context).splitlines())


def _every(name: str, command: click.Command) -> Iterator[tuple[str, click.Command]]:
    """A command and those below it; a group without any is of no use alone."""
    if not isinstance(command, click.Group):
        yield name, command
        return
    for below in command.commands.values():
        yield from _every(f"{name} {below.name}", below)


if __name__ == "__main__":
    SETTINGS.write_text(settings(), encoding="utf-8")
    COMMANDS.write_text(commands(), encoding="utf-8")
