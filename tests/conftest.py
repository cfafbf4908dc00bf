"""Fixtures for all tests.

A test of a whole server, in process and over HTTP, on both stores, each with a network, its administrator and an
application in it:

    async def test_the_network_has_no_devices(admin: AsyncClient) -> None:
        assert (await admin.get("/Devices/Count/")).json() == 0

`client` calls without a token, `admin` with `admin_token`, an administrator's with the network chosen; paths are
relative to /2022/06/REST, and start with `ROOT` where they are not. `network` has names, ids, password and secret.
`sign_in` makes tokens of other people, roles and scopes. `services` and `store` are the server's own.

Property tests use the same examples in every run. To search for new ones:
`make test ARGS="--hypothesis-profile explore"`.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import shutil
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import pytest
import structlog
from argon2 import PasswordHasher
from httpx import ASGITransport, AsyncClient
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

from signfleet.app.bootstrap import Tenant, bootstrap
from signfleet.app.wiring import Services, build, make_app
from signfleet.fleet.devices.permissions.documents import DevicePermissionDocuments
from signfleet.foundation import logs
from signfleet.foundation.settings import Settings
from signfleet.foundation.storage.interface import Store, Transaction
from signfleet.foundation.storage.migrations import migrate_postgresql
from signfleet.foundation.storage.open import open_store
from signfleet.foundation.wire import timespan
from signfleet.identity.access import passwords
from signfleet.identity.access.operations.roles import ADMINISTRATORS, SystemRole
from signfleet.identity.access.passwords import Passwords
from signfleet.identity.access.store import INSERT_TOKEN
from signfleet.identity.access.token_issue import Lifetimes, open_session
from signfleet.identity.access.tokens import hash_token, new_token
from signfleet.identity.people.service import NewPerson, People, insert_person
from signfleet.identity.users.membership import admit
from signfleet.web.caller.scopes import SETUP_SCOPE, USER_SCOPE
from tests.dealing import deal, slow_part
from tests.lending import Lender
from tests.postgres import Postgres, name_of, running_postgres
from tests.running import PATIENCE, migrated
from tests.world import World

hypothesis_settings.register_profile(
    "repeatable", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
hypothesis_settings.register_profile(
    "explore", deadline=None, max_examples=2000, suppress_health_check=[HealthCheck.too_slow]
)
hypothesis_settings.load_profile("repeatable")

# HTTPX's default of five seconds is too short on a busy machine.
for waiting in ("connect", "read", "write", "pool"):
    setattr(httpx._config.DEFAULT_TIMEOUT_CONFIG, waiting, PATIENCE)

# Each client of HTTPX reads all authorities of the system, which takes longer than most tests.
httpx._transports.default.create_ssl_context = cache(httpx._transports.default.create_ssl_context)

# Hashing as in production takes 20 ms of CPU each time. `identity/access/test_passwords.py` tests its cost.
PRODUCTION_HASHER = passwords._HASHER
passwords._HASHER = PasswordHasher(memory_cost=256, time_cost=1, parallelism=1)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--quick", action="store_true", help="SQLite only, and without slow tests")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deals the tests to the workers; deselects what `--quick` omits."""
    folder = Path(__file__).parent
    parts = {path: slow_part(path.relative_to(folder)) for path in {item.path for item in items}}
    if config.getoption("--quick"):
        left_out = {item for item in items if _needs_postgresql(item) or parts[item.path]}
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]
        return
    slow: dict[str, list[pytest.Item]] = {}
    for item in items:
        if part := parts[item.path]:
            slow.setdefault(part, []).append(item)
    others = [item for item in items if not parts[item.path]]
    items[:] = deal(slow, others, int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1")))


def pytest_collection_finish() -> None:
    """Makes garbage collections rare, and excludes the many loaded objects: none of them becomes garbage."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


def _needs_postgresql(item: pytest.Item) -> bool:
    parameters = getattr(item, "callspec", None)
    values = parameters.params.values() if parameters is not None else ()
    return "postgresql" in values or "postgres" in getattr(item, "fixturenames", ())


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Runs async tests and fixtures on asyncio."""
    return "asyncio"


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """Starts a real PostgreSQL for the first test that needs one, once per test process."""
    with running_postgres() as server:
        yield server


@pytest.fixture
def postgres_url(postgres: Postgres) -> Iterator[str]:
    """Creates an empty database for this test; returns its URL."""
    url = postgres.create()
    yield url
    postgres.drop(url)


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Creates an empty SQLite file with the current schema, to copy."""
    path = tmp_path_factory.mktemp("sqlite") / "template.db"
    path.touch(mode=0o600)  # as the server creates it
    path.write_bytes(migrated())
    return path


@pytest.fixture(scope="session")
def migrated_postgresql(postgres: Postgres) -> str:
    """Creates an empty database with the current schema as a template; returns its name."""
    url = postgres.create()
    asyncio.run(migrate_postgresql(url))
    return name_of(url)


@pytest.fixture(scope="session")
def migrated_lender(postgres: Postgres, migrated_postgresql: str) -> Iterator[Lender]:
    """Lends empty databases with the current schema."""
    lender = Lender(postgres, migrated_postgresql)
    yield lender
    lender.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Returns the address of an empty store for this test, with its schema; runs the test on both stores."""
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("migrated_sqlite"), tmp_path / "signfleet.db")
        yield f"sqlite:///{tmp_path / 'signfleet.db'}"
    else:
        lender: Lender = request.getfixturevalue("migrated_lender")
        url = lender.lend()
        yield url
        lender.take_back(url)


