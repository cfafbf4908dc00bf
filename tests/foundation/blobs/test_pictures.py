"""Pictures are taken for what is in them, not for what they are said to be."""

import asyncio
import os
import resource
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from io import BytesIO
from zlib import compress, crc32

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from signfleet.foundation.blobs import pictures as limits
from signfleet.foundation.blobs.decoding import MAX_PIXELS, MAX_SCANS, MAX_SIDE, MEMORY, SECONDS, scans
from signfleet.foundation.blobs.pictures import Picture, Pictures
from signfleet.foundation.errors import Busy, Invalid, SignfleetError, Throttled, TooLarge


@pytest.fixture(scope="module")
def shared() -> Iterator[Pictures]:
    """Decodes for tests that leave it as it was."""
    made = Pictures()
    yield made
    made.close()


@pytest.fixture
def pictures() -> Iterator[Pictures]:
    """Decodes for one test, which may break it."""
    made = Pictures()
    yield made
    made.close()


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
async def test_jpeg_and_png_of_any_kind_get_a_size_and_a_thumbnail(
    shared: Pictures, image_format: str, mode: str, media_type: str
) -> None:
    picture = await shared.examine(drawn(image_format, mode))
    assert (picture.media_type, picture.width, picture.height) == (media_type, 320, 180)
    thumbnail = Image.open(BytesIO(picture.thumbnail))
    assert (thumbnail.format, thumbnail.size) == ("JPEG", (150, 150))


async def test_the_thumbnail_shows_the_whole_picture(shared: Pictures) -> None:
    file = BytesIO()
    Image.new("RGB", (1000, 100), (255, 0, 0)).save(file, "PNG")
    thumbnail = Image.open(BytesIO((await shared.examine(file.getvalue())).thumbnail))
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
async def test_anything_else_is_no_picture(shared: Pictures, content: bytes) -> None:
    with pytest.raises(Invalid, match="not a whole JPEG or PNG picture") as raised:
        await shared.examine(content)
    assert "0x" not in raised.value.message


