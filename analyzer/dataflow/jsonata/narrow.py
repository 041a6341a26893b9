"""What a Choice condition in JSONata tells: on its branch it holds, and on those after it does not.

https://docs.aws.amazon.com/step-functions/latest/dg/state-choice.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from analyzer.dataflow.evaluate import Environment
from analyzer.dataflow.join import describes, join_all, one_of
from analyzer.dataflow.jsonata.compare import same
from analyzer.dataflow.jsonata.expression import fill, outcome_of_tree
from analyzer.dataflow.jsonata.outcome import Outcome, choices, truth
from analyzer.dataflow.jsonata.tree import Node, NotModelled, Tree, parse
from analyzer.dataflow.paths import Unsupported
from analyzer.dataflow.refine import either
from analyzer.dataflow.values import HOLE, Flow, Literal, OneOf, Record, Sequence, Text, Unknown, Value
from analyzer.text import Json

Keep = Callable[[Value], Value | None]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a path of names starts, at `$states.input` (no variable) or at a variable, and the names."""

    variable: str | None
    steps: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Condition:
    """A condition with the placeholders that have no value; its parts are conditions as well."""

    tree: Tree
    open_names: tuple[str, ...]

    def outcome(self, node: Node, environment: Environment) -> Outcome:
        return outcome_of_tree(replace(self.tree, root=node), environment, self.open_names)

    def truth(self, node: Node, environment: Environment) -> frozenset[bool]:
        return truth(self.outcome(node, environment))


def narrow(text: str, environment: Environment, *, holds: bool) -> Environment | None:
    """Return *environment* when the condition *text* holds, or does not; `None` when it cannot be so.

    A path that is found to have a value is taken to lead through objects: where a state's input is an array of one object,
    JSONata reads the same from it. Where a condition cannot be followed, nothing is taken away.
    """
    try:
        filled, open_names = fill(text, environment)
        condition = _Condition(parse(filled), open_names)
        return _narrow(condition, condition.tree.root, environment, holds=holds)
    except (Unsupported, NotModelled):
        return environment


def _narrow(condition: _Condition, node: Node, environment: Environment, *, holds: bool) -> Environment | None:
    while node.kind == "block" and len(node.parts) == 1 and not node.filters:
        node = node.parts[0]
    if node.kind == "binary" and node.value in ("and", "or") and not node.filters:
        return _logical(condition, node, environment, holds=holds)
    if _called(node, environment) == "not" and len(node.parts) == 2:
        operand = node.parts[1]
        # Of nothing, `$not` is nothing.
        loose = not holds and condition.outcome(operand, environment).undefined
        return environment if loose else _narrow(condition, operand, environment, holds=not holds)
    if holds not in condition.truth(node, environment):
        return None
    known = _compared(node, environment, holds=holds)
    return None if known is None else _chosen(condition, node, known, holds=holds)


def _logical(condition: _Condition, node: Node, environment: Environment, *, holds: bool) -> Environment | None:
    left, right = node.parts
    deciding = node.value == "or"
    # Where the left side does not decide, the right side is what the whole is.
    passed = _narrow(condition, left, environment, holds=not deciding)
    after = None if passed is None else _narrow(condition, right, passed, holds=holds)
    if holds is not deciding:
        return after
    decided = _narrow(condition, left, environment, holds=deciding)
    if decided is None or after is None:
        return after if decided is None else decided
    return either(decided, after)


def _called(node: Node, environment: Environment) -> str | None:
    """Return the name of the function that *node* calls."""
    if node.kind != "call" or node.filters or node.parts[0].kind != "variable" or node.parts[0].filters:
        return None
    name = str(node.parts[0].value)
    return None if name in environment.variables else name


def _compared(node: Node, environment: Environment, *, holds: bool) -> Environment | None:
    """Take what a comparison of a path with constants says about the value there."""
    if node.filters:
        return environment
    if _called(node, environment) == "contains" and len(node.parts) == 3:
        place, part = place_of(node.parts[1]), node.parts[2]
        if not holds or place is None or part.kind != "constant" or not isinstance(part.value, str) or HOLE in part.value:
            return environment
        return _put(environment, place, _containing(part.value), present=True)
    if node.kind != "binary" or node.value not in ("=", "!=", "in"):
        return environment
    sides = node.parts if place_of(node.parts[0]) is not None or node.value == "in" else node.parts[::-1]
    place, wanted = place_of(sides[0]), _constants(sides[1], among=node.value == "in")
    if place is None or wanted is None:
        return environment
    positive = holds is (node.value != "!=")
    # Compared with nothing, each comparison is false.
    return _put(environment, place, _equal_to(wanted) if positive else _other_than(wanted), present=holds)


def _constants(node: Node, *, among: bool) -> tuple[Json, ...] | None:
    if node.filters or node.keeps:
        return None
    if not among:
        return (node.value,) if node.kind == "constant" and not _has_hole(node.value) else None
    # Implementations differ on what is in an array that holds anything but texts.
    texts = node.kind == "array" and all(part.kind == "constant" and isinstance(part.value, str) for part in node.parts)
    values = tuple(part.value for part in node.parts)
    return values if texts and not any(_has_hole(value) for value in values) else None


