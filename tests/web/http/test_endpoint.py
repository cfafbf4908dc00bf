"""What a declaration has to say, and what it leaves to the contract or to what is usual."""

from __future__ import annotations

from typing import Any

import pytest

from signfleet.web.http.call import NO_CONTENT, Answer, Call
from signfleet.web.http.endpoint import BODY_LIMIT, JSON, JSON_PATCH, Endpoint, Endpoints

DEVICES = "/2022/06/REST/Devices"


async def handler(_call: Call, **_segments: str) -> Answer:
    return NO_CONTENT


def declared(endpoints: Endpoints, path: str, method: str = "get", **declaration: Any) -> Endpoint:
    getattr(endpoints, method)(path, **declaration)(handler)
    return endpoints.declared[-1]


def test_a_documented_route_takes_its_declaration_from_the_contract() -> None:
    endpoint = declared(Endpoints(DEVICES), "/{device}/", "patch")
    assert (endpoint.family, endpoint.scopes) == ("Devices", ("bsn.api.main.devices.update",))
    assert endpoint.statuses == ("204",)
    assert endpoint.errors == ("400", "403", "404", "412", "415", "5XX")


def test_the_lines_for_id_and_for_name_are_one_route() -> None:
    revoke = declared(Endpoints(DEVICES), "/{device}/Tokens/{token}/", "delete")
    assert revoke.scopes == ("bsn.api.main.devices.token.revoke", "bsn.api.main.devices.revoke")
    change = declared(Endpoints("/2022/06/REST/Self/Networks"), "/{network}/Subscription/", "put")
    assert "412" in change.errors  # of the line for ids


@pytest.mark.parametrize("fact", ["scope", "statuses", "errors"])
def test_a_documented_route_does_not_repeat_the_contract(fact: str) -> None:
    with pytest.raises(ValueError, match=r"^GET /2022/06/REST/Devices/: .* contract\.tsv"):
        declared(Endpoints(DEVICES), "/", **{fact: "200"})


def test_a_documented_route_may_add_failures() -> None:
    settings = declared(Endpoints("/2022/06/REST/Self/Networks"), "/{network}/Settings/", "put", more="412 429")
    assert "412" not in settings.errors
    assert settings.more == ("412", "429")


def test_an_undocumented_route_needs_a_family() -> None:
    with pytest.raises(ValueError, match=r"^GET /2022/06/REST/Things/ .* family"):
        declared(Endpoints("/2022/06/REST/Things"), "/")
    assert declared(Endpoints("/things", family="Things"), "/").family == "Things"


@pytest.mark.parametrize(
    ("method", "path", "body", "statuses", "errors"),
    [
        ("get", "/", None, "200", "400 401 403 406 5XX"),
        ("get", "/{name}/", None, "200", "400 401 403 404 406 5XX"),
        ("post", "/", str, "201", "400 401 403 406 413 415 5XX"),
        ("put", "/{name}/", str, "204", "400 401 403 404 406 413 415 5XX"),
        ("delete", "/{name}/", None, "204", "400 401 403 404 406 5XX"),
    ],
)
def test_statuses_follow_from_method_path_and_body(
    method: str, path: str, body: type | None, statuses: str, errors: str
) -> None:
    endpoint = declared(Endpoints("/things", family="Things"), path, method, body=body)
    assert (" ".join(endpoint.statuses), " ".join(endpoint.errors)) == (statuses, errors)


def test_a_declaration_overrides_shared_keywords_and_defaults() -> None:
    things = Endpoints("/things", family="Things", caller="public", errors="406", secret=True)
    assert declared(things, "/").errors == ("406",)
    other = declared(things, "/{name}/", "post", statuses="200 202", errors="400", caller="person")
    assert (other.statuses, other.errors, other.caller, other.secret) == (("200", "202"), ("400",), "person", True)


def test_a_patch_takes_patches_unless_it_declares_something_else() -> None:
    things = Endpoints("/things", family="Things")
    assert declared(things, "/", "patch").consumes == JSON_PATCH
    assert declared(things, "/", "patch", consumes=JSON).consumes == JSON
    assert declared(things, "/", "put").body_limit == BODY_LIMIT


def test_an_unknown_keyword_is_refused() -> None:
    with pytest.raises(TypeError, match="bodi"):
        declared(Endpoints("/things", family="Things"), "/", bodi=str)