@pytest.mark.parametrize("size", [(MAX_SIDE + 1, 16), (MAX_PIXELS // 5000 + 1, 5000), (MAX_SIDE, MAX_SIDE)])
async def test_a_picture_with_too_many_pixels_is_refused_before_it_is_decoded(
    shared: Pictures, size: tuple[int, int]
) -> None:
    whole = drawn("PNG", "1", (32, 32))
    header = b"".join(side.to_bytes(4, "big") for side in size)
    with pytest.raises(TooLarge, match="pixels"):
        await shared.examine(_with_size(whole, header))


def _with_size(png: bytes, header: bytes) -> bytes:
    """The same PNG with another size in its header, and the checksum that goes with it."""
    chunk = b"IHDR" + header + png[24:29]
    return png[:12] + chunk + crc32(chunk).to_bytes(4, "big") + png[33:]


@settings(max_examples=60, deadline=None)
@given(st.sampled_from([drawn("JPEG"), drawn("PNG")]), st.data())
async def test_damaged_pictures_are_refused(shared: Pictures, content: bytes, data: st.DataObject) -> None:
    damaged = bytearray(content)
    for _ in range(data.draw(st.integers(1, 8))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    with suppress(SignfleetError):
        assert isinstance(await shared.examine(bytes(damaged)), Picture)


def with_many_scans(count: int) -> bytes:
    """A progressive JPEG whose last scan comes `count` times more than it has to."""
    file = BytesIO()
    Image.linear_gradient("L").resize((1600, 1200)).convert("RGB").save(file, "JPEG", progressive=True)
    jpeg = file.getvalue()
    last = jpeg.rindex(b"\xff\xda")
    return jpeg[:-2] + jpeg[last:-2] * count + b"\xff\xd9"


async def test_an_ordinary_progressive_jpeg_has_few_scans(shared: Pictures) -> None:
    assert 1 < scans(with_many_scans(0)) < MAX_SCANS / 2
    assert scans(with_many_scans(7)) == scans(with_many_scans(0)) + 7
    assert scans(drawn("JPEG")) == 1
    assert (await shared.examine(with_many_scans(5))).width == 1600


async def test_a_jpeg_with_a_thousand_scans_is_refused_before_it_is_decoded(shared: Pictures) -> None:
    with pytest.raises(Invalid, match="scans, and 50 are allowed"):
        await shared.examine(with_many_scans(1000))


@pytest.mark.parametrize(
    "hidden",
    [
        pytest.param(lambda scan: b"\xff\xff\xff" + scan[1:], id="behind fill bytes"),
        pytest.param(lambda scan: b"\xff\x02\xff\xff" + scan, id="behind a reserved marker with a length"),
        pytest.param(lambda scan: b"\xff\x01\x7f\xff" + scan, id="behind a marker without a length"),
        pytest.param(lambda scan: b"\xff\xd8\x7f\xff" + scan, id="behind the start of an image"),
        pytest.param(lambda scan: b"\x00\xff\x00\xff\xd3" + scan, id="behind an escape and a restart"),
    ],
)
def test_every_scan_is_counted(hidden: object) -> None:
    assert callable(hidden)
    jpeg = drawn("JPEG")
    scan = jpeg[jpeg.index(b"\xff\xda") : -2]
    assert scans(jpeg[:-2] + hidden(scan) * 60 + b"\xff\xd9") > MAX_SCANS


def test_scan_markers_inside_a_comment_are_not_counted() -> None:
    jpeg = drawn("JPEG")
    comment = b"\xff\xfe" + (2 + 400).to_bytes(2, "big") + b"\xff\xda" * 200
    assert scans(jpeg[:2] + comment + jpeg[2:]) == 1
    assert scans(jpeg + b"\xff\xda" * 200) == 1, "behind its end"


def chunk(kind: bytes, content: bytes) -> bytes:
    return len(content).to_bytes(4, "big") + kind + content + crc32(kind + content).to_bytes(4, "big")


@pytest.mark.parametrize(
    "bomb",
    [
        pytest.param(lambda: chunk(b"zTXt", b"Comment\0\0" + compress(bytes(50_000_000), 9)) * 20, id="texts"),
        pytest.param(lambda: chunk(b"iCCP", b"profile\0\0" + compress(bytes(200_000_000), 9)), id="colour profile"),
        pytest.param(lambda: chunk(b"tEXt", b"a\0b") * 100_000, id="very many chunks"),
    ],
)
async def test_a_png_that_unpacks_to_gigabytes_is_cheap(shared: Pictures, bomb: Callable[[], bytes]) -> None:
    png = drawn("PNG")
    with suppress(Invalid, TooLarge):
        await shared.examine(png[:33] + bomb() + png[33:])
    assert (await shared.examine(png)).width == 320


async def test_pixels_behind_the_last_row_are_not_unpacked(shared: Pictures) -> None:
    png = drawn("PNG", "L", (64, 64))
    pixels = chunk(b"IDAT", compress(bytes(100_000_000), 1))
    bomb = png[:33] + pixels + chunk(b"IEND", b"")
    assert (await shared.examine(bomb)).width == 64


async def test_decoders_are_limited_by_the_system(pictures: Pictures) -> None:
    await pictures.examine(drawn("PNG"))
    (pid,) = pictures.pids
    assert resource.prlimit(pid, resource.RLIMIT_AS) == (MEMORY, MEMORY)
    assert resource.prlimit(pid, resource.RLIMIT_FSIZE) == (0, 0)
    assert SECONDS <= resource.prlimit(pid, resource.RLIMIT_CPU)[0] <= SECONDS + 3


async def test_a_picture_that_needs_too_much_memory_is_refused_and_the_next_is_not(pictures: Pictures) -> None:
    await pictures.examine(drawn("PNG"))
    (pid,) = pictures.pids
    resource.prlimit(pid, resource.RLIMIT_AS, (64 * 1024 * 1024, MEMORY))
    with pytest.raises(TooLarge, match="memory"):
        await pictures.examine(drawn("PNG", "RGBA", (4000, 4000)))
    assert (await pictures.examine(drawn("PNG"))).width == 320
    assert pictures.pids == [pid]


async def at_work(pictures: Pictures, owner: str = "player") -> tuple[int, asyncio.Task[Picture]]:
    """A decoder that is stopped while it has a picture, and who waits for it."""
    await pictures.examine(drawn("PNG"), "nobody")
    (pid,) = pictures.pids
    os.kill(pid, signal.SIGSTOP)
    return pid, asyncio.create_task(pictures.examine(drawn("PNG"), owner))


async def has_ended(pid: int) -> bool:
    """Whether there is no such process, after a while."""
    for _ in range(1200):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        await asyncio.sleep(0.05)
    return False


@pytest.mark.parametrize(
    ("number", "error", "text"),
    [
        (signal.SIGXCPU, Invalid, "too long to decode"),
        (signal.SIGSEGV, Invalid, "not a whole JPEG or PNG picture"),
        (signal.SIGKILL, Busy, "try again"),
    ],
)
async def test_a_decoder_that_dies_answers_for_one_picture_alone(
    pictures: Pictures, number: signal.Signals, error: type[Exception], text: str
) -> None:
    pid, task = await at_work(pictures)
    await asyncio.sleep(0.05)
    os.kill(pid, number)
    os.kill(pid, signal.SIGCONT)
    with pytest.raises(error, match=text):
        await task
    assert await has_ended(pid)
    assert (await pictures.examine(drawn("PNG"), "another")).width == 320
    if error is Invalid:
        with pytest.raises(Throttled, match="too long to decode"):
            await pictures.examine(drawn("PNG"), "player")


async def test_a_decoder_that_died_while_it_waited_is_started_again(pictures: Pictures) -> None:
    await pictures.examine(drawn("PNG"))
    (pid,) = pictures.pids
    os.kill(pid, signal.SIGKILL)
    await asyncio.to_thread(os.waitid, os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    assert (await pictures.examine(drawn("PNG"))).width == 320
    assert pictures.pids != [pid]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_to_all_processes_of_the_server_ends_no_decoding(
    pictures: Pictures, number: signal.Signals
) -> None:
    pid, task = await at_work(pictures)
    os.kill(pid, number)
    os.kill(pid, signal.SIGCONT)
    assert (await task).width == 320


async def test_a_picture_that_takes_too_long_is_abandoned(pictures: Pictures, monkeypatch: pytest.MonkeyPatch) -> None:
    pid, task = await at_work(pictures)
    monkeypatch.setattr(limits, "SECONDS", 0.2)
    with pytest.raises(Busy, match="took too long"):
        await task
    monkeypatch.undo()
    assert await has_ended(pid)
    assert (await pictures.examine(drawn("PNG"), "another")).width == 320


async def test_a_sender_that_leaves_ends_its_decoding(pictures: Pictures) -> None:
    pid, task = await at_work(pictures)
    await asyncio.sleep(0.05)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await has_ended(pid)
    assert (await pictures.examine(drawn("PNG"), "player")).width == 320


async def test_closing_ends_what_is_under_way(pictures: Pictures) -> None:
    pid, task = await at_work(pictures)
    await asyncio.sleep(0.05)
    pictures.close()
    assert await has_ended(pid)
    with pytest.raises(Busy):
        await task


async def test_one_player_has_few_pictures_under_way(pictures: Pictures) -> None:
    pid, first = await at_work(pictures)
    second = asyncio.create_task(pictures.examine(drawn("PNG"), "player"))
    await asyncio.sleep(0)
    with pytest.raises(Throttled, match="one after the other"):
        await pictures.examine(drawn("PNG"), "player")
    os.kill(pid, signal.SIGCONT)
    assert [(await task).width for task in (first, second)] == [320, 320]
    assert (await pictures.examine(drawn("PNG"), "player")).width == 320


async def test_all_together_have_a_bounded_number_under_way(
    pictures: Pictures, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "WAITING", 8)
    tasks = [asyncio.create_task(pictures.examine(drawn("PNG"), number)) for number in range(12)]
    answers = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(answer) for answer in answers] == [Picture] * 8 + [Busy] * 4


async def test_a_player_whose_pictures_are_costly_waits_longer(
    pictures: Pictures, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "CREDIT", 0)
    await pictures.examine(drawn("PNG", size=(2000, 2000)), "player")
    with pytest.raises(Throttled, match="too long to decode") as raised:
        await pictures.examine(drawn("PNG"), "player")
    assert raised.value.retry_after >= 1
    assert (await pictures.examine(drawn("PNG"), "another")).width == 320
    ahead = time.monotonic() + raised.value.retry_after
    monkeypatch.setattr("signfleet.foundation.blobs.pictures.clock.monotonic", lambda: ahead)
    assert (await pictures.examine(drawn("PNG"), "player")).width == 320
