"""`/Subscriptions`: the device subscriptions of the chosen network."""

from __future__ import annotations

from signfleet.fleet.subscriptions.schemas import SubscriptionList
from signfleet.fleet.subscriptions.service import Subscriptions
from signfleet.identity.access.operations.definitions import VIEW_SUBSCRIPTION
from signfleet.identity.operation_trees.schemas import OperationDocument
from signfleet.identity.operation_trees.service import OperationTrees
from signfleet.web.http.call import Answer, Call, answer_json
from signfleet.web.http.endpoint import FILTER, LISTING, Endpoints
from signfleet.web.http.paging import answer_page, list_query

endpoints = Endpoints("/2022/06/REST/Subscriptions")


@endpoints.get("/", operation=VIEW_SUBSCRIPTION, parameters=LISTING, answer=SubscriptionList)
async def list_subscriptions(call: Call, subscriptions: Subscriptions) -> Answer:
    """List the subscriptions of the network, of devices and in stock."""
    query = list_query(call)
    return answer_page(await subscriptions.list_(call.session, query), query.size)


@endpoints.get("/Count/", operation=VIEW_SUBSCRIPTION, parameters=(FILTER,), answer=int)
async def count_subscriptions(call: Call, subscriptions: Subscriptions) -> Answer:
    """Count the subscriptions that a filter matches."""
    return answer_json(await subscriptions.count(call.session, call.parameter("filter")))


@endpoints.get("/Operations/", answer=OperationDocument)
async def list_subscription_operations(call: Call, operation_trees: OperationTrees) -> Answer:
    """List the business operations on subscriptions and the roles that may do them."""
    return answer_json(await operation_trees.get(call.session, "Subscription"))
