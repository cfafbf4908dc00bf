"""The parameters of libpq in the address of a PostgreSQL database."""

from __future__ import annotations

import socket
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signfleet.foundation.storage.open import CannotOpen, open_store
from signfleet.foundation.storage.postgres_address import BadAddress, connect, parse
from tests.line import line_to_postgres

BASE = "postgresql://user:secret@host/name"


def passed_on(query: str) -> dict[str, str]:
    """What asyncpg reads of an address with these parameters."""
    dsn = parse(f"{BASE}?{query}").dsn
    return {name: values[-1] for name, values in parse_qs(urlsplit(dsn).query, strict_parsing=True).items()}


@pytest.mark.parametrize(
    "query",
    [
        "channel_binding=prefer",
        "channel_binding=disable",
        "client_encoding=utf8",
        "client_encoding=auto",
        "connect_timeout=5",
        "gssencmode=disable",
        "keepalives=1&keepalives_idle=30&keepalives_interval=10&keepalives_count=3",
        "load_balance_hosts=disable",
        "max_protocol_version=latest",
        "replication=false",
        "sslcompression=0",
        "sslsni=1",
        "tcp_user_timeout=5000",
        "",
    ],
)
def test_values_that_the_driver_follows_anyway_are_accepted(query: str) -> None:
    assert passed_on(query) == {"application_name": "signfleet"}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("application_name", "a fleet"),
        ("options", "-c statement_timeout=5s"),
        ("passfile", "/etc/pgpass"),
        ("search_path", "signs"),
        ("service", "signs"),
        ("sslmode", "verify-full"),
        ("sslnegotiation", "direct"),
        ("sslrootcert", "/etc/ssl/certs/ca-certificates.crt"),
        ("target_session_attrs", "read-write"),
    ],
)
def test_parameters_of_asyncpg_and_the_server_are_passed_on(name: str, value: str) -> None:
    assert passed_on(f"{name}={quote(value)}")[name] == value


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("channel_binding=require", "cannot follow channel_binding .* sslmode=verify-full"),
        ("client_encoding=LATIN1", "client_encoding with any value but UTF8"),
        ("connect_timeout=soon", "connect_timeout is a whole number"),
        ("gssencmode=require", "cannot follow gssencmode"),
        ("hostaddr=192.0.2.1", "cannot follow hostaddr. Write the address as the host"),
        ("keepalives_idle=", "keepalives_idle is a whole number"),
        ("load_balance_hosts=random", "cannot follow load_balance_hosts"),
        ("require_auth=scram-sha-256", "cannot follow require_auth. Leave it out"),
        ("requiressl=1", "cannot follow requiressl .* sslmode=require"),
        ("sslmode=yes", "sslmode is one of disable, allow, prefer, require, verify-ca, verify-full"),
        ("sslrootcert=system", "sslrootcert=system cannot be followed"),
        ("target_session_attrs=leader", "target_session_attrs is one of any, primary"),
        ("connect_timeout", "name=value"),
    ],
)
async def test_the_error_names_a_parameter_that_the_driver_cannot_follow(query: str, reason: str) -> None:
    with pytest.raises(CannotOpen, match=rf"^Cannot open the postgresql database: .*{reason}") as refusal:
        await open_store(f"{BASE}?{query}")
    assert "secret" not in str(refusal.value)


async def test_the_error_names_a_missing_certificate() -> None:
    with pytest.raises(CannotOpen, match=r"the file of sslrootcert, /nowhere/root\.crt, cannot be read"):
        await open_store("postgresql://127.0.0.1:1/name?sslmode=verify-full&sslrootcert=/nowhere/root.crt")


async def test_the_error_names_a_setting_that_the_server_does_not_have(postgres_url: str) -> None:
    with pytest.raises(CannotOpen, match='unrecognized configuration parameter "statement_time"'):
        await open_store(f"{postgres_url}&statement_time=5")


@given(st.dictionaries(st.sampled_from(["options", "application_name", "password"]), st.text(min_size=1)))
def test_values_reach_asyncpg_as_libpq_reads_them(values: dict[str, str]) -> None:
    """A plus is a plus; everything else may be written %XX."""
    query = "&".join(f"{name}={quote(value, safe='+')}" for name, value in values.items())
    assert passed_on(query) == {"application_name": "signfleet"} | values


@given(st.text())
def test_any_parameters_are_accepted_or_refused(query: str) -> None:
    try:
        parse(f"{BASE}?{query}")
    except BadAddress as error:
        assert "secret" not in str(error)


async def test_connections_show_that_they_are_alive(postgres_url: str) -> None:
    with line_to_postgres(postgres_url) as (_, url):
        connection = await connect(f"{url}?keepalives_idle=31&keepalives_count=3&tcp_user_timeout=7000", seconds=10)
        assert option(connection, socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
        assert option(connection, socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == 31
        assert option(connection, socket.IPPROTO_TCP, socket.TCP_KEEPCNT) == 3
        assert option(connection, socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 7000
        assert await connection.fetchval("SHOW application_name") == "signfleet"
        await connection.close()
        connection = await connect(f"{url}?keepalives=0&options=-c%20work_mem%3D5MB", seconds=10)
        assert option(connection, socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 0
        assert await connection.fetchval("SHOW work_mem") == "5MB"
        await connection.close()


def option(connection: Any, level: int, name: int) -> int:
    found = connection._transport.get_extra_info("socket").getsockopt(level, name)
    assert isinstance(found, int)
    return found


async def test_connecting_to_a_silent_server_fails_after_connect_timeout(postgres_url: str) -> None:
    with line_to_postgres(postgres_url) as (line, url):
        line.silence()
        with pytest.raises(TimeoutError):
            await connect(f"{url}?connect_timeout=1&sslmode=disable", seconds=3600)
