"""A client of the API for tests and benchmarks that talk to a server in another process."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from types import TracebackType
from typing import Any, Self

import httpx

from signfleet.app.bootstrap import Tenant
from signfleet.simulator.run import simulate

MAIN = "/2022/06/REST"


class Api:
    """A signed-in application with one network chosen."""

    def __init__(self, address: str, tenant: Tenant) -> None:
        self.address = address
        self.network = tenant
        self.http = httpx.Client(base_url=address, timeout=30, verify=False)
        tokens = self.http.post(
            "/realms/bsncloud/protocol/openid-connect/token",
            auth=(tenant.client_id, tenant.client_secret),
            data={"grant_type": "client_credentials"},
        ).raise_for_status()
        self.token: str = tokens.json()["access_token"]
        self.http.headers["Authorization"] = f"Bearer {self.token}"
        self.http.put(f"{MAIN}/Self/Session/Network/", json={"name": tenant.network}).raise_for_status()

    def get(self, path: str, **query: str) -> Any:
        return self.http.get(f"{MAIN}{path}", params=query).raise_for_status().json()

    def devices(self, **query: str) -> Iterator[dict[str, Any]]:
        """Yields every device, page by page."""
        marker: str | None = ""
        while marker is not None:
            page = self.get("/Devices/", **query, **({"marker": marker} if marker else {}))
            yield from page["items"]
            marker = page["nextMarker"]

    def setup_token(self) -> str:
        """Issues a token that registers players in the network."""
        answer = self.http.post(f"{MAIN}/Provisioning/Setups/Tokens/").raise_for_status()
        return str(answer.json()["token"])

    def add_players(self, count: int) -> None:
        """Registers simulated players and has each report once."""
        asyncio.run(simulate(self.address, self.setup_token(), count, rounds=1))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.http.close()
