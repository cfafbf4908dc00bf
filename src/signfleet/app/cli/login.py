"""`signfleet login`, `signfleet logout` and `signfleet api`: the command line as a client of a server."""

from __future__ import annotations

import json
import secrets
import sys
import threading
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

import click

from signfleet.app.cli.login_file import Login, delete_login, login_path, read_login, write_login
from signfleet.foundation import clock

if TYPE_CHECKING:
    import httpx

#: Seconds for which the command waits for the browser.
PATIENCE = 300
TOKEN = "/realms/bsncloud/protocol/openid-connect/token"  # noqa: S105 - a path
REVOKE = "/realms/bsncloud/protocol/openid-connect/revoke"
#: A token is exchanged so many seconds before it expires.
EARLY = 30


def _server(_context: click.Context, _option: click.Parameter, value: str) -> str:
    url = urlsplit(value if "://" in value else f"https://{value}")
    if url.scheme not in ("http", "https") or not url.netloc or url.username is not None or url.query or url.fragment:
        raise click.BadParameter("expected an address such as https://signage.example.")
    return f"{url.scheme}://{url.netloc}{url.path.rstrip('/')}"


@click.command()
@click.argument("server", callback=_server)
@click.option("--network", metavar="NAME", help="The network that the page suggests.")
@click.option("--scope", metavar="SCOPES", help="Fewer scopes, separated by spaces; default: all.")
@click.option("--no-browser", is_flag=True, help="Only print the address, and do not open a browser.")
def login(server: str, network: str | None, scope: str | None, no_browser: bool) -> None:
    """Sign in to the server at an address with a browser, for `signfleet api`.

    The browser has to run on this machine. The tokens go to a file that only you can read, below XDG_CONFIG_HOME or
    ~/.config.
    """
    import webbrowser

    from signfleet.app.cli.loopback import Loopback
    from signfleet.identity.sign_in.codes import OWN_CLIENT, challenge_of
    from signfleet.identity.sign_in.schemas import AUTHORIZE, issuer_of

    verifier, state = secrets.token_urlsafe(48), secrets.token_urlsafe(24)
    with Loopback(state) as loopback:
        question = {
            "response_type": "code",
            "client_id": OWN_CLIENT,
            "redirect_uri": loopback.address,
            "code_challenge": challenge_of(verifier),
            "code_challenge_method": "S256",
            "state": state,
            "scope": scope,
            "network": network,
        }
        address = f"{server}{AUTHORIZE}?{urlencode({name: value for name, value in question.items() if value})}"
        click.echo(f"Open this address in a browser on this machine:\n\n{address}\n", err=True)
        if not no_browser:  # some browsers run in the terminal, and end after the answer
            threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()
        answer = loopback.wait(PATIENCE)
    if answer is None:
        raise click.ClickException(f"Nobody answered within {PATIENCE} seconds.")
    if answer.get("iss", issuer_of(server)) != issuer_of(server):
        raise click.ClickException(f"The answer came from another server: {answer['iss']}.")
    if "code" not in answer:
        raise click.ClickException(answer.get("error_description") or answer.get("error") or "There was no code.")
    form = {"grant_type": "authorization_code", "client_id": OWN_CLIENT, "code": answer["code"]}
    tokens = _tokens(server, {**form, "redirect_uri": loopback.address, "code_verifier": verifier})
    write_login(tokens)
    click.echo(f"Signed in to {server}; the tokens are in {login_path()}.")


@click.command()
def logout() -> None:
    """End the session of `signfleet login` and delete its tokens."""
    import httpx

    from signfleet.identity.sign_in.codes import OWN_CLIENT

    stored = read_login()
    form = {"client_id": OWN_CLIENT, "token": stored.refresh_token}
    try:
        answer = httpx.post(f"{stored.server}{REVOKE}", data=form, timeout=30)
        ended = answer.status_code == 200
    except httpx.HTTPError:
        ended = False
    delete_login()
    if not ended:
        click.echo(f"{stored.server} did not end the session; end it on its page /console/profile/.", err=True)
    click.echo("Signed out; the tokens are deleted.")


@click.command()
@click.argument("path")
@click.option("--method", "-X", default=None, help="Default: GET, or POST with a body.")
@click.option("--body", "-d", default=None, metavar="JSON", help="The body; - reads it from the standard input.")
@click.option("--header", "-H", "headers", multiple=True, metavar="NAME:VALUE", help="Repeatable.")
def api(path: str, method: str | None, body: str | None, headers: tuple[str, ...]) -> None:
    """Send a request to the API as the person of `signfleet login`, and print the answer.

    For example `signfleet api /2022/06/REST/Devices/Count/`. A status of 400 or more ends the command with 1.
    """
    if not path.startswith("/"):
        raise click.UsageError("PATH begins with a slash, such as /admin/v1/health/.")
    content = sys.stdin.read() if body == "-" else body
    sent = {"Content-Type": "application/json"} if content is not None else {}
    for header in headers:
        name, colon, value = header.partition(":")
        if not colon:
            raise click.UsageError(f"'{header}': expected NAME:VALUE.")
        sent[name.strip()] = value.strip()
    stored = _fresh(read_login())
    sent["Authorization"] = f"Bearer {stored.access_token}"
    answer = _sent(method or ("GET" if content is None else "POST"), f"{stored.server}{path}", sent, content)
    if answer.text:
        click.echo(answer.text)
    if answer.status_code >= 400:
        click.echo(f"Status {answer.status_code}.", err=True)
        raise SystemExit(1)


def _fresh(stored: Login) -> Login:
    """Returns the login with an access token that is valid a while; exchanges the refresh token if necessary."""
    from signfleet.identity.sign_in.codes import OWN_CLIENT

    if stored.expires - EARLY > clock.now() // 1000:
        return stored
    form = {"grant_type": "refresh_token", "client_id": OWN_CLIENT, "refresh_token": stored.refresh_token}
    renewed = _tokens(stored.server, form)
    write_login(renewed)
    return renewed


def _tokens(server: str, form: dict[str, str]) -> Login:
    """Requests tokens. Ends the command if there are none."""
    encoded = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = _sent("POST", f"{server}{TOKEN}", encoded, urlencode(form))
    try:
        values: dict[str, Any] = json.loads(answer.text)
    except ValueError:
        values = {}
    if answer.status_code != 200 or "access_token" not in values:
        reason = values.get("error_description") or values.get("error") or f"status {answer.status_code}"
        raise click.ClickException(f"{server} gave no token: {reason} Run `signfleet login {server}`.")
    expires = clock.now() // 1000 + int(values["expires_in"])
    return Login(server, values["access_token"], values.get("refresh_token", ""), expires)


def _sent(method: str, address: str, headers: dict[str, str], content: str | None) -> httpx.Response:
    import httpx

    try:
        return httpx.request(method, address, headers=headers, content=content, timeout=60)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise click.ClickException(f"{address} does not answer: {error}.") from error
