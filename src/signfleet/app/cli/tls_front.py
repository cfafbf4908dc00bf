"""`signfleet tls-front`"""

from __future__ import annotations

import re
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any, Final

import click

from signfleet.app.cli.echo import echo

if TYPE_CHECKING:
    from signfleet.app.tls_front.running import Addresses, Plan

#: The host names that clients of BSN.cloud have built in.
HOSTS: Final = ("api.bsn.cloud", "auth.bsn.cloud", "ws.bsn.cloud", "provision.bsn.cloud")
#: The variables by which programs find authorities to trust: OpenSSL, curl and Go; Python's requests; Node.
_TRUST: Final = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS")
#: The first port that every user may listen on.
_ORDINARY: Final = 1024
_NAME: Final = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)(\.(?!-)[a-z0-9-]{1,63}(?<!-))*")


def _names(_context: click.Context, _option: click.Parameter, values: tuple[str, ...]) -> list[str]:
    for value in values:
        if not _NAME.fullmatch(value.lower()) or value.replace(".", "").isdecimal():
            raise click.BadParameter(f"'{value}' is no host name such as signs.example.")
    return list(dict.fromkeys((*HOSTS, *(value.lower() for value in values))))


def _server(_context: click.Context, _option: click.Parameter, value: str) -> str:
    if not re.fullmatch(r"https?://(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+)(:[0-9]{1,5})?(/[!-~]*)?", value):
        raise click.BadParameter("expected an address such as http://127.0.0.1:8080.")
    return value.rstrip("/")


@click.command("tls-front")
@click.option(
    "--server",
    default="http://127.0.0.1:8080",
    show_default=True,
    callback=_server,
    help="The server that requests are passed on to.",
)
@click.option("--host", "hosts", multiple=True, default=["127.0.0.1"], show_default=True, help="Where to listen.")
@click.option("--port", default=443, show_default=True, type=click.IntRange(0, 65_535), help="Port of TLS; 0: any.")
@click.option(
    "--proxy-port",
    type=click.IntRange(0, 65_535),
    help="Also listen as a proxy, for clients that honour HTTPS_PROXY: they need neither port 443 nor a hosts file.",
)
@click.option("--name", "names", multiple=True, callback=_names, help="A further host name; repeatable.")
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    default="tls",
    show_default=True,
    help="Folder of the authority and the certificate; the next start uses them again.",
)
def tls_front(folder: Path, **where: Any) -> None:
    """Answer for the host names that clients of BSN.cloud have built in.

    Terminates TLS with a certificate of an authority of its own, and passes requests on to the server. Prints what a
    client needs: the variables that make it trust the authority, and the lines of a hosts file. For tests and closed
    networks.
    """
    from signfleet.app.server import CannotListen
    from signfleet.app.tls_front.certificates import CannotCertify, Certificates
    from signfleet.app.tls_front.running import Plan, run
    from signfleet.foundation import logs

    logs.configure("info")
    plan = Plan(**where)
    certificates = Certificates(folder.absolute(), plan.names)

    def announce(addresses: Addresses) -> None:
        echo(_explained(addresses, plan, certificates.authority))

    try:
        is_new = certificates.prepare()
        if is_new:
            echo(f"# There is a new authority: clients have to trust {certificates.authority} from now on.")
        run(plan, certificates, announce)
    except CannotCertify as error:
        raise click.ClickException(str(error)) from error
    except CannotListen as error:
        hint = " Try --port 8443 --proxy-port 3128, which every user may." if 0 < plan.port < _ORDINARY else ""
        raise click.ClickException(f"{error}{hint}") from error


def _explained(addresses: Addresses, plan: Plan, authority: Path) -> str:
    """Returns lines for the shell of a client."""
    host = addresses.front.removeprefix("https://").rpartition(":")[0].strip("[]")
    lines = [
        f"# {addresses.front} answers for {', '.join(plan.names)}; requests go on to {plan.server}.",
        "# A client that runs in a shell with these lines trusts it:",
        *(f"export {variable}={quote(str(authority))}" for variable in _TRUST),
    ]
    if addresses.proxy is not None:
        lines += [
            "# and goes through the proxy, if it honours that:",
            f"export HTTPS_PROXY={addresses.proxy} NODE_USE_ENV_PROXY=1",
        ]
    return "\n".join(
        [
            *lines,
            "# A line for /etc/hosts, for clients without a proxy:",
            f"# {host} {' '.join(plan.names)}",
            "# Start the server with --trusted-proxies 127.0.0.1, so that it knows the addresses of clients.",
        ]
    )
