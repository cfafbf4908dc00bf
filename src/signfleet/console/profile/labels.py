"""The events about which a user can get mail, in words, in the order of the page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from signfleet.console.translations import later

#: By their names in the API, without `NotificationEnabled`.
EVENTS: Final[Mapping[str, str]] = {
    "deviceFailure": later("A player reports an error"),
    "devicesFailure": later("Several players report an error"),
    "deviceDisconnected": later("A player is silent"),
    "devicesDisconnected": later("Several players are silent"),
    "networkSuspending": later("The network is about to be suspended"),
    "networkSuspended": later("The network is suspended"),
    "networkSubscriptionUpgraded": later("The level of the network rises"),
    "networkTrialPeriodStarted": later("A trial of the network begins"),
    "networkTrialPeriodExpiring": later("A trial of the network ends soon"),
    "networkTrialPeriodExpired": later("A trial of the network has ended"),
    "subscriptionCreated": later("A subscription is created"),
    "subscriptionsCreated": later("Several subscriptions are created"),
    "subscriptionQueued": later("A subscription is queued"),
    "subscriptionsQueued": later("Several subscriptions are queued"),
    "graceSubscriptionExpiring": later("A grace subscription ends soon"),
    "graceSubscriptionsExpiring": later("Several grace subscriptions end soon"),
    "demoSubscriptionExpiring": later("A demo subscription ends soon"),
    "demoSubscriptionsExpiring": later("Several demo subscriptions end soon"),
    "subscriptionExpiring": later("A subscription ends soon"),
    "subscriptionsExpiring": later("Several subscriptions end soon"),
    "subscriptionExpired": later("A subscription has ended"),
    "subscriptionsExpired": later("Several subscriptions have ended"),
    "subscriptionSuspending": later("A subscription is about to be suspended"),
    "subscriptionsSuspending": later("Several subscriptions are about to be suspended"),
    "subscriptionSuspended": later("A subscription is suspended"),
    "subscriptionsSuspended": later("Several subscriptions are suspended"),
}
ENABLED: Final = "NotificationEnabled"