@pytest.fixture
async def store(database: str) -> AsyncIterator[Store]:
    """Opens an empty store."""
    opened = await open_store(database, connections=4)
    yield opened
    await opened.close()


@pytest.fixture(autouse=True)
def restored_logs(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Restores the log after tests that configure it, as every command does that runs in this process."""
    # A cached logger would write to the output of this test in later tests.
    configure = structlog.configure
    uncached = {"cache_logger_on_first_use": False}
    monkeypatch.setattr(structlog, "configure", lambda **options: configure(**options | uncached))
    monkeypatch.setattr(logs, "_buffer", None)
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    yield
    if structlog.is_configured():
        root.handlers, root.level = handlers, level
        structlog.reset_defaults()


#: For tests of requests that are refused before they reach the store: one store is enough.
ON_SQLITE = pytest.mark.parametrize("bootstrapped", ["sqlite"], indirect=True)

# --- a whole server -----------------------------------------------------------------------------------------------

ROOT = "http://signfleet.test"
BASE = f"{ROOT}/2022/06/REST"


async def _bootstrap(database: str) -> Tenant:
    store = await open_store(database, connections=1)
    passwords = Passwords()
    try:
        return await bootstrap(
            store,
            People(store, passwords),
            network="Test Network",
            login="JaneDoe@example.com",
            password="7t#Sqg7*",
            first_name="Jane",
            last_name="Doe",
            now=_now(),
        )
    finally:
        passwords.close()
        await store.close()


def _now() -> int:
    """Returns the current time in the unit of the store."""
    return time.time_ns() // 2_000_000 * 2


@pytest.fixture(scope="session")
def bootstrapped_sqlite(migrated_sqlite: Path) -> tuple[Path, Tenant]:
    """Creates a SQLite file with a network in it, to copy."""
    path = migrated_sqlite.with_name("bootstrapped.db")
    shutil.copy(migrated_sqlite, path)
    return path, asyncio.run(_bootstrap(f"sqlite:///{path}"))


@pytest.fixture(scope="session")
def bootstrapped_lender(postgres: Postgres, migrated_postgresql: str) -> Iterator[tuple[Lender, Tenant]]:
    """Lends databases with a network in them."""
    url = postgres.create(migrated_postgresql)
    network = asyncio.run(_bootstrap(url))
    lender = Lender(postgres, name_of(url))
    yield lender, network
    lender.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def bootstrapped(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, Tenant]]:
    """Returns the address of a store for this test with one network in it, and that network."""
    if request.param == "sqlite":
        template, network = request.getfixturevalue("bootstrapped_sqlite")
        shutil.copy(template, tmp_path / "signfleet.db")
        yield f"sqlite:///{tmp_path / 'signfleet.db'}", network
    else:
        lender, network = request.getfixturevalue("bootstrapped_lender")
        url = lender.lend()
        yield url, network
        lender.take_back(url)


@pytest.fixture
def network(bootstrapped: tuple[str, Tenant]) -> Tenant:
    """Returns the network of the server under test: ids, names, password and client secret."""
    return bootstrapped[1]


@pytest.fixture
def settings(bootstrapped: tuple[str, Tenant], tmp_path: Path, request: pytest.FixtureRequest) -> Settings:
    """Returns the server's settings; `@pytest.mark.settings(name=value)` changes some."""
    overrides: dict[str, Any] = {"legacy_token_endpoint": True, "access_log": False, "database_connections": 4}
    overrides |= {"self_registration": True}
    for marker in request.node.iter_markers("settings"):
        overrides |= marker.kwargs
    return Settings(data=str(tmp_path), database=bootstrapped[0], **overrides)


@pytest.fixture
async def services(settings: Settings) -> AsyncIterator[Services]:
    """Builds the services that `client` and `admin` call."""
    built = await build(settings)
    yield built
    await built.close()


CallAs = Callable[..., AsyncClient]


@pytest.fixture
async def call_as(services: Services) -> AsyncIterator[CallAs]:
    """Makes clients of the server: `call_as(token)`, or `call_as()` without a token."""
    app: Any = make_app(services)
    async with AsyncExitStack() as stack:
        clients: list[AsyncClient] = []

        def make(token: str | None = None) -> AsyncClient:
            headers = {} if token is None else {"Authorization": f"Bearer {token}"}
            clients.append(AsyncClient(transport=ASGITransport(app), base_url=BASE, headers=headers))
            stack.push_async_callback(clients[-1].aclose)
            return clients[-1]

        yield make


@pytest.fixture
def client(call_as: CallAs) -> AsyncClient:
    """Returns a client without a token."""
    return call_as()


@pytest.fixture
def admin(call_as: CallAs, admin_token: str) -> AsyncClient:
    """Returns a client with the administrator's token."""
    return call_as(admin_token)


SignIn = Callable[..., Awaitable[str]]


@pytest.fixture
def sign_in(services: Services, network: Tenant) -> SignIn:
    """Issues an access token: `await sign_in("joe@example.com", role=VIEWERS, scope="bsn.api.main.devices")`.

    An unknown login becomes a person and a user of the network first; who is invited accepts. `role=None` leaves them
    without a role, `choose=False` the token without a network.
    """

    async def make(
        login: str = "",
        *,
        role: SystemRole | None = ADMINISTRATORS,
        scope: str = USER_SCOPE,
        network_id: int = network.network_id,
        choose: bool = True,
    ) -> str:
        now = _now()
        person = await services.people.find(login or network.login)
        invited = await services.users.find(network_id, login)
        user = None if person is None else await services.users.in_network(network_id, person.person_id)

        async def work(tx: Transaction) -> str:
            new = NewPerson(login, None, None, None, activation_date=now)
            person_id = await insert_person(tx, new, now) if person is None else person.person_id
            user_id = user.id if user is not None else None
            if user_id is None:
                role_id = invited.role_id if invited is not None else None if role is None else role.id
                user_id = await admit(
                    tx,
                    DevicePermissionDocuments(services.job_runner),
                    network_id=network_id,
                    person_id=person_id,
                    role_id=role_id,
                    description=None,
                    now=now,
                )
            issued = await open_session(
                tx,
                scope=scope,
                lifetimes=Lifetimes(timespan.HOUR),
                now=now,
                person_id=person_id,
                network_id=network_id if choose else None,
                user_id=user_id if choose else None,
                grant_type="password",
            )
            return issued.access_token

        return await services.store.write(work)

    return make


@pytest.fixture
async def admin_token(sign_in: SignIn) -> str:
    """Issues the administrator's access token, with the network chosen."""
    return await sign_in()


@pytest.fixture
async def world(services: Services, network: Tenant, admin: AsyncClient, sign_in: SignIn) -> World:
    """Creates one entity of each type in the network, for valid requests."""
    world = World(services, network, admin, sign_in)
    await world.restore()
    return world


IssueSetupToken = Callable[..., Awaitable[str]]


@pytest.fixture
def issue_setup_token(services: Services, network: Tenant) -> IssueSetupToken:
    """Issues a setup token; `age` and `lifetime` in ms."""

    async def issue(network_id: int = network.network_id, *, age: int = 0, lifetime: int = timespan.DAY) -> str:
        token, issued = new_token(), _now() - age

        async def work(tx: Transaction) -> None:
            await tx.execute(
                INSERT_TOKEN,
                hash=hash_token(token),
                kind="setup",
                session_id=None,
                network_id=network_id,
                scope=SETUP_SCOPE,
                valid_from=issued,
                valid_to=issued + lifetime,
                used_date=None,
            )

        await services.store.write(work)
        return token

    return issue


@pytest.fixture
async def setup_token(issue_setup_token: IssueSetupToken) -> str:
    """Issues a token that registers players in the network."""
    return await issue_setup_token()
