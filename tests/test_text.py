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
