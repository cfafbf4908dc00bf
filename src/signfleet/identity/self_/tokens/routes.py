"""Checks and revokes the person's tokens."""

from __future__ import annotations

from signfleet.identity.tokens.schemas import TokenInfo
from signfleet.identity.tokens.service import Tokens
from signfleet.web.http.call import NO_CONTENT, Answer, Call, answer_json
from signfleet.web.http.endpoint import Endpoints

endpoints = Endpoints("/2022/06/REST/Self/Tokens", caller="person")


@endpoints.get("/{token}/", answer=TokenInfo, secret=True)
async def get_token(call: Call, tokens: Tokens, token: str) -> Answer:
    """Check an access or refresh token of the person: its scopes and how long it is valid."""
    return answer_json(await tokens.get_of_person(call.person_id, token, call.now))


@endpoints.delete("/{token}/")
async def revoke_token(call: Call, tokens: Tokens, token: str) -> Answer:
    """Revoke an access or refresh token of the person."""
    await tokens.revoke_of_person(call.person_id, token, call.now)
    return NO_CONTENT
