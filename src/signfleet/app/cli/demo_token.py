"""A file from which curl reads a token of the demo's administrator, so that no command line contains a secret."""

from __future__ import annotations

import asyncio
from pathlib import Path

NAME = "credentials.curl"
#: Seconds between a failed attempt and the next one.
RETRY = 5.0


class TokenFile:
    """Contains a token that is valid for some minutes, as long as `renew` runs."""

    def __init__(self, folder: Path, address: str, form: dict[str, str]) -> None:
        self.path = folder / NAME
        self._address = address
        self._form = form

    async def write(self) -> float:
        """Signs in and writes the file; returns the lifetime of the token in seconds. Raises `httpx.HTTPError`."""
        import httpx

        from signfleet.foundation.private_files import write_private

        async with httpx.AsyncClient(base_url=f"{self._address}/2022/06/REST", timeout=30) as http:
            answer = await http.post("/Token", data=self._form)
            answer.raise_for_status()
        tokens = answer.json()
        write_private(self.path, f'header = "Authorization: Bearer {tokens["access_token"]}"\n')
        return float(tokens["expires_in"])

    async def renew(self) -> None:
        """Rewrites the file before its token expires; deletes it when cancelled."""
        import httpx

        try:
            while True:
                try:
                    wait = await self.write() / 2
                except (OSError, httpx.HTTPError):  # the server is busy or the disk full
                    wait = RETRY
                await asyncio.sleep(wait)
        finally:
            self.path.unlink(missing_ok=True)
