"""The domain of values: each abstract value describes all JSON values that may stand at a place.

`Literal` is one scalar, `Text` a string with holes, `OneOf` a few alternatives, `Record` an object, `Sequence` an
array, and `Unknown` everything. Each carries where it came from, so that a permission can say why it is as wide as
it is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from typing import NamedTuple

from analyzer.text import Pointer

HOLE = "\ue000"
"""Stands for any text inside a string. A private-use character: no real name contains it, and if one ever did, reading
it as a hole would only widen the answer."""

ONE = "\ue001"
"""Stands for exactly one character that is not known: a wildcard that a service map means, as in a secret's suffix."""

UUID = f"{HOLE}-{HOLE}-4{HOLE}-{HOLE}-{HOLE}"
"""A random UUID, which says that it is of version 4.
https://docs.aws.amazon.com/step-functions/latest/dg/intrinsic-functions.html"""

PLACEHOLDER = re.compile(r"\$\{([^${}]{1,256})\}")
"""A definition substitution, `${TableName}` or `${AWS::Region}`; also serves templates that write `${Table.Arn}`.
https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-resource-statemachine.html"""


DERIVED = "Sql"
"""The parameter that the text of a statement adds to a call, an object: a call may have a text of that name, which has no
parts."""


class Flow(NamedTuple):
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


INPUT = Unknown("input of the execution")
"""The input of an execution about which nothing is promised."""


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

    __hash__ = object.__hash__  # it is put into a set for every test of a map, and Enum hashes its name

    YES = "yes"
    NO = "no"
    MAYBE = "maybe"


class Found(NamedTuple):
    """What stands at a path: a value when it is or may be there, and whether it is.

    `items` says which item of each array on the way it belongs to: (path of the array, place).
    """

    presence: Presence
    value: Value | None = None
    items: tuple[tuple[str, int], ...] = ()


def every(array: Sequence) -> tuple[Value, ...]:
    """Return what each item of *array* may be, known ones first."""
    return array.items if array.element is None else (*array.items, array.element)


def alternatives(value: Value) -> tuple[Value, ...]:
    """Return the values of which *value* is one."""
    return value.choices if isinstance(value, OneOf) else (value,)


def parts(value: Value) -> tuple[Value, ...]:
    """Return what each field or item of *value* may be: nothing when it is no record and no sequence."""
    if isinstance(value, Record):
        return (*value.fields.values(), *(() if value.rest is None else (value.rest,)))
    return every(value) if isinstance(value, Sequence) else ()


def look(value: Value, path: str) -> tuple[Found, ...]:
    """Find what stands at *path* below *value*.

    A path is names joined by dots; `[]` after a name means each item of an array (``Entries[].EventBusName``), `{}` at
    the end each key of an object (``RequestItems{}``), so there may be several answers. Below an unknown value every
    field may be there. A null counts as absent, as it does in a request.
    """
    found: list[Found] = []
    _look(value, _steps(path), 0, (), found)
    return tuple(found)


@lru_cache(maxsize=4096)
def _steps(path: str) -> tuple[str, ...]:
    return tuple(step for step in path.replace("[]", ".[]").replace("{}", ".{}").split(".") if step)


def _look(value: Value, steps: tuple[str, ...], at: int, items: tuple[tuple[str, int], ...], found: list[Found]) -> None:
    """Add what stands at *steps*, from *at* on, to what is *found*."""
    if isinstance(value, OneOf):
        for choice in value.choices:
            _look(choice, steps, at, items, found)
    elif at == len(steps):
        absent = isinstance(value, Literal) and value.value is None
        found.append(Found(Presence.NO, None, items) if absent else Found(Presence.YES, value, items))
    elif isinstance(value, Unknown):
        found.append(Found(Presence.MAYBE, value, items))
    elif steps[at] == "[]" and not isinstance(value, Sequence):
        _look(value, steps, at + 1, items, found)  # JSONata gives the one item of an array for the array
    elif isinstance(value, Record):
        _look_in_record(value, steps, at, items, found)
    elif steps[at] == "[]" and isinstance(value, Sequence) and every(value):
        array = fold(".".join(steps[:at]))
        for place, item in enumerate(every(value)):
            _look(item, steps, at + 1, (*items, (array, place)), found)
    else:
        found.append(Found(Presence.NO, None, items))


def _look_in_record(
    value: Record, steps: tuple[str, ...], at: int, items: tuple[tuple[str, int], ...], found: list[Found]
) -> None:
    if steps[at] == "{}":
        keys = [Found(Presence.YES, _key(key), items) for key in value.fields]
        rest = [] if value.rest is None else [Found(Presence.MAYBE, Unknown("key of an object"), items)]
        found.extend([*keys, *rest] or [Found(Presence.NO, None, items)])
    elif (name := _spelled(value.fields, steps[at])) is not None:
        if name in value.optional:
            found.append(Found(Presence.NO, None, items))
        _look(value.fields[name], steps, at + 1, items, found)
    elif value.rest is not None:
        below: list[Found] = []
        _look(value.rest, steps, at + 1, items, below)
        found.extend(Found(Presence.MAYBE, one.value, items) if one.value is not None else one for one in below)
    else:
        found.append(Found(Presence.NO, None, items))


def _key(key: str) -> Value:
    """Return the key of an object as a value: a placeholder in it that has no text is a hole."""
    names = PLACEHOLDER.findall(key)
    if not names:
        return Literal(key)
    reasons = tuple(f"placeholder `${{{name}}}`" for name in dict.fromkeys(names))
    return Text(PLACEHOLDER.sub(HOLE, key), reasons)


def _spelled(fields: Mapping[str, Value], name: str) -> str | None:
    """Return how *name* is spelled in *fields*: Step Functions writes `DbClusterId` for an API's `DBClusterId`."""
    if name in fields:
        return name
    folded = fold(name)
    for key in fields:
        if fold(key) == folded:
            return key
    return None


@lru_cache(maxsize=4096)
def fold(name: str) -> str:
    """Fold the name of a parameter to letters and digits in lower case."""
    return "".join(char for char in name.casefold() if char.isalnum())


def texts(value: Value) -> tuple[Text, ...]:
    """Return every string *value* may be, with holes where it is not known. A value that is no string is one hole."""
    if isinstance(value, Text):
        return (value,)
    if isinstance(value, Literal) and isinstance(value.value, str):
        # What is written with the very character of a hole is read as one.
        return (Text(value.value, ("text with the character U+E000",) if HOLE in value.value else (), value.flow),)
    if isinstance(value, Literal) and isinstance(value.value, (int, float)) and not isinstance(value.value, bool):
        return (Text(str(value.value), (), value.flow),)
    if isinstance(value, OneOf):
        return tuple(text for choice in value.choices for text in texts(choice))
    if isinstance(value, Unknown):
        return (Text(HOLE, (value.reason,), value.flow),)
    return (Text(HOLE, ("it is not a string",), ()),)
