"""Draws pictures that look like signage, the same for the same player and moment."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from functools import lru_cache
from io import BytesIO
from random import Random

from PIL import Image, ImageDraw, ImageFont

from signfleet.foundation.wire.datetime import format_wall_clock, wall_clock
from signfleet.foundation.wire.zones import zone
from signfleet.simulator.behaviour import presentation
from signfleet.simulator.fleet import Profile

LANDSCAPE = (1280, 720)

#: background from, to and accent for each kind of presentation.
_PALETTES = {
    "Lobbies": ((14, 42, 71), (26, 95, 122), (255, 201, 60)),
    "Menu Boards": ((44, 24, 16), (92, 54, 34), (255, 179, 71)),
    "Retail Floor": ((120, 20, 60), (220, 70, 90), (255, 240, 210)),
    "Wayfinding": ((16, 32, 36), (20, 70, 66), (122, 229, 130)),
    "Meeting Rooms": ((30, 30, 46), (62, 58, 102), (137, 220, 235)),
}

_DISHES = (
    "Granola & berries",
    "Avocado toast",
    "Shakshuka",
    "Croissant",
    "Soup of the day",
    "Green curry",
    "Flat white",
)
_DESTINATIONS = ("Airport", "Central Station", "Harbour", "University", "Old Town", "Stadium", "Museum Quarter")
_MEETINGS = ("Quarterly review", "Design sync", "Interview", "Customer visit", "Town hall", "Workshop")

_Draw = ImageDraw.ImageDraw
_Colour = tuple[int, int, int]
_Box = tuple[int, int, int, int]
_WHITE = (250, 250, 250)


def picture(profile: Profile, now: int, quality: int = 60, size: tuple[int, int] = LANDSCAPE) -> bytes:
    """Draws what `profile` shows at `now` (ms) as a JPEG of `quality` (1 to 100); `size` is of the landscape format."""
    return encoded(drawn(profile, now, size), "JPEG", quality)


def encoded(image: Image.Image, form: str, quality: int) -> bytes:
    """Returns a picture as a file: a JPEG of `quality`, or a PNG."""
    file = BytesIO()
    image.save(file, form, quality=quality)
    return file.getvalue()


def drawn(profile: Profile, now: int, size: tuple[int, int]) -> Image.Image:
    """Draws what `profile` shows at `now` (ms); `size` is of the landscape format."""
    width, height = (size[1], size[0]) if profile.portrait else size
    start, end, accent = _PALETTES[profile.group]
    image = _background(width, height, start, end).copy()
    draw = ImageDraw.Draw(image)
    unit = min(width, height) // 18
    margin = unit
    showing = presentation(profile, now)
    local = format_wall_clock(wall_clock(now, zone(profile.place.timezone)))
    draw.text((margin, margin), showing, _WHITE, _font(2 * unit))
    draw.text((width - margin, margin), local[11:16], accent, _font(2 * unit), anchor="ra")
    draw.text((margin, margin + int(2.4 * unit)), _drawable(profile.place.locality), accent, _font(unit))
    box = (margin, 5 * unit, width - margin, height - 3 * unit)
    chance = profile.random("picture", now // 3_600_000)
    _CONTENTS[profile.group](draw, box, unit, accent, chance)
    draw.rectangle((0, height - 2 * unit, width, height), fill=accent)
    ticker = f"{_drawable(profile.name)}  ·  {local[:10]}"
    draw.text((margin, height - unit), ticker, start, _font(unit * 4 // 5), anchor="lm")
    return image


@lru_cache(maxsize=16)
def _background(width: int, height: int, start: _Colour, end: _Colour) -> Image.Image:
    """Draws a gradient from the top left to the bottom right."""
    corners = Image.new("RGB", (2, 2), _between(start, end))
    corners.putpixel((0, 0), start)
    corners.putpixel((1, 1), end)
    return corners.resize((width, height), Image.Resampling.BICUBIC)


@lru_cache(maxsize=32)
def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)


def _between(one: _Colour, other: _Colour) -> _Colour:
    return (one[0] + other[0]) // 2, (one[1] + other[1]) // 2, (one[2] + other[2]) // 2


def _shade(colour: _Colour, brightness: float) -> _Colour:
    return int(colour[0] * brightness), int(colour[1] * brightness), int(colour[2] * brightness)


def _drawable(text: str) -> str:
    """Returns `text` without accents and without characters that Pillow's own font lacks."""
    return unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()


def _rows(draw: _Draw, box: _Box, unit: int, accent: _Colour, rows: list[tuple[str, str]]) -> None:
    left, top, right, _ = box
    for number, (text, value) in enumerate(rows):
        y = top + int(number * 1.8 * unit)
        draw.text((left, y), text, _WHITE, _font(unit * 6 // 5))
        draw.text((right, y), value, accent, _font(unit * 6 // 5), anchor="ra")
        draw.line((left, y + unit * 8 // 5, right, y + unit * 8 // 5), fill=accent, width=1)


def _menu(draw: _Draw, box: _Box, unit: int, accent: _Colour, chance: Random) -> None:
    _rows(
        draw, box, unit, accent, [(dish, f"{chance.randrange(20, 140) / 10:.2f}") for dish in chance.sample(_DISHES, 5)]
    )


def _departures(draw: _Draw, box: _Box, unit: int, accent: _Colour, chance: Random) -> None:
    rows = [(f"{chance.randrange(1, 30):>2}  {place}", f"{chance.randrange(1, 45)} min") for place in _DESTINATIONS[:5]]
    _rows(draw, box, unit, accent, rows)


def _bookings(draw: _Draw, box: _Box, unit: int, accent: _Colour, chance: Random) -> None:
    rows = [(chance.choice(_MEETINGS), f"{hour:02d}:00 - {hour + 1:02d}:00") for hour in range(9, 18, 2)]
    _rows(draw, box, unit, accent, rows)


def _sale(draw: _Draw, box: _Box, unit: int, accent: _Colour, chance: Random) -> None:
    left, top, right, bottom = box
    middle = ((left + right) // 2, (top + bottom) // 2)
    radius = min(right - left, bottom - top) // 2
    draw.ellipse((middle[0] - radius, middle[1] - radius, middle[0] + radius, middle[1] + radius), fill=accent)
    discount = f"-{chance.choice((20, 30, 40, 50))}%"
    draw.text(middle, discount, _PALETTES["Retail Floor"][0], _font(3 * unit), anchor="mm")


def _welcome(draw: _Draw, box: _Box, unit: int, accent: _Colour, chance: Random) -> None:
    left, top, right, bottom = box
    width = (right - left) // 3
    for column in range(3):
        x = left + column * width
        shade = _shade(accent, (5 + column) / 8)
        draw.rounded_rectangle((x, top, x + width - unit, bottom), unit // 2, fill=shade)
        draw.text((x + unit // 2, top + unit // 2), chance.choice(_MEETINGS), (20, 20, 20), _font(unit * 4 // 5))


_CONTENTS: dict[str, Callable[[_Draw, _Box, int, _Colour, Random], None]] = {
    "Lobbies": _welcome,
    "Menu Boards": _menu,
    "Retail Floor": _sale,
    "Wayfinding": _departures,
    "Meeting Rooms": _bookings,
}
