"""Where a value is found: paths into objects and arrays, and the keys of objects."""

from __future__ import annotations

import pytest

from analyzer.asl.model import QueryLanguage
from analyzer.dataflow.evaluate import Environment, evaluate
from analyzer.dataflow.values import HOLE, Literal, Presence, Text, Unknown, Value, look
from analyzer.maps import Case, Template
from analyzer.permissions.fill import fill
from analyzer.text import Json

VALUES: list[tuple[Json, str, list[object]]] = [
    ({"A": {"B": "x"}}, "A.B", ["x"]),
    ({"a": {"b": "x"}}, "A.B", ["x"]),
    ({"A": [{"B": "x"}, {"B": "y"}]}, "A[].B", ["x", "y"]),
    ({"A": []}, "A[].B", [None]),
    ({"A": None}, "A", [None]),
    ({"A": {"one": 1, "two": 2}}, "A{}", ["one", "two"]),
    ({"A": {}}, "A{}", [None]),
    ({"A": "text"}, "A{}", [None]),
    ({"A.$": "$.items"}, "A{}", [...]),
    ({"A": {"${Known}": 1, "${Open}": 2, "x-${Open}": 3}}, "A{}", ["orders", HOLE, f"x-{HOLE}"]),
]


def read(raw: Json) -> Value:
    """Read arguments as a task writes them."""
    return evaluate(raw, QueryLanguage.JSONPATH, (), Environment(substitutions={"Known": "orders"}))


@pytest.mark.parametrize(("raw", "path", "expected"), VALUES)
def test_what_stands_at_a_path(raw: Json, path: str, expected: list[object]) -> None:
    """A path leads to every value it names, to nothing where there is none, and to anything below what is not known."""
    found = look(read(raw), path)
    assert [said(entry.value) for entry in found] == expected
    assert all((entry.value is None) == (entry.presence is Presence.NO) for entry in found)


def said(value: Value | None) -> object:
    """Return a value in short: the text of a literal or a text, `...` for what is not known."""
    match value:
        case Literal():
            return value.value
        case Text():
            return value.text
        case Unknown():
            return ...
    return None


def filled(text: str, raw: Json) -> list[str]:
    """Fill a template from arguments."""
    import re

    cases = (Case(re.compile("arn:.+"), (), ("{0}",)), Case(re.compile(".+"), ("{0}",), ()))
    return [one.text for one in fill(Template(text, {}), read(raw), {}, {"name-or-arn": cases})]


def test_parameters_of_one_array_come_from_one_item() -> None:
    """A table is granted in its own database, not in that of another item."""
    items = {"Tables": [{"Db": "a", "Name": "x"}, {"Db": "b", "Name": "y"}], "Zones": ["1", "2"]}
    assert filled("{Tables[].Db}/{Tables[].Name}", items) == ["a/x", "b/y"]
    assert filled("{Tables[].Db}/{Zones[]}", items) == ["a/1", "a/2", "b/1", "b/2"]
    assert filled("{Tables[].Db|c}/{Tables[].Name}", {"Tables": [{"Name": "x"}, {"Db": "b", "Name": "y"}]}) == ["c/x", "b/y"]


def test_each_key_fills_a_template() -> None:
    """The keys of an object name resources, each its own."""
    assert filled("table/{Items{}}", {"Items": {"orders": [], "lines": []}}) == ["table/orders", "table/lines"]


def test_combinations_that_are_too_many_are_widened() -> None:
    """What is written in one list is granted, however long it is; a product that no policy could hold becomes one pattern."""
    many = [str(at) for at in range(500)]
    assert len(filled("{A[]}/b", {"A": many * 4})) == len(many)
    assert len(filled("{A[]}/{B[]}", {"A": many, "B": ["x", "y"]})) == 2 * len(many)
    assert filled("{A[]}/{B[]}/{C[]}", {"A": many, "B": many, "C": "x"}) == [f"{HOLE}/{HOLE}/x"]
    assert filled("{A[]}/{B}", {"A": many * 3, "B": "x"}) == [f"{at}/x" for at in many]


def test_an_arn_of_elsewhere_is_named_beside_what_is_widened() -> None:
    """A pattern in this account does not cover an ARN of another one, so every such ARN stays."""
    many = [str(at) for at in range(500)]
    arn = "arn:aws:sqs:us-east-1:444455556666:far"
    assert filled("{A[]}/{B[]}", {"A": [*many, arn], "B": many}) == [arn, f"{HOLE}/{HOLE}"]
