"""Reads and changes the groups of settings through the services that own them."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from signfleet.console.settings.groups import COMMANDS, HEALTH, JOINING, LEVEL, TOKENS, sent, shown
from signfleet.console.view import View
from signfleet.fleet.commands.schemas import CommandRules
from signfleet.fleet.commands.service import Commands
from signfleet.fleet.health.limits import HealthLimits
from signfleet.fleet.health.schemas import HealthRules
from signfleet.fleet.joining.schemas import JoiningRules
from signfleet.fleet.joining.service import Joining
from signfleet.foundation.errors import Invalid
from signfleet.foundation.wire import datetime, zones
from signfleet.foundation.wire.wall_clock import ms_of, shown_at
from signfleet.identity.networks.administration import NetworkAdministration
from signfleet.identity.networks.schemas import settings_of
from signfleet.identity.networks.service import Networks
from signfleet.identity.networks.store import NetworkRow
from signfleet.web.contract.conditional import NONE, Precondition
from signfleet.web.contract.patch import converted, merged

FIELDS: Final = {"tokens": TOKENS, "health": HEALTH, "level": LEVEL, "commands": COMMANDS, "joining": JOINING}


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

    async def shown(self, group: str) -> dict[str, str]:
        """Returns what the form of a group shows."""
        network_id = self._view.session.network
        if group == "tokens":
            return shown(TOKENS, msgspec.to_builtins(settings_of(await self.row())))
        if group == "level":
            return {"level": (await self.row()).level}
        if group == "health":
            return shown(HEALTH, msgspec.to_builtins(await self._limits.get(network_id)))
        if group == "commands":
            return shown(COMMANDS, msgspec.to_builtins(await self._commands.rules(network_id)))
        rules = await self._joining.rules(network_id)
        moment = None if rules.protocol_1_until is None else datetime.parse(rules.protocol_1_until)
        until = "" if moment is None else shown_at(moment, zones.zone(self._view.zone))
        return shown(JOINING, {"protocol1Until": until, "joinsByRecord": rules.joins_by_record})

    async def stored(self, group: str) -> dict[str, Any]:
        """Returns the values of a group as a body of the API has them."""
        values = await self.shown(group)
        return sent(FIELDS[group], values) | ({"protocol1Until": self._until(values)} if group == "joining" else {})

    async def join_address(self) -> str | None:
        """Returns the address at which players join by their records; None if they may not."""
        return (await self._joining.rules(self._view.session.network, self._view.call.base_url)).join_address or None

    async def change(self, group: str, given: dict[str, str], version: str) -> None:
        """Changes a group to what its form says. Raises `Invalid`, `Stale`, `Forbidden`."""
        network_id, now = self._view.session.network, self._view.now
        values = sent(FIELDS[group], given)
        if group == "tokens":
            await self._change_network({"settings": values}, Precondition(tags=frozenset([version])))
        elif group == "level":
            await self._change_network({"subscription": values}, NONE)
        elif group == "health":
            await self._limits.put(network_id, converted(values, HealthRules), now)
        elif group == "commands":
            await self._commands.set_rules(network_id, converted(values, CommandRules), now)
        else:
            rules = JoiningRules(protocol_1_until=self._until(given), joins_by_record=values["joinsByRecord"])
            await self._joining.set_rules(network_id, rules, now)

    async def _change_network(self, part: dict[str, Any], condition: Precondition) -> None:
        await self._administration.change(
            self._view.session,
            await self.row(),
            lambda document: merged(document, part),
            precondition=condition,
            now=self._view.now,
            date=lambda row: row.settings_last_modified_date,
        )

    def _until(self, given: dict[str, str]) -> str | None:
        text = given["protocol1Until"].strip()
        if not text:
            return None
        moment = ms_of(text, zones.zone(self._view.zone))
        if moment is None:
            raise Invalid(f"'protocol1Until': '{text[:32]}' is not a date and time.")
        return datetime.format(moment)
