"""The intrinsic functions of JSONPath states, over abstract values.

`INTRINSICS` maps each name to a function on values; where the arguments are not known, the answer is as narrow as the
function's form allows (`States.Format('orders-{}', $.id)` is text that begins with `orders-`).
https://docs.aws.amazon.com/step-functions/latest/dg/intrinsic-functions.html
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Callable, Mapping
from itertools import product
from typing import Any

from analyzer.dataflow.join import LIMIT, one_of
from analyzer.dataflow.paths import Unsupported, follow
from analyzer.dataflow.values import HOLE, Literal, OneOf, Record, Sequence, Text, Unknown, Value, every, texts
from analyzer.text import Json

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
    while True:
        at = _skip(text, at)
        if text.startswith(")", at):
            break
        value, at = _argument(text, at, roots, depth)
        arguments.append(value)
        at = _skip(text, at)
        if text.startswith(",", at):
            at += 1
        elif not text.startswith(")", at):
            raise Unsupported(text)
    return _lift(INTRINSICS[match[1]], arguments), at + 1


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


def _string(text: str, at: int) -> tuple[Value, int]:
    r"""Read a quoted string. `\'`, `\{`, `\}` and `\\` stand for themselves; the braces stay marked for `Format`."""
    out = []
    at += 1
    while at < len(text) and text[at] != "'":
        if text[at] == "\\" and at + 1 < len(text):
            out.append("\\" + text[at + 1] if text[at + 1] in "{}\\" else text[at + 1])
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
        return Unknown("one of too many values")
    try:
        return one_of(function(*chosen) for chosen in product(*alternatives))
    except TypeError as error:
        raise Unsupported(str(error)) from error


def concrete(value: Value) -> tuple[bool, Json]:
    """Return (True, the JSON value) when *value* is exactly one, else (False, None)."""
    if isinstance(value, Literal):
        return True, value.value
    if isinstance(value, Record) and value.rest is None and not value.optional:
        pairs = {name: concrete(field) for name, field in value.fields.items()}
        return all(known for known, _ in pairs.values()), {name: own for name, (_, own) in pairs.items()}
    if isinstance(value, Sequence) and value.element is None:
        items = [concrete(item) for item in value.items]
        return all(known for known, _ in items), [own for _, own in items]
    return False, None


def abstract(value: Json) -> Value:
    """Return the value that describes exactly the JSON value *value*."""
    if isinstance(value, dict):
        return Record({str(name): abstract(field) for name, field in value.items()})
    if isinstance(value, list):
        return Sequence(tuple(abstract(item) for item in value))
    return Literal(value)


def _unescape(text: str) -> str:
    return re.sub(r"\\([{}\\])", r"\1", text)


def _known(function: Callable[..., Any], result: str) -> Callable[..., Value]:
    """Make a function on values of one on JSON values; where an argument is not known, the *result* is."""

    def lifted(*arguments: Value) -> Value:
        pairs = [concrete(argument) for argument in arguments]
        if not all(known for known, _ in pairs):
            return Unknown(result)
        plain = [_unescape(own) if isinstance(own, str) else own for _, own in pairs]
        try:
            return abstract(function(*plain))
        except (TypeError, ValueError, KeyError, IndexError, AttributeError, OverflowError):
            # The function would fail, and the state with it, before any call is made.
            return Unknown(result)

    return lifted


def _format(template: Value, *arguments: Value) -> Value:
    """Fill each `{}` of the template; what is not known becomes a hole."""
    made = []
    for text in texts(template):
        pieces = re.split(r"(?<!\\)\{\}", text.text)
        if text.text == HOLE or len(pieces) - 1 != len(arguments):
            return Unknown("result of `States.Format`")
        reasons, filled, flow = list(text.reasons), [_unescape(pieces[0])], list(text.flow)
        for argument, piece in zip(arguments, pieces[1:], strict=True):
            shown = _shown(argument)
            reasons += shown.reasons
            flow += shown.flow
            filled += [shown.text, _unescape(piece)]
        whole = "".join(filled)
        made.append(
            Unknown("result of `States.Format`")
            if whole == HOLE
            else Text(whole, tuple(dict.fromkeys(reasons)), tuple(flow))
            if HOLE in whole
            else Literal(whole, tuple(flow))
        )
    return one_of(made)


def _shown(argument: Value) -> Text:
    """Return how a value is written into a text."""
    known, own = concrete(argument)
    if known and not isinstance(own, str):
        # How Step Functions writes numbers with a fraction, arrays and objects is not said to the last character.
        exact = own is None or isinstance(own, (bool, int))
        return Text(json.dumps(own) if exact else HOLE, () if exact else ("form of a number or an object",))
    if known:
        return Text(_unescape(own), (), getattr(argument, "flow", ()))
    return texts(argument)[0]


def _partition(items: list[Json], size: int) -> list[list[Json]]:
    if size < 1:
        raise ValueError(size)
    return [items[at : at + size] for at in range(0, len(items), size)]


def _range(first: int, last: int, step: int) -> list[int]:
    found = list(range(first, last + (1 if step > 0 else -1), step))
    if len(found) > 1000:
        raise ValueError(last)
    return found


def _unique(items: list[Json]) -> list[Json]:
    return list({json.dumps(item, sort_keys=True): item for item in reversed(items)}.values())[::-1]


def _item(array: Value, index: Value) -> Value:
    known, own = concrete(index)
    if isinstance(array, Sequence) and known and isinstance(own, int) and 0 <= own < len(array.items):
        return array.items[own]
    if isinstance(array, Sequence):
        items = every(array)
        return one_of(items) if items else Unknown("item of an empty array")
    return Unknown("item of an array")


def _merge(left: Value, right: Value, deep: Value) -> Value:
    """Merge two objects; only shallow merging exists today."""
    if (
        isinstance(left, Record)
        and isinstance(right, Record)
        and right.rest is None
        and not right.optional
        and deep == Literal(value=False)
    ):
        optional = frozenset(left.optional - set(right.fields))
        return Record({**left.fields, **right.fields}, left.rest, optional)
    return Unknown("result of `States.JsonMerge`")


def _split(text: str, delimiters: str) -> list[str]:
    return [part for part in re.split(f"[{re.escape(delimiters)}]", text) if part]


_HASHES = {
    "MD5": hashlib.md5,
    "SHA-1": hashlib.sha1,
    "SHA-256": hashlib.sha256,
    "SHA-384": hashlib.sha384,
    "SHA-512": hashlib.sha512,
}


def _hash(data: Json, algorithm: str) -> str:
    text = data if isinstance(data, str) else json.dumps(data, separators=(",", ":"))
    return _HASHES[algorithm](text.encode()).hexdigest()


def _array(*items: Value) -> Value:
    return Sequence(items)


INTRINSICS: Mapping[str, Callable[..., Value]] = {
    "States.Format": _format,
    "States.StringToJson": _known(json.loads, "result of `States.StringToJson`"),
    "States.JsonToString": _known(
        lambda value: json.dumps(value, separators=(",", ":"), ensure_ascii=False), "result of `States.JsonToString`"
    ),
    "States.Array": _array,
    "States.ArrayPartition": _known(_partition, "result of `States.ArrayPartition`"),
    "States.ArrayContains": _known(lambda items, wanted: wanted in items, "result of `States.ArrayContains`"),
    "States.ArrayRange": _known(_range, "result of `States.ArrayRange`"),
    "States.ArrayGetItem": _item,
    "States.ArrayLength": _known(len, "result of `States.ArrayLength`"),
    "States.ArrayUnique": _known(_unique, "result of `States.ArrayUnique`"),
    "States.Base64Encode": _known(lambda text: base64.b64encode(text.encode()).decode(), "result of `States.Base64Encode`"),
    "States.Base64Decode": _known(lambda text: base64.b64decode(text, validate=True).decode(), "result of `States.Base64Decode`"),
    "States.Hash": _known(_hash, "result of `States.Hash`"),
    "States.JsonMerge": _merge,
    "States.MathRandom": lambda *_: Unknown("random number"),
    "States.MathAdd": _known(lambda left, right: left + right, "result of `States.MathAdd`"),
    "States.StringSplit": _known(_split, "result of `States.StringSplit`"),
    "States.UUID": lambda: Unknown("random identifier"),
}
"""Every intrinsic function there is."""
