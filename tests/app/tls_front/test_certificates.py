"""The local authority of `signfleet tls-front`, and the certificate that it issues."""

from __future__ import annotations

import ssl
import stat
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from signfleet.app.tls_front import certificates
from signfleet.app.tls_front.certificates import CannotCertify, Certificates

NAMES = ("api.bsn.cloud", "ws.bsn.cloud")


def shake_hands(server: Path, authority: Path, name: str) -> None:
    """Lets a client that trusts an authority meet a server under a name. Raises `ssl.SSLError`."""
    of_server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    of_server.load_cert_chain(server)
    client_in, server_in = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = ssl.create_default_context(cafile=authority).wrap_bio(client_in, server_in, server_hostname=name)
    answering = of_server.wrap_bio(server_in, client_in, server_side=True)
    for _ in range(3):
        with suppress(ssl.SSLWantReadError):
            client.do_handshake()
        with suppress(ssl.SSLWantReadError):
            answering.do_handshake()
    client.do_handshake()


def test_clients_accept_the_names_and_no_other(tmp_path: Path) -> None:
    made = Certificates(tmp_path / "new" / "tls", NAMES)
    assert made.prepare()
    for name in NAMES:
        shake_hands(made.server, made.authority, name)
    with pytest.raises(ssl.SSLError, match="Hostname mismatch"):
        shake_hands(made.server, made.authority, "auth.bsn.cloud")


def test_keys_are_private_and_the_authority_is_public(tmp_path: Path) -> None:
    made = Certificates(tmp_path, NAMES)
    made.prepare()
    made.server.chmod(0o666)
    made.prepare()
    secret = {path.name for path in tmp_path.iterdir() if "PRIVATE KEY" in path.read_text()}
    assert secret == {"authority.key", "server.pem"}
    assert {stat.S_IMODE((tmp_path / name).stat().st_mode) for name in secret} == {0o600}
    assert stat.S_IMODE(made.authority.stat().st_mode) == 0o644


def test_the_next_start_uses_the_same_files(tmp_path: Path) -> None:
    made = Certificates(tmp_path, NAMES)
    made.prepare()
    before = made.authority.read_bytes(), made.server.read_bytes()
    assert not made.prepare()
    assert not Certificates(tmp_path, NAMES[::-1]).prepare() or made.server.read_bytes() == before[1]
    assert made.authority.read_bytes() == before[0]


def test_other_names_get_a_certificate_and_further_ones_an_authority(tmp_path: Path) -> None:
    Certificates(tmp_path, NAMES).prepare()
    fewer = Certificates(tmp_path, NAMES[:1])
    assert not fewer.prepare()
    with pytest.raises(ssl.SSLError, match="Hostname mismatch"):
        shake_hands(fewer.server, fewer.authority, NAMES[1])
    more = Certificates(tmp_path, (*NAMES, "signs.example"))
    assert more.prepare(), "the old authority could not vouch for the new name"
    shake_hands(more.server, more.authority, "signs.example")


def test_the_authority_vouches_for_no_other_names(tmp_path: Path) -> None:
    made = Certificates(tmp_path / "made", NAMES)
    made.prepare()
    key = tmp_path / "made" / "authority.key"
    stolen = Certificates(tmp_path / "stolen", ["bank.example"])
    (tmp_path / "stolen").mkdir()
    (tmp_path / "stolen" / "authority.key").write_text("bank.example\n" + key.read_text().partition("\n")[2])
    assert not stolen.prepare()
    with pytest.raises(ssl.SSLError, match="permitted subtree violation"):
        shake_hands(stolen.server, made.authority, "bank.example")


def test_what_is_about_to_expire_is_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = Certificates(tmp_path, NAMES)
    made.prepare()
    authority, server = made.authority.read_bytes(), made.server.read_bytes()
    monkeypatch.setattr(certificates, "SERVER_LEFT", certificates.SERVER_DAYS + 1)
    assert not made.prepare()
    assert (made.authority.read_bytes(), made.server.read_bytes() == server) == (authority, False)
    monkeypatch.setattr(certificates, "AUTHORITY_LEFT", certificates.AUTHORITY_DAYS + 1)
    assert made.prepare()
    shake_hands(made.server, made.authority, NAMES[0])


@pytest.mark.parametrize("name", ["authority.key", "server.pem", "authority.pem"])
def test_a_damaged_file_is_replaced(tmp_path: Path, name: str) -> None:
    made = Certificates(tmp_path, NAMES)
    made.prepare()
    text = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(text[: len(text) // 2] + b"\xff\xfe")
    made.prepare()
    shake_hands(made.server, made.authority, NAMES[0])


def test_starts_at_once_agree(tmp_path: Path) -> None:
    with ThreadPoolExecutor(4) as threads:
        new = list(threads.map(lambda _: Certificates(tmp_path, NAMES).prepare(), range(4)))
    assert sorted(new) == [False, False, False, True]
    shake_hands(tmp_path / "server.pem", tmp_path / "authority.pem", NAMES[0])


def test_what_cannot_be_done_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(CannotCertify, match=r"Cannot use the folder .*file: File exists"):
        Certificates(tmp_path / "file", NAMES).prepare()
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(CannotCertify, match="'openssl' makes the certificates, and is not installed"):
        Certificates(tmp_path / "tls", NAMES).prepare()
