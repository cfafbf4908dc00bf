"""The names of players in lists that have only their ids."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from signfleet.console.view import View
from signfleet.fleet.devices.screenshots.service import LinkMaker
from signfleet.fleet.health.service import HealthLists
from signfleet.foundation.blobs.links import Links
from signfleet.web.contract.paging import ListQuery


class _Named(msgspec.Struct):
    id: int
    name: str | None


_decoder = msgspec.json.Decoder(list[_Named])


async def names_of(view: View, health_lists: HealthLists, links: Links, ids: Iterable[int]) -> dict[int, str]:
    """Returns the names by id; players without a name, and those that the reader may not see, have none."""
    wanted = sorted({id_ for id_ in ids if id_})
    if not wanted:
        return {}
    among = ListQuery(f"[id] IS IN ({', '.join(map(str, wanted))})", None, None, len(wanted))
    found = await health_lists.list_(view.session, among, LinkMaker(links, view.call.base_url, view.now))
    return {each.id: each.name for each in _decoder.decode(b"[%b]" % b",".join(found.items)) if each.name}
