"""Comparison of values of which not everything is known: each answer is the set of booleans it may be.

https://docs.jsonata.org/comparison-operators
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping

from analyzer.dataflow.functions import concrete
from analyzer.dataflow.join import describes
from analyzer.dataflow.jsonata.outcome import NOTHING, Outcome, as_array, boolean, choices, lift, maybe, some, unknown
from analyzer.dataflow.values import HOLE, Literal, Record, Sequence, Text, Unknown, Value
from analyzer.text import Json

BOTH = frozenset((True, False))
_NO = frozenset({False})

_ORDERS: Mapping[str, Callable[[Json, Json], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
RELATIONS = ("=", "!=", "in", *_ORDERS)
"""The operators that compare."""


def related(name: str, left: Outcome, right: Outcome) -> Outcome:
    """Return what the comparison *name* of two outcomes gives."""
    if name in _ORDERS:
        return lift(lambda one, other: _ordered(name, one, other), [left, right])
    compare = _in if name == "in" else _equal_or_not(name)
    # A function equals nothing, or itself: no expression asks that.
    sides = [unknown("function") if side.function is not None else side for side in (left, right)]
    return lift(lambda one, other: boolean(_NO if one is None or other is None else compare(one, other)), sides)


def _equal_or_not(name: str) -> Callable[[Value, Value], frozenset[bool]]:
    def compare(one: Value, other: Value) -> frozenset[bool]:
        found = equal(one, other)
        if name == "=":
            return found
        turned = frozenset(not answer for answer in found)
        # Compared with nothing, both answers are no.
        return turned | _NO if any(isinstance(side, Unknown) for side in (one, other)) else turned

    return compare


def equal(left: Value, right: Value) -> frozenset[bool]:
    """Tell whether two alternatives are equal."""
    (one_known, one), (other_known, other) = concrete(left), concrete(right)
    if one_known and other_known:
        return frozenset({same(one, other)})
    if isinstance(left, Unknown) or isinstance(right, Unknown):
        return BOTH
    if isinstance(left, Text) or isinstance(right, Text):
        return BOTH if _texts_meet(left, right) else _NO
    same_kind = any(isinstance(left, kind) and isinstance(right, kind) for kind in (Record, Sequence))
    return BOTH if same_kind else _NO


def _texts_meet(left: Value, right: Value) -> bool:
    pattern, other = (left, right) if isinstance(left, Text) else (right, left)
    if isinstance(other, Literal):
        return describes(pattern, other.value)
    if not isinstance(pattern, Text) or not isinstance(other, Text):
        return False
    ends = [(text.text.partition(HOLE)[0], text.text.rpartition(HOLE)[2]) for text in (pattern, other)]
    (head, tail), (other_head, other_tail) = ends
    heads = head.startswith(other_head) or other_head.startswith(head)
    return heads and (tail.endswith(other_tail) or other_tail.endswith(tail))


def same(left: Json, right: Json) -> bool:
    """Tell whether two JSON values are equal: a boolean is no number."""
    if isinstance(left, bool) or isinstance(right, bool) or left is None or right is None:
        return left is right
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(same(one, other) for one, other in zip(left, right, strict=True))
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same(left[name], right[name]) for name in left)
    return bool(left == right)


def _in(wanted: Value, among: Value) -> frozenset[bool]:
    array = as_array(among)
    found = [_member(wanted, item) for item in array.items]
    if frozenset({True}) in found:
        return frozenset({True})
    open_ = isinstance(wanted, Unknown) or array.element is not None or any(True in one for one in found)
    return BOTH if open_ else _NO


def _member(wanted: Value, item: Value) -> frozenset[bool]:
    answers: set[bool] = set()
    for choice in choices(item):
        if isinstance(wanted, (Record, Sequence)) or isinstance(choice, (Record, Sequence, Unknown)):
            return BOTH
        kinds = {type(side.value) for side in (wanted, choice) if isinstance(side, Literal)}
        # Implementations differ on whether `true` is among numbers.
        answers |= BOTH if bool in kinds and len(kinds) > 1 else equal(wanted, choice)
    return frozenset(answers)


def _ordered(name: str, left: Value | None, right: Value | None) -> Outcome:
    if left is None or right is None:
        return NOTHING
    values = [side.value for side in (left, right) if isinstance(side, Literal)]
    texts = all(isinstance(value, str) and value.isascii() for value in values)
    numbers = all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in values)
    if len(values) == 2 and (texts or numbers):
        return some(Literal(_ORDERS[name](*values)))
    return maybe(boolean(BOTH).value)
