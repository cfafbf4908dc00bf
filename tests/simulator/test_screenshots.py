"""The pictures of simulated players."""

from io import BytesIO

import pytest
from PIL import Image

from signfleet.simulator.fleet import GROUPS, fleet
from signfleet.simulator.screenshots import picture

NOW = 1_710_347_352_000


@pytest.mark.parametrize("group", GROUPS)
def test_every_group_shows_a_picture_of_several_colours(group: str) -> None:
    profile = next(profile for profile in fleet(100) if profile.group == group and not profile.portrait)
    image = Image.open(BytesIO(picture(profile, NOW)))
    assert (image.format, image.size) == ("JPEG", (1280, 720))
    assert len(image.getcolors(1 << 20) or []) > 100


def test_a_portrait_picture_is_higher_than_wide() -> None:
    profile = next(profile for profile in fleet(200) if profile.portrait)
    assert Image.open(BytesIO(picture(profile, NOW))).size == (720, 1280)


def test_the_same_moment_gives_the_same_picture() -> None:
    one, other = list(fleet(2))
    assert picture(one, NOW) == picture(one, NOW)
    assert picture(one, NOW) != picture(other, NOW)
    assert picture(one, NOW) != picture(one, NOW + 60_000)


def test_better_quality_takes_more_bytes() -> None:
    profile = next(fleet(1))
    assert len(picture(profile, NOW, quality=90)) > len(picture(profile, NOW, quality=30))
