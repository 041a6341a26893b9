r"""Reads the tables of `tests/dataflow`: what a template gives in an environment.

A case is a few lines, with an empty line after it; a line that begins with `#` says something about those below:

    $.table                             a path, or a call; or a whole payload template, `{"Name.$": "$.x"}`
    $ = {"table": "orders"}             what the roots hold, a line each: `$`, `$$` and `$name`
    -> "orders"                         the value it gives

A value is written as JSON, and `?` stands for what is not known: alone for any value, in a string for any text, as
`"?": VALUE` in an object for further fields and as `"...", VALUE` at the end of an array for further items. `"name?"` is a
field that may be absent, `["or", A, B]` is either of two values, and `\u003f` is a question mark.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from analyzer.dataflow.evaluate import Environment
from analyzer.dataflow.join import one_of
from analyzer.dataflow.values import HOLE, Literal, Record, Sequence, Text, Unknown, Value

Json = Any

MARK = "\ue001"
"""An escaped question mark, while a value is read."""


@dataclass(frozen=True)
class Case:
    """One case of a table. `template` is a payload template; a path or a call alone is its field `it`."""

    name: str
    template: Json
    environment: Environment
    expected: Value


def cases(*tables: Path) -> list[Case]:
    """Return the cases of *tables*."""
    return [case for path in tables for case in _read(path)]


def _read(path: Path) -> Iterator[Case]:
    number, lines = 0, path.read_text().splitlines()
    for at in range(len(lines) + 1):
        if at < len(lines) and lines[at].strip():
            continue
        block = [line for line in lines[number:at] if not line.startswith("#")]
        if block:
            yield _case(f"{path.stem}:{number + 1} {block[0]}"[:90], block)
        number = at + 1


def _case(name: str, lines: list[str]) -> Case:
    text, *given, answer = lines
    roots: dict[str, Value] = {}
    for line in given:
        root, value = line.split(" = ", 1)
        roots[root] = value_of(value)
    variables = {root[1:]: value for root, value in roots.items() if root not in ("$", "$$")}
    unknown = Unknown("not said")
    environment = Environment(roots.get("$", unknown), roots.get("$$", unknown), variables)
    expected = value_of(answer.removeprefix("-> "))
    if text.startswith("{"):
        return Case(name, json.loads(text), environment, expected)
    return Case(name, {"it.$": text}, environment, Record({"it": expected}))


def value_of(text: str) -> Value:
    """Read a value as the tables write it."""
    quoted = re.sub(r'"(?:[^"\\]|\\.)*"|\?', lambda match: '"?"' if match[0] == "?" else match[0], text)
    return _value(json.loads(quoted.replace("\\u003f", MARK)))


def _value(raw: Json) -> Value:
    if raw == "?":
        return Unknown("said")
    if isinstance(raw, str):
        plain = raw.replace("?", HOLE).replace(MARK, "?")
        return Text(plain) if HOLE in plain else Literal(plain)
    if isinstance(raw, dict):
        fields = {name.removesuffix("?"): _value(value) for name, value in raw.items() if name != "?"}
        optional = frozenset(name.removesuffix("?") for name in raw if name.endswith("?") and name != "?")
        return Record(fields, _value(raw["?"]) if "?" in raw else None, optional)
    if isinstance(raw, list) and raw[:1] == ["or"]:
        return one_of(_value(value) for value in raw[1:])
    if isinstance(raw, list):
        if len(raw) > 1 and raw[-2] == "...":
            return Sequence(tuple(_value(value) for value in raw[:-2]), _value(raw[-1]))
        return Sequence(tuple(_value(value) for value in raw))
    return Literal(raw)
