"""Setup tokens, with which players join a network; any number of players may use the same one."""

from __future__ import annotations

from signfleet.fleet.provisioning import store as queries
from signfleet.foundation.errors import NotFound
from signfleet.foundation.quotas import check_quota
from signfleet.foundation.storage import counters
from signfleet.foundation.storage.interface import Store, Transaction
from signfleet.foundation.wire import datetime
from signfleet.identity.access.tokens import hash_token, new_token
from signfleet.identity.audit.recording import AuditEntry, record
from signfleet.identity.networks.service import Networks
from signfleet.identity.tokens.schemas import TokenInfo, token_info
from signfleet.web.caller.actor import acting
from signfleet.web.caller.scopes import SETUP_SCOPE


class Provisioning:
    """Issues, checks and revokes setup tokens."""

    def __init__(self, store: Store, networks: Networks, most: int) -> None:
        self._most = most
        self._store = store
        self._networks = networks

    async def issue(
        self, network_id: int, now: int, *, lifetime: int | None = None, max_uses: int | None = None
    ) -> TokenInfo:
        """Issues a setup token for the network; only its hash is stored.

        It is valid for `lifetime` ms, by default as long as the network's settings say, and admits `max_uses` devices.
        """
        network = await self._networks.row(network_id)
        token = new_token()
        valid_to = now + (lifetime or network.device_registration_token_lifetime)

        async def work(tx: Transaction) -> None:
            await counters.add(tx, network_id, "Setup token", 0)  # locks the counter: issuing in one network is serial
            count = await tx.one(queries.COUNT_TOKENS, network_id=network_id, now=now)
            present = count.total if count else 0
            check_quota(present, self._most, "valid setup tokens of this network", "setup_tokens_per_network")
            await tx.execute(
                queries.INSERT_TOKEN,
                hash=hash_token(token),
                kind="setup",
                session_id=None,
                network_id=network_id,
                scope=SETUP_SCOPE,
                valid_from=now,
                valid_to=valid_to,
                used_date=None,
                max_uses=max_uses,
                uses=None if max_uses is None else 0,
                author=acting().name,
            )
            after = {"kind": "setup", "validTo": datetime.format(valid_to), "maxUses": max_uses}
            await record(tx, network_id, AuditEntry("Create", "Token", after=after), now)

        await self._store.write(work)
        return TokenInfo(token, SETUP_SCOPE, datetime.format(now), datetime.format(valid_to))

    async def get(self, network_id: int, token: str, now: int) -> TokenInfo:
        """Returns a token of the network with its scope and dates. Raises `NotFound`."""
        row = await self._store.one(queries.SETUP_TOKEN, network_id=network_id, hash=hash_token(token), now=now)
        if row is None:
            raise _unknown()
        return token_info(token, row)

    async def revoke(self, network_id: int, token: str, now: int) -> None:
        """Revokes a token; players that have registered with it stay. Raises `NotFound`."""

        async def work(tx: Transaction) -> int:
            deleted = await tx.execute(
                queries.DELETE_SETUP_TOKEN, hash=hash_token(token), now=now, network_id=network_id
            )
            if deleted:
                await record(tx, network_id, AuditEntry("Revoke", "Token", before={"kind": "setup"}), now)
            return deleted

        if not await self._store.write(work):
            raise _unknown()


def _unknown() -> NotFound:
    return NotFound("The setup token is unknown in this network, has expired or was revoked.")
