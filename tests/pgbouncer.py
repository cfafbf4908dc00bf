"""PgBouncer in front of a database of the tests, where it is installed."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.postgres import name_of
from tests.processes import free_port


@contextmanager
def running_pgbouncer(url: str, *, mode: str = "transaction", size: int = 3) -> Iterator[str]:
    """A pooler of `size` connections to the database at `url`, a Unix socket as `tests.postgres` gives; its URL."""
    program = shutil.which("pgbouncer", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
    if program is None:
        pytest.skip("pgbouncer is not installed; `make test` installs it where apt-get may")
    parts, name, port = urlsplit(url), name_of(url), free_port()
    host = parse_qs(parts.query)["host"][0]
    with tempfile.TemporaryDirectory(prefix="signfleet-pgbouncer-") as folder:
        Path(folder).chmod(0o755)  # PgBouncer runs as another user
        configuration = Path(folder, "pgbouncer.ini")
        configuration.write_text(
            f"[databases]\n* = host={host} user={parts.username}\n"
            f"[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\nauth_type = any\n"
            f"pool_mode = {mode}\ndefault_pool_size = {size}\nmax_client_conn = 100\n"
        )
        log = Path(folder, "log")
        with log.open("wb") as output:
            process = subprocess.Popen(
                [program, str(configuration)],
                stdout=output,
                stderr=subprocess.STDOUT,
                user=Path(host).stat().st_uid if os.geteuid() == 0 else None,  # it refuses to run as root
            )
        try:
            _wait(process, port, log)
            yield f"postgresql://{parts.username}:@127.0.0.1:{port}/{name}"
        finally:
            process.terminate()
            process.wait(10)


def _wait(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and process.poll() is None:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.02)
    raise RuntimeError(f"PgBouncer does not listen: {log.read_text()}")
