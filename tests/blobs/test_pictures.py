"""Pictures are taken for what is in them, not for what they are said to be."""

from contextlib import suppress
from io import BytesIO
from zlib import crc32

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from signfleet.blobs.pictures import MAX_PIXELS, MAX_SIDE, Picture, examine
from signfleet.errors import Invalid, SignfleetError, TooLarge

pytestmark = pytest.mark.anyio


def drawn(image_format: str, mode: str = "RGB", size: tuple[int, int] = (320, 180)) -> bytes:
    file = BytesIO()
    Image.linear_gradient("L").resize(size).convert(mode).save(file, image_format)
    return file.getvalue()


@pytest.mark.parametrize(
    ("image_format", "mode", "media_type"),
    [
        ("JPEG", "RGB", "image/jpeg"),
        ("JPEG", "L", "image/jpeg"),
        ("JPEG", "CMYK", "image/jpeg"),
        ("PNG", "RGB", "image/png"),
        ("PNG", "RGBA", "image/png"),
        ("PNG", "P", "image/png"),
        ("PNG", "1", "image/png"),
    ],
)
async def test_jpeg_and_png_of_any_kind_are_measured_and_made_small(
    image_format: str, mode: str, media_type: str
) -> None:
    picture = await examine(drawn(image_format, mode))
    assert (picture.media_type, picture.width, picture.height) == (media_type, 320, 180)
    thumbnail = Image.open(BytesIO(picture.thumbnail))
    assert (thumbnail.format, thumbnail.size) == ("JPEG", (150, 150))


async def test_the_thumbnail_shows_the_whole_picture() -> None:
    file = BytesIO()
    Image.new("RGB", (1000, 100), (255, 0, 0)).save(file, "PNG")
    thumbnail = Image.open(BytesIO((await examine(file.getvalue())).thumbnail))
    left, middle, right, above = (thumbnail.getpixel(at) for at in ((2, 75), (75, 75), (147, 75), (75, 10)))
    assert all(isinstance(pixel, tuple) and pixel[0] > 200 for pixel in (left, middle, right))
    assert isinstance(above, tuple)
    assert above[0] < 50


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"GIF89a",
        b"<svg/>",
        drawn("GIF", "P"),
        drawn("BMP"),
        drawn("JPEG")[:-400],
        drawn("PNG")[:-80],
        drawn("PNG", size=(8, 8)),
    ],
)
async def test_anything_else_is_no_picture(content: bytes) -> None:
    with pytest.raises(Invalid, match="not a whole JPEG or PNG picture") as raised:
        await examine(content)
    assert "0x" not in raised.value.message


@pytest.mark.parametrize("size", [(MAX_SIDE + 1, 16), (MAX_PIXELS // 5000 + 1, 5000), (MAX_SIDE, MAX_SIDE)])
async def test_a_picture_with_too_many_pixels_is_refused_before_it_is_decoded(size: tuple[int, int]) -> None:
    whole = drawn("PNG", "1", (32, 32))
    header = b"".join(side.to_bytes(4, "big") for side in size)
    with pytest.raises(TooLarge, match="pixels"):
        await examine(_with_size(whole, header))


def _with_size(png: bytes, header: bytes) -> bytes:
    """The same PNG with another size in its header, and the checksum that goes with it."""
    chunk = b"IHDR" + header + png[24:29]
    return png[:12] + chunk + crc32(chunk).to_bytes(4, "big") + png[33:]


@settings(max_examples=60, deadline=None)
@given(st.sampled_from([drawn("JPEG"), drawn("PNG")]), st.data())
async def test_no_damage_does_more_than_be_refused(content: bytes, data: st.DataObject) -> None:
    damaged = bytearray(content)
    for _ in range(data.draw(st.integers(1, 8))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    with suppress(SignfleetError):
        assert isinstance(await examine(bytes(damaged)), Picture)
