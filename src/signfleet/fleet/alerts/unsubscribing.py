"""Ends mails to a user by the link in each: a token names the user and what the mails are about, and is signed."""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64encode
from typing import Final, NamedTuple

import msgspec

from signfleet.fleet.alerts import store as queries
from signfleet.fleet.alerts.notices import SETTINGS
from signfleet.foundation.errors import NotFound
from signfleet.foundation.settings import Settings
from signfleet.foundation.storage.interface import Store, Transaction
from signfleet.foundation.wire.json import encode
from signfleet.identity.audit.recording import AuditEntry, record
from signfleet.identity.users.notifications import Notifications
from signfleet.identity.users.service import Users
from signfleet.web.caller.actor import act_under

RULE: Final = "rule-"


class _Target(NamedTuple):
    network_id: int
    user_id: int
    what: str


class Unsubscribing:
    """Makes and obeys the links."""

    def __init__(
        self, store: Store, users: Users, notifications: Notifications, key: bytes, settings: Settings
    ) -> None:
        self._store = store
        self._users = users
        self._notifications = notifications
        self._key = hmac.digest(key, b"unsubscribe", "sha256")
        self._url = f"{settings.own_url}/account/unsubscribe?token="

    def link(self, network_id: int, user_id: int, what: str) -> str:
        """Returns the link that ends mails about a topic, or of a rule such as `rule-7`, to a user.

        `what` names several of them with `~` in between.
        """
        text = f"{network_id}.{user_id}.{what}"
        return f"{self._url}{text}.{self._sign(text)}"

    def check(self, token: str) -> None:
        """Raises `NotFound` for a token that no link of this server has."""
        self._target(token)

    async def end(self, token: str, now: int) -> None:
        """Turns the setting off, or removes the user from the rule; a repeat changes nothing. Raises `NotFound`."""
        target = self._target(token)
        user = await self._users.row(target.user_id)
        act_under(user.login)
        for what in target.what.split("~"):
            if what.startswith(RULE):
                await self._leave_rule(target, int(what.removeprefix(RULE)), now)
            else:
                partial = {f"{name}NotificationEnabled": False for name in SETTINGS.get(what, ())}
                await self._notifications.put(user, partial, now)

    async def _leave_rule(self, target: _Target, rule_id: int, now: int) -> None:
        async def work(tx: Transaction) -> None:
            rule = await tx.one(queries.LOCK_RULE, in_network=target.network_id, this_id=rule_id)
            before = [] if rule is None else msgspec.json.decode(rule.mail_to)
            if rule is None or target.user_id not in before:
                return
            after = [id_ for id_ in before if id_ != target.user_id]
            key = {"in_network": target.network_id, "this_id": rule_id}
            await tx.execute(queries.SET_MAIL_TO, **key, new_mail_to=encode(after).decode())
            entry = AuditEntry("Update", "AlertRule", rule_id, rule.name, {"mailTo": before}, {"mailTo": after})
            await record(tx, target.network_id, entry, now)

        await self._store.write(work)

    def _target(self, token: str) -> _Target:
        text, _, signature = token.rpartition(".")
        is_ours = token.isascii() and hmac.compare_digest(self._sign(text), signature)
        if not is_ours:
            raise NotFound("This link is not complete; use the one in the mail.")
        network_id, user_id, what = text.split(".")
        return _Target(int(network_id), int(user_id), what)

    def _sign(self, text: str) -> str:
        digest = hmac.digest(self._key, text.encode(), "sha256")[:18]
        return urlsafe_b64encode(digest).decode()
