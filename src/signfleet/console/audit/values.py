"""What an entry of the audit trail has changed, in the words of its reader."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any, Final, NamedTuple

import msgspec

from signfleet.console.durations import in_words
from signfleet.console.rendering import moment
from signfleet.console.translations import later, locale_of
from signfleet.console.view import View
from signfleet.console.words import HEALTHS, word
from signfleet.foundation.wire import datetime, tags
from signfleet.identity.access.operations.definitions import by_uid

#: Of members of entries. What clients name, such as profiles, and single settings of players stay as they are.
MEMBERS: Final = {
    "": later("Permissions"),
    "activationDate": later("Activated"),
    "address": later("Address"),
    "admittedBy": later("Admitted by"),
    "application": later("Application"),
    "arguments": later("Arguments"),
    "author": later("Author"),
    "automaticTaggedPlaylistApprovalEnabled": later("Approve tagged playlists automatically"),
    "batch": later("Command to many players"),
    "begin": later("Begins"),
    "claimed": later("Claimed"),
    "condition": later("Condition"),
    "count": later("Number"),
    "creationDate": later("Created"),
    "dangerousCommands": later("Allow dangerous commands"),
    "description": later("Description"),
    "device": later("Player"),
    "deviceAccessTokenLifetime": later("Access tokens of players last"),
    "deviceId": later("Player"),
    "deviceRefreshTokenLifetime": later("Refresh tokens of players last"),
    "deviceRegistrationTokenLifetime": later("Setup tokens last"),
    "digest": later("Digest"),
    "end": later("Ends"),
    "errorMemory": later("An error of a player counts for"),
    "eventFilter": later("Only events that this filter matches"),
    "events": later("Events"),
    "expirationDate": later("Expires"),
    "filter": later("Filter"),
    "firstName": later("First name"),
    "fullPercent": later("Error with less than so many percent of a storage free"),
    "grant": later("Signed in by"),
    "group": later("Group"),
    "health": later("Its health"),
    "host": later("Address"),
    "id": later("Id"),
    "isCancelled": later("Cancelled"),
    "isCustom": later("Custom"),
    "isEnabled": later("Enabled"),
    "isInvited": later("Invited"),
    "isLockedOut": later("Locked out"),
    "joinsByRecord": later("Players with a provisioning record may join without a setup token"),
    "kind": later("Kind"),
    "kinds": later("Events"),
    "lastLockoutDate": later("Last locked out"),
    "lastModifiedDate": later("Changed"),
    "lastName": later("Last name"),
    "lateAfter": later("Warning at least after"),
    "lateReports": later("Warning after so many missing reports"),
    "level": later("Level"),
    "lockoutDate": later("Locked out since"),
    "login": later("Login"),
    "mailTo": later("These users too, by mail"),
    "maxUses": later("Uses"),
    "message": later("Message"),
    "minutes": later("For how many minutes this must last"),
    "model": later("Model"),
    "mutedUntil": later("Quiet until"),
    "name": later("Name"),
    "nearlyFullPercent": later("Warning with less than so many percent of a storage free"),
    "note": later("Note"),
    "notifications": later("Mails"),
    "notifiesUsers": later("users whose notification settings say so"),
    "packageName": later("Package"),
    "password": later("Password"),
    "permissions": later("Permissions"),
    "personId": later("Person"),
    "previousKeyValidTo": later("The previous key signs until"),
    "protocol1Until": later("Players of protocol version 1 may register again without a secret until"),
    "query": later("View"),
    "reasons": later("Reasons"),
    "repeats": later("Repeats"),
    "roleName": later("Role"),
    "scope": later("Scopes"),
    "secret": later("Secret"),
    "secretExpirationDate": later("Secret expires"),
    "serial": later("Serial"),
    "settings": later("Settings"),
    "setup_id": later("Setup"),
    "setup_name": later("Setup"),
    "side": later("Size"),
    "silentAfter": later("Error at least after"),
    "silentReports": later("Error after so many missing reports"),
    "state": later("State"),
    "subject": later("About"),
    "subscription": later("Subscription"),
    "suspendedSubscription": later("Health with a suspended subscription"),
    "tags": later("Tags"),
    "timezone": later("Time zone"),
    "url": later("Address"),
    "urlChecksum": later("Checksum of the address"),
    "user_data": later("Data"),
    "userAccessTokenLifetime": later("Access tokens of users last"),
    "userCount": later("Users"),
    "username": later("User"),
    "userRefreshTokenLifetime": later("Refresh tokens of users last"),
    "users": later("Users"),
    "validTo": later("Expires"),
    "webhooks": later("These webhooks"),
}
#: Of values that are one of a few words, by their member.
WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "state": {
        "open": later("open"),
        "acknowledged": later("acknowledged"),
        "muted": later("muted"),
        "resolved": later("resolved"),
        "queued": later("queued"),
        "sent": later("sent"),
        "running": later("running"),
        "succeeded": later("succeeded"),
        "failed": later("failed"),
        "rejected": later("rejected"),
        "expired": later("expired"),
        "cancelled": later("cancelled"),
        "lost": later("lost"),
        "waiting": later("waiting"),
        "delivered": later("delivered"),
        "finished": later("finished"),
        "stopped": later("stopped"),
    },
    "suspendedSubscription": HEALTHS,
    "repeats": {"never": later("never"), "daily": later("daily"), "weekly": later("weekly")},
    "grant": {
        "browser": later("a browser"),
        "client_credentials": later("client id and secret"),
        "password": later("a password"),
        "session": later("a session"),
    },
}
#: Of settings of players, by the end of their path.
SETTINGS: Final[Mapping[tuple[str, ...], str]] = {
    ("synchronization", "status", "period"): later("Time between two reports")
}
#: Deeper documents, and what has more members, show as JSON.
DEPTH: Final = 6
MOST: Final = 40
_DATE: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,3})?Z")
_SPAN: Final = re.compile(r"(?:\d{1,7}\.)?\d\d:\d\d:\d\d")


class Changed(NamedTuple):
    """A member before and after, in words; None where there was or is none."""

    name: str
    before: str | None
    after: str | None


def differences(view: View, before: Any, after: Any) -> list[Changed]:
    """Returns what differs between two documents of an entry."""
    for depth in range(DEPTH, 0, -1):
        was, becomes = dict(_members(before, depth)), dict(_members(after, depth))
        names = dict.fromkeys([*was, *becomes])
        if len(names) <= MOST:
            break
    return [
        Changed(_name(view, name), _text(view, name, was.get(name)), _text(view, name, becomes.get(name)))
        for name in list(names)[:MOST]
    ]


def _members(document: Any, depth: int, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yields the members of a document and of those in it, by their paths."""
    if isinstance(document, dict) and document and len(path) < depth:
        for name, value in document.items():
            yield from _members(value, depth, (*path, name))
    elif path or document is not None:
        yield path, document


