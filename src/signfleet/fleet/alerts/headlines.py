"""The first lines of mails: what has happened, to one or to several."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from signfleet.fleet.alerts.digest import Cluster
from signfleet.fleet.alerts.notices import DISCONNECTED, FAILURE, RECOVERED

#: By topic, for one and for several.
_HEADLINES: Final[Mapping[str, tuple[str, str]]] = {
    DISCONNECTED: ("{one} has lost contact", "{number} players have lost contact"),
    FAILURE: ("{one} has a fault", "{number} players have a fault"),
    RECOVERED: ("{one} has recovered", "{number} players have recovered"),
    "subscriptionCreated": ("{one}: there is a new subscription", "There are {number} new subscriptions"),
    "subscriptionQueued": ("{one} waits for a player", "{number} subscriptions wait for players"),
    "graceSubscriptionExpiring": ("{one}: the Grace expires {reason}", "{number} Grace subscriptions expire soon"),
    "demoSubscriptionExpiring": ("{one}: the Demo expires {reason}", "{number} Demo subscriptions expire soon"),
    "subscriptionExpiring": ("{one}: the subscription expires {reason}", "{number} subscriptions expire soon"),
    "subscriptionSuspending": ("{one}: the subscription ends soon", "{number} subscriptions end soon"),
    "subscriptionSuspended": ("{one}: the subscription is suspended", "{number} subscriptions are suspended"),
    "subscriptionExpired": ("{one}: the subscription has expired", "{number} subscriptions have expired"),
    "networkSuspended": ("The network {network} is locked",) * 2,
    "networkSubscriptionUpgraded": ("The network {network} was upgraded",) * 2,
    "networkTrialPeriodStarted": ("The trial of {network} has begun",) * 2,
    "networkTrialPeriodExpiring": ("The trial of {network} ends {reason}",) * 2,
    "networkTrialPeriodExpired": ("The trial of {network} has ended",) * 2,
}
_OF_RULE: Final = ("{rule}: {one}", "{rule}: {number} players")


def headline_of(topic: str, cluster: Cluster, *, network: str, rule: str) -> str:
    """Returns the first line of a mail about a topic."""
    number, first = len(cluster.subjects), cluster.subjects[0]
    one = first.label if first.is_in_stock else f"Player {first.label}"
    form = _HEADLINES.get(topic, _OF_RULE)[number > 1]
    line = form.format(one=one, number=number, network=network, rule=rule, reason=first.reason or "soon")
    if number > 1 and cluster.shared:
        line += f": {cluster.shared[0][0]} {cluster.shared[0][1]}"
    return line
