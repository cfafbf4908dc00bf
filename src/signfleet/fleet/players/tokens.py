"""Issues new tokens to players: for a refresh token, or for the secret of their device."""

from __future__ import annotations

from typing import Final

import msgspec

from signfleet.fleet.joining import secrets
from signfleet.fleet.joining.store import END_SESSIONS
from signfleet.fleet.players import store as queries
from signfleet.fleet.players.clones import Clones, Sign
from signfleet.fleet.players.schemas import Tokens
from signfleet.foundation.rate_limit import RateLimit
from signfleet.foundation.storage.interface import Store, Transaction
from signfleet.foundation.wire.text import fold
from signfleet.foundation.wire.timespan import MINUTE
from signfleet.identity.access import store as access
from signfleet.identity.access.token_issue import Lifetimes, open_session, renew
from signfleet.identity.access.tokens import hash_token
from signfleet.web.caller.actor import acting
from signfleet.web.caller.scopes import DEVICE_SCOPE
from signfleet.web.contract.oauth import OAuthError

#: A used refresh token works again for this long (ms), because the answer may have been lost.
GRACE: Final = 2 * MINUTE


def lifetimes_of(network: queries.DeviceTokenLifetimes) -> Lifetimes:
    """Returns how long the tokens of a network's devices live."""
    return Lifetimes(network.device_access_token_lifetime, network.device_refresh_token_lifetime)


