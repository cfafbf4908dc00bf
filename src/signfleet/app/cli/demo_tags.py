"""Tags of the demo's players, set through the API as an operator does."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from signfleet.simulator.fleet import Profile

#: Upper limit of players with tags; more would not show more.
TAGGED = 500

_OWNERS = {
    "Lobbies": "Facilities",
    "Menu Boards": "Catering",
    "Retail Floor": "Marketing",
    "Wayfinding": "Facilities",
    "Meeting Rooms": "IT",
}


def tags_of(profile: Profile) -> dict[str, Any]:
    """Returns the tags of a player by key; one player in eight has none."""
    chance = profile.random("tags")
    if chance.random() < 1 / 8:
        return {}
    year, month, day = chance.randrange(2021, 2026), chance.randrange(1, 13), chance.randrange(1, 29)
    tags: dict[str, Any] = {
        "string::[Device].<Owner>": _OWNERS[profile.group],
        "number::[Device].<Floor>": chance.choice((0, 0, 0, 1, 1, 2, 3, 4, 12)),
        "dateTime::[Device].<Installed>": f"{year}-{month:02d}-{day:02d}T09:00:00Z",
    }
    if profile.group in ("Retail Floor", "Wayfinding"):
        tags["boolean::[Device].<Outdoor>"] = chance.random() < 0.3
    return tags


async def tag_players(address: str, form: dict[str, str], players: int) -> None:
    """Sets the tags of the first of `players` players; `form` is the body of the older sign-in.

    If the server is too busy, some players get no tags, and a log line reports it.
    """
    import httpx
    import structlog

    from signfleet.simulator.fleet import fleet

    try:
        async with httpx.AsyncClient(base_url=f"{address}/2022/06/REST", timeout=30) as http:
            answer = await http.post("/Token", data=form)
            answer.raise_for_status()
            http.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
            tags = {profile.serial: tags_of(profile) for profile in fleet(min(players, TAGGED))}
            async with asyncio.TaskGroup() as posts:  # all at once: players draw their first pictures meanwhile
                for serial, some in tags.items():
                    if some:  # a player that has not joined gets 404
                        posts.create_task(http.post(f"/Devices/{serial}/Tags/", json=some))
    except* httpx.HTTPError as errors:
        structlog.get_logger("demo").warning("players have no tags", reason=str(errors.exceptions[0]))
