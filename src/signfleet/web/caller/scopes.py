"""Scopes: dotted, hierarchical, compared without case. `bsn.api.main` grants everything below it."""

from __future__ import annotations

import re
from functools import lru_cache

#: Nobody needs more in one token.
SCOPES_LIMIT = 100
#: What each kind of token may do by the contract.
PERSON_SCOPE = "bsn.api.self"
USER_SCOPE = "bsn.api.main bsn.api.self bsn.api.upload"
SETUP_SCOPE = "cert"
DEVICE_SCOPE = (
    "bdeploy certs bsn.api.device bsn.api.main.groups.regular.retrieve"
    " bsn.api.main.groups.regular.schedule.retrieve bsn.api.main.content.retrieve"
)
#: Lets a person choose the network to work in.
CHOOSE_NETWORK = "bsn.api.self.session.update"
_SCOPE = re.compile(r"(?=.{1,128}$)[a-z0-9_-]+(\.[a-z0-9_-]+)*", re.IGNORECASE | re.ASCII)


def is_scope(text: str) -> bool:
    """Returns whether `text` could be the name of one scope."""
    return _SCOPE.fullmatch(text) is not None


@lru_cache(maxsize=4096)
def covers_any(granted: str, required: tuple[str, ...]) -> bool:
    """Returns whether the space-separated scopes of `granted` reach one of those required."""
    return any(covers(granted, scope) for scope in required)


def common(first: str, second: str) -> str:
    """Returns the scopes that both reach, each in its narrower form; empty where they have nothing in common."""
    within = [scope for scope in first.split() if covers(second, scope)]
    within += [scope for scope in second.split() if covers(first, scope)]
    return " ".join(dict.fromkeys(within))


def covers(granted: str, required: str) -> bool:
    """Returns whether the space-separated scopes of `granted` reach `required`."""
    required = required.lower() + "."
    return any(required.startswith(scope + ".") for scope in granted.lower().split())
