"""The cookie that carries the token of a browser's session."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from signfleet.web.http.call import Call

#: Browsers accept the prefixes only from TLS; the first one only for the whole host and without a domain.
_HOST_NAME: Final = "__Host-signfleet"
_SECURE_NAME: Final = "__Secure-signfleet"
_PLAIN_NAME: Final = "signfleet"


def session_token(call: Call) -> str | None:
    """Returns the token in the cookie of a call, None without one."""
    wanted = cookie_name(call)
    for pair in (call.header(b"cookie") or "").split(";"):
        name, _, value = pair.strip().partition("=")
        if name == wanted and value:
            return value
    return None


def session_cookie(call: Call, token: str, seconds: int) -> str:
    """Returns the Set-Cookie header that stores the token for `seconds`; 0 deletes it.

    Below a path of a host, the browser sends the cookie to that path alone, not to the host's other servers.
    """
    secure = "; Secure" if call.is_over_tls else ""
    return f"{cookie_name(call)}={token}; Path={_root(call)}/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}"


def cookie_name(call: Call) -> str:
    """Returns the name of the cookie: without TLS, browsers refuse the names with a prefix."""
    if not call.is_over_tls:
        return _PLAIN_NAME
    return _SECURE_NAME if _root(call) else _HOST_NAME


def _root(call: Call) -> str:
    return urlsplit(call.proven_url or "").path
