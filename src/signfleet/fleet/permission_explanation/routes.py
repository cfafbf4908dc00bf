"""`/admin/v1/permissions`: explains which rule decides for a user, an operation and a device."""

from __future__ import annotations

from signfleet.fleet.permission_explanation.schemas import Explanation
from signfleet.fleet.permission_explanation.service import Explanations
from signfleet.foundation.errors import Invalid
from signfleet.identity.access.operations.definitions import EDIT_USER_PERMISSIONS
from signfleet.web.http.call import Answer, Call, answer_json
from signfleet.web.http.endpoint import Endpoints, Parameter

endpoints = Endpoints("/admin/v1/permissions", family="Permissions")


@endpoints.get(
    "/explain/",
    scope="bsn.api.main.users.retrieve",
    operation=EDIT_USER_PERMISSIONS,
    parameters=(
        Parameter("user", "Id or login of a user of the network.", required=True),
        Parameter(
            "operation", "A business operation: its uid, or its key such as `Device.UpdateDevice`.", required=True
        ),
        Parameter("device", "Id or serial of a device; without one, the general permission is explained."),
    ),
    answer=Explanation,
    errors="400 401 403 404 406 5XX",
)
async def explain_permission(call: Call, explanations: Explanations) -> Answer:
    """Explain whether a user may do an operation, which rule decides, and which rules it overrides."""
    user, operation = call.parameter("user"), call.parameter("operation")
    for name, value in (("user", user), ("operation", operation)):
        if value is None:
            raise Invalid(f"Query parameter '{name}' is required.")
    assert user is not None
    assert operation is not None
    device = call.parameter("device")
    return answer_json(await explanations.explain(call.network_id, user, operation, device, call.session))
