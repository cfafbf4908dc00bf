"""Mail addresses as every mail server takes them."""

from __future__ import annotations

import re
from email.headerregistry import Address
from typing import Final

import idna

_NAMED: Final = re.compile(r"\s*(?P<name>[^<>]*?)\s*<(?P<address>[^<>]+)>\s*")


def with_ascii_domain(address: str) -> str:
    """Returns an address with its domain as DNS has it: `info@müller.example` is `info@xn--mller-kva.example`.

    Few mail servers take other forms (SMTPUTF8). A domain that has no such form stays as it is.
    """
    local, at, domain = address.rpartition("@")
    try:
        return f"{local}{at}{idna.encode(domain, uts46=True).decode('ascii')}"
    except idna.IDNAError:
        return address


def sender(text: str) -> Address:
    """Parses `Name <address>` or an address alone; the name may have any characters. Raises `ValueError`."""
    named = _NAMED.fullmatch(text)
    name, address = (named["name"].strip('"'), named["address"]) if named else ("", text.strip())
    return Address(display_name=name, addr_spec=with_ascii_domain(address))
