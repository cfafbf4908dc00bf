"""Which logins name the same person."""

from __future__ import annotations

import unicodedata


def mailbox_key(login: str) -> str:
    """Gives the key that identifies a person: two logins with the same key are one mailbox.

    Letter case and canonically equivalent spellings do not count, as mail servers deliver them to one mailbox. Nothing
    else is equal: `straße@example.com` and `strasse@example.com`, which `fold` finds alike, are two mailboxes, and who
    reads one of them has proved nothing about the other.
    """
    if login.isascii():
        return login.lower()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", login).lower())
