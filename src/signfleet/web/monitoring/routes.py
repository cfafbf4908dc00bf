"""Health and metrics, at the addresses that operators' tools look at."""

from __future__ import annotations

from signfleet.web.http.call import Answer, Call, answer_json
from signfleet.web.http.endpoint import Endpoints
from signfleet.web.monitoring.readiness import Readiness
from signfleet.web.monitoring.schemas import Health
from signfleet.web.monitoring.service import METRICS_TYPE, Monitoring

endpoints = Endpoints("", family="Monitoring", caller="public", errors="406")


@endpoints.get("/health/live", answer=Health)
async def is_alive(_call: Call) -> Answer:
    """Say that the process runs; nothing else is looked at."""
    return answer_json(Health("alive"))


@endpoints.get("/health/ready", answer=Health, errors="406 503")
async def is_ready(call: Call, readiness: Readiness) -> Answer:
    """Say whether requests can be served: 503 while the database or the place of files cannot be read and written."""
    await readiness.check()
    return answer_json(Health("ready"))


@endpoints.get("/metrics", answer=str, produces=METRICS_TYPE)
async def get_metrics(call: Call, monitoring: Monitoring) -> Answer:
    """Counters for Prometheus: requests by route and status, their times, memory and processor time."""
    return Answer(body=monitoring.metrics(), media_type=f"{METRICS_TYPE}; version=0.0.4; charset=utf-8")
