"""`/Devices/Operations`: the business operations on devices."""

from __future__ import annotations

from signfleet.fleet.devices.scopes import PREFIX
from signfleet.identity.operation_trees.document import OperationDocument
from signfleet.identity.operation_trees.service import Operations
from signfleet.web.http.call import Answer, Call, answer_json
from signfleet.web.http.endpoint import Endpoints

endpoints = Endpoints(PREFIX)


@endpoints.get("/Operations/", answer=OperationDocument)
async def list_device_operations(call: Call, operations: Operations) -> Answer:
    """Give the business operations on devices, and which roles may do them."""
    return answer_json(await operations.tree(call.session, "Device"))
