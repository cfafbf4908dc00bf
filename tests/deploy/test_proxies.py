"""The sample configurations of reverse proxies work with other names, ports and certificates."""

from __future__ import annotations

import os
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
import trustme

from tests.processes import ROOT, free_port
from tests.running import Running, running_server

PROXIES = ("nginx", "caddy")
NAME = "localhost"


def replace(text: str, **replacements: str) -> str:
    """Returns the sample with other names; each old name must be in it."""
    for old, new in replacements.items():
        assert old in text
        text = text.replace(old, new)
    return text


def nginx(folder: Path, port: int, server: str, certificate: Path) -> list[str]:
    sample = replace(
        (ROOT / "deploy" / "nginx.conf").read_text(),
        **{
            "server 127.0.0.1:8080": f"server {server}",
            "listen 443 ssl": f"listen 127.0.0.1:{port} ssl",
            "    listen [::]:443 ssl;\n": "",
            "signs.example.com;": f"{NAME};",
            "/etc/ssl/signs.example.com/fullchain.pem": str(certificate),
            "/etc/ssl/signs.example.com/privkey.pem": str(certificate),
        },
    )
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    paths = "".join(f"{kind}_temp_path {folder}/{kind};" for kind in kinds)
    user = "user root;" if os.geteuid() == 0 else ""
    (folder / "nginx.conf").write_text(
        f"{user} daemon off; pid {folder}/nginx.pid; error_log stderr; events {{}} http {{ {paths} {sample} }}"
    )
    return ["-e", "stderr", "-p", str(folder), "-c", "nginx.conf"]


def caddy(folder: Path, port: int, server: str, certificate: Path) -> list[str]:
    sample = replace(
        (ROOT / "deploy" / "Caddyfile").read_text(),
        **{
            "\nsigns.example.com {": f"\nhttps://{NAME}:{port} {{\n\ttls {certificate} {certificate}",
            "127.0.0.1:8080": server,
        },
    )
    (folder / "Caddyfile").write_text("{\n\tadmin off\n\tauto_https disable_redirects\n}\n" + sample)
    return ["run", "--adapter", "caddyfile", "--config", str(folder / "Caddyfile")]


@contextmanager
def running_proxy(name: str, folder: Path, port: int, server: str, certificate: Path) -> Iterator[None]:
    program = shutil.which(name, path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
    if program is None:
        pytest.skip(f"{name} is not installed; `make test` installs it where apt-get may")
    arguments = {"nginx": nginx, "caddy": caddy}[name](folder, port, server, certificate)
    log = folder / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [program, *arguments],
            stdout=output,
            stderr=output,
            env={"HOME": str(folder), "XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)},
        )
        try:
            for _ in range(200):
                if process.poll() is not None:
                    raise AssertionError(log.read_text())
                with socket.socket() as probe:
                    if probe.connect_ex(("127.0.0.1", port)) == 0:
                        break
                time.sleep(0.05)
            yield
        finally:
            process.terminate()
            process.wait(20)


@contextmanager
def through_proxy(name: str, server: Running, folder: Path) -> Iterator[httpx.Client]:
    """Yields a client of the server through the proxy, over HTTPS."""
    port, authority, certificate = free_port(), trustme.CA(), folder / "certificate.pem"
    authority.issue_cert(NAME).private_key_and_cert_chain_pem.write_to_path(str(certificate))
    trusted = ssl.create_default_context(cadata=authority.cert_pem.bytes().decode())
    with (
        running_proxy(name, folder, port, server.address.removeprefix("http://"), certificate),
        httpx.Client(base_url=f"https://{NAME}:{port}", verify=trusted) as client,
    ):
        yield client


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Running]:
    with running_server("--data", str(tmp_path / "data"), "--trusted-proxies", "127.0.0.1") as running:
        yield running


@pytest.mark.parametrize("name", PROXIES)
def test_the_largest_uploads_pass(name: str, server: Running, tmp_path: Path) -> None:
    """Without a token the server refuses an upload with a header that only it writes."""
    path = "/player/v1/screenshots/2026-03-13T12:00:00Z"
    with through_proxy(name, server, tmp_path) as client:
        assert client.get("/health/live").status_code == 200
        assert "WWW-Authenticate" in client.put(path, content=b"x" * 8_000_000).headers


@pytest.mark.parametrize("name", PROXIES)
def test_calls_arrive_as_they_were_sent(name: str, server: Running, tmp_path: Path) -> None:
    """The server logs the path of the direct call, and the address of the client rather than the proxy."""
    paths = ["/A%2FB%20C/", "/%E6%97%A5/", "/a+b/"]
    with through_proxy(name, server, tmp_path) as client:
        for path in paths:
            assert client.get(path).status_code == 404
    direct = [httpx.get(f"{server.address}{path}").status_code for path in paths]
    assert direct == [404] * len(paths)
    server.stop()
    logged = [line["path"] for line in server.log if line["event"] == "request"]
    assert logged[: len(paths)] == logged[len(paths) :]
    assert {line["address"] for line in server.log if line["event"] == "request"} == {"127.0.0.1"}
