"""Tags of the demo's players, and how soon they are missed, set through the API as an operator does."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from signfleet.simulator.fleet import Profile

#: Up to so many players report often, so that what happens to them shows soon.
BRISK = 200
#: Seconds between two reports of such a player.
PERIOD = 20
#: Limits of health for them: they are silent after a minute.
_RULES = {"lateAfter": "00:01:00", "silentAfter": "00:01:00"}
_REPORTS_OFTEN = [{"op": "replace", "path": "/settings/synchronization/status/period", "value": f"00:00:{PERIOD}"}]
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


async def set_up_players(address: str, form: dict[str, str], players: int) -> None:
    """Sets the tags of the first of `players` players, and how often they report; `form` is the older sign-in's body.

    If the server is too busy, some players get none, and a log line reports it.
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
                if players <= BRISK:
                    posts.create_task(http.put(f"{address}/admin/v1/health-rules/", json=_RULES))
                    for serial in tags:
                        posts.create_task(http.patch(f"/Devices/{serial}/", json=_REPORTS_OFTEN))
                for serial, some in tags.items():
                    if some:  # a player that has not joined gets 404
                        posts.create_task(http.post(f"/Devices/{serial}/Tags/", json=some))
    except* httpx.HTTPError as errors:
        structlog.get_logger("demo").warning("players are not set up", reason=str(errors.exceptions[0]))
