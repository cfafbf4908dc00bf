"""`/admin/v1/devices/{device}/metrics`: numbers that players measure."""

from __future__ import annotations

from signfleet.fleet.devices.metrics.schemas import DeviceMetrics, Range
from signfleet.fleet.devices.metrics.service import Metrics
from signfleet.fleet.devices.scopes import RETRIEVE
from signfleet.identity.access.operations.definitions import VIEW_DEVICE
from signfleet.web.http.call import Answer, Call
from signfleet.web.http.endpoint import Endpoints, Parameter

endpoints = Endpoints("/admin/v1/devices", family="Devices", scope=RETRIEVE, operation=VIEW_DEVICE)


@endpoints.get(
    "/{device}/metrics/",
    parameters=(
        Parameter(
            "range",
            "How far back the history goes: `24h` by the minute, `7d` or `30d` by 15 minutes; `24h` by default.",
            Range,
        ),
        Parameter("name", "The history of this metric only; by default of all that the player measured last."),
    ),
    answer=DeviceMetrics,
)
async def get_device_metrics(call: Call, metrics: Metrics, device: str) -> Answer:
    """Get the numbers that the player of a device has measured: the last ones, and their history."""
    range_, name = call.parameter("range"), call.parameter("name")
    return Answer(body=await metrics.get(call.session, device, range_, name, call.now))
