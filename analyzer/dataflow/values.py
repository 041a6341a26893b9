"""The domain of values: each abstract value describes all JSON values that may stand at a place.

`Literal` is one scalar, `Text` a string with holes, `OneOf` a few alternatives, `Record` an object, `Sequence` an
array, and `Unknown` everything. Each carries where it came from, so that a permission can say why it is as wide as
it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache

from analyzer.text import Pointer

HOLE = "\ue000"
"""Stands for any text inside a string. A private-use character: no real name contains it, and if one ever did, reading
it as a hole would only widen the answer."""


@dataclass(frozen=True, slots=True)
class Flow:
    """One step of a value's way: where it stands and what stands there (`constant`, ``path `$.table` `` ...)."""

    pointer: Pointer
    what: str


@dataclass(frozen=True, slots=True)
class Literal:
    """Exactly one scalar: a string, number, boolean or null."""

    value: str | float | bool | None
    flow: tuple[Flow, ...] = ()


@dataclass(frozen=True, slots=True)
class Text:
    """A string of which parts are known. `text` has a `HOLE` for every part that is not; `reasons` say why."""

    text: str
    reasons: tuple[str, ...] = ()
    flow: tuple[Flow, ...] = ()


@dataclass(frozen=True, slots=True)
class Unknown:
    """Any value at all, and the reason why no more can be said."""

    reason: str
    flow: tuple[Flow, ...] = ()


@dataclass(frozen=True, slots=True)
class OneOf:
    """One of several values, at most 32."""

    choices: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Record:
    """An object with these fields; those in `optional` may be absent. Any other field is described by `rest`.

    Without a `rest` there are no other fields.
    """

    fields: Mapping[str, Value]
    rest: Value | None = None
    optional: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Sequence:
    """An array that begins with these items; any number of further ones are described by `element`.

    Without an `element` there are no further ones.
    """

    items: tuple[Value, ...]
    element: Value | None = None


Value = Literal | Text | Unknown | OneOf | Record | Sequence


class Presence(Enum):
    """Whether a field is there in every execution, in none, or in some."""

    YES = "yes"
    NO = "no"
    MAYBE = "maybe"


@dataclass(frozen=True, slots=True)
class Found:
    """What stands at a path: a value when it is or may be there, and whether it is."""

    presence: Presence
    value: Value | None = None


_ABSENT = Found(Presence.NO)


def every(array: Sequence) -> tuple[Value, ...]:
    """Return what each item of *array* may be, known ones first."""
    return array.items if array.element is None else (*array.items, array.element)


def look(value: Value, path: str) -> tuple[Found, ...]:
    """Find what stands at *path* below *value*.

    A path is names joined by dots; `[]` after a name means each item of an array (``Entries[].EventBusName``), so
    there may be several answers. Below an unknown value every field may be there. A null counts as absent, as it
    does in a request.
    """
    return tuple(_look(value, [step for step in path.replace("[]", ".[]").split(".") if step]))


def _look(value: Value, steps: list[str]) -> Iterator[Found]:
    if isinstance(value, OneOf):
        for choice in value.choices:
            yield from _look(choice, steps)
    elif not steps:
        yield _ABSENT if isinstance(value, Literal) and value.value is None else Found(Presence.YES, value)
    elif isinstance(value, Unknown):
        yield Found(Presence.MAYBE, value)
    elif steps[0] == "[]":
        items = every(value) if isinstance(value, Sequence) else ()
        if not items:
            yield _ABSENT
        for item in items:
            yield from _look(item, steps[1:])
    elif isinstance(value, Record):
        yield from _look_into(value, steps)
    else:
        yield _ABSENT


def _look_into(record: Record, steps: list[str]) -> Iterator[Found]:
    name = _spelled(record.fields, steps[0])
    if name is not None:
        if name in record.optional:
            yield _ABSENT
        yield from _look(record.fields[name], steps[1:])
    elif record.rest is not None:
        for found in _look(record.rest, steps[1:]):
            yield Found(Presence.MAYBE, found.value) if found.value is not None else found
    else:
        yield _ABSENT


def _spelled(fields: Mapping[str, Value], name: str) -> str | None:
    """Return how *name* is spelled in *fields*: Step Functions writes `DbClusterId` for an API's `DBClusterId`."""
    if name in fields:
        return name
    folded = fold(name)
    return next((key for key in fields if fold(key) == folded), None)


@lru_cache(maxsize=4096)
def fold(name: str) -> str:
    """Fold the name of a parameter to letters and digits in lower case."""
    return "".join(char for char in name.casefold() if char.isalnum())


def texts(value: Value) -> tuple[Text, ...]:
    """Return every string *value* may be, with holes where it is not known. A value that is no string is one hole."""
    if isinstance(value, Text):
        return (value,)
    if isinstance(value, Literal) and isinstance(value.value, str):
        return (Text(value.value, (), value.flow),)
    if isinstance(value, Literal) and isinstance(value.value, (int, float)) and not isinstance(value.value, bool):
        return (Text(str(value.value), (), value.flow),)
    if isinstance(value, OneOf):
        return tuple(text for choice in value.choices for text in texts(choice))
    if isinstance(value, Unknown):
        return (Text(HOLE, (value.reason,), value.flow),)
    return (Text(HOLE, ("it is not a string",), ()),)
