"""Decides which logins are the same person."""

from __future__ import annotations

import unicodedata


def mailbox_key(login: str) -> str:
    """Returns the key that identifies a person: two logins with the same key are one mailbox.

    It ignores letter case and canonically equivalent spellings, which mail servers deliver to one mailbox. It ignores
    nothing else: `straße@example.com` and `strasse@example.com`, which `fold` makes equal, are two mailboxes, and the
    reader of one has proved nothing about the other.
    """
    if login.isascii():
        return login.lower()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", login).lower())
