"""`/files`: stored files, for everyone who has a signed link to them."""

from __future__ import annotations

from signfleet.foundation.blobs.files import Blobs
from signfleet.foundation.blobs.links import PREFIX, Links
from signfleet.foundation.blobs.sized import SIDES, SizedPictures
from signfleet.foundation.errors import NotFound
from signfleet.web.http.call import Answer, Call
from signfleet.web.http.endpoint import Endpoints
from signfleet.web.http.media import ANY_TYPE

MEDIA_TYPES = {"jpg": "image/jpeg", "png": "image/png"}

endpoints = Endpoints(PREFIX, family="Files", caller="public")


@endpoints.get("/{expires}/{signature}/{file:path}", answer=bytes, produces=ANY_TYPE, errors="400 404 5XX")
async def get_file(
    call: Call, links: Links, blobs: Blobs, sized: SizedPictures, *, expires: str, signature: str, file: str
) -> Answer:
    """Get a picture by the link in another answer.

    The link needs no token; it works for about a day.
    """
    content = None
    if links.admits(file, expires, signature, call.now):
        side, _, name = file.partition("/")
        content = await (sized.get(name, SIDES[side]) if side in SIDES else blobs.get(file))
    if content is None:
        raise NotFound("There is no such file, or the link to it has expired; ask for a new link.")
    return Answer(
        body=content,
        media_type=MEDIA_TYPES.get(file.rpartition(".")[2], "application/octet-stream"),
        headers={
            "Cache-Control": "private, max-age=86400, immutable",
            "Content-Security-Policy": "default-src 'none'",
        },
    )
