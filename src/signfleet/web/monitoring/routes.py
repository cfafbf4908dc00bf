"""Health and metrics, at the addresses that operators' tools look at."""

from __future__ import annotations

from typing import Literal

import msgspec
import prometheus_client

from signfleet import __version__
from signfleet.foundation.settings import Settings
from signfleet.web.http.call import Answer, Call, answer_json
from signfleet.web.http.endpoint import Endpoints
from signfleet.web.monitoring.gauges import Gauges
from signfleet.web.monitoring.protection import protect
from signfleet.web.monitoring.readiness import Readiness

#: The text format of Prometheus, which every collector reads.
METRICS_TYPE = "text/plain"

prometheus_client.Info("signfleet", "What runs here.").info({"version": __version__})

endpoints = Endpoints("", family="Monitoring", caller="public", errors="406")


class Health(msgspec.Struct):
    """The process runs, or is ready to serve."""

    status: Literal["alive", "ready"]


@endpoints.get("/health/live", answer=Health)
async def is_alive(_call: Call) -> Answer:
    """Check that the process runs, and nothing else."""
    return answer_json(Health("alive"))


@endpoints.get("/health/ready", answer=Health, errors="406 503")
async def is_ready(_call: Call, readiness: Readiness) -> Answer:
    """Check whether the process can serve requests: 503 while it cannot read and write the database and files."""
    await readiness.check()
    return answer_json(Health("ready"))


@endpoints.get("/metrics", answer=str, produces=METRICS_TYPE, errors="401 404 406")
async def get_metrics(call: Call, gauges: Gauges, settings: Settings) -> Answer:
    """Get the metrics for Prometheus: devices by health, requests and their times, store, outbox, memory."""
    protect(call, settings)
    return Answer(body=await gauges.render(), media_type=f"{METRICS_TYPE}; version=0.0.4; charset=utf-8")
