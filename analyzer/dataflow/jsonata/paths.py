"""Paths and filters: steps over each item of a sequence, whose results are strung together.

https://docs.jsonata.org/path-operators
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from analyzer.dataflow.jsonata.frames import ANYTHING, TOP, Frame, Run
from analyzer.dataflow.jsonata.outcome import (
    FAILS,
    NOTHING,
    Outcome,
    Stream,
    as_array,
    choices,
    collapse,
    fork,
    joined,
    loosen,
    maybe,
    merge,
    merge_all,
    some,
    truth,
    unknown,
)
from analyzer.dataflow.jsonata.tree import Node
from analyzer.dataflow.values import Literal, OneOf, Record, Sequence, Unknown, Value, every


@dataclass(frozen=True, slots=True)
class Pending:
    """The sequence that a filter gave: it is not yet collapsed, for another filter may follow."""

    array: Sequence


Passing = Outcome | Pending


def follow(run: Run, node: Node, context: Outcome, frame: Frame) -> Outcome:
    """Return what the path *node* finds, for each thing that *context* may be."""
    if context is TOP or (node.parts[0].kind == "variable" and node.parts[0].value != ""):
        return _follow(run, node, context, frame)
    return merge_all(_follow(run, node, one, frame) for one in fork(context))


def _follow(run: Run, node: Node, context: Outcome, frame: Frame) -> Outcome:
    steps = node.parts
    absolute = steps[0].kind == "variable" or context is TOP
    array = Sequence(()) if context.value is None else Sequence((context.value,)) if absolute else as_array(context.value)
    missing = context.value is None
    # What a path starts from may be nothing, and still its first step is taken.
    items = [(context, True)] if missing or (absolute and context.undefined) else _each(array)
    if context.undefined and not missing and not absolute:
        items.append((NOTHING, False))
    found: list[tuple[Passing, bool]] = []
    optional = False
    for at, step in enumerate(steps):
        if at == 0 and step.whole:
            here = TOP if context is TOP else ANYTHING if missing or array.element is not None else Outcome(array)
            made = run.evaluate(run, step, here, frame)
            if not isinstance(made.value, Sequence) or not made.value.items or made.undefined:
                return unknown("path that begins with an array")
            items = _each(made.value)
            continue
        found = _over(run, step, items, frame)
        if FAILS in [one for one, _ in found]:
            return NOTHING if optional else FAILS
        single = _single(found)
        if single is not None and at < len(steps) - 1:
            # Where it is missing the whole path is; where it is not, it is the one item there is.
            optional, items = optional or single.undefined, [(replace(single, undefined=False), True)]
            continue
        items = _each(_strung(run, step, found).array())
        if not items and at < len(steps) - 1:
            return NOTHING
    ended = _ended(run, node, found)
    return merge(ended, NOTHING) if optional else ended


def _single(found: list[tuple[Passing, bool]]) -> Outcome | None:
    """Return the only thing that was found, when it is no array and nothing else can have been."""
    if len(found) != 1 or not found[0][1]:
        return None
    only = found[0][0]
    return only if isinstance(only, Outcome) and only.value is not None and not _may_be_array(only.value) else None


def _over(run: Run, step: Node, items: list[tuple[Outcome, bool]], frame: Frame) -> list[tuple[Passing, bool]]:
    """Return what a step gives on each item, with whether it is there for sure. What fails for sure stands alone."""
    found: list[tuple[Passing, bool]] = []
    for item, certain in items:
        for one, sure in _step(run, step, item, frame):
            if one != FAILS:
                found.append((one, certain and sure))
            elif certain and sure:
                return [(FAILS, True)]
    return found


def _each(array: Sequence) -> list[tuple[Outcome, bool]]:
    known = [(some(item), True) for item in array.items]
    return known if array.element is None else [*known, (some(array.element), False)]


def _step(run: Run, step: Node, item: Outcome, frame: Frame) -> Iterator[tuple[Passing, bool]]:
    """Yield what a step gives on one item, and whether it surely does."""
    result = run.evaluate(run, step, item, frame)
    if result.function is not None:
        result = unknown("function")
    if not step.stages:
        yield result, True
        return
    alternatives = fork(result)
    for one in alternatives:
        passing: Passing = one
        for stage in step.stages:
            passing = _filter(run, stage, passing, frame)
        yield passing, len(alternatives) == 1


def _strung(run: Run, step: Node, found: list[tuple[Passing, bool]]) -> Stream:
    """Return the results of a step strung together; an array is taken apart, unless the step makes arrays."""
    stream = Stream()
    for one, certain in found:
        if isinstance(one, Pending):
            stream.add_all(one.array, certain=certain)
        elif one.value is not None and step.kind == "array" and step.whole and not step.stages:
            stream.add(one.value, certain=certain and not one.undefined)
        elif one.value is not None:
            stream.splice(one.value, certain=certain and not one.undefined, whole=run.tree.whole)
    return stream


def _ended(run: Run, node: Node, found: list[tuple[Passing, bool]]) -> Outcome:
    """Return what a path gives whose last step gave *found*."""
    step = node.parts[-1]
    stream = _strung(run, step, found).array()
    empty = not stream.items
    arrays = any(isinstance(one, Outcome) and one.value is not None and _may_be_array(one.value) for one, _ in found)
    if node.keeps:
        if step.whole or run.tree.whole:
            return unknown("array constructor in a path that keeps arrays")
        return NOTHING if empty and stream.element is None and not arrays else Outcome(stream, undefined=empty)
    alone = [one for one, certain in found if certain]
    if len(found) == 1 and alone:
        only = alone[0]
        result = collapse(only.array) if isinstance(only, Pending) else only
        if arrays and (run.tree.keeps or run.tree.whole):
            result = merge(result, merge(collapse(stream), some(stream)))
        return result
    result = collapse(stream)
    if arrays:
        result = merge(result, some(stream))
    return result


def _may_be_array(value: Value) -> bool:
    return any(isinstance(choice, (Sequence, Unknown)) for choice in choices(value))


def filtered(run: Run, filters: tuple[Node, ...], outcome: Outcome, frame: Frame, *, keeps: bool) -> Outcome:
    """Return what is left of *outcome* after its *filters*, as the value it is then."""
    if outcome.function is not None:
        return unknown("filter on a function")
    ended: list[Outcome] = []
    for one in fork(outcome):
        passing: Passing = one
        for predicate in filters:
            passing = _filter(run, predicate, passing, frame)
        if isinstance(passing, Pending):
            ended.append(Outcome(passing.array, undefined=not passing.array.items) if keeps else collapse(passing.array))
        elif keeps and passing.value is not None:
            kept = [choice if isinstance(choice, Sequence) else Sequence((choice,)) for choice in choices(passing.value)]
            ended.append(merge(passing, Outcome(joined(kept))))
        else:
            ended.append(passing)
    return merge_all(ended)


def _filter(run: Run, predicate: Node, passing: Passing, frame: Frame) -> Passing:
    if isinstance(passing, Pending):
        return _picked(run, predicate, passing.array, frame)
    if passing == FAILS:
        return passing
    nothing = _on_nothing(run, predicate, frame) if passing.undefined else FAILS
    if passing.value is None:
        return nothing
    found = _picked(run, predicate, as_array(passing.value), frame)
    if nothing == FAILS or isinstance(passing.value, Unknown):
        return found
    if isinstance(found, Outcome) or nothing.value is not None:
        return merge(found if isinstance(found, Outcome) else collapse(found.array), nothing)
    return Pending(loosen(found.array))


def _picked(run: Run, predicate: Node, array: Sequence, frame: Frame) -> Passing:
    """Return the items of *array* that a predicate picks."""
    if predicate.kind == "constant" and not predicate.filters and _number(predicate.value) is not None:
        return _at(run, array, int(predicate.value))
    stream = Stream()
    size = len(array.items) if array.element is None else None
    for at, item in enumerate(array.items):
        verdict = _picks(run.evaluate(run, predicate, some(item), frame), at, size)
        if verdict is not False:
            stream.add(item, certain=verdict is True)
    if array.element is not None:
        found = run.evaluate(run, predicate, some(array.element), frame)
        if truth(found) != {False} or _may_be_number(found):
            stream.add(array.element, certain=False)
    return Pending(stream.array())


def _on_nothing(run: Run, predicate: Node, frame: Frame) -> Outcome:
    """Return what a filter on nothing leaves: in the reference implementation, an item that is nothing may pass it."""
    if predicate.kind == "constant" and _number(predicate.value) is not None:
        return NOTHING
    found = run.evaluate(run, predicate, NOTHING, frame)
    return unknown("filter on nothing") if True in truth(found) or _may_be_number(found) else NOTHING


def _number(value: object) -> float | None:
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def _at(run: Run, array: Sequence, index: int) -> Outcome:
    """Return the item at *index*, which counts from the end when it is negative."""
    if index < 0:
        if array.element is not None:
            return merge_all(maybe(item) for item in every(array))
        index += len(array.items)
    if 0 <= index < len(array.items):
        found = some(array.items[index])
    elif array.element is None or index < 0:
        return NOTHING
    else:
        found = maybe(array.element)
    if run.tree.keeps and found.value is not None and _may_be_array(found.value):
        return merge(found, merge(collapse(as_array(found.value)), some(as_array(found.value))))
    return found


def _picks(found: Outcome, at: int, size: int | None) -> bool | None:
    """Tell whether a predicate that gave *found* picks the item at a place; `None` when that is not known."""
    verdicts: set[bool | None] = set()
    for one in fork(found):
        number = _number(one.value.value) if isinstance(one.value, Literal) else None
        if number is not None:
            if number != int(number) or (number < 0 and size is None):
                return None
            verdicts.add(at == (int(number) if number >= 0 else int(number) + (size or 0)))
        elif _may_be_number(one):
            return None
        else:
            verdicts |= truth(one)
    return verdicts.pop() if len(verdicts) == 1 else None


def _may_be_number(found: Outcome) -> bool:
    """Tell whether *found* may be a number, or an array of numbers: these pick items by their place."""
    if found.value is None:
        return False
    for choice in choices(found.value):
        if isinstance(choice, Unknown) or (isinstance(choice, Literal) and _number(choice.value) is not None):
            return True
        if isinstance(choice, Sequence) and all(_may_be_number(some(item)) for item in choice.items):
            return True
    return False


def inside(value: Value) -> list[Value] | None:
    """Return what `*` finds below *value*, with arrays taken apart at every level; `None` when that is not known."""
    if isinstance(value, Unknown):
        return None
    below: list[Value] = []
    if isinstance(value, Record):
        below = [*value.fields.values(), *([] if value.rest is None else [value.rest])]
    elif isinstance(value, Sequence):
        below = list(every(value))
    leaves: list[Value] = []
    while below:
        one = below.pop()
        if isinstance(one, Unknown):
            return None
        if isinstance(one, (Sequence, OneOf)):
            below += every(one) if isinstance(one, Sequence) else one.choices
        else:
            leaves.append(one)
    return leaves
