"""Nothing that can be sent is answered with anything but a filter or a sentence."""

from __future__ import annotations

import random

from signfleet.fleet.devices.catalogue import DEVICES
from signfleet.fleet.devices.screenshots.catalogue import SCREENSHOTS
from signfleet.foundation.errors import Invalid
from signfleet.foundation.expressions.parser import parse_projection
from tests.foundation.expressions.test_reference import EXAMPLES

COUNT = 50_000
_SYNTAX = "[ ] < > ( ) ' , . :: * ? \\ '' AND OR IS NOT NULL IN THE RANGE LAST CONTAINS [Id] [Name] <City> 1 'a' days"
_WORDS = tuple(_SYNTAX.split())
_READERS = [DEVICES.filter] * 8 + [DEVICES.sort, DEVICES.sort, SCREENSHOTS.grouping, parse_projection]


def _mutated(dice: random.Random, source: bytes) -> bytes:
    text = bytearray(source)
    for _ in range(dice.randint(1, 4)):
        at = dice.randrange(len(text) + 1)
        match dice.randrange(4):
            case 0:
                text[at:at] = dice.choice(_WORDS).encode()
            case 1:
                del text[at : at + dice.randint(1, 6)]
            case 2:
                text[at:at] = bytes([dice.randrange(256)])
            case _:
                other = dice.randrange(len(text) + 1)
                text[at:at] = text[min(at, other) : max(at, other)][:20]
    return bytes(text)


def _random(dice: random.Random) -> bytes:
    if dice.random() < 0.5:
        return dice.randbytes(dice.randrange(40))
    return " ".join(dice.choices(_WORDS, k=dice.randint(1, 12))).encode()


def test_any_bytes_are_an_expression_or_a_mistake_with_a_sentence() -> None:
    dice = random.Random(2206)
    sources = [text.encode() for text, _ in EXAMPLES] + [b"[Id] ASC, <City> DESC", b"TOP(3,[Nodes])"]
    for number in range(COUNT):
        raw = _random(dice) if number % 4 == 0 else _mutated(dice, dice.choice(sources))
        text = raw.decode("utf-8", "surrogateescape" if number % 2 else "replace")
        try:
            dice.choice(_READERS)(text)
        except Invalid as error:
            assert error.message[-1] in ".?", text
            assert "\n" not in error.message or "\n" in text, text
