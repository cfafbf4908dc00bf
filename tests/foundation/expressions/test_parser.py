from __future__ import annotations

import pytest
from hypothesis import given

from signfleet.foundation.errors import Invalid
from signfleet.foundation.expressions import tree
from signfleet.foundation.expressions.parser import parse_filter, parse_grouping, parse_projection, parse_sort
from signfleet.foundation.expressions.tree import And, Criterion, Number, Operator, Or, PropertyPath, Tag, Text
from tests.foundation.expressions import strategies
from tests.foundation.expressions.printer import print_filter, print_sort

A = Criterion(PropertyPath(("A",)), Operator.IS, (Number("1"),))
B = Criterion(PropertyPath(("B",)), Operator.IS, (Number("2"),))
C = Criterion(PropertyPath(("C",)), Operator.IS, (Number("3"),))


@given(strategies.conditions)
def test_a_printed_filter_parses_to_the_same_tree(condition: tree.Condition) -> None:
    assert parse_filter(print_filter(condition))[0] == condition


@given(strategies.sort_keys)
def test_a_printed_sort_parses_to_the_same_keys(keys: tuple[tree.SortKey, ...]) -> None:
    assert parse_sort(print_sort(keys))[0] == keys


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[A] IS 1 OR [B] IS 2 AND [C] IS 3", Or((A, And((B, C))))),
        ("([A] IS 1 OR [B] IS 2) AND [C] IS 3", And((Or((A, B)), C))),
        ("[A] IS 1 AND [B] IS 2 AND [C] IS 3", And((A, B, C))),
        ("[A] IS 1 AND ([B] IS 2 AND [C] IS 3)", And((A, And((B, C))))),
        ("((([A] IS 1)))", A),
        ("[A]is 1 and[B]iS 2", And((A, B))),
    ],
)
def test_and_binds_closer_than_or_and_parentheses_override(text: str, expected: tree.Condition) -> None:
    assert parse_filter(text)[0] == expected


def test_the_and_of_a_range_belongs_to_the_range() -> None:
    condition, _ = parse_filter("[A] IS NOT IN THE RANGE 1 AND 2 AND [B] IS 2")
    assert condition == And((Criterion(PropertyPath(("A",)), Operator.NOT_IN_RANGE, (Number("1"), Number("2"))), B))


def test_a_dot_inside_brackets_separates_like_one_outside() -> None:
    condition, _ = parse_filter("[a].[b.c] IS NULL")
    assert condition == Criterion(PropertyPath(("a", "b", "c")), Operator.IS_NULL)


@pytest.mark.parametrize(
    ("text", "tag"),
    [
        ("<City>", Tag("City")),
        ("[Device].<City>", Tag("City", entity="Device")),
        ("[device].<a.b-c d_1>", Tag("a.b-c d_1", entity="Device")),
        ("STRING::[Content].<City>", Tag("City", "string", "Content")),
        ("datetime::[sys].[Device].<City>", Tag("City", "dateTime", "Device", True)),
        ("[sys].<City>", Tag("City", system=True)),
        ("number::<City>", Tag("City", "number")),
    ],
)
def test_a_tag_may_be_qualified(text: str, tag: Tag) -> None:
    assert parse_filter(f"{text} IS NULL")[0] == Criterion(tag, Operator.IS_NULL)


@pytest.mark.parametrize(
    ("source", "value", "pattern"),
    [
        ("Joe''s", "Joe's", ("Joe's",)),
        (r"\\Shared\\x", r"\Shared\x", (r"\Shared\x",)),
        (r"\\Shared\\Incoming\\*", r"\Shared\Incoming" + "\\*", (r"\Shared\Incoming" + "\\", tree.Wildcard.ANY)),
        (r"\*a\?", "*a?", ("*a?",)),
        ("a**?b", "a**?b", ("a", tree.Wildcard.ANY, tree.Wildcard.ONE, "b")),
        ("", "", ()),
    ],
)
def test_escapes_and_wildcards_of_a_text(source: str, value: str, pattern: tree.Pattern) -> None:
    assert Text(source).value == value
    assert Text(source).pattern == pattern


