"""What the intrinsic functions give: `INTRINSICS` maps each name to a function on abstract values.

Where the arguments are not known, the answer is as narrow as the function's form allows (`States.Format('orders-{}', $.id)`
is text that begins with `orders-`). Where it is not documented to the last character, it is unknown.
https://docs.aws.amazon.com/step-functions/latest/dg/intrinsic-functions.html
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from analyzer.dataflow.join import join_all, one_of
from analyzer.dataflow.values import HOLE, UUID, Flow, Literal, Record, Sequence, Text, Unknown, Value, every, texts
from analyzer.text import Json

MAX_TEXT = 10_000
"""The longest text that is followed; the functions that encode text take no longer one either."""


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


def abstract(value: Json, flow: tuple[Flow, ...] = ()) -> Value:
    """Return the value that describes exactly the JSON value *value*; *flow* says where its scalars came from."""
    if isinstance(value, dict):
        return Record({str(name): abstract(field, flow) for name, field in value.items()})
    if isinstance(value, list):
        return Sequence(tuple(abstract(item, flow) for item in value))
    return Literal(value, flow)


def unescape(text: Any) -> str:
    """Return *text*, written in quotes in a call, without its escapes."""
    return re.sub(r"\\([{}\\])", r"\1", str(text))


def _known(function: Callable[..., Any], result: str) -> Callable[..., Value]:
    """Make a function on values of one on JSON values; where an argument is not known, the *result* is."""

    def lifted(*arguments: Value) -> Value:
        pairs = [concrete(argument) for argument in arguments]
        if not all(known for known, _ in pairs):
            return Unknown(result)
        try:
            return abstract(function(*(own for _, own in pairs)))
        except (TypeError, ValueError, KeyError, IndexError, AttributeError, OverflowError, RecursionError):
            # The function would fail, and the state with it, before any call is made; or what it gives is not documented
            # to the last character.
            return Unknown(result)

    return lifted


def _format(template: Value, *arguments: Value) -> Value:
    """Fill each `{}` of the template; what is not known becomes a hole."""
    made = []
    for text in texts(template):
        pieces = _holes(text.text)
        if HOLE in text.text or len(pieces) - 1 != len(arguments):
            return Unknown("result of `States.Format`")
        reasons, filled, flow = list(text.reasons), [unescape(pieces[0])], list(text.flow)
        for argument, piece in zip(arguments, pieces[1:], strict=True):
            shown = _shown(argument)
            reasons += shown.reasons
            flow += shown.flow
            filled += [shown.text, unescape(piece)]
        whole = "".join(filled)
        made.append(
            Unknown("result of `States.Format`")
            if whole == HOLE or len(whole) > MAX_TEXT
            else Text(whole, tuple(dict.fromkeys(reasons)), tuple(flow))
            if HOLE in whole
            else Literal(whole, tuple(flow))
        )
    return one_of(made)


def _holes(template: str) -> list[str]:
    """Split a template at its `{}`; a brace after a backslash is text."""
    pieces = [""]
    for part in re.findall(r"\\.|\{\}|.", template, re.DOTALL):
        if part == "{}":
            pieces.append("")
        else:
            pieces[-1] += part
    return pieces


def _shown(argument: Value) -> Text:
    """Return how a value is written into a text."""
    known, own = concrete(argument)
    if known and not isinstance(own, str):
        # How Step Functions writes numbers with a fraction, arrays and objects is not said to the last character.
        exact = own is None or isinstance(own, bool) or _is_plain(own)
        return Text(json.dumps(own) if exact else HOLE, () if exact else ("form of a number or an object",))
    if known:
        return Text(str(own), (), getattr(argument, "flow", ()))
    return texts(argument)[0]


def _is_plain(number: Json) -> bool:
    """Tell whether *number* is a whole one that every reader of JSON keeps as it is."""
    return isinstance(number, int) and not isinstance(number, bool) and abs(number) < 2**53


def _whole(*numbers: Json) -> None:
    """Raise ValueError unless all *numbers* are whole: how others are rounded is not said for every function."""
    if not all(_is_plain(number) for number in numbers):
        raise ValueError(numbers)


def _partition(items: list[Json], size: int) -> list[list[Json]]:
    _whole(size)
    if size < 1:
        raise ValueError(size)
    return [items[at : at + size] for at in range(0, len(items), size)]


def _range(first: int, last: int, step: int) -> list[int]:
    _whole(first, last, step)
    if step < 1 or (last - first) // step >= 1000:
        raise ValueError(last)
    return list(range(first, last + 1, step))


def _contains(items: Json, wanted: Json) -> bool:
    if not isinstance(items, list) or any(isinstance(one, float) for one in (wanted, *items)):
        raise ValueError(wanted)
    return json.dumps(wanted, sort_keys=True) in {json.dumps(item, sort_keys=True) for item in items}


def _unique(array: Value) -> Value:
    """Return an array of the items of *array*: which of two equal ones is kept, and so the order, is not said."""
    return Sequence((), join_all(every(array))) if isinstance(array, Sequence) else Unknown("result of `States.ArrayUnique`")


def _length(array: Value) -> Value:
    known = isinstance(array, Sequence) and array.element is None
    return Literal(len(array.items)) if isinstance(array, Sequence) and known else Unknown("result of `States.ArrayLength`")


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
    parts = re.split("|".join(map(re.escape, delimiters)), text) if delimiters else [""]
    if not all(parts):
        raise ValueError(text)  # whether an empty part is kept is not said
    return parts


def _add(left: Json, right: Json) -> int:
    _whole(left, right, total := left + right)
    return int(total)


def _to_string(value: Json) -> str:
    """Return the JSON text of *value* where there is but one way to write it: no order of fields, no fraction, plain ASCII."""
    waiting, text = [value], json.dumps(value, separators=(",", ":"))
    while waiting:
        one = waiting.pop()
        if (isinstance(one, dict) and len(one) > 1) or (isinstance(one, (int, float)) and not isinstance(one, bool | int)):
            raise ValueError(one)
        if isinstance(one, int) and not isinstance(one, bool):
            _whole(one)
        waiting += [*one, *one.values()] if isinstance(one, dict) else one if isinstance(one, list) else ()
        if isinstance(one, str) and re.search(r"[^ -~]|[/<>&=']", one):
            raise ValueError(one)
    return text


def _from_string(text: Json) -> Json:
    if not isinstance(text, str):
        raise TypeError(text)
    return json.loads(text, parse_constant=_refuse)


def _refuse(word: str) -> Json:
    raise ValueError(word)


def _encode(text: str) -> str:
    if len(text) > MAX_TEXT:
        raise ValueError(len(text))
    return base64.b64encode(text.encode()).decode()


_HASHES = {"MD5": "md5", "SHA-1": "sha1", "SHA-256": "sha256", "SHA-384": "sha384", "SHA-512": "sha512"}
"""What Python calls each algorithm."""


def _hash(data: Json, algorithm: str) -> str:
    import hashlib

    if not isinstance(data, str):
        raise TypeError(data)  # how other values are written before they are hashed is not said
    return hashlib.new(_HASHES[algorithm], data.encode()).hexdigest()


def _array(*items: Value) -> Value:
    return Sequence(items)


INTRINSICS: Mapping[str, Callable[..., Value]] = {
    "States.Format": _format,
    "States.StringToJson": _known(_from_string, "result of `States.StringToJson`"),
    "States.JsonToString": _known(_to_string, "result of `States.JsonToString`"),
    "States.Array": _array,
    "States.ArrayPartition": _known(_partition, "result of `States.ArrayPartition`"),
    "States.ArrayContains": _known(_contains, "result of `States.ArrayContains`"),
    "States.ArrayRange": _known(_range, "result of `States.ArrayRange`"),
    "States.ArrayGetItem": _item,
    "States.ArrayLength": _length,
    "States.ArrayUnique": _unique,
    "States.Base64Encode": _known(_encode, "result of `States.Base64Encode`"),
    "States.Base64Decode": _known(lambda text: base64.b64decode(text, validate=True).decode(), "result of `States.Base64Decode`"),
    "States.Hash": _known(_hash, "result of `States.Hash`"),
    "States.JsonMerge": _merge,
    "States.MathRandom": lambda *_: Unknown("random number"),
    "States.MathAdd": _known(_add, "result of `States.MathAdd`"),
    "States.StringSplit": _known(_split, "result of `States.StringSplit`"),
    "States.UUID": lambda: Text(UUID, ("random identifier",)),
}
"""Every intrinsic function there is."""
