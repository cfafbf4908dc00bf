"""How tests are dealt to workers."""

from __future__ import annotations

from tests.dealing import SLOW, deal


def test_each_share_begins_with_slow_tests_and_the_longest_are_apart() -> None:
    slow = {name: [f"{name}::{number}" for number in range(3)] for name in SLOW}
    others = [f"fast::{number}" for number in range(1000 - 3 * len(slow))]
    dealt = deal(slow, others, 4)
    assert sorted(dealt) == sorted([*others, *(test for tests in slow.values() for test in tests)])
    share = 250
    longest = sorted(SLOW, key=lambda name: -SLOW[name])
    assert {dealt[place * share] for place in range(4)} == {f"{name}::0" for name in longest[:4]}


def test_the_tests_of_a_part_stay_together_in_their_order() -> None:
    slow = {"torture": ["t1", "t2"], "testing": ["s1", "s2", "s3"]}
    assert deal(slow, ["a", "b", "c"], 2) == ["t1", "t2", "a", "b", "s1", "s2", "s3", "c"]


def test_few_tests_of_one_part_are_dealt_as_well() -> None:
    assert deal({"torture": ["t1", "t2", "t3"]}, ["a"], 4) == ["t1", "t2", "t3", "a"]
    assert deal({}, ["a", "b", "c"], 1) == ["a", "b", "c"]