class PlayerTokens:
    """Issues tokens to devices; refusals are OAuth errors. `rate_limit` counts per device or address."""

    def __init__(self, store: Store, rate_limit: RateLimit) -> None:
        self._store = store
        self._rate_limit = rate_limit
        self._clones = Clones()

    async def refresh(self, refresh_token: str, now: int) -> Tokens:
        """Exchanges a refresh token. The last one works again while nothing of its answer has been used.

        Reuse of an older one means that the token or the whole player was copied, so its session ends with all its
        tokens.
        """
        key = hash_token(refresh_token)
        row = await self._store.one(access.REFRESH_TOKEN, hash=key)
        if row is None:
            self._rate_limit.check(acting().address)
            raise _invalid_grant("The refresh token is unknown or was revoked.")
        if row.device_id is None or row.network_id is None:
            raise _invalid_grant("The refresh token belongs to a person, not to a player.")
        self._rate_limit.check(row.device_id)
        network_id, device_id = row.network_id, row.device_id
        signs: list[Sign] = []

        async def work(tx: Transaction) -> Tokens | OAuthError:
            device = await tx.one(queries.LOCK_DEVICE, network_id=network_id, device_id=device_id)
            secret = await secrets.lock(tx, network_id, device_id)
            await tx.one(access.LOCK_SESSION, id=row.session_id)
            token = await tx.one(access.REFRESH_TOKEN, hash=key)
            network = await tx.one(queries.LIFETIMES, network_id=network_id)
            if token is None or network is None:
                return _invalid_grant("The refresh token is unknown or was revoked.")
            if token.used_date is None:
                if token.valid_to <= now:
                    return _invalid_grant("The refresh token has expired.")
                await tx.execute(access.MARK_USED, token_hash=key, now=now)
                secret, text = secret._replace(is_received=True), None
            elif await self._may_repeat(tx, token, key, secret, now):
                await tx.execute(queries.SPEND_REFRESH_TOKENS, of_session_id=token.session_id, now=now)
                text = None
            else:
                await tx.execute(access.DELETE_SESSION, id=token.session_id)
                if device is not None:
                    signs[:] = [Sign("reused_refresh_token", secret.address)]
                    await self._clones.record(tx, device, signs[0], now)
                return _invalid_grant("The refresh token was used before; all tokens of its session are revoked.")
            if secret.hash is None or _came_with(secret, token):
                text, secret = secrets.issue(now)
                secret = secret._replace(is_received=True)
            await secrets.save(tx, network_id, device_id, secret.seen())
            issued = await renew(tx, token.session_id, scope=token.scope, lifetimes=lifetimes_of(network), now=now)
            await tx.execute(queries.SET_GRANTED_BY, of_session_id=token.session_id, refresh_hash=key)
            return Tokens.of(issued, device_secret=text or msgspec.UNSET)

        with self._rate_limit.refunding(device_id):
            outcome = await self._store.write(work)
        for sign in signs:
            self._clones.note_recorded(device_id, sign, now)
        return _tokens(outcome)

    async def _may_repeat(
        self, tx: Transaction, token: queries.UsedToken, key: bytes, secret: secrets.DeviceSecret, now: int
    ) -> bool:
        """Returns whether a used refresh token is the last one, and its answer may have been lost.

        For an answer with the player's first secret there is no time limit: the player has no other credential.
        """
        granted = await tx.one(queries.USE_OF_GRANTED, of_session_id=token.session_id, refresh_hash=key)
        if granted is None or granted.used_date is not None:
            return False
        return (token.used_date is not None and now - token.used_date < GRACE) or _came_with(secret, token)

    async def with_secret(self, serial: str, device_secret: str, now: int) -> Tokens:
        """Issues an access token for the secret of a device and revokes its earlier tokens."""
        device = await self._store.one(queries.SECRET_OF_SERIAL, serial_key=fold(serial))
        if device is None or not secrets.DeviceSecret(device.hash and bytes(device.hash)).is_proved_by(device_secret):
            self._rate_limit.check(acting().address)
            raise _invalid_client("The serial number and the device secret do not match.")
        self._rate_limit.check(device.id)
        network_id, device_id = device.network_id, device.id
        signs: list[Sign] = []
        known: list[str | None] = []

        async def work(tx: Transaction) -> Tokens | OAuthError:
            locked = await tx.one(queries.LOCK_DEVICE, network_id=network_id, device_id=device_id)
            secret = await secrets.lock(tx, network_id, device_id)
            if not secret.is_proved_by(device_secret):
                return _invalid_client("The device secret has just been replaced or released.")
            network = await tx.one(queries.LIFETIMES, network_id=network_id)
            if network is None or network.is_locked_out:
                return _invalid_client("The network of this device is locked out.")
            known[:], signs[:] = [secret.address], []
            if locked is not None and self._clones.alternates(device_id, secret.address, now):
                signs[:] = [Sign("secret_used_by_turns", secret.address)]
                await self._clones.record(tx, locked, signs[0], now)
            await secrets.save(tx, network_id, device_id, secret.presented())
            await tx.execute(END_SESSIONS, in_network=network_id, of_device=device_id)
            issued = await open_session(
                tx,
                scope=DEVICE_SCOPE,
                lifetimes=Lifetimes(network.device_access_token_lifetime),
                now=now,
                network_id=network_id,
                device_id=device_id,
            )
            return Tokens.of(issued)

        with self._rate_limit.refunding(device_id):
            outcome = await self._store.write(work)
        for address in known:
            self._clones.note_address(device_id, address, now)
        for sign in signs:
            self._clones.note_recorded(device_id, sign, now)
        return _tokens(outcome)


def _tokens(outcome: Tokens | OAuthError) -> Tokens:
    """Raises a refusal; the transaction that made it, and may have ended a session, is committed before."""
    if isinstance(outcome, OAuthError):
        raise outcome
    return outcome


def _came_with(secret: secrets.DeviceSecret, token: queries.UsedToken) -> bool:
    """Returns whether the answer for this refresh token contained the first secret of the device."""
    return token.used_date is not None and not secret.is_presented and secret.issue_date >= token.used_date


def _invalid_grant(description: str) -> OAuthError:
    return OAuthError(400, "invalid_grant", description)


def _invalid_client(description: str) -> OAuthError:
    return OAuthError(401, "invalid_client", description, {"WWW-Authenticate": 'Basic realm="signfleet"'})
