"""The functions of JSONata that call a function: `$map`, `$filter`, `$reduce`, `$each`, `$sift`, `$sort`.

https://docs.jsonata.org/higher-order-functions
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from analyzer.dataflow.functions import concrete
from analyzer.dataflow.jsonata.arrays import is_null
from analyzer.dataflow.jsonata.frames import Function, Run
from analyzer.dataflow.jsonata.outcome import (
    FAILS,
    NOTHING,
    Outcome,
    Stream,
    as_array,
    collapse,
    fork,
    loosen,
    maybe,
    merge_all,
    some,
    truth,
    unknown,
)
from analyzer.dataflow.values import Literal, Record, Sequence, Unknown, Value

Called = Callable[[Run, list[Outcome]], Outcome]


class Keeping(Protocol):
    """Takes its arguments, and whether its array stays one."""

    def __call__(self, run: Run, arguments: list[Outcome], *, keeps: bool) -> Outcome:
        """Return what the function gives."""


_INDEX = "position of an item"


def _applied(run: Run, function: Function, arguments: list[Outcome]) -> Outcome:
    """Apply a function to as many of *arguments* as it takes."""
    taken = 1 if function.node is None else max(len(function.node.value), 1)
    found = run.apply(run, function, arguments[:taken], NOTHING, raw=True)
    return unknown("function") if found.function is not None else found


def _over_arrays(work: Callable[[Run, Sequence, Function], Stream | None]) -> Keeping:
    """Make a function of arguments of one on an array, that which is no array being its only item."""

    def called(run: Run, arguments: list[Outcome], *, keeps: bool) -> Outcome:
        function = arguments[1].function
        if not isinstance(function, Function) or arguments[1].value is not None or arguments[0].function is not None:
            return unknown("")
        ended = []
        for one in fork(arguments[0]):
            if one.value is None:
                ended.append(one)
            elif is_null(one.value):
                ended.append(unknown(""))
            else:
                stream = work(run, as_array(one.value), function)
                ended.append(FAILS if stream is None else _ended(stream, keeps=keeps))
        found = merge_all(ended)
        return Outcome(found.value, undefined=True) if isinstance(arguments[0].value, Unknown) else found

    return called


def _ended(stream: Stream, *, keeps: bool) -> Outcome:
    array = stream.array()
    return Outcome(array, undefined=not array.items) if keeps and (array.items or array.element) else collapse(array)


def _items(array: Sequence) -> list[tuple[Outcome, bool, Value]]:
    """Return each item with whether it is there for sure, and its position."""
    known: list[tuple[Outcome, bool, Value]] = [(some(item), True, Literal(at)) for at, item in enumerate(array.items)]
    return known if array.element is None else [*known, (some(array.element), False, Unknown(_INDEX))]


def _map(run: Run, array: Sequence, function: Function) -> Stream | None:
    stream = Stream()
    for item, certain, at in _items(array):
        found = _applied(run, function, [item, some(at), some(array)])
        if found == FAILS and certain:
            return None
        if found.value is not None:
            stream.add(found.value, certain=certain and not found.undefined)
    return stream


def _filter(run: Run, array: Sequence, function: Function) -> Stream | None:
    stream = Stream()
    for item, certain, at in _items(array):
        found = _applied(run, function, [item, some(at), some(array)])
        if found == FAILS and certain:
            return None
        sides = truth(found)
        if True in sides and item.value is not None:
            stream.add(item.value, certain=certain and len(sides) == 1)
    return stream


def _reduce(run: Run, arguments: list[Outcome]) -> Outcome:
    function, array = arguments[1].function, arguments[0].value
    if array is None and arguments[0].function is None:
        return arguments[0]
    exact = isinstance(array, Sequence) and array.element is None and not arguments[0].undefined
    if not isinstance(function, Function) or function.node is None or not exact or not isinstance(array, Sequence):
        return unknown("")
    names = len(function.node.value)
    waiting = [some(item) for item in array.items]
    if len(arguments) > 2:
        found = arguments[2]
        if found.undefined or found.function is not None:
            return unknown("")
    elif waiting:
        found = waiting.pop(0)
    else:
        return NOTHING
    if names < 2:
        return unknown("")
    start = len(array.items) - len(waiting)
    for at, item in enumerate(waiting, start):
        found = run.apply(run, function, [found, item, some(Literal(at)), some(array)][:names], NOTHING, raw=True)
        if found == FAILS or found.function is not None:
            return FAILS if found == FAILS else unknown("")
    return found


def _fields(value: Record) -> list[tuple[Value, Value, bool]]:
    """Return each field as (value, name, whether it is there for sure)."""
    known: list[tuple[Value, Value, bool]] = [
        (field, Literal(name), name not in value.optional) for name, field in value.fields.items()
    ]
    return known if value.rest is None else [*known, (value.rest, Unknown("name of a field"), False)]


def _over_objects(work: Callable[[Run, Record, Function], Outcome]) -> Called:
    def called(run: Run, arguments: list[Outcome]) -> Outcome:
        function = arguments[1].function
        if not isinstance(function, Function) or arguments[1].value is not None or arguments[0].function is not None:
            return unknown("")
        return merge_all(
            one if one.value is None else work(run, one.value, function) if isinstance(one.value, Record) else unknown("")
            for one in fork(arguments[0])
        )

    return called


def _each(run: Run, value: Record, function: Function) -> Outcome:
    stream = Stream()
    for field, name, certain in _fields(value):
        found = _applied(run, function, [some(field), some(name), some(value)])
        if found.value is not None:
            stream.add(found.value, certain=certain and not found.undefined)
    array = stream.array()
    if len(array.items) > 1 and array.element is None:
        # The order of the fields is not known, their number is.
        element = loosen(array).element
        return some(Sequence((element,) * len(array.items))) if element is not None else some(array)
    return collapse(array if len(array.items) + (array.element is not None) < 2 else loosen(array))


def _sift(run: Run, value: Record, function: Function) -> Outcome:
    fields: dict[str, Value] = {}
    optional: set[str] = set()
    rest: Value | None = None
    for field, name, certain in _fields(value):
        sides = truth(_applied(run, function, [some(field), some(name), some(value)]))
        if True not in sides:
            continue
        if isinstance(name, Literal):
            fields[str(name.value)] = field
            if not certain or len(sides) > 1:
                optional.add(str(name.value))
        else:
            rest = field
    if not fields and rest is None:
        return NOTHING
    kept = Record(fields, rest, frozenset(optional))
    return some(kept) if set(fields) - optional else maybe(kept)


def _sort(_: Run, arguments: list[Outcome]) -> Outcome:
    ended = []
    for one in fork(arguments[0]):
        if one.value is None or one.function is not None:
            ended.append(one if one.function is None else unknown(""))
        elif is_null(one.value) or isinstance(one.value, Unknown):
            ended.append(unknown(""))
        else:
            ended.append(some(_sorted(as_array(one.value), given=len(arguments) > 1)))
    return merge_all(ended)


def _sorted(array: Sequence, *, given: bool) -> Sequence:
    """Return the array in order; in any order where that is a *given* function's, or not known."""
    known, own = concrete(array)
    if known and not given:
        for kind in (str, (int, float)):
            if all(isinstance(one, kind) and not isinstance(one, bool) for one in own):
                plain = all(one.isascii() for one in own) if kind is str else True
                return Sequence(tuple(Literal(one) for one in sorted(own))) if plain else loosen(array)
    return loosen(array) if len(array.items) + (array.element is not None) > 1 else array


KEEPING: Mapping[str, Keeping] = {"map": _over_arrays(_map), "filter": _over_arrays(_filter)}
"""Those that call a function and give an array that may have to stay one."""

HIGHER: Mapping[str, Called] = {
    "reduce": _reduce,
    "each": _over_objects(_each),
    "sift": _over_objects(_sift),
    "sort": _sort,
}
"""The others that take the whole of their arguments, and may call one of them."""
