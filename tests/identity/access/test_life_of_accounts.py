"""Random sequences of account changes: after each, every token allows what it should and nothing else."""

from __future__ import annotations

import asyncio
import itertools
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import hypothesis
from httpx import ASGITransport, AsyncClient, Response
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from sqlalchemy import select

from signfleet.app.wiring import build, make_app
from signfleet.foundation.settings import Settings
from signfleet.foundation.storage.query import Query
from signfleet.foundation.storage.tables import outbox
from tests.conftest import BASE, ROOT

MAILS = Query(select(outbox.c.receiver, outbox.c.content).order_by(outbox.c.id.desc()))
RESETS_PER_LOGIN = 3

numbers = itertools.count(1)


@dataclass(eq=False)
class Token:
    """The tokens of a session; `network` is the chosen one."""

    access: str
    refresh: str
    network: str | None
    is_main: bool
    is_live: bool = True


@dataclass(eq=False)
class Person:
    """The expected state of a person."""

    login: str
    password: str
    link: str
    is_active: bool = False
    is_locked: bool = False
    resets: int = 0
    networks: list[str] = field(default_factory=list)
    tokens: list[Token] = field(default_factory=list)


class Server:
    """A server that sees a new address in each call, so that it never throttles."""

    def __init__(self, settings: Settings) -> None:
        self.runner = asyncio.Runner()
        self.services = self.runner.run(build(settings))
        self.app: Any = make_app(self.services)

    def close(self) -> None:
        self.runner.run(self.services.close())
        self.runner.close()

    def call(self, method: str, path: str, token: str | None = None, **body: Any) -> Response:
        async def called() -> Response:
            number = next(numbers)
            transport = ASGITransport(self.app, client=(f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}", 1))
            headers = {} if token is None else {"Authorization": f"Bearer {token}"}
            async with AsyncClient(transport=transport, base_url=BASE, headers=headers) as client:
                return await client.request(method, path, **body)

        return self.runner.run(called())

    def link_to(self, login: str) -> str:
        """Returns the link in the last mail to a person."""

        async def mails() -> list[Any]:
            await self.services.registrations.mail_resets()
            return await self.services.store.scan_all(MAILS)

        content = next(row.content for row in self.runner.run(mails()) if row.receiver == login)
        return re.findall(r"(/account/\S+)", json.loads(content)["text"])[0]

    def submit(self, link: str, **fields: str) -> int:
        token = link.partition("token=")[2]
        return self.call("POST", ROOT + link.partition("?")[0], data={"token": token, **fields}).status_code

    def lock(self, login: str, locked: bool) -> None:
        self.runner.run(self.services.people.set_locked(login, locked, next(numbers), even_last=True))


class Accounts(RuleBasedStateMachine):
    """People who register, activate, sign in, choose networks, revoke, reset and are locked out."""

    server: Server

    def __init__(self) -> None:
        super().__init__()
        self.people: list[Person] = []

    def person(self, data: st.DataObject) -> Person:
        return data.draw(st.sampled_from(self.people))

    def session(self, data: st.DataObject) -> tuple[Person, Token] | None:
        person = self.person(data)
        return (person, data.draw(st.sampled_from(person.tokens))) if person.tokens else None

    @rule()
    def register(self) -> None:
        login = f"person{next(numbers)}@example.com"
        answer = self.server.call("POST", "/Self/", json={"login": login})
        assert answer.status_code == 200
        self.people.append(Person(login, answer.json()["password"], self.server.link_to(login)))

    @precondition(lambda self: self.people)
    @rule(data=st.data())
    def activate(self, data: st.DataObject) -> None:
        person = self.person(data)
        assert self.server.submit(person.link, password=person.password) == (404 if person.is_active else 200)
        person.is_active = True

    @precondition(lambda self: self.people)
    @rule(data=st.data(), knows_password=st.booleans())
    def sign_in(self, data: st.DataObject, knows_password: bool) -> None:
        person = self.person(data)
        network = data.draw(st.sampled_from([None, "Elsewhere", *person.networks]))
        form = {
            "grant_type": "password",
            "client_id": "tests",
            "username": person.login if network is None else f"{network}/{person.login}",
            "password": person.password if knows_password else "wrong",
        }
        answer = self.server.call("POST", "/Token", data=form)
        if not knows_password:
            assert answer.status_code in {400, 429}
            return
        may = person.is_active and not person.is_locked and (network is None or network in person.networks)
        assert answer.status_code in ({200, 429} if may else {400, 429})
        if answer.status_code == 200:
            body = answer.json()
            is_main = network is not None
            person.tokens.append(Token(body["access_token"], body["refresh_token"], network, is_main))

    @precondition(lambda self: self.people)
    @rule(data=st.data())
    def create_network(self, data: st.DataObject) -> None:
        if (selected := self.session(data)) is None:
            return
        person, token = selected
        name = f"Network {next(numbers)}"
        answer = self.server.call("POST", "/Self/Networks/", token.access, json={"name": name})
        assert answer.status_code == (201 if self.works(person, token) else 401)
        if answer.status_code == 201:
            person.networks.append(name)

    @precondition(lambda self: self.people)
    @rule(data=st.data())
    def choose_network(self, data: st.DataObject) -> None:
        if (selected := self.session(data)) is None:
            return
        person, token = selected
        everybodys = [network for each in self.people for network in each.networks]
        name = data.draw(st.sampled_from(["Elsewhere", *everybodys]))
        answer = self.server.call("PUT", "/Self/Session/Network/", token.access, json={"name": name})
        if not self.works(person, token):
            assert answer.status_code == 401
        elif name in person.networks:
            assert answer.status_code == 204
            token.network = name
        else:
            assert answer.status_code == 400

    @precondition(lambda self: self.people)
    @rule(data=st.data())
    def refresh(self, data: st.DataObject) -> None:
        if (selected := self.session(data)) is None:
            return
        person, token = selected
        form = {"grant_type": "refresh_token", "client_id": "tests", "refresh_token": token.refresh}
        answer = self.server.call("POST", "/Token", data=form)
        assert answer.status_code == (200 if self.works(person, token) else 400)
        if answer.status_code == 200:
            old = token.access
            token.access, token.refresh = answer.json()["access_token"], answer.json()["refresh_token"]
            assert self.server.call("GET", "/Self/", old).status_code == 401

    @precondition(lambda self: self.people)
    @rule(data=st.data())
    def use_a_refresh_token_twice(self, data: st.DataObject) -> None:
        if (selected := self.session(data)) is None or not self.works(*selected):
            return
        _, token = selected
        form = {"grant_type": "refresh_token", "client_id": "tests", "refresh_token": token.refresh}
        assert self.server.call("POST", "/Token", data=form).status_code == 200
        assert self.server.call("POST", "/Token", data=form).json()["error"] == "invalid_grant"
        token.is_live = False

    @precondition(lambda self: self.people)
    @rule(data=st.data())
    def revoke(self, data: st.DataObject) -> None:
        if (selected := self.session(data)) is None:
            return
        person, token = selected
        answer = self.server.call("DELETE", f"/Self/Tokens/{token.refresh}/", token.access)
        assert answer.status_code == (204 if self.works(person, token) else 401)
        token.is_live = token.is_live and answer.status_code != 204

    @precondition(lambda self: self.people)
    @rule(data=st.data())
    def reset_the_password(self, data: st.DataObject) -> None:
        person = self.person(data)
        if not person.is_active or person.is_locked or person.resets == RESETS_PER_LOGIN:
            return
        person.resets += 1
        assert self.server.call("GET", f"/{person.login}/Password/").status_code == 202
        link = self.server.link_to(person.login)
        password = f"N3w-passw0rd!{next(numbers)}"
        assert self.server.submit(link, password=password, repeated=password) == 200
        assert self.server.submit(link, password="0ther-Passw0rd!", repeated="0ther-Passw0rd!") == 404
        person.password = password
        for token in person.tokens:
            token.is_live = False

    @precondition(lambda self: self.people)
    @rule(data=st.data(), locked=st.booleans())
    def lock_or_unlock(self, data: st.DataObject, locked: bool) -> None:
        person = self.person(data)
        if not person.is_active:  # there is no account to lock
            return
        self.server.lock(person.login, locked)
        person.is_locked = locked

    @staticmethod
    def works(person: Person, token: Token) -> bool:
        return token.is_live and not person.is_locked

    @invariant()
    def each_token_can_do_what_it_should_and_no_more(self) -> None:
        for person in self.people:
            for token in person.tokens:
                me = self.server.call("GET", "/Self/", token.access)
                devices = self.server.call("GET", "/Devices/Count/", token.access)
                if not self.works(person, token):
                    assert (me.status_code, devices.status_code) == (401, 401)
                else:
                    assert me.json()["login"] == person.login
                    assert devices.status_code == (200 if token.is_main and token.network is not None else 403)


@contextmanager
def running(settings: Settings) -> Iterator[Server]:
    server = Server(settings)
    try:
        yield server
    finally:
        server.close()


def test_any_sequence_of_account_changes(settings: Settings, bootstrapped: tuple[str, object]) -> None:
    examples = 8 if bootstrapped[0].startswith("sqlite") else 3
    with running(settings) as server:
        run_state_machine_as_test(
            type("Accounts", (Accounts,), {"server": server}),
            settings=hypothesis.settings(
                max_examples=examples,
                stateful_step_count=25,
                deadline=None,
                suppress_health_check=list(hypothesis.HealthCheck),
            ),
        )