def _has_hole(value: Json) -> bool:
    return isinstance(value, str) and HOLE in value


def _equal_to(wanted: tuple[Json, ...]) -> Keep:
    def keep(choice: Value) -> Value | None:
        if isinstance(choice, Literal):
            return choice if any(same(choice.value, one) for one in wanted) else None
        if isinstance(choice, (Text, Unknown)):
            flow: tuple[Flow, ...] = choice.flow
            fitting = [Literal(one, flow) for one in wanted if describes(choice, one)]
            return one_of(fitting) if fitting else None
        return None

    return keep


def _other_than(wanted: tuple[Json, ...]) -> Keep:
    def keep(choice: Value) -> Value | None:
        return None if isinstance(choice, Literal) and any(same(choice.value, one) for one in wanted) else choice

    return keep


def _only(left: tuple[Value, ...]) -> Keep:
    return lambda choice: choice if any(choice is one for one in left) else None


def _containing(part: str) -> Keep:
    def keep(choice: Value) -> Value | None:
        if isinstance(choice, Unknown):
            return Text(HOLE + part + HOLE, (f"text that contains `{part}`",), choice.flow)
        if isinstance(choice, Literal):
            return choice if isinstance(choice.value, str) and part in choice.value else None
        return choice if isinstance(choice, Text) else None

    return keep


def _chosen(condition: _Condition, node: Node, environment: Environment, *, holds: bool) -> Environment | None:
    """Of each value that is one of several, leave those with which the condition may be so."""
    known: Environment | None = environment
    for place in dict.fromkeys(_places(node)):
        if known is None:
            break
        value = _reach(_start(known, place), place.steps)
        if not isinstance(value, OneOf):
            continue
        kept = []
        for choice in value.choices:
            tried = _put(known, place, _only((choice,)), present=False)
            if tried is not None and holds in condition.truth(node, tried):
                kept.append(choice)
        if len(kept) < len(value.choices):
            known = _put(known, place, _only(tuple(kept)), present=False)
    return known


def _places(node: Node) -> Iterator[Place]:
    place = place_of(node)
    if place is not None:
        yield place
        return
    for part in (*node.parts, *node.filters, *node.stages):
        yield from _places(part)


def place_of(node: Node) -> Place | None:
    """Return the place that *node* reads, when it is a plain path from the input or from a variable."""
    steps = node.parts if node.kind == "path" else (node,)
    if node.keeps or any(step.filters or step.stages or step.keeps for step in (node, *steps)):
        return None
    first, names = steps[0], tuple(str(step.value) for step in steps[1:])
    if first.kind != "variable" or first.value in ("", "$") or any(step.kind != "name" for step in steps[1:]):
        return None
    if first.value == "states":
        return Place(None, names[1:]) if names[:1] == ("input",) else None
    return Place(str(first.value), names)


def _start(environment: Environment, place: Place) -> Value | None:
    return environment.input if place.variable is None else environment.variables.get(place.variable)


def _reach(value: Value | None, steps: tuple[str, ...]) -> Value | None:
    for step in steps:
        value = value.fields.get(step) if isinstance(value, Record) else None
    return value


def _put(environment: Environment, place: Place, keep: Keep, *, present: bool) -> Environment | None:
    """Return *environment* with what *keep* leaves at *place*, which must be there when *present*; `None` if nothing is."""
    start = _start(environment, place)
    if start is None:
        return environment
    left = _kept(start, place.steps, keep, present=present)
    if left is None:
        return None
    if place.variable is None:
        return environment._replace(input=left)
    return environment._replace(variables={**environment.variables, place.variable: left})


def _kept(value: Value, steps: tuple[str, ...], keep: Keep, *, present: bool) -> Value | None:
    if not steps:
        return join_all(left for choice in choices(value) if (left := keep(choice)) is not None)
    if isinstance(value, OneOf):
        return join_all(left for choice in value.choices if (left := _kept(choice, steps, keep, present=present)) is not None)
    name, rest = steps[0], steps[1:]
    if isinstance(value, Unknown):
        if not present:
            return value
        inner = _kept(value, rest, keep, present=present)
        return None if inner is None else Record({name: inner}, value)
    if isinstance(value, Sequence):
        return value
    if not isinstance(value, Record):
        return None if present else value
    if name in value.fields:
        inner = _kept(value.fields[name], rest, keep, present=present)
        if inner is None:
            return None if present or name not in value.optional else value
        optional = value.optional - {name} if present else value.optional
        return replace(value, fields={**value.fields, name: inner}, optional=optional)
    if value.rest is None or not present:
        return None if present else value
    inner = _kept(value.rest, rest, keep, present=present)
    return None if inner is None else replace(value, fields={**value.fields, name: inner})
