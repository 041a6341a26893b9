"""Text for people: what a definition brings in is made harmless, and colour is added only where it is wanted."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from analyzer.text import Json

WIDTH = 80
"""The columns a report is made for. What must not be broken, an ARN or an address, may be longer."""

_LOOKS: dict[str, dict[str, Any]] = {
    "title": {"bold": True},
    "error": {"fg": "red", "bold": True},
    "warning": {"fg": "yellow", "bold": True},
    "note": {"fg": "blue", "bold": True},
    "exact": {"fg": "green"},
    "pattern": {"fg": "yellow"},
    "assumed": {"fg": "magenta"},
    "unknown": {"fg": "red"},
    "action": {"fg": "cyan"},
    "quiet": {"dim": True},
}


class Paint(NamedTuple):
    """Adds the look of a role (`error`, `action`, ...) to a text, or leaves it plain."""

    enabled: bool = False

    def __call__(self, text: str, role: str) -> str:
        """Return *text* in the look of *role*."""
        if not self.enabled:
            return text
        import click

        return click.style(text, **_LOOKS[role])


def printable(text: str) -> str:
    """Return *text* with everything a terminal could act on written as an escape.

    Names in a definition are anybody's: line breaks would forge lines of a report, escape sequences would colour or
    erase it, and bidirectional marks would show another order of characters than the one that is there.
    """
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode("ascii") for char in text)


def wrap(text: str, first: str = "", rest: str = "") -> list[str]:
    """Break *text* between words into lines of the report's width, after *first* and *rest* as indents."""
    import textwrap

    return textwrap.wrap(
        printable(text), WIDTH, initial_indent=first, subsequent_indent=rest, break_long_words=False, break_on_hyphens=False
    ) or [first.rstrip()]


def count(number: int, noun: str) -> str:
    """Return `1 state`, `2 states`, with thousands set apart."""
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def to_json(value: Json) -> str:
    """Write *value* the one way every report writes JSON; characters that do not print are escaped, as JSON may."""
    text = json.dumps(value, indent=2, ensure_ascii=False)
    if not text.replace("\n", "").isprintable():
        text = "".join(char if char == "\n" or char.isprintable() else json.dumps(char)[1:-1] for char in text)
    return text
