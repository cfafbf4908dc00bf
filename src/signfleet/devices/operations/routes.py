"""`/Devices/Operations`: the business operations on devices."""

from __future__ import annotations

from signfleet.devices.scopes import PREFIX
from signfleet.http.call import Answer, Call, answer_json
from signfleet.http.endpoint import Endpoints
from signfleet.operations.document import OperationDocument
from signfleet.operations.service import Operations

endpoints = Endpoints(PREFIX)


@endpoints.get("/Operations/", answer=OperationDocument)
async def list_device_operations(call: Call, operations: Operations) -> Answer:
    """Give the business operations on devices, and which roles may do them."""
    return answer_json(await operations.tree(call.session, "Device"))
