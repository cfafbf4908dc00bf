"""Pictures: checked by what is in them, and made small. Decoding is work for threads, never for the event loop."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from typing import Literal, NamedTuple

from PIL import Image, ImageOps, UnidentifiedImageError

from signfleet.errors import Invalid, TooLarge

MAX_PIXELS = 34_000_000
MIN_SIDE, MAX_SIDE = 16, 16_384
THUMBNAIL = (150, 150)

_MEDIA_TYPES: dict[str, Literal["image/jpeg", "image/png"]] = {
    "JPEG": "image/jpeg",
    "MPO": "image/jpeg",
    "PNG": "image/png",
}
SUFFIXES = {"image/jpeg": "jpg", "image/png": "png"}

#: The size is looked at before a pixel is decoded; Pillow would only write a warning among the log's lines.
Image.MAX_IMAGE_PIXELS = None

#: A picture of the largest size takes about 140 MB while it is decoded: two at a time are enough.
_workers = ThreadPoolExecutor(max_workers=2, thread_name_prefix="pictures")


class Picture(NamedTuple):
    """What is known of a picture after it was decoded; `thumbnail` is a JPEG of 150 by 150 pixels."""

    media_type: Literal["image/jpeg", "image/png"]
    width: int
    height: int
    thumbnail: bytes


async def examine(content: bytes) -> Picture:
    """Decode a JPEG or PNG and make its thumbnail. Raises `Invalid` or `TooLarge`."""
    return await asyncio.get_running_loop().run_in_executor(_workers, _examine, content)


def _examine(content: bytes) -> Picture:
    try:
        with Image.open(BytesIO(content), formats=("JPEG", "PNG")) as image:
            return _picture(image)
    except TooLarge:
        raise
    except UnidentifiedImageError:
        raise Invalid("The body is not a whole JPEG or PNG picture: it does not begin like one.") from None
    except Exception as error:  # Pillow has a dozen kinds of exception for a broken file, and grows more
        raise Invalid(f"The body is not a whole JPEG or PNG picture: {error}.") from None


def _picture(image: Image.Image) -> Picture:
    width, height = image.size
    if width * height > MAX_PIXELS or max(width, height) > MAX_SIDE:
        raise TooLarge(
            f"The picture is {width} × {height}; {MAX_PIXELS} pixels and sides up to {MAX_SIDE} are allowed."
        )
    if min(width, height) < MIN_SIDE:
        raise ValueError(f"it is {width} × {height}, and a side has at least {MIN_SIDE} pixels")
    media_type = _MEDIA_TYPES[image.format or ""]
    # A JPEG decoder can skip most of the work for a small result, and still reads the whole file.
    image.draft("RGB", (2 * THUMBNAIL[0], 2 * THUMBNAIL[1]))
    small = ImageOps.pad(image.convert("RGB"), THUMBNAIL, Image.Resampling.BICUBIC)
    file = BytesIO()
    small.save(file, "JPEG", quality=80)
    return Picture(media_type, width, height, file.getvalue())
