"""Which devices become one mail."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from signfleet.fleet.alerts.digest import SHARED, Subject, clusters, shared_by

values = st.one_of(st.none(), st.sampled_from("abc"))
subjects = st.lists(st.fixed_dictionaries(dict.fromkeys(SHARED, values)), max_size=12).map(
    lambda rows: [Subject(number, f"S{number}", None, None, **row) for number, row in enumerate(rows)]
)


@given(subjects)
def test_every_device_is_in_one_mail_and_a_mail_of_several_says_what_they_share(found: list[Subject]) -> None:
    made = clusters(found)
    ids = [subject.device_id for cluster in made for subject in cluster.subjects]
    assert sorted(ids) == [subject.device_id for subject in found]
    for cluster in made:
        assert cluster.shared == shared_by(cluster.subjects)
        assert cluster.shared or len(cluster.subjects) == 1
    sizes = [len(cluster.subjects) for cluster in made]
    assert sizes == sorted(sizes, reverse=True)


def test_thousands_that_share_nothing_take_no_more_than_their_number() -> None:
    """As many comparisons for each as for a few: 5,000 would take minutes by comparing all with all."""
    few, many = (
        [Subject(id_, f"S{id_}", None, None, place=f"P{id_}", model="M") for id_ in range(n)] for n in (2, 5000)
    )
    assert [len(cluster.subjects) for cluster in clusters(many)] == [5000]
    assert [len(cluster.subjects) for cluster in clusters([each._replace(model=None) for each in many])] == [1] * 5000
    assert len(clusters(few)) == 1


def test_the_most_telling_of_equally_many_comes_first() -> None:
    found = [Subject(id_, f"S{id_}", None, None, place="DE/Berlin", model="X") for id_ in range(3)]
    found.append(Subject(3, "S3", None, None, place="DE/Bonn", model="Y"))
    first, second = clusters(found)
    assert first.shared == [("place", "DE/Berlin"), ("model", "X")]
    assert [subject.serial for subject in second.subjects] == ["S3"]
