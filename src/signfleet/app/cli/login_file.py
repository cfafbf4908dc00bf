"""The file with the tokens of `signfleet login`, which only its owner can read."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import NamedTuple

import click


class Login(NamedTuple):
    """Where somebody is signed in, and the tokens; `expires` is in seconds since 1970."""

    server: str
    access_token: str
    refresh_token: str
    expires: int


def login_path() -> Path:
    """Returns where the file is: below XDG_CONFIG_HOME, or ~/.config."""
    folder = os.environ.get("XDG_CONFIG_HOME")
    return (Path(folder) if folder else Path.home() / ".config") / "signfleet" / "login.json"


def read_login() -> Login:
    """Returns the login. Ends the command if there is none."""
    try:
        values = json.loads(login_path().read_text(encoding="utf-8"))
        return Login(values["server"], values["access_token"], values["refresh_token"], int(values["expires"]))
    except FileNotFoundError:
        raise click.ClickException("You are not signed in; run `signfleet login ADDRESS`.") from None
    except (ValueError, KeyError, TypeError, OSError) as error:
        raise click.ClickException(
            f"{login_path()} cannot be read: {error}. Run `signfleet login ADDRESS` again."
        ) from error


def write_login(login: Login) -> None:
    """Writes the file, at once and for its owner alone."""
    from signfleet.foundation.private_files import write_private

    login_path().parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_private(login_path(), json.dumps(login._asdict(), indent=1))


def delete_login() -> None:
    login_path().unlink(missing_ok=True)
