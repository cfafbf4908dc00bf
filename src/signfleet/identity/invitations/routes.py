"""`/admin/v1/invitations`: the networks that invite the person behind the token."""

from __future__ import annotations

from signfleet.identity.invitations.schemas import Invitation
from signfleet.identity.invitations.service import Invitations
from signfleet.web.http.call import NO_CONTENT, Answer, Call, answer_json
from signfleet.web.http.endpoint import Endpoints

RETRIEVE = "bsn.api.self.users.retrieve"
UPDATE = "bsn.api.self.users.update"

endpoints = Endpoints("/admin/v1/invitations", family="Invitations", caller="person")


@endpoints.get("/", scope=RETRIEVE, answer=list[Invitation])
async def list_invitations(call: Call, invitations: Invitations) -> Answer:
    """List the networks that invite the person."""
    return answer_json(await invitations.of_person(call.person_id))


@endpoints.post("/{invitation}/accept/", scope=UPDATE, statuses="204")
async def accept_invitation(call: Call, invitations: Invitations, invitation: str) -> Answer:
    """Accept an invitation: the person becomes a member of the network."""
    await invitations.accept(call.person_id, invitation, call.now)
    return NO_CONTENT


@endpoints.delete("/{invitation}/", scope=UPDATE)
async def decline_invitation(call: Call, invitations: Invitations, invitation: str) -> Answer:
    """Decline an invitation: the network loses the user that it created."""
    await invitations.decline(call.person_id, invitation, call.now)
    return NO_CONTENT
