"""From registration to the first sign-in, and from a forgotten password to a new one."""

from __future__ import annotations

import asyncio
import html.parser
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import time_machine
from httpx import ASGITransport, AsyncClient, Response

from signfleet.app.bootstrap import Tenant
from signfleet.app.wiring import Services, make_app
from signfleet.foundation.settings import Settings
from signfleet.foundation.storage.interface import StorageError
from tests.conftest import BASE, ON_SQLITE, ROOT, CallAs
from tests.examples import alike, example
from tests.identity.account.conftest import Mailbox, link_in
from tests.interleaving import reading_before_writing

PASSWORD = "N3w-passw0rd!"


async def sign_in(client: AsyncClient, login: str, password: str) -> Response:
    form = {"grant_type": "password", "client_id": "tests", "username": login, "password": password}
    return await client.post("/Token", data=form)


async def submit(client: AsyncClient, link: str, **fields: str) -> Response:
    """Submits the form of the page behind `link` as a browser without scripts does."""
    page = await client.get(ROOT + link)
    assert page.status_code == 200
    form = Form(page.text)
    return await client.post(ROOT + link, data=form.hidden | fields)


class Form(html.parser.HTMLParser):
    """Parses the hidden fields of a page's form and the accessibility attributes of the others."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.hidden: dict[str, str] = {}
        self.inputs: list[str] = []
        self.labels: list[str] = []
        self.language = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "html":
            self.language = values["lang"]
        elif tag == "label":
            self.labels.append(values["for"])
        elif tag == "input" and values["type"] == "hidden":
            self.hidden[values["name"]] = values["value"]
        elif tag == "input":
            self.inputs.append(values["id"])


# --- registration


@pytest.mark.contract("POST /Self/")
async def test_a_person_registers_activates_and_signs_in(
    client: AsyncClient, call_as: CallAs, mailbox: Mailbox
) -> None:
    answer = await client.post(
        "/Self/", params={"returnURL": "https://bsn.cloud/"}, json=example("002-02-post-self-request")
    )
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    person = answer.json()
    assert alike(person, example("002-02-post-self-answer-2"))
    assert person["activationDate"] is None
    assert len(person["password"]) >= 8

    refused = await sign_in(client, person["login"], person["password"])
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant")
    assert "activat" in refused.json()["error_description"]

    (mail,) = await mailbox()
    assert (mail["To"], mail["Auto-Submitted"]) == (person["login"], "auto-generated")
    done = await submit(client, link_in(mail), password=person["password"])
    assert (done.status_code, done.headers["Location"]) == (303, "https://bsn.cloud/")

    token = (await sign_in(client, person["login"], person["password"])).json()["access_token"]
    me = (await call_as(token).get("/Self/")).json()
    assert me["activationDate"] is not None
    assert me["password"] is None


async def test_opening_the_page_does_not_activate_the_account(client: AsyncClient, mailbox: Mailbox) -> None:
    await client.post("/Self/", json={"login": "joe@example.com", "password": PASSWORD})
    (mail,) = await mailbox()
    for _ in range(2):
        assert (await client.get(ROOT + link_in(mail))).status_code == 200
    assert (await sign_in(client, "joe@example.com", PASSWORD)).status_code == 400
    assert (await submit(client, link_in(mail), password=PASSWORD)).status_code == 200
    assert (await sign_in(client, "joe@example.com", PASSWORD)).status_code == 200


async def test_a_password_set_at_activation_replaces_the_registered_one(client: AsyncClient, mailbox: Mailbox) -> None:
    await client.post("/Self/", json={"login": "victim@example.com", "password": "Attack3r!pw"})
    (mail,) = await mailbox()
    assert (await submit(client, link_in(mail), password=PASSWORD)).status_code == 200
    assert (await sign_in(client, "victim@example.com", "Attack3r!pw")).status_code == 400
    assert (await sign_in(client, "victim@example.com", PASSWORD)).status_code == 200


@pytest.mark.parametrize("password", ["", "weak"])
async def test_an_activation_with_an_invalid_password_shows_the_page_again(
    client: AsyncClient, mailbox: Mailbox, password: str
) -> None:
    await client.post("/Self/", json={"login": "joe@example.com", "password": PASSWORD})
    (mail,) = await mailbox()
    answer = await submit(client, link_in(mail), password=password)
    assert (answer.status_code, "This password is too weak" in answer.text) == (400, True)
    assert (await sign_in(client, "joe@example.com", PASSWORD)).status_code == 400
    assert (await submit(client, link_in(mail), password=PASSWORD)).status_code == 200


async def test_of_two_registrations_of_a_mailbox_one_becomes_the_account(client: AsyncClient, mailbox: Mailbox) -> None:
    for login in ("joe@example.com", "JOE@example.com"):
        assert (await client.post("/Self/", json={"login": login, "password": PASSWORD})).status_code == 200
    links = [link_in(mail) for mail in await mailbox()]
    forms = [{"token": link.partition("token=")[2], "password": PASSWORD} for link in links]
    with reading_before_writing():
        answers = await asyncio.gather(*(client.post(f"{ROOT}/account/activate", data=form) for form in forms))
    assert sorted(answer.status_code for answer in answers) == [200, 404]
    assert (await sign_in(client, "joe@example.com", PASSWORD)).status_code == 200


async def test_of_two_concurrent_uses_of_an_activation_link_one_succeeds(client: AsyncClient, mailbox: Mailbox) -> None:
    await client.post("/Self/", json={"login": "joe@example.com", "password": PASSWORD})
    token = link_in((await mailbox())[-1]).partition("token=")[2]
    forms = [{"token": token, "password": word} for word in (PASSWORD, "0ther-Password!")]
    with reading_before_writing():
        answers = await asyncio.gather(*(client.post(f"{ROOT}/account/activate", data=form) for form in forms))
    assert sorted(answer.status_code for answer in answers) == [200, 404]
    for form, answer in zip(forms, answers, strict=True):
        signed_in = await sign_in(client, "joe@example.com", form["password"])
        assert (signed_in.status_code == 200) == (answer.status_code == 200)


async def test_registering_a_login_that_has_an_account_answers_the_same_and_changes_nothing(
    client: AsyncClient, network: Tenant, mailbox: Mailbox
) -> None:
    answers = [
        (await client.post("/Self/", json={"login": login, "password": "Attack3r!pw"}))
        for login in (network.login.upper(), "nobody@example.com")
    ]
    assert [answer.status_code for answer in answers] == [200, 200]
    known, unknown = [answer.json() for answer in answers]
    assert known["id"] + 1 == unknown["id"]
    varying = ("id", "login", "creationDate", "lastModifiedDate")
    assert {**known, **dict.fromkeys(varying)} == {**unknown, **dict.fromkeys(varying)}
    mails = await mailbox()
    assert [mail["Subject"] for mail in mails] == ["Activate your account"] * 2
    link = link_in(mails[0])
    assert (await client.get(ROOT + link)).status_code == 404
    form = {"token": link.partition("token=")[2], "password": "Attack3r!pw"}
    assert (await client.post(f"{ROOT}/account/activate", data=form)).status_code == 404
    assert (await sign_in(client, network.login, network.password)).status_code == 200
    assert (await sign_in(client, network.login, "Attack3r!pw")).status_code == 400


async def test_a_requested_password_is_not_returned(client: AsyncClient) -> None:
    answer = await client.post("/Self/", json={"login": "joe@example.com", "password": PASSWORD})
    assert answer.json()["password"] is None
    assert PASSWORD not in answer.text


@ON_SQLITE
@pytest.mark.parametrize(
    ("person", "field"),
    [
        ({"login": "nobody"}, "login"),
        ({"login": "a b@example.com"}, "login"),
        ({"login": "a/b@example.com"}, "login"),
        ({"login": "a@b\r\nBcc: x@example.com"}, "login"),
        ({"login": "x" * 250 + "@example.com"}, "login"),
        ({"login": "=?utf-8?q?other=40example.com=2C?=@example.com"}, "login"),
        ({"login": "joe@=?utf-8?q?example.com?="}, "login"),
        ({"login": "joe@example..com"}, "login"),
        ({"login": "joe@.example.com"}, "login"),
        ({"login": None}, "login"),
        ({}, "login"),
        ({"login": "joe@example.com", "password": "weak"}, "password"),
        ({"login": "joe@example.com", "password": ""}, "password"),
        ({"login": "joe@example.com", "firstName": "x" * 129}, "firstName"),
        ({"login": "joe@example.com", "lastName": 1}, "lastName"),
    ],
)
async def test_an_invalid_person_is_refused(
    client: AsyncClient, mailbox: Mailbox, person: dict[str, object], field: str
) -> None:
    answer = await client.post("/Self/", json=person)
    assert answer.status_code == 400
    assert field in answer.json()["message"]
    assert await mailbox() == []


@ON_SQLITE
@pytest.mark.settings(self_registration=Settings().self_registration)
async def test_registration_is_off_by_default(client: AsyncClient, mailbox: Mailbox) -> None:
    answer = await client.post("/Self/", json={"login": "joe@example.com"})
    assert answer.status_code == 403
    assert "self_registration" in answer.json()["message"]
    assert await mailbox() == []


async def test_repeated_registrations_are_throttled(client: AsyncClient) -> None:
    statuses = [(await client.post("/Self/", json={"login": "nobody"})).status_code for _ in range(21)]
    assert statuses == [400] * 20 + [429]


# --- reset


@pytest.mark.contract("GET /{login}/Password/")
@pytest.mark.parametrize("path", ["/{}/Password", "/Self/{}/Password/", "/self/{}/PASSWORD"])
async def test_a_forgotten_password_is_replaced(
    client: AsyncClient, admin: AsyncClient, network: Tenant, mailbox: Mailbox, path: str
) -> None:
    login = network.login.replace("@", "%40")
    answer = await client.get(path.format(login), params={"returnUrl": "https://bsn.cloud/x?y=1"})
    assert (answer.status_code, answer.content) == (202, b"")
    (mail,) = await mailbox()
    done = await submit(client, link_in(mail), password=PASSWORD, repeated=PASSWORD)
    assert (done.status_code, done.headers["Location"]) == (303, "https://bsn.cloud/x?y=1")
    assert (await admin.get("/Self/")).status_code == 401
    assert (await sign_in(client, network.login, network.password)).status_code == 400
    assert (await sign_in(client, network.login, PASSWORD)).status_code == 200


async def test_no_answer_reveals_whether_a_login_exists(client: AsyncClient, mailbox: Mailbox) -> None:
    for login in ("nobody@example.com", "x", "%F0%9F%98%80", "a%2Fb"):
        answer = await client.get(f"/{login}/Password/")
        assert (answer.status_code, answer.content) == (202, b"")
    assert await mailbox() == []


async def test_a_reset_request_survives_a_failing_store(
    client: AsyncClient, services: Services, network: Tenant, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(*_: object) -> None:
        raise StorageError("disk full")

    await client.get(f"/{network.login}/Password/")
    with monkeypatch.context() as broken:
        broken.setattr(type(services.store), "write", full)
        with pytest.raises(StorageError):
            await services.registrations.mail_resets()
    assert len(await mailbox()) == 1
    assert len(await mailbox()) == 1


async def test_a_link_works_once_and_for_15_minutes(client: AsyncClient, network: Tenant, mailbox: Mailbox) -> None:
    with time_machine.travel("2026-05-01T12:00:00Z", tick=False) as clock:
        await client.get(f"/{network.login}/Password/")
        link = link_in((await mailbox())[-1])
        clock.shift(15 * 60)
        assert (await client.get(ROOT + link)).status_code == 404
        await client.get(f"/{network.login}/Password/")
        link = link_in((await mailbox())[-1])
        assert (await submit(client, link, password=PASSWORD, repeated=PASSWORD)).status_code == 200
        token = parse_qs(urlsplit(link).query)["token"][0]
        again = {"token": token, "password": "0ther-Password!", "repeated": "0ther-Password!"}
        assert (await client.post(f"{ROOT}/account/reset", data=again)).status_code == 404
        assert (await sign_in(client, network.login, PASSWORD)).status_code == 200


async def test_of_two_concurrent_uses_of_a_reset_link_one_succeeds(
    client: AsyncClient, network: Tenant, mailbox: Mailbox
) -> None:
    await client.get(f"/{network.login}/Password/")
    token = parse_qs(urlsplit(link_in((await mailbox())[-1])).query)["token"][0]
    forms = [{"token": token, "password": word, "repeated": word} for word in (PASSWORD, "0ther-Password!")]
    with reading_before_writing():
        answers = await asyncio.gather(*(client.post(f"{ROOT}/account/reset", data=form) for form in forms))
    assert sorted(answer.status_code for answer in answers) == [200, 404]
    for form, answer in zip(forms, answers, strict=True):
        signed_in = await sign_in(client, network.login, form["password"])
        assert (signed_in.status_code == 200) == (answer.status_code == 200)


async def test_a_new_link_invalidates_the_previous_one(client: AsyncClient, network: Tenant, mailbox: Mailbox) -> None:
    for _ in range(2):
        await client.get(f"/{network.login}/Password/")
    first, second = await mailbox()
    assert (await client.get(ROOT + link_in(first))).status_code == 404
    assert (await client.get(ROOT + link_in(second))).status_code == 200


async def test_another_password_change_invalidates_the_link(
    client: AsyncClient, admin: AsyncClient, network: Tenant, mailbox: Mailbox
) -> None:
    await client.get(f"/{network.login}/Password/")
    link = link_in((await mailbox())[-1])
    assert (await admin.put("/Self/", json={"firstName": "Janet"})).status_code == 204
    assert (await client.get(ROOT + link)).status_code == 200
    assert (await admin.put("/Self/", json={"password": PASSWORD})).status_code == 204
    assert (await client.get(ROOT + link)).status_code == 404


@ON_SQLITE
@pytest.mark.parametrize(
    ("password", "repeated", "message"),
    [("weak", "weak", "too weak"), (PASSWORD, "different", "differ"), ("", "", "too weak")],
)
async def test_an_invalid_password_shows_the_page_again(
    client: AsyncClient, network: Tenant, mailbox: Mailbox, password: str, repeated: str, message: str
) -> None:
    await client.get(f"/{network.login}/Password/")
    link = link_in((await mailbox())[-1])
    answer = await submit(client, link, password=password, repeated=repeated)
    assert answer.status_code == 400
    assert 'role="alert"' in answer.text
    assert message in answer.text
    assert PASSWORD not in answer.text
    assert (await submit(client, link, password=PASSWORD, repeated=PASSWORD)).status_code == 200


async def test_an_unactivated_person_is_mailed_the_activation_again(client: AsyncClient, mailbox: Mailbox) -> None:
    await client.post("/Self/", json={"login": "joe@example.com", "password": PASSWORD})
    await client.get("/joe@example.com/Password/")
    assert ["/account/activate" in link_in(mail) for mail in await mailbox()] == [True, True]


async def test_a_person_is_not_flooded_with_mails(client: AsyncClient, network: Tenant, mailbox: Mailbox) -> None:
    spellings = [
        network.login,
        network.login.upper(),
        f"%20{network.login}",
        *(network.login + "%20" * n for n in range(28)),
    ]
    statuses = [(await client.get(f"/{spelling}/Password/")).status_code for spelling in spellings]
    assert statuses == [202] * 30 + [429]
    assert len(await mailbox()) == 3


@ON_SQLITE
@pytest.mark.parametrize(
    "return_url",
    [
        "https://evil.example/",
        "https://bsn.cloud.evil.example/",
        "https://bsn.cloud@evil.example/",
        "https://bsn.cloud:444/",
        "http://bsn.cloud/",
        "//bsn.cloud/",
        "https:\\\\evil.example",
        "javascript:alert(1)",
        "https://bsn.cloud:x/",
        "https://bsn.cloud/\r\nSet-Cookie: a=b",
        "https://bsn.cloud/" + "x" * 3000,
    ],
)
async def test_no_redirect_leads_to_an_origin_outside_the_settings(
    client: AsyncClient, network: Tenant, mailbox: Mailbox, return_url: str
) -> None:
    await client.get(f"/{network.login}/Password/", params={"returnURL": return_url})
    done = await submit(client, link_in((await mailbox())[-1]), password=PASSWORD, repeated=PASSWORD)
    assert done.status_code == 200
    assert "Location" not in done.headers


@ON_SQLITE
@pytest.mark.settings(return_origins="https://one.example, https://two.example:8443")
@pytest.mark.parametrize(
    "return_url", ["https://two.example:8443/a", "https://ONE.example:443/", "http://127.0.0.1:8080/"]
)
async def test_redirects_lead_to_the_origins_of_the_settings_and_of_the_server(
    client: AsyncClient, network: Tenant, mailbox: Mailbox, return_url: str
) -> None:
    await client.get(f"/{network.login}/Password/", params={"returnURL": return_url})
    done = await submit(client, link_in((await mailbox())[-1]), password=PASSWORD, repeated=PASSWORD)
    assert (done.status_code, done.headers["Location"]) == (303, return_url)


@ON_SQLITE
@pytest.mark.settings(return_origins="")
@pytest.mark.parametrize("return_url", ["//evil.example/", "/\\evil.example", "evil", "https://bsn.cloud/"])
async def test_without_origins_nothing_redirects(
    client: AsyncClient, network: Tenant, mailbox: Mailbox, return_url: str
) -> None:
    await client.get(f"/{network.login}/Password/", params={"returnURL": return_url})
    done = await submit(client, link_in((await mailbox())[-1]), password=PASSWORD, repeated=PASSWORD)
    assert done.status_code == 200
    assert "Location" not in done.headers


# --- the pages


async def test_links_in_mails_use_the_public_url_of_the_settings(
    client: AsyncClient, network: Tenant, mailbox: Mailbox
) -> None:
    await client.get(f"/{network.login}/Password/", headers={"Host": "evil.example"})
    (mail,) = await mailbox()
    assert "evil.example" not in mail.as_string()


@ON_SQLITE
async def test_links_in_mails_use_the_host_of_a_trusted_proxy_only(
    services: Services, network: Tenant, mailbox: Mailbox
) -> None:
    app = make_app(services)

    async def as_proxied(scope: Any, receive: Any, send: Any) -> None:
        await app(scope | {"forwarded_host": "signs.example.com", "scheme": "https"}, receive, send)

    for proxied in (app, as_proxied):
        transport: Any = ASGITransport(proxied)
        async with AsyncClient(transport=transport, base_url=BASE, headers={"Host": "evil.example"}) as client:
            await client.get(f"/Self/{network.login}/Password/")
        await services.registrations.mail_resets()
    texts = [mail.get_body(("plain",)).get_content() for mail in await mailbox()]
    assert not [text for text in texts if "evil.example" in text]
    assert [text for text in texts if "https://signs.example.com/account/reset?token=" in text]


@ON_SQLITE
async def test_the_form_policy_allows_the_origins_of_the_settings(client: AsyncClient) -> None:
    """Browsers apply the form policy also to the redirect that answers a form."""
    policy = (await client.get(f"{ROOT}/account/reset?token=x")).headers["Content-Security-Policy"]
    assert policy.endswith("form-action 'self' https://bsn.cloud")


@ON_SQLITE
async def test_every_field_has_a_label_and_the_page_a_language(
    client: AsyncClient, network: Tenant, mailbox: Mailbox
) -> None:
    await client.get(f"/{network.login}/Password/")
    page = await client.get(ROOT + link_in((await mailbox())[-1]), headers={"Accept": "text/html"})
    form = Form(page.text)
    assert form.language == "en"
    assert form.inputs == form.labels == ["password", "repeated"]
    assert "<script" not in page.text


@ON_SQLITE
async def test_pages_are_not_cached_framed_or_sent_as_referrer(client: AsyncClient) -> None:
    page = await client.get(f"{ROOT}/account/reset?token=nothing")
    assert page.status_code == 404
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert page.headers["Cache-Control"] == "no-store"
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]


@ON_SQLITE
async def test_user_input_is_escaped(client: AsyncClient, mailbox: Mailbox) -> None:
    await client.post("/Self/", json={"login": "joe'&x@example.com", "password": PASSWORD})
    (mail,) = await mailbox()
    page = await client.get(ROOT + link_in(mail))
    assert "joe&#39;&amp;x@example.com" in page.text


@ON_SQLITE
@pytest.mark.parametrize(
    ("first_name", "greeting"),
    [
        ("Jean-Luc O'Neil jr.", "Hello Jean-Luc O'Neil jr.,"),
        ("Zoë", "Hello Zoë,"),
        (None, "Hello,"),
        ("you have won: see https://evil.example", "Hello,"),
        ("look at evil.example", "Hello,"),
        ("Joe,\r\n\r\nplease send your password", "Hello,"),
    ],
)
async def test_a_mail_greets_by_name_unless_the_name_is_a_message(
    client: AsyncClient, mailbox: Mailbox, first_name: str | None, greeting: str
) -> None:
    await client.post("/Self/", json={"login": "joe@example.com", "firstName": first_name, "password": PASSWORD})
    (mail,) = await mailbox()
    text = mail.get_body(("plain",))
    assert text is not None
    assert text.get_content().splitlines()[0] == greeting


@ON_SQLITE
async def test_a_name_in_a_mail_is_escaped(client: AsyncClient, mailbox: Mailbox) -> None:
    await client.post("/Self/", json={"login": "joe@example.com", "firstName": "<b>Joe & Co", "password": PASSWORD})
    (mail,) = await mailbox()
    html_part = mail.get_body(("html",))
    assert html_part is not None
    assert "Hello &lt;b&gt;Joe &amp; Co," in html_part.get_content()


@ON_SQLITE
@pytest.mark.parametrize("body", [b"", b"\xff", b"token=%00", b"&".join(b"a=1" for _ in range(50)), b"token=x&token=y"])
@pytest.mark.parametrize("path", ["/account/activate", "/account/reset"])
async def test_a_malformed_form_is_an_invalid_link(client: AsyncClient, path: str, body: bytes) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = await client.post(ROOT + path, content=body, headers=headers)
    assert answer.status_code in {400, 404}


@pytest.mark.settings(access_log=True)
async def test_no_log_line_contains_a_token_or_a_password(
    client: AsyncClient,
    network: Tenant,
    mailbox: Mailbox,
    capsys: pytest.CaptureFixture[str],
) -> None:
    await client.get(f"/{network.login}/Password/")
    link = link_in((await mailbox())[-1])
    await submit(client, link, password=PASSWORD, repeated=PASSWORD)
    token = (await sign_in(client, network.login, PASSWORD)).json()["access_token"]
    log = capsys.readouterr().out
    assert "/account/reset" in log
    for secret in (PASSWORD, token, parse_qs(urlsplit(link).query)["token"][0]):
        assert secret not in log
