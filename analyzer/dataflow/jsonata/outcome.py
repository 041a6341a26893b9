"""What evaluating gives: a value, nothing at all ("undefined"), or a function; and arrays on their way through a path.

JSONata's arrays come in two kinds. A *sequence*, which a path or a filter gives, becomes its only item when it has one and
nothing when it has none; an array that was written or read stays what it is.
https://docs.jsonata.org/processing#sequences
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from functools import reduce
from itertools import product

from analyzer.dataflow.join import DEPTH, LIMIT, TOO_MANY, describes, join
from analyzer.dataflow.values import HOLE, Literal, OneOf, Record, Sequence, Text, Unknown, Value, every

LONGEST = 256
"""The most items of an array that are kept apart."""


LARGEST = 5_000
"""The most parts of an array or an object that an expression makes."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an expression may give: this value if any, nothing if `undefined`, this function if any.

    With none of the three it cannot end well. An `Unknown` value may also be nothing, or a function.
    """

    value: Value | None = None
    undefined: bool = False
    function: object | None = None


NOTHING = Outcome(undefined=True)
FAILS = Outcome()


def some(value: Value | None) -> Outcome:
    """Return the outcome that is *value*; nothing when there is none."""
    return NOTHING if value is None else Outcome(value, isinstance(value, Unknown))


def maybe(value: Value | None) -> Outcome:
    """Return the outcome that is *value* or nothing."""
    return Outcome(value, undefined=True)


def unknown(reason: str) -> Outcome:
    """Return the outcome that may be anything."""
    return Outcome(Unknown(reason), undefined=True)


def merge(left: Outcome, right: Outcome) -> Outcome:
    """Return the outcome that is either."""
    if left == FAILS:
        return right
    if right == FAILS:
        return left
    if (left.function is not None or right.function is not None) and left.function is not right.function:
        return unknown("one of several functions or values")
    values = [value for value in (left.value, right.value) if value is not None]
    if left.function is not None and values:
        return unknown("one of several functions or values")
    value = absorb(joined(values)) if values else None
    return Outcome(value, left.undefined or right.undefined or isinstance(value, Unknown), left.function)


def merge_all(outcomes: Iterable[Outcome]) -> Outcome:
    """Return the outcome that is any of *outcomes*."""
    return reduce(merge, outcomes, FAILS)


def absorb(value: Value) -> Value:
    """Drop the alternatives that another one, a text with holes, describes."""
    if not isinstance(value, OneOf):
        return value
    patterns = [choice for choice in value.choices if isinstance(choice, Text)]
    if not patterns:
        return value
    kept = tuple(
        choice
        for choice in value.choices
        if not (isinstance(choice, Literal) and any(describes(pattern, choice.value) for pattern in patterns))
    )
    if any(pattern.text == HOLE for pattern in patterns):
        bare = next(pattern for pattern in patterns if pattern.text == HOLE)
        kept = tuple(choice for choice in kept if choice is bare or not isinstance(choice, Text))
    return kept[0] if len(kept) == 1 else OneOf(kept)


def joined(values: Iterable[Value]) -> Value:
    """Join values, of which there is at least one."""
    return reduce(join, values)


def choices(value: Value) -> tuple[Value, ...]:
    """Return the alternatives that *value* is one of."""
    return value.choices if isinstance(value, OneOf) else (value,)


def fork(outcome: Outcome) -> list[Outcome]:
    """Return the alternatives that *outcome* is one of: each a value, or nothing. An `Unknown` stays one."""
    if outcome.value is None:
        return [outcome]
    found = [Outcome(choice, isinstance(choice, Unknown)) for choice in choices(outcome.value)]
    return [*found, NOTHING] if outcome.undefined and not isinstance(outcome.value, Unknown) else found


def lift(function: Callable[..., Outcome], arguments: list[Outcome]) -> Outcome:
    """Apply *function*, which takes one value or `None` for each argument, to every combination of what they may be."""
    if any(argument == FAILS for argument in arguments):
        return FAILS
    sides = [[one.value for one in fork(argument)] for argument in arguments]
    count = 1
    for side in sides:
        count *= len(side)
    if count > LIMIT:
        sides = [[Unknown(TOO_MANY)] if len(side) > 1 else side for side in sides]
    return merge_all(function(*chosen) for chosen in product(*sides))


@dataclass(slots=True)
class Stream:
    """A sequence under construction: items whose place is known, then any number of others."""

    items: list[Value] = field(default_factory=list)
    rest: Value | None = None

    def add(self, value: Value, *, certain: bool = True) -> None:
        """Add one item, which is *certain* to be there or may be missing."""
        if certain and self.rest is None and len(self.items) < LONGEST:
            self.items.append(value)
        else:
            self.rest = value if self.rest is None else join(self.rest, value)

    def add_all(self, array: Sequence, *, certain: bool = True) -> None:
        """Add the items of an array."""
        for item in array.items:
            self.add(item, certain=certain)
        if array.element is not None:
            self.add(array.element, certain=False)

    def splice(self, value: Value, *, certain: bool = True, whole: bool = False) -> None:
        """Add a value, or the items of an array; with *whole*, arrays may also be added as they are."""
        if isinstance(value, Sequence):
            self.add_all(value, certain=certain and not whole)
            if whole:
                self.add(value, certain=False)
        elif isinstance(value, Unknown):
            self.add(value, certain=False)
        elif isinstance(value, OneOf) and any(isinstance(choice, Sequence) for choice in value.choices):
            for choice in value.choices:
                self.splice(choice, certain=False, whole=whole)
        else:
            self.add(value, certain=certain)

    def array(self) -> Sequence:
        """Return the items as an array."""
        return Sequence(tuple(self.items), self.rest)


def collapse(array: Sequence) -> Outcome:
    """Return what a sequence is once it is read: nothing, its only item, or an array."""
    if len(array.items) > 1:
        return some(array)
    if array.element is None:
        return some(array.items[0]) if array.items else NOTHING
    alone = some(array.items[0]) if array.items else maybe(array.element)
    return merge(alone, some(array))


def weigh(value: Value) -> int | None:
    """Return how many parts *value* has; `None` when they are too many, or nested too deeply."""
    waiting, count = [(value, 0)], 0
    while waiting:
        one, depth = waiting.pop()
        count += 1
        if count > LARGEST or depth > DEPTH:
            return None
        if isinstance(one, Record):
            waiting += [(field, depth + 1) for field in one.fields.values()]
            waiting += [] if one.rest is None else [(one.rest, depth + 1)]
        elif isinstance(one, Sequence):
            waiting += [(item, depth + 1) for item in every(one)]
        elif isinstance(one, OneOf):
            waiting += [(choice, depth) for choice in one.choices]
    return count


def as_array(value: Value) -> Sequence:
    """Return *value* as an array: one that is no array is its only item."""
    if isinstance(value, Sequence):
        return value
    if isinstance(value, Unknown):
        return Sequence((), value)
    if isinstance(value, OneOf):
        stream = Stream()
        stream.splice(value)
        return stream.array()
    return Sequence((value,))


def loosen(array: Sequence) -> Sequence:
    """Return the array with its items in any order and number."""
    items = every(array)
    return Sequence((), joined(items)) if items else array


def lookup(value: Value, name: str) -> Outcome:
    """Return what the field *name* of *value* is; of an array, that of each of its items."""
    if isinstance(value, Unknown):
        return Outcome(value, undefined=True)
    if isinstance(value, OneOf):
        return merge_all(lookup(choice, name) for choice in value.choices)
    if isinstance(value, Record):
        if name in value.fields:
            found = some(value.fields[name])
            return replace(found, undefined=True) if name in value.optional else found
        return NOTHING if value.rest is None else maybe(value.rest)
    if isinstance(value, Sequence):
        stream = Stream()
        for item, certain in [*((item, True) for item in value.items), *([(value.element, False)] if value.element else [])]:
            found = lookup(item, name)
            if found.value is not None:
                stream.splice(found.value, certain=certain and not found.undefined)
        return collapse(stream.array())
    return NOTHING


def truth(outcome: Outcome) -> frozenset[bool]:
    """Return the truth values that *outcome* may have in a condition."""
    found: set[bool] = {False} if outcome.undefined or outcome.function is not None else set()
    for choice in choices(outcome.value) if outcome.value is not None else ():
        found |= _truth(choice)
    return frozenset(found)


_BOTH = frozenset((True, False))


def _truth(value: Value) -> frozenset[bool]:
    if isinstance(value, Literal):
        return frozenset({bool(value.value)})
    if isinstance(value, Text):
        return frozenset({True}) if value.text.strip(HOLE) else _BOTH
    if isinstance(value, Record):
        if set(value.fields) - value.optional:
            return frozenset({True})
        return _BOTH if value.fields or value.rest is not None else frozenset({False})
    if isinstance(value, Sequence):
        each = [truth(some(item)) for item in value.items]
        if frozenset({True}) in each:
            return frozenset({True})
        sure = value.element is None and all(one == frozenset({False}) for one in each)
        return frozenset({False}) if sure else _BOTH
    return _BOTH


def boolean(found: frozenset[bool]) -> Outcome:
    """Return the outcome that is one of the booleans *found*."""
    return merge_all(some(Literal(one)) for one in sorted(found))
