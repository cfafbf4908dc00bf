"""Hidden entities answer like missing ones: neither the answer nor the work for it reveals that they exist.

Tests cannot compare times reliably, so they compare what takes time: the statements sent to the store and the hashing
of passwords.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from argon2 import PasswordHasher
from httpx import AsyncClient, Response

from signfleet.app.bootstrap import Tenant
from signfleet.app.wiring import Services
from signfleet.foundation.storage.interface import Transaction, UnitOfWork
from signfleet.foundation.storage.query import Query
from signfleet.identity.access.operations.definitions import DEVICE, GROUP, USER, VIEW_DEVICE, VIEW_GROUP, VIEW_USER
from signfleet.identity.access.operations.operation import Operation
from signfleet.identity.access.tokens import new_token
from signfleet.web.http.endpoint import Endpoint
from tests.conftest import ON_SQLITE, ROOT, CallAs, SignIn
from tests.identity.access.callers import CUSTOM_ROLE, Cast, cast
from tests.identity.access.granted import Rule, put
from tests.shapes import without_numbers
from tests.world import OFFERED, OPENID, PASSWORD, ULLA, Request, World, name, now

NOBODY = "noone@example.com"
#: Headers that are new in every answer or as long as the requested name.
NOT_COMPARED = {"x-request-id", "content-length", "date"}
READS = ("one", "all", "scan_all")

Texts = list[str]


class RecordingTransaction:
    """Records the statements of a transaction."""

    def __init__(self, tx: Transaction, dialect: str, texts: Texts) -> None:
        self._tx, self._dialect, self._texts = tx, dialect, texts

    async def nested(self, work: UnitOfWork[Any]) -> Any:
        return await self._tx.nested(lambda tx: work(RecordingTransaction(tx, self._dialect, self._texts)))

    def __getattr__(self, method: str) -> Callable[..., Any]:
        run = getattr(self._tx, method)
        if method == "announce":  # sends no statement
            return run

        async def recorded(query: Query | str, *rows: Any, **params: Any) -> Any:
            self._texts.append(query if isinstance(query, str) else query.prepared(self._dialect).text)
            return await run(query, *rows, **params)

        return recorded


@pytest.fixture
def statements(services: Services, monkeypatch: pytest.MonkeyPatch) -> Texts:
    """Records the text of every statement sent to the store, in order."""
    store, texts = services.store, Texts()
    kind, dialect = type(store), store.dialect

    def recording(method: str) -> Callable[..., Awaitable[Any]]:
        run = getattr(kind, method)

        async def recorded(self: Any, query: Query, **params: Any) -> Any:
            texts.append(query.prepared(dialect).text)
            return await run(self, query, **params)

        return recorded

    for method in READS:
        monkeypatch.setattr(kind, method, recording(method))
    write = kind.write

    async def recorded_write(self: Any, work: UnitOfWork[Any]) -> Any:
        texts.append("BEGIN")
        return await write(self, lambda tx: work(RecordingTransaction(tx, dialect, texts)))

    monkeypatch.setattr(kind, "write", recorded_write)
    return texts


async def observed(client: AsyncClient, request: Request, ref: str, statements: Texts) -> dict[str, Any]:
    """Returns what a client sees of an answer, without the requested name, and the statements that it took."""
    await client.get("/Devices/Models/")  # caches the caller again after a write
    statements.clear()
    answer = await client.request(request.method, request.url, **request.sent)
    return seen(answer, ref) | {"statements": list(statements)}


def seen(answer: Response, ref: str) -> dict[str, Any]:
    headers = {name: value for name, value in answer.headers.items() if name not in NOT_COMPARED}
    return {
        "status": answer.status_code,
        "headers": headers,
        "body": re.sub(rf"\b{re.escape(ref)}\b", "…", answer.text),
    }


def endpoints_of(parameter: str, caller: str = "network") -> list[Endpoint]:
    return [endpoint for endpoint in OFFERED if endpoint.caller == caller and f"{{{parameter}}}" in endpoint.path]


HIDEABLE = [
    ("device", DEVICE, VIEW_DEVICE, "A1", "Z9"),
    ("group", GROUP, VIEW_GROUP, "Gamma", "Nowhere"),
    ("user", USER, VIEW_USER, ULLA, NOBODY),
]


def denied(people: Cast, family: Operation, view: Operation, hidden: int) -> tuple[AsyncClient, list[Rule]]:
    """Returns an administrator who is denied to view the one entity."""
    return people.denied.client, [Rule(view, "User", people.denied.owner.user_id, hidden, is_allowed=False)]


def allowed_others(people: Cast, family: Operation, view: Operation, hidden: int) -> tuple[AsyncClient, list[Rule]]:
    """Returns a user who is allowed everything on another entity only."""
    return people.roleless.client, [Rule(family, "User", people.roleless.owner.user_id, hidden + 1)]


def role_denied(people: Cast, family: Operation, view: Operation, hidden: int) -> tuple[AsyncClient, list[Rule]]:
    """Returns a user whose role allows everything but to view entities."""
    rules = [(family, True), (view, False)]
    return people.custom.client, [Rule(one, "Role", CUSTOM_ROLE, is_allowed=allowed) for one, allowed in rules]


def from_elsewhere(people: Cast, family: Operation, view: Operation, hidden: int) -> tuple[AsyncClient, list[Rule]]:
    """Returns the administrator of another network."""
    return people.elsewhere.client, []


@pytest.mark.parametrize("who", [denied, allowed_others, role_denied, from_elsewhere])
@pytest.mark.parametrize(
    ("parameter", "family", "view", "called", "absent"), HIDEABLE, ids=[row[0] for row in HIDEABLE]
)
@ON_SQLITE
async def test_a_hidden_entity_answers_like_a_missing_one(
    world: World,
    call_as: CallAs,
    statements: Texts,
    who: Callable[..., tuple[AsyncClient, list[Rule]]],
    parameter: str,
    family: Operation,
    view: Operation,
    called: str,
    absent: str,
) -> None:
    hidden_id = world.ids[family.entity]
    client, rules = who(await cast(world, call_as), family, view, hidden_id)
    different = {}
    for endpoint in endpoints_of(parameter):
        await put(world.services.store, world.network.network_id, rules)
        for hidden, not_there in ((called, absent), (str(hidden_id), str(hidden_id + 4000))):
            # The first request makes the server cache the caller.
            _, *answers = [
                await observed(client, await world.request(endpoint, **{parameter: each}), each, statements)
                for each in (hidden, hidden, not_there)
            ]
            if answers[0] != answers[1] or answers[0]["status"] not in (403, 404):
                different[f"{name(endpoint)}: {hidden}"] = answers
    assert different == {}


@ON_SQLITE
async def test_a_role_of_another_network_answers_like_a_missing_one(
    world: World, call_as: CallAs, statements: Texts
) -> None:
    client = (await cast(world, call_as)).elsewhere.client
    for endpoint in endpoints_of("role"):
        for hidden, not_there in (("Rho", "Tau"), (str(world.ids["Role"]), str(world.ids["Role"] + 4000))):
            answers = [
                await observed(client, await world.request(endpoint, role=each), each, statements)
                for each in (hidden, not_there)
            ]
            assert answers[0] == answers[1], name(endpoint)


@ON_SQLITE
@pytest.mark.parametrize("parameter", ["application", "invitation", "network", "user", "token"])
async def test_below_self_an_entity_of_another_person_answers_like_a_missing_one(
    world: World, call_as: CallAs, sign_in: SignIn, statements: Texts, parameter: str
) -> None:
    client, ours = (await cast(world, call_as)).elsewhere.client, world.administrator
    application = (await world.services.applications.create("Script", ours.person_id, now())).id
    invitation = await world.invitation(ours)
    theirs = {
        "invitation": (str(invitation), str(invitation + 4000)),
        "application": (str(application), str(application + 4000)),
        "network": (str(ours.network_id), str(ours.network_id + 4000)),
        "user": (str(ours.user_id), str(ours.user_id + 4000)),
        "token": (await sign_in(), new_token()),
    }[parameter]
    for endpoint in endpoints_of(parameter, "person"):
        answers = [
            await observed(client, await world.request(endpoint, **{parameter: each}), each, statements)
            for each in theirs
        ]
        assert answers[0]["status"] == 404
        assert answers[0] == answers[1], name(endpoint)


# --- entities named outside the path


@ON_SQLITE
@pytest.mark.parametrize("by_name", [True, False])
async def test_a_device_cannot_be_moved_to_a_hidden_or_missing_group(
    world: World, call_as: CallAs, statements: Texts, by_name: bool
) -> None:
    client, rules = denied(await cast(world, call_as), GROUP, VIEW_GROUP, world.ids["Group"])
    await put(world.services.store, world.network.network_id, rules)
    (endpoint,) = [endpoint for endpoint in OFFERED if name(endpoint) == "PUT /Devices/{device}/"]
    good, hidden_id = await world.request(endpoint), world.ids["Group"]
    groups = [{"name": each} for each in ("Gamma", "Nowhere")]
    if not by_name:
        groups = [{"id": each} for each in (hidden_id, hidden_id + 4000)]
    answers = [
        await observed(client, good._replace(sent={"json": {"settings": {"group": group}}}), ref, statements)
        for group, ref in ((group, str(*group.values())) for group in [groups[0], *groups])
    ][1:]
    assert answers[0]["status"] == 400
    assert answers[0] == answers[1]


@ON_SQLITE
@pytest.mark.parametrize(
    ("view", "entity", "hidden", "absent"),
    [
        (VIEW_DEVICE, "Device", {"device": "A1"}, {"device": "Z9"}),
        (VIEW_USER, "User", {"user": ULLA}, {"user": NOBODY}),
    ],
    ids=["device", "user"],
)
async def test_errors_do_not_mention_hidden_entities(
    world: World,
    call_as: CallAs,
    statements: Texts,
    view: Operation,
    entity: str,
    hidden: dict[str, str],
    absent: dict[str, str],
) -> None:
    people = await cast(world, call_as)
    client, rules = denied(people, view.root, view, world.ids[entity])
    await put(world.services.store, world.network.network_id, rules)
    good = {"user": people.denied.owner.login, "operation": "Device.ViewDevice"}
    answers = [
        await observed(
            client,
            Request("GET", f"{ROOT}/admin/v1/permissions/explain/", {"params": good | parameters}),
            *parameters.values(),
            statements,
        )
        for parameters in (hidden, hidden, absent)
    ][1:]
    assert answers[0]["status"] == 404
    assert answers[0] == answers[1]


# --- signing in

FORMS = {"OpenID": f"{ROOT}{OPENID}/token", "the older address": "/Token"}


@ON_SQLITE
@pytest.mark.parametrize("address", FORMS.values(), ids=FORMS)
@pytest.mark.parametrize("inside", ["", "Test Network/"])
async def test_an_unknown_login_answers_like_a_wrong_password(
    world: World,
    client: AsyncClient,
    statements: Texts,
    monkeypatch: pytest.MonkeyPatch,
    address: str,
    inside: str,
) -> None:
    hashed = []
    verify = PasswordHasher.verify
    monkeypatch.setattr(PasswordHasher, "verify", lambda *given: hashed.append(1) or verify(*given))
    client_of = {"client_id": world.network.client_id, "client_secret": world.network.client_secret}
    answers = []
    # Ulla is known, but has no password.
    for login in (world.network.login, NOBODY, ULLA):
        form = {"grant_type": "password", "username": inside + login, "password": "Wr0ng-password!", **client_of}
        hashed.clear()
        request = Request("POST", address, {"data": form})
        answers.append(await observed(client, request, login, statements) | {"hashed": len(hashed)})
    assert answers[0]["status"] == 400
    assert answers[0]["hashed"] == 1
    assert answers[0] == answers[1] == answers[2]


@ON_SQLITE
async def test_an_unknown_client_id_answers_like_a_wrong_secret(
    network: Tenant, client: AsyncClient, statements: Texts, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared = []
    compare = hmac.compare_digest
    monkeypatch.setattr(hmac, "compare_digest", lambda *given: compared.append(1) or compare(*given))
    answers = []
    for client_id in (network.client_id, "unknown"):
        form = {"grant_type": "client_credentials", "client_id": client_id, "client_secret": "wrong"}
        compared.clear()
        request = Request("POST", FORMS["OpenID"], {"data": form})
        answers.append(await observed(client, request, client_id, statements) | {"compared": len(compared)})
    assert answers[0]["status"] == 401
    assert answers[0]["compared"] == 1
    assert answers[0] == answers[1]


@ON_SQLITE
async def test_a_password_reset_answers_the_same_for_every_login(
    world: World, client: AsyncClient, statements: Texts
) -> None:
    answers = [
        await observed(client, Request("GET", f"{client.base_url}{login}/Password/", {}), login, statements)
        for login in (world.network.login, NOBODY)
    ]
    assert answers[0]["status"] == 202
    assert answers[0] == answers[1]


# --- adding people


@ON_SQLITE
@pytest.mark.parametrize(("path", "wrap"), [("/Users/", "person"), ("/Self/", None)], ids=["invite", "register"])
async def test_adding_a_known_login_answers_like_adding_an_unknown_one(
    world: World, call_as: CallAs, statements: Texts, monkeypatch: pytest.MonkeyPatch, path: str, wrap: str | None
) -> None:
    hashed: list[int] = []
    hash_ = PasswordHasher.hash
    monkeypatch.setattr(PasswordHasher, "hash", lambda *given: hashed.append(1) or hash_(*given))
    client = (await cast(world, call_as)).elsewhere.client
    answers = []
    for login in ("first@example.com", world.network.login, NOBODY):
        person = {"login": login, "password": PASSWORD}
        request = Request("POST", f"{client.base_url}{path[1:]}", {"json": person if wrap is None else {wrap: person}})
        answer = await observed(client, request, login, statements)
        answer["body"] = without_numbers(answer["body"])
        answer["headers"] = {name: without_numbers(value) for name, value in answer["headers"].items()}
        answers.append(answer | {"hashed": len(hashed)})
    assert answers[1]["status"] in {200, 201}
    assert answers[1] == answers[2]
