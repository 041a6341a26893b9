"""The order of the domain: what is common to two values, what a loop settles on, and what a value describes.

Laws, which the tests hold: `join` is commutative, associative and idempotent, and describes whatever either side does;
`widen` describes what `join` does, and a chain of widenings ends.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce
from typing import Any

from analyzer.dataflow.values import HOLE, Literal, OneOf, Record, Sequence, Text, Unknown, Value, parts
from analyzer.text import Json

LIMIT = 32
"""The most alternatives a value keeps apart, and the most items of an array."""

DEPTH = 24
"""The deepest structure that is described; what lies deeper is unknown."""

PARTS = 20_000
"""The most parts of one value that are told apart."""

TOO_LARGE = "value that is too large"
TOO_DEEP = "value nested too deeply"
TOO_MANY = "one of too many values"
IN_A_LOOP = "value that changes in a loop"


def join(left: Value, right: Value) -> Value:
    """Return the least value that describes everything *left* and *right* describe."""
    return _join(left, right, 0)


def join_all(values: Iterable[Value]) -> Value | None:
    """Join any number of values; nothing when there are none."""
    found = list(values)
    return reduce(join, found) if found else None


def _join(left: Value, right: Value, depth: int) -> Value:
    if left is right:
        return left
    one, other = shape(left), shape(right)
    if one == other:
        return min(left, right, key=_tie)
    if isinstance(left, Unknown) or isinstance(right, Unknown):
        return min((value for value in (left, right) if isinstance(value, Unknown)), key=_tie)
    if depth > DEPTH:
        return Unknown(TOO_DEEP)
    choices = [*_choices(left), *_choices(right)]
    records = [choice for choice in choices if isinstance(choice, Record)]
    sequences = [choice for choice in choices if isinstance(choice, Sequence)]
    merged: list[Value] = [choice for choice in choices if not isinstance(choice, (Record, Sequence))]
    if records:
        merged.append(reduce(lambda a, b: _join_records(a, b, depth + 1), records))
    if sequences:
        merged.append(reduce(lambda a, b: _join_sequences(a, b, depth + 1), sequences))
    return one_of(merged)


def one_of(choices: Iterable[Value]) -> Value:
    """Return the value that is any of *choices*: one of them when there is one, unknown when there are too many."""
    kept: dict[Any, Value] = {}
    for value in choices:
        for choice in _choices(value):
            key = shape(choice)
            kept[key] = min(kept[key], choice, key=_tie) if key in kept else choice
    unknown = [choice for choice in kept.values() if isinstance(choice, Unknown)]
    if unknown:
        return unknown[0]
    ordered = sorted(kept.items(), key=lambda pair: repr(pair[0]))
    if len(ordered) == 1:
        return ordered[0][1]
    return OneOf(tuple(choice for _, choice in ordered)) if len(ordered) <= LIMIT else Unknown(TOO_MANY)


def _join_records(left: Record, right: Record, depth: int) -> Record:
    fields: dict[str, Value] = {}
    optional = set(left.optional | right.optional)
    for name in sorted({**left.fields, **right.fields}):
        sides = []
        for side in (left, right):
            if name in side.fields:
                sides.append(side.fields[name])
            else:
                optional.add(name)
                sides += [side.rest] if side.rest is not None else []
        fields[name] = reduce(lambda a, b: _join(a, b, depth), sides)
    rests = [side.rest for side in (left, right) if side.rest is not None]
    rest = reduce(lambda a, b: _join(a, b, depth), rests) if rests else None
    return Record(fields, rest, frozenset(optional & set(fields)))


def _join_sequences(left: Sequence, right: Sequence, depth: int) -> Sequence:
    rests = [side.element for side in (left, right) if side.element is not None]
    if len(left.items) == len(right.items):
        items = tuple(_join(a, b, depth) for a, b in zip(left.items, right.items, strict=True))
        return Sequence(items, reduce(lambda a, b: _join(a, b, depth), rests) if rests else None)
    everything = [*left.items, *right.items, *rests]
    return Sequence((), reduce(lambda a, b: _join(a, b, depth), everything))


def widen(old: Value, new: Value) -> Value:
    """Return a value that describes *old* and *new* and does not grow for ever: what still changes becomes unknown."""
    return _widen(old, join(old, new))


def _widen(old: Value, new: Value) -> Value:
    if shape(old) == shape(new):
        return old
    if isinstance(old, Record) and isinstance(new, Record):
        fields = {
            name: _widen(old.fields[name], value) if name in old.fields else Unknown(IN_A_LOOP)
            for name, value in new.fields.items()
        }
        rest = new.rest if old.rest is None or new.rest is None else _widen(old.rest, new.rest)
        return Record(fields, Unknown(IN_A_LOOP) if old.rest is None and rest is not None else rest, new.optional)
    if isinstance(old, Sequence) and isinstance(new, Sequence):
        if len(old.items) != len(new.items):
            return Sequence((), Unknown(IN_A_LOOP))
        items = tuple(_widen(a, b) for a, b in zip(old.items, new.items, strict=True))
        if old.element is None or new.element is None:
            return Sequence(items, None if new.element is None else Unknown(IN_A_LOOP))
        return Sequence(items, _widen(old.element, new.element))
    return new if isinstance(new, Unknown) else Unknown(IN_A_LOOP)


def bounded(value: Value) -> Value:
    """Return *value*, or when it is too deep or too large one that describes more: what is repeated doubles at every state."""
    if isinstance(value, (Unknown, Literal, Text)):
        return value
    fits, left = True, PARTS
    waiting: list[tuple[Value, int]] = [(value, 0)]
    while waiting:
        one, depth = waiting.pop()
        left -= 1
        if left < 0:
            return Unknown(TOO_LARGE)
        fits = fits and depth <= DEPTH
        inner = one.choices if isinstance(one, OneOf) else parts(one)
        waiting += [(part, depth + 1) for part in inner]
    return value if fits else _cut(value, 0)


def _cut(value: Value, depth: int) -> Value:
    if depth > DEPTH:
        return Unknown(TOO_DEEP)
    if isinstance(value, OneOf):
        return one_of(_cut(choice, depth + 1) for choice in value.choices)
    if isinstance(value, Record):
        fields = {name: _cut(inner, depth + 1) for name, inner in value.fields.items()}
        return Record(fields, None if value.rest is None else _cut(value.rest, depth + 1), value.optional)
    if isinstance(value, Sequence):
        items = tuple(_cut(item, depth + 1) for item in value.items)
        return Sequence(items, None if value.element is None else _cut(value.element, depth + 1))
    return value


def _choices(value: Value) -> tuple[Value, ...]:
    return value.choices if isinstance(value, OneOf) else (value,)


def shape(value: Value) -> Any:
    """Return what *value* describes, without where it came from: equal shapes describe the same values."""
    if isinstance(value, Literal):
        return ("literal", type(value.value).__name__, value.value)
    if isinstance(value, Text):
        return ("text", value.text)
    if isinstance(value, Unknown):
        return ("unknown",)
    if isinstance(value, OneOf):
        return ("one of", *sorted((shape(choice) for choice in value.choices), key=repr))
    if isinstance(value, Record):
        fields = tuple((name, shape(value.fields[name])) for name in sorted(value.fields))
        return ("record", fields, None if value.rest is None else shape(value.rest), tuple(sorted(value.optional)))
    return ("sequence", tuple(shape(item) for item in value.items), None if value.element is None else shape(value.element))


def _tie(value: Value) -> Any:
    """Order values of one shape, so that which of two origins is kept does not depend on the order of joining."""
    return repr(value)


def describes(value: Value, concrete: Json) -> bool:
    """Tell whether *value* describes the JSON value *concrete*."""
    if isinstance(value, Unknown):
        return True
    if isinstance(value, OneOf):
        return any(describes(choice, concrete) for choice in value.choices)
    if isinstance(value, Literal):
        return (type(value.value) is type(concrete) and value.value == concrete) or _same_number(value.value, concrete)
    if isinstance(value, Text):
        return isinstance(concrete, str) and _matches(value.text, concrete)
    if isinstance(value, Record):
        if not isinstance(concrete, dict) or not (set(value.fields) - value.optional) <= set(concrete):
            return False
        described = {name: value.fields.get(name, value.rest) for name in concrete}
        return all(known is not None and describes(known, concrete[name]) for name, known in described.items())
    if (
        not isinstance(concrete, list)
        or len(concrete) < len(value.items)
        or (value.element is None and len(concrete) > len(value.items))
    ):
        return False
    head = all(describes(known, item) for known, item in zip(value.items, concrete, strict=False))
    return head and all(value.element is not None and describes(value.element, item) for item in concrete[len(value.items) :])


def _same_number(known: object, concrete: object) -> bool:
    numbers = all(isinstance(one, (int, float)) and not isinstance(one, bool) for one in (known, concrete))
    return numbers and known == concrete


def _matches(text: str, concrete: str) -> bool:
    """Match *concrete* against text with holes: each hole stands for any text."""
    parts = text.split(HOLE)
    if len(parts) == 1:
        return text == concrete
    if not concrete.startswith(parts[0]) or not concrete.endswith(parts[-1]) or len(concrete) < len(parts[0]) + len(parts[-1]):
        return False
    at, end = len(parts[0]), len(concrete) - len(parts[-1])
    for part in parts[1:-1]:
        found = concrete.find(part, at, end)
        if found < 0:
            return False
        at = found + len(part)
    return True
