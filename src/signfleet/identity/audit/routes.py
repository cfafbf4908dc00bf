"""`/admin/v1/audit`: lists and exports the audit trail of the chosen network."""

from __future__ import annotations

from signfleet.identity.access.operations.definitions import VIEW_AUDIT
from signfleet.identity.audit.schemas import AuditPage
from signfleet.identity.audit.service import AuditTrail
from signfleet.web.http.call import Answer, Call
from signfleet.web.http.endpoint import FILTER, LISTING, SORT, Endpoints
from signfleet.web.http.paging import answer_page, list_query

RETRIEVE = "bsn.api.main.audit.retrieve"
CSV = "text/csv"
JSON_LINES = "application/jsonl"

endpoints = Endpoints("/admin/v1/audit", family="Audit", scope=RETRIEVE, operation=VIEW_AUDIT)


@endpoints.get("/", parameters=LISTING, answer=AuditPage)
async def list_audit(call: Call, audit: AuditTrail) -> Answer:
    """List the changes made in the network, newest first."""
    query = list_query(call)
    return answer_page(await audit.list_(call.session, query), query.size)


@endpoints.get("/export.csv", parameters=(FILTER, SORT), answer=str, produces=CSV)
async def export_audit_as_csv(call: Call, audit: AuditTrail) -> Answer:
    """Export all changes that a filter matches as CSV."""
    scope = await audit.scope(call.session)
    chunks = audit.csv(call.network_id, call.parameter("filter"), call.parameter("sort"), scope)
    return Answer(stream=chunks, media_type=f"{CSV}; charset=utf-8; header=present")


@endpoints.get("/export.jsonl", parameters=(FILTER, SORT), answer=str, produces=JSON_LINES)
async def export_audit_as_json_lines(call: Call, audit: AuditTrail) -> Answer:
    """Export all changes that a filter matches as JSON Lines."""
    scope = await audit.scope(call.session)
    chunks = audit.lines(call.network_id, call.parameter("filter"), call.parameter("sort"), scope)
    return Answer(stream=chunks, media_type=JSON_LINES)