def _name(view: View, path: tuple[str, ...]) -> str:
    setting = SETTINGS.get(path[-3:])
    if setting:
        return " › ".join([*(_part(view, part) for part in path[:-3]), view.text(setting)])
    if path[-2:-1] == ("tags",):
        with suppress(ValueError):  # a key of an old entry
            return f"{_name(view, path[:-1])} › {tags.parse(path[-1]).name}"
    return " › ".join(_part(view, part) for part in path or ("",))


def _part(view: View, part: str) -> str:
    return view.text(MEMBERS[part]) if part in MEMBERS else part


def _text(view: View, path: tuple[str, ...], value: Any) -> str | None:
    """Returns a value in words; what has none is JSON."""
    member = path[-1] if path else ""
    if isinstance(value, bool):
        return view.text("yes") if value else view.text("no")
    if isinstance(value, str):
        return _of_text(view, member, value)
    if isinstance(value, list):
        return _of_list(view, member, value)
    if value is None:
        return None
    return msgspec.json.format(msgspec.json.encode(value), indent=1).decode()


def _of_text(view: View, member: str, value: str) -> str:
    if member in WORDS and value in WORDS[member]:
        return view.text(WORDS[member][value])
    with suppress(ValueError):  # such as 25:61:00, which somebody gave as a name
        if _DATE.fullmatch(value):
            return moment(view.language, view.zone, datetime.parse(value) or 0)
        if _SPAN.fullmatch(value):
            return in_words(value, locale_of(view.language))
    return value


def _of_list(view: View, member: str, values: list[Any]) -> str | None:
    if not values:
        return None
    table = {"kinds": "event", "events": "event", "health": "health", "reasons": "reason"}.get(member)
    texts = []
    for each in values:
        if isinstance(each, dict) and "operationUID" in each:
            texts.append(_permission(view, each))
        elif isinstance(each, str):
            texts.append(word(view.language, table, each) if table else each)
        else:
            texts.append(msgspec.json.encode(each).decode())
    return "\n".join(texts) if any(" " in each for each in texts) else ", ".join(texts)


def _permission(view: View, permission: dict[str, Any]) -> str:
    """Returns a permission as "Viewers: See players, allow"."""
    operation = by_uid(permission["operationUID"])
    name = permission["operationUID"] if operation is None else word(view.language, "operation", operation.full_name)
    principal = permission.get("principal") or {}
    who = principal.get("login") or principal.get("name") or f"{principal.get('type')} {principal.get('id')}"
    return f"{who}: {name}, {view.text('allow') if permission.get('isAllowed') else view.text('deny')}"
