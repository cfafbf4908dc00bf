"""`/console/settings`: a form for each group of the network's settings."""

from __future__ import annotations

from typing import Any, Final

from signfleet.console.forms import FormData, beside
from signfleet.console.pages import Pages
from signfleet.console.settings.groups import STORED
from signfleet.console.settings.values import FIELDS, SettingsGroups
from signfleet.console.translations import later
from signfleet.console.view import View
from signfleet.console.words import messages
from signfleet.fleet.commands.service import Commands
from signfleet.fleet.health.limits import HealthLimits
from signfleet.fleet.joining.service import Joining
from signfleet.foundation.errors import Invalid, NotFound, Stale
from signfleet.foundation.settings import Settings
from signfleet.identity.access.operations.definitions import (
    UPDATE_NETWORK_SETTINGS,
    UPDATE_NETWORK_SUBSCRIPTION,
    VIEW_NETWORK,
)
from signfleet.identity.access.permissions import Permissions
from signfleet.identity.networks.administration import NetworkAdministration
from signfleet.identity.networks.service import Networks
from signfleet.web.http.call import Answer

PATH: Final = "/console/settings/"
#: The groups, with their titles, in the order of the page.
TITLES: Final = {
    "network": later("Name of the network"),
    "tokens": later("Tokens"),
    "health": later("Health of players"),
    "level": later("Level of the network"),
    "commands": later("Commands"),
    "joining": later("Joining"),
}
API: Final = {
    "network": "/admin/v1/network/",
    "tokens": "/2022/06/REST/Self/Networks/{}/Settings/",
    "health": "/admin/v1/health-rules/",
    "level": "/2022/06/REST/Self/Networks/{}/Subscription/",
    "commands": "/admin/v1/command-rules/",
    "joining": "/admin/v1/joining/",
}

pages = Pages("/console/settings")


@pages.get("/", operation=VIEW_NETWORK)
async def show_settings(
    view: View,
    *,
    networks: Networks,
    network_administration: NetworkAdministration,
    health_limits: HealthLimits,
    commands: Commands,
    joining: Joining,
    permissions: Permissions,
    server_settings: Settings,
) -> Answer:
    """Get the settings of the network."""
    await permissions.require_on(view.session, VIEW_NETWORK, view.session.network)
    settings = SettingsGroups(
        view, networks, network_administration, limits=health_limits, commands=commands, joining=joining
    )
    return await _page(view, settings, permissions, server_settings)


@pages.post("/{group}", operation=VIEW_NETWORK)
async def change_settings(
    view: View,
    *,
    networks: Networks,
    network_administration: NetworkAdministration,
    health_limits: HealthLimits,
    commands: Commands,
    joining: Joining,
    permissions: Permissions,
    server_settings: Settings,
    group: str,
) -> Answer:
    """Change one group of settings, all or nothing."""
    if group not in TITLES:
        raise NotFound(f"There are no settings '{group}'; there are {', '.join(TITLES)}.")
    await permissions.require_on(view.session, _operation(group), view.session.network)
    settings = SettingsGroups(
        view, networks, network_administration, limits=health_limits, commands=commands, joining=joining
    )
    form, fields = FormData(view.call), FIELDS[group]
    mine = {name: form.span(name) if field.kind == "span" else form.get(name) for name, field in fields.items()}
    try:
        await settings.change(group, mine, form.precondition)
    except Invalid as error:
        state = {"values": mine, "errors": beside(error, {name: name for name in fields})}
        return await _page(
            view, settings, permissions, server_settings, group, state, version=form.get("version"), status=400
        )
    except Stale:
        theirs, _ = await settings.read(group)
        differing = [(fields[name].label, mine[name], theirs[name]) for name in fields if mine[name] != theirs[name]]
        if differing:
            return await _page(
                view, settings, permissions, server_settings, group, {"values": mine, "conflict": differing}, status=412
            )
    return view.redirect(f"{PATH}?saved={group}#{group}")


def _operation(group: str) -> Any:
    return UPDATE_NETWORK_SUBSCRIPTION if group == "level" else UPDATE_NETWORK_SETTINGS


async def _page(
    view: View,
    settings: SettingsGroups,
    permissions: Permissions,
    server_settings: Settings,
    changed: str = "",
    state: dict[str, Any] | None = None,
    *,
    version: str | None = None,
    status: int = 200,
) -> Answer:
    network_id, forms = view.session.network, []
    for group, title in TITLES.items():
        given = state if group == changed and state else {}
        stored, present = await settings.read(group)
        forms.append(
            {
                "name": group,
                "title": title,
                "fields": FIELDS[group],
                "values": given.get("values") or stored,
                "version": version if version and group == changed else present,
                "errors": messages(view.language, given.get("errors") or {}),
                "conflict": given.get("conflict"),
                "is_saved": view.call.parameter("saved") == group,
                "may_change": await permissions.allows_on(view.session, _operation(group), network_id),
                "api": API[group].format(network_id),
                "body": await settings.stored(group),
            }
        )
    return view.page(
        "settings/settings.html",
        status,
        network=await settings.row(),
        forms=forms,
        join_address=await settings.join_address(),
        stored=[(label, getattr(server_settings, name), name) for name, label in STORED.items()],
    )