@pytest.mark.parametrize(
    ("text", "echo"),
    [
        (
            "[Device] IS NULL AND [Status] IS IN ('Active', 'Suspending')",
            "[Device] IS NULL AND [Status] IS IN ( 'Active' , 'Suspending' )",
        ),
        ("[Model] IS 'HD1024'", "[Model] IS 'HD1024'"),
        ("[groupName] IS 'Default'", "[groupName] IS 'Default'"),
        (
            "[FileInfo].[Type] IS 'Stored' AND [FileInfo].[Size] IS GREATER THAN 0 AND [FileInfo].[Name] IS '*.brs'",
            "[FileInfo].[Type] IS 'Stored' AND [FileInfo].[Size] IS GREATER THAN 0 AND [FileInfo].[Name] IS '*.brs'",
        ),
        ("  [model]\tis not in('a','b')", "[model] IS NOT IN ( 'a' , 'b' )"),
        ("String::[Device].<City> is 'it''s  and'", "String::[Device].<City> IS 'it''s  and'"),
        (
            "[A] in the last(days,7,'2024-03-13T00:00:00Z')",
            "[A] IN THE LAST ( days , 7 , '2024-03-13T00:00:00Z' )",
        ),
    ],
)
def test_the_echo_is_the_tokens_with_one_blank_between_them(text: str, echo: str) -> None:
    assert parse_filter(text)[1] == echo


@pytest.mark.parametrize(
    ("text", "echo"),
    [("[Id] ASC", "[Id] ASC"), ("[Id]", "[Id]"), ("[a].[b] desc,<City>", "[a].[b] DESC , <City>")],
)
def test_the_echo_of_a_sort(text: str, echo: str) -> None:
    assert parse_sort(text)[1] == echo


def test_a_sort_is_ascending_by_default() -> None:
    keys, _ = parse_sort("[A], <B> DESC, [C] asc")
    assert keys == (
        tree.SortKey(PropertyPath(("A",))),
        tree.SortKey(Tag("B"), True),
        tree.SortKey(PropertyPath(("C",))),
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[Model]", "Expected an operator such as IS after [Model] at 8, found the end."),
        ("[Model] IS", "Expected a value such as 'text', 12 or TRUE at 11, found the end."),
        ("[Model] = 'x'", "Expected an operator such as IS after [Model] at 9, found =; write IS to compare."),
        (
            '[Model] IS "x"',
            "Expected a value such as 'text', 12 or TRUE at 12, found \"; a text stands in single quotes.",
        ),
        ("([Id] IS 1", "Expected AND, OR or the ) that closes the ( at 1 at 11, found the end."),
        ("[Id] IS 1 AND", "Expected a property such as [Name], a tag such as <City> or ( at 14, found the end."),
        ("[Id] IS 1 1", "Expected AND, OR or the end at 11, found 1."),
        ("[Id] IS 1 ADN [A] IS 2", "Expected AND, OR or the end at 11, found ADN; did you mean AND?"),
        (
            "[Id] IS GRATER THAN 1",
            "Expected a value such as 'text', 12 or TRUE at 9, found GRATER; did you mean GREATER?",
        ),
        (
            "[Id] CONTIANS 'x'",
            "Expected an operator such as IS after [Id] at 6, found CONTIANS; did you mean CONTAINS?",
        ),
        ("[Id] IS 1e5", "Unsupported number 1e5 at 9; a number looks like 12, -3 or 12.5."),
        ("[Id] IS -.5", "Unsupported number -.5 at 9; a number looks like 12, -3 or 12.5."),
        ("[Id] IS 12. AND", "Unsupported number 12. at 9; a number looks like 12, -3 or 12.5."),
        (
            "[Id] < 5",
            "The < at 6 is not closed; a tag looks like <City>, and to compare write IS LESS THAN or IS BEFORE.",
        ),
        (
            "[Id] < 5 AND 7 > [Id]",
            "Expected an operator such as IS after [Id] at 6, found < 5 AND 7 >; "
            "write IS LESS THAN or IS BEFORE to compare.",
        ),
        ("[Id] IS 1 <City> IS 2", "Expected AND, OR or the end at 11, found <City>."),
        ("[Id] IS 'x", "The text that begins at 9 has no closing quote; a quote inside a text is doubled."),
        ("[Id IS 1", "The bracket opened at 1 is not closed; a property looks like [Name]."),
        ("[] IS 1", "Expected a name between the brackets at 1, found none."),
        ("[A]. IS 1", "Expected a name such as [Name] or <Tag> at 5, found ' '."),
        ("<> IS 1", "Expected the name of a tag between < and > at 1, found none."),
        (
            "[Nope].<City> IS 1",
            "Unsupported qualifier of the tag at 1; a tag looks like [Device].<City> or [sys].[Device].<City>.",
        ),
        (
            "text::<City> IS 1",
            "Unsupported tag type 'text' at 1; known are string, number, boolean, dateTime, timeSpan, stringArray, "
            "numericArray.",
        ),
        ("string::[Name] IS 1", "Expected a tag such as <City> after the type at 1, found a property."),
        ("[A] IN THE LAST (weeks, 1, 'x')", "Expected years or months or days at 18, found weeks."),
        ("[A] IN THE LAST (days, 1.5, 'x')", "Expected a whole number of days at 24, found 1.5."),
        ("[A] IN THE LAST (days, 1, 2)", "Expected a date such as '2024-03-13T00:00:00Z' at 27, found 2."),
        ("[A] IS IN ('x'", "Expected a comma or the ) that closes the list at 11 at 15, found the end."),
        ("NOT [A] IS 1", "Expected a property such as [Name], a tag such as <City> or ( at 1, found NOT."),
        ("[A] IS 'a\x00'", "The filter has a character at 10 that no value can contain."),
    ],
)
def test_a_syntax_error_names_position_cause_and_alternative(text: str, message: str) -> None:
    with pytest.raises(Invalid) as error:
        parse_filter(text)
    assert error.value.message == message
    assert error.value.details == "filter"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[A] IS 1" + " " * 8192, "The filter has 8200 characters; at most 8192 are allowed."),
        ("(" * 51 + "[A] IS 1" + ")" * 51, "The parentheses at 51 are nested more than 50 deep; use fewer."),
        (
            " OR ".join(["[A] IS 1"] * 201),
            "The filter has more than 200 criteria at 2401; use a list or two calls.",
        ),
        (
            f"[A] IS IN ({','.join('1' * 1001)})",
            "The list at 11 has 1001 values; IS IN takes at most 1000.",
        ),
        (
            f"[A] CONTAINS ALL ({','.join('1' * 11)})",
            "The list at 18 has 11 values; CONTAINS ALL takes at most 10.",
        ),
    ],
)
def test_each_limit_has_its_own_message(text: str, message: str) -> None:
    with pytest.raises(Invalid) as error:
        parse_filter(text)
    assert error.value.message == message


