"""Refuses changes that another site's page sends with the cookie of a person."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import urlsplit

from signfleet.foundation.errors import Forbidden
from signfleet.web.http.call import Call

#: A segment with which browsers leave the folder of a path.
_DOTS: Final = re.compile(r"/(?:\.|%2e){1,2}(?:[/?#]|$)", re.IGNORECASE)


def check_same_origin(call: Call) -> None:
    """Raises `Forbidden` unless the call comes from a page of this server.

    Browsers name the origin of every POST. A request without one is not from a browser, which the console serves alone.
    """
    origin = call.header(b"origin")
    site = call.header(b"sec-fetch-site")
    own = urlsplit(call.base_url)
    if origin != f"{own.scheme}://{own.netloc}" or site not in (None, "same-origin"):
        raise Forbidden("This change does not come from a page of this server. Reload the page and try again.")


def own_path(path: str | None) -> str | None:
    """Returns the path if it is a page of the console, else None: a link must not lead to another site."""
    if path is None or not path.startswith("/console/") or "\\" in path or not path.isprintable():
        return None
    return None if _DOTS.search(path.partition("?")[0]) else path
