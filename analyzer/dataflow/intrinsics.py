"""Calls of the intrinsic functions of JSONPath states: read, and applied to abstract values.

https://docs.aws.amazon.com/step-functions/latest/dg/intrinsic-functions.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from itertools import product

from analyzer.dataflow.functions import INTRINSICS, unescape
from analyzer.dataflow.join import LIMIT, TOO_MANY, one_of
from analyzer.dataflow.paths import Unsupported, follow
from analyzer.dataflow.values import Literal, OneOf, Unknown, Value, texts

MAX_NESTING = 10
"""The deepest nesting of intrinsic functions that Step Functions takes."""

_CALL = re.compile(r"\s*(States\.[A-Za-z0-9]+)\(")
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?")
_WORD = {"true": True, "false": False, "null": None}


def is_intrinsic(text: str) -> bool:
    """Tell whether *text* calls an intrinsic function."""
    return _CALL.match(text) is not None


def call(text: str, roots: Mapping[str, Value]) -> Value:
    """Return the value of the intrinsic function call *text*; *roots* are those of the paths in its arguments.

    Raises `Unsupported` for text that is no such call.
    """
    value, at = _call(text, 0, roots, 0)
    if text[at:].strip():
        raise Unsupported(text)
    return value


def _call(text: str, at: int, roots: Mapping[str, Value], depth: int) -> tuple[Value, int]:
    match = _CALL.match(text, at)
    if match is None or match[1] not in INTRINSICS or depth > MAX_NESTING:
        raise Unsupported(text)
    at = match.end()
    arguments: list[Value] = []
    written = True
    while True:
        at = _skip(text, at)
        if text.startswith(")", at):
            break
        quoted = text.startswith("'", at)
        value, at = _argument(text, at, roots, depth)
        if match[1] == "States.Format" and not arguments:
            written = quoted
        elif quoted and isinstance(value, Literal):
            value = Literal(unescape(value.value))
        arguments.append(value)
        at = _skip(text, at)
        if text.startswith(",", at):
            at += 1
        elif not text.startswith(")", at):
            raise Unsupported(text)
    if not written and _has_escape(arguments[0]):
        # Whether a template that was not written in the call is read with its escapes is not said.
        return Unknown("result of `States.Format`"), at + 1
    return _lift(INTRINSICS[match[1]], arguments), at + 1


def _has_escape(value: Value) -> bool:
    return any("\\" in text.text for text in texts(value))


def _argument(text: str, at: int, roots: Mapping[str, Value], depth: int) -> tuple[Value, int]:
    if text.startswith("'", at):
        return _string(text, at)
    if text.startswith("States.", at):
        return _call(text, at, roots, depth + 1)
    if text.startswith("$", at):
        end = _end_of_path(text, at)
        found = follow(text[at:end].strip(), roots)
        return found if found is not None else Unknown("path that matches nothing"), end
    if match := _NUMBER.match(text, at):
        number = json.loads(match[0])
        return Literal(number), match.end()
    for word, value in _WORD.items():
        if text.startswith(word, at):
            return Literal(value), at + len(word)
    raise Unsupported(text)


def _string(text: str, at: int) -> tuple[Literal, int]:
    r"""Read a quoted string. `\'`, `\{`, `\}` and `\\` stand for themselves; all but the quote stay marked for `Format`."""
    out = []
    at += 1
    while at < len(text) and text[at] != "'":
        if text[at] == "\\":
            if text[at + 1 : at + 2] not in ("'", "{", "}", "\\"):
                raise Unsupported(text)  # an open escape is an error when it runs
            out.append(text[at + 1] if text[at + 1] == "'" else text[at : at + 2])
            at += 2
        else:
            out.append(text[at])
            at += 1
    if at >= len(text):
        raise Unsupported(text)
    return Literal("".join(out)), at + 1


def _end_of_path(text: str, at: int) -> int:
    """Return where a path among arguments ends: at a comma or bracket that is not inside its own brackets or quotes."""
    depth, quote = 0, ""
    for end in range(at, len(text)):
        char = text[end]
        if quote:
            quote = "" if char == quote else quote
        elif char in "'\"" and depth:
            quote = char
        elif char in "[(":
            depth += 1
        elif char in "])" and depth:
            depth -= 1
        elif char in ",)":
            return end
    return len(text)


def _skip(text: str, at: int) -> int:
    while at < len(text) and text[at].isspace():
        at += 1
    return at


def _lift(function: Callable[..., Value], arguments: list[Value]) -> Value:
    """Apply *function* to every combination of what its arguments may be."""
    alternatives = [list(argument.choices) if isinstance(argument, OneOf) else [argument] for argument in arguments]
    count = 1
    for choices in alternatives:
        count *= len(choices)
    if count > LIMIT:
        return Unknown(TOO_MANY)
    try:
        return one_of(function(*chosen) for chosen in product(*alternatives))
    except TypeError as error:
        raise Unsupported(str(error)) from error
