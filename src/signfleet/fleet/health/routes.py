"""`/admin/v1/health`: the health of devices, why and since when."""

from __future__ import annotations

from signfleet.fleet.devices.scopes import RETRIEVE
from signfleet.fleet.devices.screenshots.service import LinkMaker
from signfleet.fleet.health.limits import HealthLimits
from signfleet.fleet.health.overview import Overviews
from signfleet.fleet.health.schemas import (
    DeviceHealthDetails,
    DeviceHealthPage,
    HealthPeriodPage,
    HealthRules,
    Overview,
    RegionOverview,
)
from signfleet.fleet.health.service import HealthLists
from signfleet.foundation.blobs.links import Links
from signfleet.identity.access.operations.definitions import UPDATE_NETWORK_SETTINGS, VIEW_DEVICE, VIEW_NETWORK
from signfleet.identity.access.permissions import Permissions
from signfleet.web.contract.conditional import version_of
from signfleet.web.http.call import NO_CONTENT, Answer, Call, answer_json
from signfleet.web.http.endpoint import FILTER, LISTING, Endpoints
from signfleet.web.http.paging import answer_page, list_query

RULES = "bsn.api.main.devices.health.rules"

rule_endpoints = Endpoints("/admin/v1/health-rules", family="Health")
overview_endpoints = Endpoints("/admin/v1/overview", family="Health", scope=RETRIEVE, operation=VIEW_DEVICE)
endpoints = Endpoints("/admin/v1/health", family="Health", scope=RETRIEVE, operation=VIEW_DEVICE)


@endpoints.get("/", parameters=LISTING, answer=DeviceHealthPage)
async def list_health(call: Call, health_lists: HealthLists, links: Links) -> Answer:
    """List the health of devices, with its reason and since when.

    Filters and sorts know every property of a device, and `[Since]`, `[LastReport]`, `[Reason].[Code]`,
    `[Reason].[Date]`, `[Reason].[Subject]` and `[Reason].[FreePercent]`.
    """
    query = list_query(call)
    return answer_page(await health_lists.list_(call.session, query, _links(call, links)), query.size)


@endpoints.get("/count/", parameters=(FILTER,), answer=int)
async def count_health(call: Call, health_lists: HealthLists) -> Answer:
    """Count the devices that a filter on their health matches."""
    return answer_json(await health_lists.count(call.session, call.parameter("filter")))


@endpoints.get("/{device}/", answer=DeviceHealthDetails)
async def get_health(call: Call, health_lists: HealthLists, links: Links, device: str) -> Answer:
    """Get the health of a device, with its uptime over the last day, week and 30 days."""
    return answer_json(await health_lists.get(call.session, device, _links(call, links)))


@endpoints.get("/{device}/periods/", parameters=LISTING, answer=HealthPeriodPage)
async def list_health_periods(call: Call, health_lists: HealthLists, device: str) -> Answer:
    """List the healths that a device had before its present one, the last one first."""
    query = list_query(call)
    return answer_page(await health_lists.periods(call.session, device, query, call.now), query.size)


@rule_endpoints.get("/", scope=f"{RULES}.retrieve", operation=VIEW_NETWORK, answer=HealthRules, statuses="200 304")
async def get_health_rules(call: Call, permissions: Permissions, health_limits: HealthLimits) -> Answer:
    """Get the limits from which on the health of the network's devices is a Warning or an Error."""
    await permissions.require_on(call.session, VIEW_NETWORK, call.network_id)
    rules = await health_limits.get(call.network_id)
    return answer_json(rules, etag=version_of(rules))


@rule_endpoints.put("/", scope=f"{RULES}.update", operation=UPDATE_NETWORK_SETTINGS, body=HealthRules, more="412")
async def put_health_rules(call: Call, permissions: Permissions, health_limits: HealthLimits) -> Answer:
    """Replace the limits of health. Devices are evaluated by them within seconds."""
    await permissions.require_on(call.session, UPDATE_NETWORK_SETTINGS, call.network_id)
    await health_limits.put(call.network_id, call.body, call.now, call.precondition)
    return NO_CONTENT


@overview_endpoints.get("/", answer=Overview)
async def get_overview(call: Call, overviews: Overviews) -> Answer:
    """Get how many devices have each health: in total, in each group and of each model."""
    return answer_json(await overviews.get(call.session, call.now))


@overview_endpoints.get("/regions/", answer=list[RegionOverview])
async def get_regions_overview(call: Call, overviews: Overviews) -> Answer:
    """Get how many devices have each health at each place."""
    return answer_json(await overviews.regions(call.session))


def _links(call: Call, links: Links) -> LinkMaker:
    return LinkMaker(links, call.base_url, call.now)
