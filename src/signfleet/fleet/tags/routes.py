"""`/Tags`: the keys and values of tags in use in the chosen network."""

from __future__ import annotations

from signfleet.fleet.tags.service import TagIndex
from signfleet.identity.access.operations.definitions import VIEW_DEVICE
from signfleet.web.http.call import Answer, Call, answer_json
from signfleet.web.http.endpoint import Endpoints, Parameter

endpoints = Endpoints("/2022/06/REST/Tags", family="Tags")

RETRIEVE = "bsn.api.main.tags.retrieve"


@endpoints.get(
    "/Keys/",
    scope=RETRIEVE,
    operation=VIEW_DEVICE,
    parameters=(Parameter("pattern", "A pattern of keys such as `string::[Device].<C*>`; all keys by default."),),
    answer=list[str],
)
async def list_tag_keys(call: Call, tag_index: TagIndex) -> Answer:
    """List the keys of the tags that devices of the network have."""
    return answer_json(await tag_index.keys(call.session, call.parameter("pattern")))


@endpoints.get(
    "/Values/",
    scope=RETRIEVE,
    operation=VIEW_DEVICE,
    parameters=(Parameter("pattern", "Keys and values, such as `string::[Device].<City>:*`.", required=True),),
    answer=list[str],
)
async def list_tag_values(call: Call, tag_index: TagIndex) -> Answer:
    """List the values of the tags that devices of the network have, each once."""
    return answer_json(await tag_index.values(call.session, call.parameter("pattern")))
