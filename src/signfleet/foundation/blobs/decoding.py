"""The process that decodes pictures, so that a hostile picture harms only this process.

`pictures.py` runs it as `python -m signfleet.foundation.blobs.decoding`. It reads one picture after another from its
standard input, and before it the side of the small picture to make (0: a thumbnail). It writes two messages for each:
a JSON object and the small picture. It exits when its input ends.
"""

from __future__ import annotations

import json
import re
import signal
import sys
import time
from contextlib import suppress
from io import BytesIO
from typing import Any, BinaryIO, Final

from PIL import Image, ImageOps, JpegImagePlugin, MpoImagePlugin, PngImagePlugin, UnidentifiedImageError

from signfleet.foundation.blobs.frames import read_frame, write_frame

if sys.platform != "win32":
    import os
    import resource

MAX_PIXELS: Final = 34_000_000
MIN_SIDE: Final = 16
MAX_SIDE: Final = 16_384
#: How often a progressive JPEG may refine its pixels; encoders write 10 to 20 scans.
MAX_SCANS: Final = 50
THUMBNAIL: Final = (150, 150)
#: Sides of the grid of brightnesses that a picture is compared by.
GRID: Final = (16, 16)
#: Longer messages are not pictures: the endpoint accepts 8 MiB.
LONGEST: Final = 32 * 1024 * 1024
#: Seconds of processor time for one picture; the largest take 1 to 2.
SECONDS: Final = 5
#: Bytes of address space; the largest pictures take 360 MB.
MEMORY: Final = 512 * 1024 * 1024

#: Media types of the accepted formats, by Pillow's names.
MEDIA_TYPES: Final = {
    JpegImagePlugin.JpegImageFile.format: "image/jpeg",
    MpoImagePlugin.MpoImageFile.format: "image/jpeg",
    PngImagePlugin.PngImageFile.format: "image/png",
}

#: The next marker of a JPEG, found as decoders do: fill bytes, escaped bytes and restarts are not markers.
_MARKER = re.compile(rb"\xff([^\x00\xff\xd0-\xd7])", re.DOTALL)
_START_OF_IMAGE, _END_OF_IMAGE, _START_OF_SCAN, _FIRST_WITH_LENGTH = 0xD8, 0xD9, 0xDA, 0xC0


class PictureTooLarge(Exception):
    """The picture has too many pixels, or needs too much memory."""


def scans(jpeg: bytes) -> int:
    """Counts the scans of a JPEG from its markers alone; never fewer than a decoder finds."""
    count = position = 0
    while found := _MARKER.search(jpeg, position):
        marker, position = found[1][0], found.end()
        if marker == _END_OF_IMAGE:
            break
        count += marker == _START_OF_SCAN
        if marker >= _FIRST_WITH_LENGTH and marker != _START_OF_IMAGE:
            position += int.from_bytes(jpeg[position : position + 2], "big")
    return count


def decode(content: bytes, side: int = 0) -> tuple[dict[str, Any], bytes]:
    """Returns the facts of a picture, and the same picture with sides of at most `side` pixels; 0: its thumbnail.

    Raises `PictureTooLarge`, and any other exception for bytes that are not a picture.
    """
    with Image.open(BytesIO(content), formats=("JPEG", "PNG")) as image:
        width, height = image.size
        if width * height > MAX_PIXELS or max(width, height) > MAX_SIDE:
            raise PictureTooLarge(
                f"The picture is {width} × {height}; {MAX_PIXELS} pixels and sides up to {MAX_SIDE} are allowed."
            )
        if min(width, height) < MIN_SIDE:
            raise ValueError(f"it is {width} × {height}, and a side has at least {MIN_SIDE} pixels")
        media_type = MEDIA_TYPES[image.format or ""]
        if media_type == "image/jpeg" and (count := scans(content)) > MAX_SCANS:
            raise ValueError(f"it has {count} scans, and {MAX_SCANS} are allowed")
        # For a small result a JPEG decoder skips most of the work, but still reads the whole file.
        wanted = (side, side) if side else (2 * THUMBNAIL[0], 2 * THUMBNAIL[1])
        image.draft("RGB", wanted)
        whole = image.convert("RGB")
    if side:
        small, grid = whole, ""
        small.thumbnail((side, side), Image.Resampling.BICUBIC)
    else:
        small = ImageOps.pad(whole, THUMBNAIL, Image.Resampling.BICUBIC)
        grid = whole.convert("L").resize(GRID, Image.Resampling.BOX).tobytes().hex()
    file = BytesIO()
    small.save(file, "JPEG", quality=80)
    return {"media_type": media_type, "width": width, "height": height, "grid": grid}, file.getvalue()


def _answer(content: bytes, side: int) -> tuple[dict[str, Any], bytes]:
    try:
        return decode(content, side)
    except PictureTooLarge as error:
        return {"too_large": str(error)}, b""
    except MemoryError:
        return {"too_large": "The picture takes more memory to decode than is allowed."}, b""
    except UnidentifiedImageError:
        return {"invalid": "it does not begin like one"}, b""
    except Exception as error:  # Pillow raises a dozen kinds of exceptions for broken files
        return {"invalid": str(error).rstrip(".")}, b""


def _restrict() -> None:
    """Limits this process's resources, and lowers its priority. macOS does not limit address space."""
    for number in (signal.SIGINT, signal.SIGTERM):  # the server, which may get the same signal, ends this process
        signal.signal(number, signal.SIG_IGN)
    if sys.platform != "win32":
        for kind, most in ((resource.RLIMIT_AS, MEMORY), (resource.RLIMIT_CORE, 0), (resource.RLIMIT_FSIZE, 0)):
            with suppress(ValueError, OSError):
                resource.setrlimit(kind, (most, most))
        with suppress(OSError):
            os.nice(10)


def _allow_one_picture() -> None:
    """Makes the system end this process after `SECONDS` more of processor time."""
    if sys.platform != "win32":
        used = resource.getrusage(resource.RUSAGE_SELF)
        most = int(used.ru_utime + used.ru_stime) + 1 + SECONDS
        with suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_CPU, (most, resource.getrlimit(resource.RLIMIT_CPU)[1]))


def serve(pictures: BinaryIO, answers: BinaryIO) -> None:
    """Decodes pictures until the input ends."""
    while (side := read_frame(pictures, 2)) is not None and (content := read_frame(pictures, LONGEST)) is not None:
        _allow_one_picture()
        started = time.process_time()
        found, thumbnail = _answer(content, int.from_bytes(side, "big"))
        del content
        write_frame(answers, json.dumps(found | {"seconds": time.process_time() - started}).encode())
        write_frame(answers, thumbnail)


if __name__ == "__main__":
    #: `decode` checks the size before a pixel is decoded; Pillow would write a warning into the log.
    Image.MAX_IMAGE_PIXELS = None
    _restrict()
    with suppress(BrokenPipeError):
        serve(sys.stdin.buffer, sys.stdout.buffer)
