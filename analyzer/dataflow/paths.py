"""JSONPath over abstract values: reference paths by hand, everything else through jsonpath-ng's syntax tree.

A path starts at the state's input (`$`), the context object (`$$`) or a variable (`$name`).
https://docs.aws.amazon.com/step-functions/latest/dg/amazon-states-language-paths.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any

from analyzer.dataflow.join import TOO_DEEP, join_all, one_of
from analyzer.dataflow.values import Flow, Literal, OneOf, Record, Sequence, Text, Unknown, Value, parts
from analyzer.text import Pointer

_ROOT = re.compile(r"\$\$|\$[^\W\d]\w*|\$")
_PICKED = re.compile(r"\[-?\d+\]\Z")
_STEP = re.compile(r"""\.(?P<name>[^\W\d][\w-]*)|\[(?P<index>\d+)\]|\[(?P<quote>['"])(?P<key>[^'"\\]*)(?P=quote)\]""")

Step = str | int
Walk = Callable[[Value], list[Value]]


class Unsupported(Exception):
    """A path that this room cannot follow."""


def follow(path: str, roots: Mapping[str, Value]) -> Value | None:
    """Return what *path* finds, or `None` when it can match nothing.

    *roots* maps `$`, `$$` and `$name` to where the paths start. Raises `Unsupported` for a path that cannot be read.
    """
    root, steps = split(path)
    if root not in roots:
        # A variable nobody assigned: the state fails before it does anything.
        return None
    if steps is not None:
        value: Value | None = roots[root]
        for step in steps:
            value = None if value is None else child(value, step)
        return value
    walk, many = _compiled(path[len(root) :])
    found = walk(roots[root])
    if not many:
        return one_of(found) if found else None
    # How many an unknown part holds is not known, so the order and the number of all of them are not.
    several = Sequence((), join_all(found)) if found else Sequence(())
    # One item picked out of several matches is said to be unpacked, and it is not said when.
    return one_of([several, *found]) if _PICKED.search(path) else several


@lru_cache(maxsize=4096)
def split(path: str) -> tuple[str, tuple[Step, ...] | None]:
    """Split a path into its root and its steps; the steps are `None` when they are more than names and indexes."""
    match = _ROOT.match(path)
    if match is None:
        raise Unsupported(path)
    at, steps = match.end(), []
    while at < len(path):
        step = _STEP.match(path, at)
        if step is None:
            return match[0], None
        steps.append(
            int(step["index"]) if step["index"] is not None else step["name"] if step["name"] is not None else step["key"]
        )
        at = step.end()
    return match[0], tuple(steps)


def child(value: Value, step: Step) -> Value | None:
    """Return what stands at one field or index of *value*; `None` when nothing can."""
    if isinstance(value, Unknown):
        return value
    if isinstance(value, OneOf):
        return join_all(found for choice in value.choices if (found := child(choice, step)) is not None)
    if isinstance(value, Record) and isinstance(step, str):
        return value.fields.get(step, value.rest)
    if isinstance(value, Sequence) and isinstance(step, int):
        return value.items[step] if step < len(value.items) else value.element
    return None


def children(value: Value) -> list[Value]:
    """Return every field or item of *value*."""
    if isinstance(value, Unknown):
        return [value]
    if isinstance(value, OneOf):
        return [found for choice in value.choices for found in children(choice)]
    return list(parts(value))


def came_from(value: Value, pointer: Pointer, what: str) -> Value:
    """Put one step before the way of a scalar: where it was read, and by which expression."""
    step = Flow(pointer, what)
    if isinstance(value, Literal):
        return Literal(value.value, (step, *value.flow))
    if isinstance(value, Text):
        return Text(value.text, value.reasons, (step, *value.flow))
    if isinstance(value, Unknown):
        return Unknown(what, (step, *value.flow))
    if isinstance(value, OneOf):
        return OneOf(tuple(came_from(choice, pointer, what) for choice in value.choices))
    if isinstance(value, Sequence):
        element = None if value.element is None else came_from(value.element, pointer, what)
        return Sequence(tuple(came_from(item, pointer, what) for item in value.items), element)
    return value


@lru_cache(maxsize=1024)
def _compiled(rest: str) -> tuple[Walk, bool]:
    """Compile the part of a path after its root by jsonpath-ng; say whether it may find several values."""
    from jsonpath_ng.ext.parser import parse

    try:
        tree = parse("$" + rest)
    except Exception as error:
        # jsonpath-ng raises plain exceptions of its lexer and parser, of several kinds.
        raise Unsupported(rest) from error
    return _walk(tree)


def _walk(node: Any) -> tuple[Walk, bool]:
    kind = type(node).__name__
    if kind in ("Root", "This"):
        return lambda value: [value], False
    if kind == "Child":
        (first, one), (second, other) = _walk(node.left), _walk(node.right)
        return lambda value: _each(second, first(value)), one or other
    if kind == "Fields":
        if node.fields == ("*",):
            return children, True
        if len(node.fields) > 1:
            # Some readers of JSONPath give an object of the named fields, others a list of what they hold.
            raise Unsupported(kind)
        name = node.fields[0]
        return lambda value: _found([child(value, name)]), False
    if kind == "Index":
        indexes = tuple(node.indices)
        return lambda value: _found(_at(value, index) for index in indexes), len(indexes) > 1
    if kind in ("Slice", "Wildcard"):
        return children, True
    if kind == "Filter":
        # Of an object, some readers test the object itself, others what its fields hold.
        return _tested, True
    if kind == "Descendants":
        (first, _), (second, _) = _walk(node.left), _walk(node.right)
        return lambda value: _each(second, [deep for found in first(value) for deep in _descendants(found)]), True
    raise Unsupported(kind)


def _tested(value: Value) -> list[Value]:
    if isinstance(value, OneOf):
        return [found for choice in value.choices for found in _tested(choice)]
    return children(value) if isinstance(value, Sequence) else [value, *children(value)]


def _each(walk: Walk, values: Iterable[Value]) -> list[Value]:
    return [found for value in values for found in walk(value)]


def _found(values: Iterable[Value | None]) -> list[Value]:
    return [value for value in values if value is not None]


def _at(value: Value, index: int) -> Value | None:
    if index >= 0 or isinstance(value, Unknown):
        return child(value, max(index, 0))
    if isinstance(value, Sequence) and value.element is None:
        return value.items[index] if -index <= len(value.items) else None
    return join_all(children(value))


def _descendants(value: Value) -> list[Value]:
    found: list[Value] = []
    waiting = [value]
    while waiting and len(found) < 10_000:
        one = waiting.pop()
        found.append(one)
        waiting += [] if isinstance(one, Unknown) else children(one)
    return found if not waiting else [*found, Unknown(TOO_DEEP)]