@pytest.mark.parametrize(
    "text",
    [
        "(" * 50 + "[A] IS 1" + ")" * 50,
        " OR ".join(["[A] IS 1"] * 200),
        f"[A] IS IN ({','.join('1' * 1000)})",
        f"[A] CONTAINS ANY ({','.join('1' * 10)})",
    ],
)
def test_expressions_at_the_limits_are_read(text: str) -> None:
    parse_filter(text)


@pytest.mark.parametrize("text", ["[A] UP", "[A],", "", ",", ",".join(["[A]"] * 9)])
def test_a_malformed_sort_is_refused(text: str) -> None:
    with pytest.raises(Invalid) as error:
        parse_sort(text)
    assert error.value.details == "sort"


@pytest.mark.parametrize(
    ("text", "count"), [("TOP(3,[Nodes])", 3), ("top ( 100 , [nodes] )", 100), ("TOP(1,[Nodes])", 1)]
)
def test_a_projection_is_the_number_per_group(text: str, count: int) -> None:
    assert parse_projection(text) == count


@pytest.mark.parametrize(
    "text",
    [
        "TOP(0,[Nodes])",
        "TOP(101,[Nodes])",
        "TOP(1)",
        "FIRST(1,[Nodes])",
        "TOP(1,[Items])",
        "TOP(1.5,[Nodes])",
        "TOP(1,[Nodes]) x",
    ],
)
def test_any_other_projection_is_refused(text: str) -> None:
    with pytest.raises(Invalid) as error:
        parse_projection(text)
    assert error.value.details == "projection"


def test_a_grouping_is_one_property() -> None:
    assert parse_grouping("[Serial]") == PropertyPath(("Serial",))


@pytest.mark.parametrize("text", ["<City>", "[A] ASC", "Serial", "[A],[B]"])
def test_any_other_grouping_is_refused(text: str) -> None:
    with pytest.raises(Invalid) as error:
        parse_grouping(text)
    assert error.value.details == "grouping"
