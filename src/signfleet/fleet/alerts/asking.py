"""Who asks for a mail: a user whose notification settings do, or whom a rule names; each once for one alert."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from signfleet.fleet.alerts.causes import CONTACT
from signfleet.fleet.alerts.notice_store import Recipient, Waiting
from signfleet.fleet.alerts.notices import DISCONNECTED, FAILURE, RECOVERED, SETTINGS
from signfleet.fleet.alerts.store import RuleRow
from signfleet.fleet.alerts.unsubscribing import RULE
from signfleet.identity.users.schemas import default_notifications


class Topic(NamedTuple):
    """What mails are about: the settings of `name` ask for them, those for one player and those for several."""

    name: str
    settings: tuple[str, str]
    is_of_rules: bool
    is_over: bool


class Ways(NamedTuple):
    """How a user has come to ask: by the settings, by rules that name the user, or both."""

    by_settings: bool = False
    named_by: tuple[int, ...] = ()
    #: Every rule that leads to the mail.
    rules: tuple[int, ...] = ()


class Rules:
    """The rules of a network, with those whom they name."""

    def __init__(self, rows: Sequence[RuleRow]) -> None:
        self._rows = {row.id: row for row in rows}
        self._named: dict[int, set[int]] = {row.id: set(msgspec.json.decode(row.mail_to)) for row in rows}

    def name(self, id_: int) -> str:
        return self._rows[id_].name

    def naming(self, ids: Collection[int], user_id: int) -> tuple[int, ...]:
        """Returns those of the rules, deleted ones left out, that name a user."""
        return tuple(id_ for id_ in ids if user_id in self._named.get(id_, ()))

    def notifying(self, ids: Collection[int]) -> tuple[int, ...]:
        """Returns those of the rules that let the notification settings decide."""
        return tuple(id_ for id_ in ids if id_ in self._rows and self._rows[id_].notifies_users)


def topic_of(waiting: Waiting) -> Topic:
    """Returns what notices are about: alerts of a cause, or what happened to subscriptions or the network."""
    if waiting.topic in SETTINGS:
        return Topic(waiting.topic, SETTINGS[waiting.topic], is_of_rules=False, is_over=False)
    name = DISCONNECTED if waiting.cause == CONTACT else FAILURE
    return Topic(name, SETTINGS[name], is_of_rules=True, is_over=waiting.topic == RECOVERED)


def settings_of(recipient: Recipient) -> Mapping[str, Any]:
    """Returns the notification settings of a user."""
    if recipient.document is None:
        return default_notifications(recipient.role_id)
    settings: dict[str, Any] = msgspec.json.decode(recipient.document)
    return settings


class Asker(NamedTuple):
    """A user, whose settings decide about mails of a topic."""

    topic: Topic
    user_id: int
    settings: Mapping[str, Any]

    def ways(self, rules: Rules, ids: Sequence[int], earlier: Sequence[int]) -> Ways | None:
        """Returns how the user asks for mail about alerts of the rules `ids`; None if an earlier rule brought it."""
        forms = [bool(self.settings[f"{each}NotificationEnabled"]) for each in self.topic.settings]
        if not self.topic.is_of_rules:
            return Ways(by_settings=True) if any(forms) else None
        named_by = rules.naming(ids, self.user_id)
        notifying = rules.notifying(ids) if any(forms) else ()
        # One who asks for one form alone may have got no mail yet, as there were several or just one.
        has_heard = any(forms) and rules.notifying(earlier) and (not named_by or all(forms))
        if has_heard or rules.naming(earlier, self.user_id) or not (named_by or notifying):
            return None
        return Ways(bool(notifying), named_by, tuple(dict.fromkeys((*named_by, *notifying))))

    def wants(self, ways: Collection[Ways], number: int) -> bool:
        """Returns whether the user wants a mail about so many devices: the settings know one and several."""
        if self.topic.is_over or any(each.named_by for each in ways):
            return True
        return bool(self.settings[f"{self.topic.settings[number > 1]}NotificationEnabled"])


def ended_by_link(topic: Topic, ways: Collection[Ways]) -> str:
    """Returns what the link in a mail ends: every way by which it came."""
    settings = [topic.name] if any(each.by_settings for each in ways) else []
    named_by = dict.fromkeys(id_ for each in ways for id_ in each.named_by)
    return "~".join([*settings, *(f"{RULE}{id_}" for id_ in named_by)])
