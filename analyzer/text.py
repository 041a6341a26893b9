"""Source text, pointers into it, and where a pointer stands: the floor every other room stands on.

Analyses speak in `Pointer`s (the keys on the way down). A pointer becomes a line and a column only when somebody
has to see it. Then the decoder of `json` is asked where each entry on the way down ends; a text that is not JSON is composed
once more by PyYAML's C loader, which keeps a mark for every node.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

Pointer = tuple[str | int, ...]
"""The keys and indexes on the way from the top of a document to a value."""

_LINE_ENDS = "\r\n|[\n\r\x85\u2028\u2029]"
"""What the composer counts as the end of a line; `str.splitlines` knows more of them and would show another line."""

_ESCAPE = r"(?s)\\(?:u(?P<high>[dD][89abAB][0-9a-fA-F]{2})\\u(?P<low>[dD][c-fC-F][0-9a-fA-F]{2})|.)"
"""An escape of JSON. Above U+FFFF a character is a pair of surrogates, which YAML does not join."""

_SHORTER = len(r"\ud83d\ude00") - len(r"\U0001f600")

Json = Any
"""A value as `json.loads` gives it."""


@dataclass(frozen=True, slots=True)
class Source:
    """One text to analyse and the name a reader knows it by (a path, or `<stdin>`).

    The definition may stand somewhere inside it, at `base`: then pointers go from there.
    """

    text: str
    name: str
    base: Pointer = ()


class Position(NamedTuple):
    """A stretch of a source. Lines and columns count from 1; `end_column` is the first column after the stretch."""

    line: int
    column: int
    end_line: int
    end_column: int


def pointer_text(pointer: Pointer) -> str:
    """Write *pointer* as a JSON Pointer (RFC 6901), `/States/Store/Parameters/TableName.$`; the top is ``""``."""
    return "".join("/" + str(key).replace("~", "~0").replace("/", "~1") for key in pointer)


def locate(source: Source, pointer: Pointer, *, key: bool = False) -> Position | None:
    """Find where *pointer* stands in *source*: its value, or its key when *key* is true.

    A pointer that leads past what is written stops at the deepest place that exists, so that a missing field is
    shown at the state that lacks it. `None` when the text cannot be composed (a key longer than YAML allows, say).
    """
    try:
        return _locate_in_json(source.text, pointer, key=key)
    except (ValueError, IndexError, RecursionError):  # what is read past the end, or is no JSON
        return _locate_in_yaml(source, pointer, key=key)


def _locate_in_json(text: str, pointer: Pointer, *, key: bool) -> Position:
    """Find *pointer* in a JSON text. Raises `ValueError` or `IndexError` for a text that is none."""
    key_span, span = None, (_after_space(text, 0), len(text.rstrip()))
    if text[span[0]] not in "{[":
        raise ValueError("not an object and not a list")
    for step in pointer:
        inside = text[span[0]]
        if inside not in "{[":
            break
        found = _entries(text, span[0]).get(str(step) if inside == "{" else step)
        if found is None:
            break
        key_span, span = found
    start, end = key_span if key and key_span is not None else span
    if (start, end) == span and text[start] in "{[":
        start, end = key_span or (start, start + 1)
    return Position(*_line_and_column(text, start), *_line_and_column(text, end))


_Span = tuple[int, int]


@lru_cache(maxsize=4096)
def _entries(text: str, at: int) -> dict[str | int, tuple[_Span | None, _Span]]:
    """Return where the key and the value of each entry stand of the object, or list, that starts at *at*.

    The decoder itself says where what it reads ends, so that only what stands between is looked at here.
    """
    entries: dict[str | int, tuple[_Span | None, _Span]] = {}
    close = {"{": "}", "[": "]"}[text[at]]
    at = _after_space(text, at + 1)
    while text[at] != close:
        key: str | int = len(entries)
        key_span = None
        if close == "}":
            key, end = _decode(text, at)
            key_span = at, end
            at = _after_space(text, _after_space(text, end) + 1)
        _, end = _decode(text, at)
        entries[key] = key_span, (at, end)
        at = _after_space(text, end)
        if text[at] == ",":
            at = _after_space(text, at + 1)
    return entries


_decode = json.JSONDecoder().raw_decode
_SPACE = re.compile(r"[ \t\r\n]*")


def _after_space(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at


def _line_and_column(text: str, at: int) -> tuple[int, int]:
    starts = _line_starts(text)
    line = bisect_right(starts, at)
    return line, at - starts[line - 1] + 1


@lru_cache(maxsize=4)
def _line_starts(text: str) -> list[int]:
    return [0, *(end.end() for end in re.finditer(_LINE_ENDS, text))]


def _locate_in_yaml(source: Source, pointer: Pointer, *, key: bool) -> Position | None:
    node = _composed(source.text)
    if node is None:
        return None
    key_node = None
    for step in (*source.base, *pointer):
        found = _child(node, step)
        if found is None:
            break
        key_node, node = found
    marked = key_node if key and key_node is not None else node
    start, end = _place(source, marked.start_mark), _place(source, marked.end_mark)
    if marked is node and not _is_scalar(node):
        # A whole object is shown by its first line: carets under forty lines help nobody.
        end = (start[0], start[1] + 1)
        if key_node is not None:
            start, end = _place(source, key_node.start_mark), _place(source, key_node.end_mark)
    return Position(*start, *end)


def line_of(source: Source, number: int) -> str:
    """Return line *number* (from 1) of *source* without its line end, or an empty string past the end."""
    lines = _lines(source.text)
    return lines[number - 1] if 0 < number <= len(lines) else ""


def _place(source: Source, mark: Any) -> tuple[int, int]:
    """Return the line and the column of a mark of the composer, counted in the text as it is written."""
    line, column = mark.line + 1, mark.column
    return line, column + 1 + _SHORTER * bisect_left(_pairs(line_of(source, line)), column)


@lru_cache(maxsize=64)
def _pairs(line: str) -> tuple[int, ...]:
    """Return where the composer saw the escaped surrogate pairs of *line*, each of which was written shorter for it."""
    if "\\u" not in line:
        return ()
    starts = (escape.start() for escape in re.finditer(_ESCAPE, line) if escape["low"])
    return tuple(start - _SHORTER * number for number, start in enumerate(starts))


def _joined(escape: re.Match[str]) -> str:
    """Write an escaped surrogate pair as YAML knows it, by the number of its character; leave other escapes."""
    if not escape["low"]:
        return escape[0]
    character = bytes.fromhex(escape["high"] + escape["low"]).decode("utf-16-be")
    return f"\\U{ord(character):08x}"


@lru_cache(maxsize=4)
def _lines(text: str) -> list[str]:
    return re.split(_LINE_ENDS, text)


def _is_scalar(node: Any) -> bool:
    return bool(node.id == "scalar")


def _child(node: Any, step: str | int) -> tuple[Any, Any] | None:
    """Return (key node, value node) of *step* below *node*. The last of two equal keys wins, as in JSON."""
    if node.id == "mapping":
        return _children(node).get(str(step))
    if node.id == "sequence" and isinstance(step, int) and step < len(node.value):
        return None, node.value[step]
    return None


def _children(node: Any) -> dict[str, tuple[Any, Any]]:
    """Return the entries of a mapping by key, kept on the node: a thousand places in one object are looked up once."""
    known: dict[str, tuple[Any, Any]] | None = getattr(node, "by_key", None)
    if known is None:
        known = {key.value: (key, value) for key, value in node.value if isinstance(key.value, str)}
        node.by_key = known
    return known


@lru_cache(maxsize=4)
def _composed(text: str) -> Any:
    """Compose *text* into YAML nodes, or return `None` when it cannot be."""
    import yaml

    loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)  # what a scalar stands for is not asked
    if "\\ud" in text or "\\uD" in text:
        text = re.sub(_ESCAPE, _joined, text)
    try:
        return yaml.compose(text.removeprefix("\ufeff"), Loader=loader)
    except (yaml.YAMLError, RecursionError, ValueError):
        return None
