"""`/Operations` and `/admin/v1/operations`: the business operations, and who may do them."""

from __future__ import annotations

from signfleet.identity.access.operations.definitions import VIEW_NETWORK
from signfleet.identity.operation_trees.schemas import OperationDocument
from signfleet.identity.operation_trees.service import OperationTrees
from signfleet.web.http.call import Answer, Call, answer_json
from signfleet.web.http.endpoint import Endpoints

endpoints = Endpoints("/2022/06/REST/Operations", family="Operations")
admin_endpoints = Endpoints("/admin/v1/operations", family="Operations", operation=VIEW_NETWORK)

RETRIEVE = "bsn.api.main.operations.retrieve"


@endpoints.get("/Root/", scope=RETRIEVE, answer=list[OperationDocument])
async def list_operations(call: Call, operation_trees: OperationTrees) -> Answer:
    """List the trees of business operations, one for each kind of entity."""
    return answer_json(await operation_trees.all(call.session))


@endpoints.get("/Root/{entity}/", scope=RETRIEVE, answer=OperationDocument)
async def get_operations(call: Call, operation_trees: OperationTrees, entity: str) -> Answer:
    """Get the tree of business operations for one kind of entity."""
    return answer_json(await operation_trees.get(call.session, entity))


@admin_endpoints.get("/", scope=RETRIEVE, answer=list[OperationDocument])
async def list_all_operations(call: Call, operation_trees: OperationTrees) -> Answer:
    """List the trees of business operations, with signfleet's own operations on devices, such as to send commands."""
    return answer_json(await operation_trees.all(call.session, additions=True))
