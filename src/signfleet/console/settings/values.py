"""Reads and changes the groups of settings through the services that own them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NamedTuple

import msgspec

from signfleet.console.settings.groups import COMMANDS, HEALTH, JOINING, LEVEL, NETWORK, TOKENS, sent, shown
from signfleet.console.view import View
from signfleet.fleet.commands.schemas import CommandRules
from signfleet.fleet.commands.service import Commands
from signfleet.fleet.health.limits import HealthLimits
from signfleet.fleet.health.schemas import HealthRules
from signfleet.fleet.joining.schemas import JoiningRules
from signfleet.fleet.joining.service import Joining, version_of_rules
from signfleet.foundation.errors import Invalid
from signfleet.foundation.wire import datetime, zones
from signfleet.foundation.wire.wall_clock import ms_of, shown_at
from signfleet.identity.networks.administration import NetworkAdministration
from signfleet.identity.networks.schemas import settings_of
from signfleet.identity.networks.service import Networks
from signfleet.identity.networks.store import NetworkRow
from signfleet.web.contract.conditional import Precondition, version_of
from signfleet.web.contract.patch import converted, merged

FIELDS: Final = {
    "network": NETWORK,
    "tokens": TOKENS,
    "health": HEALTH,
    "level": LEVEL,
    "commands": COMMANDS,
    "joining": JOINING,
}


class Read(NamedTuple):
    """What the form of a group shows, and the version that it sends back."""

    values: dict[str, str]
    version: str


class SettingsGroups:
    """Reads and changes the groups through the services that own them."""

    def __init__(
        self,
        view: View,
        networks: Networks,
        administration: NetworkAdministration,
        *,
        limits: HealthLimits,
        commands: Commands,
        joining: Joining,
    ) -> None:
        self._view = view
        self._networks = networks
        self._administration = administration
        self._limits = limits
        self._commands = commands
        self._joining = joining

    async def row(self) -> NetworkRow:
        return await self._networks.row(self._view.session.network)

    async def read(self, group: str) -> Read:
        """Returns what the form of a group shows, and the version of it."""
        network_id = self._view.session.network
        if group == "network":
            row = await self.row()
            return Read({"name": row.name}, str(row.last_modified_date))
        if group == "tokens":
            row = await self.row()
            return Read(shown(TOKENS, msgspec.to_builtins(settings_of(row))), str(row.settings_last_modified_date))
        if group == "level":
            row = await self.row()
            return Read({"level": row.level}, str(row.subscription_last_modified_date))
        if group == "health":
            limits = await self._limits.get(network_id)
            return Read(shown(HEALTH, msgspec.to_builtins(limits)), version_of(limits))
        if group == "commands":
            allowed = await self._commands.rules(network_id)
            return Read(shown(COMMANDS, msgspec.to_builtins(allowed)), version_of(allowed))
        rules = await self._joining.rules(network_id)
        moment = None if rules.protocol_1_until is None else datetime.parse(rules.protocol_1_until)
        until = "" if moment is None else shown_at(moment, zones.zone(self._view.zone))
        stored = {"protocol1Until": until, "joinsByRecord": rules.joins_by_record}
        return Read(shown(JOINING, stored), version_of_rules(rules))

    async def stored(self, group: str) -> dict[str, Any]:
        """Returns the values of a group as a body of the API has them."""
        values, _ = await self.read(group)
        return sent(FIELDS[group], values) | ({"protocol1Until": self._until(values)} if group == "joining" else {})

    async def join_address(self) -> str | None:
        """Returns the address at which players join by their records; None if they may not."""
        return (await self._joining.rules(self._view.session.network, self._view.call.base_url)).join_address or None

    async def change(self, group: str, given: dict[str, str], seen: Precondition) -> None:
        """Changes a group to what its form says, from the version `seen`. Raises `Invalid`, `Stale`, `Forbidden`."""
        network_id, now = self._view.session.network, self._view.now
        values = sent(FIELDS[group], given)
        if group == "network":
            await self._networks.rename(network_id, given["name"], now, seen)
        elif group == "tokens":
            await self._change_network({"settings": values}, seen, lambda row: row.settings_last_modified_date)
        elif group == "level":
            await self._change_network({"subscription": values}, seen, lambda row: row.subscription_last_modified_date)
        elif group == "health":
            await self._limits.put(network_id, converted(values, HealthRules), now, seen)
        elif group == "commands":
            await self._commands.set_rules(network_id, converted(values, CommandRules), now, seen)
        else:
            rules = JoiningRules(protocol_1_until=self._until(given), joins_by_record=values["joinsByRecord"])
            await self._joining.set_rules(network_id, rules, now, seen)

    async def _change_network(
        self, part: dict[str, Any], seen: Precondition, date: Callable[[NetworkRow], int]
    ) -> None:
        await self._administration.change(
            self._view.session,
            await self.row(),
            lambda document: merged(document, part),
            precondition=seen,
            now=self._view.now,
            date=date,
        )

    def _until(self, given: dict[str, str]) -> str | None:
        text = given["protocol1Until"].strip()
        if not text:
            return None
        moment = ms_of(text, zones.zone(self._view.zone))
        if moment is None:
            raise Invalid(f"'protocol1Until': '{text[:32]}' is not a date and time.")
        return datetime.format(moment)
