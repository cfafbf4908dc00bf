"""The guides of `docs/` as pages, so that they can be read where the server runs, without internet access.

The files in `guides/` are links to those of `docs/`; what is not among them is for people who change the server.
"""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from typing import Final

from markdown_it import MarkdownIt
from markdown_it.token import Token

#: The guides by their name in addresses; the ones that most people look for come first.
FIRST: Final = ("expressions", "player-protocol", "settings", "console")
_LINK: Final = re.compile(r"(?:(?P<guide>[a-z-]+)\.md)?(?:#(?P<place>[\w-]+))?")
_PICTURE: Final = re.compile(r"^!\[.*\n+", re.MULTILINE)
_MARKUP: Final = re.compile(r"[^\w\- ]")


@cache
def names() -> list[str]:
    """Returns the names of the guides, in the order in which they are listed."""
    found = sorted(each.name.removesuffix(".md") for each in files(__package__).joinpath("guides").iterdir())
    return [name for name in FIRST if name in found] + [name for name in found if name not in FIRST]


@cache
def source(name: str) -> str:
    """Returns the text of a guide, without pictures: pages load nothing."""
    return _PICTURE.sub("", files(__package__).joinpath("guides", f"{name}.md").read_text(encoding="utf-8"))


def title(name: str) -> str:
    """Returns the first heading of a guide."""
    return source(name).partition("\n")[0].lstrip("# ")


def render(name: str, base: str) -> str:
    """Returns a guide as HTML; its links lead to other guides of a server whose addresses begin with `base`.

    Links to files that only the source has become plain text.
    """
    reader = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = reader.parse(source(name))
    for at, token in enumerate(tokens):
        if token.type == "heading_open":
            token.attrSet("id", anchor(tokens[at + 1].content))
        elif token.type == "th_open" and tokens[at + 1].content:
            token.attrSet("scope", "col")
        elif token.type == "th_open":
            token.tag = tokens[at + 2].tag = "td"  # a heading without words
        elif token.type == "inline":
            _lead(token.children or [], base)
    return str(reader.renderer.render(tokens, reader.options, {}))


def anchor(heading: str) -> str:
    """Returns the place of a heading in addresses, as the forges of source code have it."""
    return _MARKUP.sub("", heading.lower()).replace(" ", "-")


def _lead(tokens: list[Token], base: str) -> None:
    """Makes the links of a paragraph lead to pages of this server, or removes them."""
    is_text = False
    for token in tokens:
        if token.type == "link_open":
            address = _address(str(token.attrGet("href") or ""), base)
            is_text = address is None
            token.attrs.clear()
            if address is not None:
                token.attrSet("href", address)
        elif token.type != "link_close":
            continue
        if is_text:
            token.tag = "span"


def _address(target: str, base: str) -> str | None:
    """Returns where a link leads on this server; None for nowhere. Addresses of other servers stay."""
    if target.startswith(("https://", "http://")):
        return target
    found = _LINK.fullmatch(target)
    if found is None or (found["guide"] is not None and found["guide"] not in names()):
        return None
    place = f"#{found['place']}" if found["place"] else ""
    return f"{base}/docs/{found['guide']}{place}" if found["guide"] else place
