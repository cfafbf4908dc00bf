"""`/Operations`: the business operations on everything, and who may do them."""

from __future__ import annotations

from signfleet.identity.operation_trees.document import OperationDocument
from signfleet.identity.operation_trees.service import Operations
from signfleet.web.http.call import Answer, Call, answer_json
from signfleet.web.http.endpoint import Endpoints

endpoints = Endpoints("/2022/06/REST/Operations", family="Operations")

RETRIEVE = "bsn.api.main.operations.retrieve"


@endpoints.get("/Root/", scope=RETRIEVE, answer=list[OperationDocument])
async def list_operations(call: Call, operations: Operations) -> Answer:
    """List the trees of business operations, one for each kind of entity."""
    return answer_json(await operations.trees(call.session))


@endpoints.get("/Root/{entity}/", scope=RETRIEVE, answer=OperationDocument)
async def get_operations(call: Call, operations: Operations, entity: str) -> Answer:
    """Give the tree of business operations on one kind of entity."""
    return answer_json(await operations.tree(call.session, entity))
