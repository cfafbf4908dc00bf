"""A local authority and the certificate that it issues, as files of a folder. The program `openssl` makes them.

`authority.pem` is what clients have to trust. The two files with keys, `authority.key` and `server.pem`, contain their
certificates too, so that each is replaced as a whole, and begin with a line of what they were made for.
"""

from __future__ import annotations

import fcntl
import secrets
import ssl
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Final

from signfleet.foundation.private_files import write_private

#: Days that certificates are valid, and how many of these are left when new ones replace them.
AUTHORITY_DAYS, AUTHORITY_LEFT = 3650, 365
SERVER_DAYS, SERVER_LEFT = 90, 30
_DAY: Final = 86_400
_CONFIG: Final = """\
[req]
prompt = no
distinguished_name = subject
[subject]
CN = {subject}
[authority]
basicConstraints = critical, CA:TRUE, pathlen:0
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
nameConstraints = critical, {permitted}, excluded;IP:0.0.0.0/0.0.0.0, excluded;IP:::/::
[server]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
subjectAltName = {names}
"""


class CannotCertify(Exception):
    """The folder or the program `openssl` cannot be used."""


class Certificates:
    """The certificates for some host names. The authority can vouch for no other names than those it was made for."""

    def __init__(self, folder: Path, names: Sequence[str]) -> None:
        self._names = list(names)
        self._folder = folder
        self._secret = folder / "authority.key"
        #: What clients have to trust.
        self.authority = folder / "authority.pem"
        #: The key and certificate that a server shows.
        self.server = folder / "server.pem"

    def prepare(self) -> bool:
        """Makes what is missing or about to expire; returns whether the authority is new. Raises `CannotCertify`."""
        try:
            self._folder.mkdir(mode=0o755, parents=True, exist_ok=True)
            with _locked(self._folder / "lock"):
                is_new = self._prepare_authority()
                self._prepare_server()
            for path in (self._secret, self.server):
                path.chmod(0o600)
        except OSError as error:
            raise CannotCertify(f"Cannot use the folder {self._folder}: {error.strerror or error}.") from error
        return is_new

    def _prepare_authority(self) -> bool:
        known = set(_purpose(self._secret).split())
        is_new = not (known >= set(self._names) and _is_usable(self._secret, AUTHORITY_LEFT))
        if is_new:
            permitted = ", ".join(f"permitted;DNS:{name}" for name in self._names)
            config = _CONFIG.format(subject="signfleet tls-front", permitted=permitted, names="DNS:unused")
            with _made(config) as folder:
                days = ("-days", str(AUTHORITY_DAYS), "-extensions", "authority")
                _openssl(folder, "req", "-x509", *_KEY, "-sha256", *days, "-keyout", "key", "-out", "pem")
                self._write(self._secret, folder, " ".join(self._names))
        certificate = self._secret.read_text().partition("-----BEGIN CERTIFICATE-----")
        self._publish(self.authority, "".join(certificate[1:]))
        return is_new

    def _prepare_server(self) -> None:
        authority = sha256(self.authority.read_bytes()).hexdigest()
        purpose = f"{' '.join(self._names)} {authority}"
        if _purpose(self.server) == purpose and _is_usable(self.server, SERVER_LEFT):
            return
        names = ", ".join(f"DNS:{name}" for name in self._names)
        with _made(_CONFIG.format(subject=self._names[0], permitted="permitted;DNS:unused", names=names)) as folder:
            _openssl(folder, "req", *_KEY, "-new", "-keyout", "key", "-out", "request")
            secret = str(self._secret.absolute())
            by = ("-CA", secret, "-CAkey", secret, "-set_serial", str(secrets.randbits(120) + 1))
            how = ("-days", str(SERVER_DAYS), "-sha256", "-extfile", "config", "-extensions", "server")
            _openssl(folder, "x509", "-req", "-in", "request", *by, *how, "-out", "pem")
            self._write(self.server, folder, purpose)

    def _write(self, path: Path, made: Path, purpose: str) -> None:
        """Stores a key with its certificate."""
        write_private(path, f"{purpose}\n{(made / 'key').read_text()}{(made / 'pem').read_text()}")

    def _publish(self, path: Path, text: str) -> None:
        """Writes a file that all users may read: their clients have to trust it."""
        if not path.exists() or path.read_bytes() != text.encode():
            write_private(path, text)
        path.chmod(0o644)


#: What makes a key that every client knows.
_KEY: Final = (
    *("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-pkeyopt", "ec_param_enc:named_curve"),
    *("-nodes", "-config", "config"),
)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Lets one process at a time into the block."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextmanager
def _made(config: str) -> Iterator[Path]:
    """Yields a private folder with a configuration, where `openssl` writes what it makes."""
    with tempfile.TemporaryDirectory(prefix="signfleet-") as name:
        folder = Path(name)
        (folder / "config").write_text(config)
        yield folder


def _purpose(path: Path) -> str:
    """Returns the first line of a file; the empty text if there is none."""
    return path.read_text(errors="replace").partition("\n")[0] if path.exists() else ""


def _is_usable(path: Path, days: int) -> bool:
    """Returns whether key and certificate of a file belong together and are valid for some days more."""
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(path)
        _openssl(path.parent, "x509", "-in", path.name, "-noout", "-checkend", str(days * _DAY))
    except (ssl.SSLError, CannotCertify):
        return False
    return True


def _openssl(folder: Path, *arguments: str) -> None:
    """Runs the program in a folder. Raises `CannotCertify`."""
    try:
        done = subprocess.run(  # noqa: S603 - the arguments are ours, and names are checked
            ["openssl", *arguments],  # noqa: S607 - whichever the operator has installed
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
        )
    except FileNotFoundError as error:
        raise CannotCertify("The program 'openssl' makes the certificates, and is not installed.") from error
    if done.returncode != 0:
        reason = (done.stderr.strip() or done.stdout.strip()).splitlines()
        raise CannotCertify(f"openssl {arguments[0]} failed: {reason[-1] if reason else done.returncode}.")
