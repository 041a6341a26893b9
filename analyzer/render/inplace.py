"""A value of a template replaced where it stands, and no other byte.

The text is composed once more into nodes, whose marks say where the value begins and ends. What is written fits the place: block
style with the indentation of its neighbours, or JSON inside braces. The result is read again, and must differ from what was there
in the replaced values alone.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from analyzer.errors import CannotEdit, SourceError
from analyzer.render.stack import long_form, to_yaml
from analyzer.sources import parse_any
from analyzer.sources.yaml_text import compose
from analyzer.text import Json, Pointer, Source

_ESCAPE = re.compile(r"\\(?:(u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})|.)", re.DOTALL)
"""An escape of JSON. A pair of surrogates, which YAML does not know, counts only by its length here."""

Changes = Mapping[Pointer, Json]
"""What is to stand at which place: the place of an entry of an object that is there."""

_STEP = 2
_LINE_END = re.compile("\r\n|[\n\r\x85\u2028\u2029]")


@dataclass(frozen=True, slots=True)
class _Edit:
    """*text* in the place of what stands from `start` to `end`."""

    start: int
    end: int
    text: str


def replaced(source: Source, changes: Changes) -> str:
    """Return the text of *source* with *changes* made in it; the same text when they all stand there already.

    Raises `CannotEdit` for a place that is shared by an alias, or is not there.
    """
    before, _ = parse_any(source)
    wanted = {place: value for place, value in changes.items() if _at(before, place) != long_form(value)}
    if not wanted:
        return source.text
    shift = len(source.text) - len(source.text.removeprefix("\ufeff"))
    try:
        top = compose(_ESCAPE.sub(_same_length, source.text))
    except ValueError as error:
        raise CannotEdit(f"the text cannot be read again: {str(error)[:200]}") from error
    text = source.text[shift:]
    edits: list[_Edit] = []
    added: dict[Pointer, list[tuple[str, Json]]] = {}
    for place, value in wanted.items():
        parent = _descend(top, place[:-1])
        entry = _entry(parent, str(place[-1]))
        if entry is None:
            added.setdefault(place[:-1], []).append((str(place[-1]), value))
        else:
            edits.append(_replacement(text, parent, *entry, value))
    for place, entries in added.items():
        edits.append(_addition(text, _descend(top, place), entries))
    made = text
    for edit in sorted(edits, key=lambda one: one.start, reverse=True):
        made = made[: edit.start] + edit.text + made[edit.end :]
    made = source.text[:shift] + made
    _check(source, before, made, wanted)
    return made


def _same_length(escape: re.Match[str]) -> str:
    return "x" * len(escape[0]) if escape[1] else escape[0]


def _check(source: Source, before: Json, made: str, wanted: Changes) -> None:
    """Refuse a text that says anything else than what was there with the changes in it."""
    expected = copy.deepcopy(before)
    for place, value in wanted.items():
        _at(expected, place[:-1])[place[-1]] = long_form(value)
    try:
        after, _ = parse_any(Source(made, source.name))
    except SourceError as error:
        raise CannotEdit(f"the template is written in a way that cannot be edited: {error}") from error
    if after != expected:
        raise CannotEdit("the template is written in a way that cannot be edited without changing something else")


def _at(document: Json, place: Pointer) -> Json:
    """Return what stands at *place*; nothing when there is no such place."""
    for step in place:
        if not isinstance(document, dict) or step not in document:
            return None
        document = document[step]
    return document


def _descend(node: Any, place: Pointer) -> Any:
    for step in place:
        entry = _entry(node, str(step))
        if entry is None:
            raise CannotEdit(f"`{step}` is not written where it stands, but comes from elsewhere")
        key, child = entry
        if child.id != "mapping" or child.start_mark.index < key.end_mark.index:
            raise CannotEdit(f"`{step}` is shared by an alias")
        node = child
    return node


def _entry(node: Any, name: str) -> tuple[Any, Any] | None:
    """Return the key and the value of the entry *name*; the last of several counts, as it does to a parser."""
    found = None
    for key, value in node.value if node.id == "mapping" else ():
        if key.id == "scalar" and key.value == name:
            found = (key, value)
    return found


def _replacement(text: str, parent: Any, key: Any, node: Any, value: Json) -> _Edit:
    """Replace the value *node* of *key* in *parent*."""
    start, end = node.start_mark.index, _end(text, node)
    if start < key.end_mark.index:
        raise CannotEdit(f"`{key.value}` is shared by an alias")
    if parent.flow_style:
        return _Edit(start, end, _inside_braces(text, key, value))
    colon = text.index(":", key.end_mark.index) + 1
    begin = start - node.start_mark.column
    if node.id != "scalar" and not node.flow_style and begin > colon and not text[begin:start].strip(" "):
        if not value:  # behind the colon, and the lines of what was there go, with the line end before them
            line_end = max(found.start() for found in _LINE_END.finditer(text, colon, begin) if found.end() <= begin)
            return _Edit(colon, end, f" []{text[colon:line_end]}")
        # A list may stand as far to the left as its key, an object may not.
        least = key.start_mark.column + (_STEP if isinstance(value, dict) else 0)
        return _Edit(begin, end, _block(text, value, max(least, node.start_mark.column)))
    if start == end:  # nothing stands there: what is written goes below the line, whose comment stays
        start = end = _line_end(text, colon)
        return _Edit(start, end, _newline(text) + _block(text, value, key.start_mark.column + _STEP))
    if not value:
        return _Edit(colon, end, " []")
    return _Edit(colon, end, _newline(text) + _block(text, value, key.start_mark.column + _STEP))


def _addition(text: str, parent: Any, entries: list[tuple[str, Json]]) -> _Edit:
    """Add *entries* at the end of the object *parent*."""
    if not parent.value:
        raise CannotEdit("there is nothing beside which a new entry could stand")
    first, last = parent.value[0], parent.value[-1]
    if parent.flow_style:
        at = _end(text, last[1])
        prefix = _line_prefix(text, last[0])
        break_ = "" if prefix is None else _newline(text) + prefix
        made = "".join(f",{break_ or ' '}{json.dumps(name)}: {_inside_braces(text, last[0], value)}" for name, value in entries)
        return _Edit(at, at, made)
    column = first[0].start_mark.column
    end = _line_end(text, _end(text, last[1]))
    made = ""
    for name, value in entries:
        block = _newline(text) + _block(text, value, column + _STEP) if value else " []"
        made += f"{_newline(text)}{' ' * column}{name}:{block}"
    return _Edit(end, end, made)


def _end(text: str, node: Any) -> int:
    """Return where the text of *node* ends. A block ends with its last value, not with the comments and blank lines after it."""
    if node.id == "scalar" or node.flow_style:
        end: int = node.end_mark.index
        if node.id == "scalar" and node.style in ("|", ">"):
            end = node.start_mark.index + len(text[node.start_mark.index : end].rstrip())
        return end
    last = node.value[-1] if node.value else None
    if last is None:
        return int(node.end_mark.index)
    key, value = last if isinstance(last, tuple) else (None, last)
    end = _end(text, value)
    if value.start_mark.index < node.start_mark.index:  # an alias: its value stands elsewhere
        raise CannotEdit("the last value of what is replaced is an alias")
    return end if key is None or end > key.end_mark.index else text.index(":", key.end_mark.index) + 1


def _inside_braces(text: str, key: Any, value: Json) -> str:
    """Write *value* as JSON, laid out as what stands around *key*: on one line, or indented from the line of the key."""
    prefix = _line_prefix(text, key)
    long = long_form(value)
    if prefix is None:
        spaced = re.compile(r"[ \t]").match(text, text.index(":", key.end_mark.index) + 1)
        return _printed(json.dumps(long, ensure_ascii=False, separators=(", ", ": ") if spaced else (",", ":")))
    unit = "\t" if "\t" in prefix else " " * _unit(text)
    lines = _printed(json.dumps(long, ensure_ascii=False, indent=unit)).split("\n")
    return (_newline(text) + prefix).join(lines)


def _printed(text: str) -> str:
    """Escape what does not print: YAML takes some of it for line ends, and the rest for none of its characters."""
    return "".join(
        f"\\u{ord(one):04x}" if one not in "\n\t" and not one.isprintable() and ord(one) < 0x10000 else one for one in text
    )


def _line_prefix(text: str, key: Any) -> str | None:
    """Return the white space before *key* on its line; nothing when something else stands before it."""
    start = key.start_mark.index
    begin = max(text.rfind("\n", 0, start), text.rfind("\r", 0, start)) + 1
    prefix = text[begin:start]
    return prefix if begin and not prefix.strip(" \t") else None


def _unit(text: str) -> int:
    """Return by how many spaces a JSON text is indented."""
    first = re.search(r"\n( +)\S", text)
    return len(first[1]) if first else _STEP


def _block(text: str, value: Json, column: int) -> str:
    """Write *value* in block style from *column* on, without the last line end."""
    lines = to_yaml(value).rstrip("\n").split("\n")
    return _newline(text).join(" " * column + line if line else line for line in lines)


def _newline(text: str) -> str:
    found = re.search("\r\n|\n|\r", text)
    return found[0] if found else "\n"


def _line_end(text: str, index: int) -> int:
    """Return where the line of *index* ends."""
    found = _LINE_END.search(text, index)
    return found.start() if found else len(text)
