"""Where a pointer stands in a text: the line and column a reader sees in an editor."""

from __future__ import annotations

import json

import pytest

from analyzer.text import Source, locate

NAMES = ["plain", "\N{ROCKET}", "\N{ROCKET}\N{ROCKET} x", "\\ud83d\\ude00", 'a"\\', "é\N{ROCKET}\té"]


@pytest.mark.parametrize("ascii_only", [True, False])
@pytest.mark.parametrize("indent", [None, 1])
def test_a_pointer_leads_to_what_is_written(*, ascii_only: bool, indent: int | None) -> None:
    """However a character is escaped, and whatever stands before it in its line, the place is that of the text itself."""
    states = {name: {"Comment": f"{name} {name}", "Mark": number} for number, name in enumerate(NAMES)}
    text = json.dumps({"States": states}, ensure_ascii=ascii_only, indent=indent)
    lines = text.split("\n")
    for number, name in enumerate(NAMES):
        position = locate(Source(text, "x"), ("States", name, "Mark"))
        assert position is not None
        shown = lines[position.line - 1][position.column - 1 : position.end_column - 1]
        assert shown == str(number)
        key = locate(Source(text, "x"), ("States", name), key=True)
        assert key is not None
        assert lines[key.line - 1][key.column - 1 : key.end_column - 1] == json.dumps(name, ensure_ascii=ascii_only)


def test_json_stands_where_yaml_says() -> None:
    """A definition in JSON is YAML too: behind a comment it is read as that, and every place is one line further down."""
    table = {"Parameters": {"TableName": "a, b", "Items": [[], {"x": [1, {"y": None}]}, "]}"]}, "Empty": {}, "Twice": 1}
    text = json.dumps({"StartAt": "A", "States": {"A": table}}, indent=1).replace('"Twice"', '"Twice": [2], "Twice"')
    pointers = [(), ("States", "A", "Twice"), ("States", "A", "Empty"), ("States", "A", "Empty", "missing"), ("StartAt", 0)]
    pointers += [("States", "A", "Parameters", "Items", *more) for more in ((), (0,), (1, "x", 1, "y"), (2,), (3,), ("0",))]
    for pointer in pointers:
        for key in (False, True):
            here, there = locate(Source(text, "x"), pointer, key=key), locate(Source(f"#\n{text}", "x"), pointer, key=key)
            assert here is not None
            assert there is not None
            assert there == (here.line + 1, here.column, here.end_line + 1, here.end_column)


@pytest.mark.parametrize("text", ["", "{", '{"States"', '{"States": 1', "[1 2"])
def test_a_text_that_is_cut_off_has_no_places(text: str) -> None:
    """What is no JSON and no YAML either is shown nowhere, and nothing is raised."""
    assert locate(Source(text, "x"), ("States",)) is None
