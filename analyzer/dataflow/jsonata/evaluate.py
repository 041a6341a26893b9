"""The abstract evaluation of a JSONata expression: its syntax tree over values of the domain.

Each kind of node has a function in `_MEANING`. The order of evaluation, the frames of variables and the two kinds of
arrays follow the reference implementation; where a result depends on what is not known, every possibility is joined.
https://docs.jsonata.org/processing
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace

from analyzer.dataflow.evaluate import Environment
from analyzer.dataflow.join import join
from analyzer.dataflow.jsonata import compare, paths
from analyzer.dataflow.jsonata.frames import ANYTHING, TOP, Frame, Function, Run
from analyzer.dataflow.jsonata.functions import FUNCTIONS, call_builtin
from analyzer.dataflow.jsonata.higher import KEEPING
from analyzer.dataflow.jsonata.outcome import (
    FAILS,
    NOTHING,
    Outcome,
    Stream,
    boolean,
    choices,
    joined,
    lift,
    lookup,
    maybe,
    merge,
    merge_all,
    some,
    truth,
    unknown,
    weigh,
)
from analyzer.dataflow.jsonata.strings import NoText, concatenate, integer
from analyzer.dataflow.jsonata.tree import Node, Tree, spell
from analyzer.dataflow.paths import Unsupported
from analyzer.dataflow.values import Literal, OneOf, Record, Sequence, Unknown, Value

CALLS = 16
"""The deepest nesting of calls of functions."""

LONGEST_RANGE = 1000
"""The longest range that is written out."""

BIGGEST = 10**15
"""The biggest number that is calculated with."""


def evaluate_tree(tree: Tree, environment: Environment, text: Callable[[str], Value]) -> Outcome:
    """Return what *tree* gives in *environment*; *text* reads a constant text, which may have placeholders."""
    fields = {"input": environment.input, "context": environment.context}
    after = {"result": environment.result, "errorOutput": environment.error}
    fields.update({name: given for name, given in after.items() if given is not None})
    run = Run(tree, Record(fields, Unknown("`$states`")), environment.variables, text, evaluate, apply)
    return evaluate(run, tree.root, TOP, Frame({}))


_MAKING = ("array", "object", "call", "apply", "path")
"""The kinds of nodes that may give larger values than they are given."""


def evaluate(run: Run, node: Node, context: Outcome, frame: Frame) -> Outcome:
    """Return what *node* gives where `$` is *context*."""
    run.work -= 1
    if run.work < 0:
        raise Unsupported("expression that is too long to evaluate")
    found = _MEANING[node.kind](run, node, context, frame)
    if node.filters:
        found = paths.filtered(run, node.filters, found, frame, keeps=node.keeps)
    if node.kind in _MAKING and isinstance(found.value, (Record, Sequence, OneOf)):
        # What names one value twice doubles it, and costs whoever looks at all of it.
        weight = weigh(found.value)
        if weight is None:
            return unknown("value that is too large")
        run.work -= weight // 16
    return found


def _constant(run: Run, node: Node, _: Outcome, __: Frame) -> Outcome:
    return some(run.text(node.value)) if isinstance(node.value, str) else some(Literal(node.value))


def _variable(run: Run, node: Node, context: Outcome, frame: Frame) -> Outcome:
    if node.value == "":
        return context
    name, here = str(node.value), frame
    while here is not None:
        if name in here.bindings:
            return here.bindings[name]
        if here.parent is None:
            break
        here = here.parent
    if name == "states":
        return some(run.states)
    if name in run.variables:
        return some(run.variables[name])
    if name in FUNCTIONS:
        return Outcome(function=Function(name))
    written = spell(replace(node, filters=(), stages=())) or "$..."
    return unknown(f"variable `{written[:120]}`" if name != "$" else "value of `$$`")


def _name(_: Run, node: Node, context: Outcome, __: Frame) -> Outcome:
    return NOTHING if context.value is None else lookup(context.value, str(node.value))


def _wildcard(_: Run, __: Node, context: Outcome, ___: Frame) -> Outcome:
    if context.value is None:
        return NOTHING
    leaves: list[Value] = []
    for choice in choices(context.value):
        inside = paths.inside(choice)
        if inside is None:
            return unknown("`*` on a value that is not known")
        leaves += inside
    if not leaves:
        # An array without items below it is taken apart into one of its own.
        return maybe(Sequence(()))
    element = joined(leaves)
    return merge(maybe(element), some(Sequence((), element)))


def _path(run: Run, node: Node, context: Outcome, frame: Frame) -> Outcome:
    found = paths.follow(run, node, context, frame)
    name = spell(node)
    if name is not None and isinstance(found.value, Unknown):
        return unknown_at(found, f"path `{name[:120]}`")
    return found


def unknown_at(found: Outcome, reason: str) -> Outcome:
    """Return *found*, which is not known, with the nearer *reason*."""
    flow = found.value.flow if isinstance(found.value, Unknown) else ()
    return Outcome(Unknown(reason, flow), undefined=True)


def _binary(run: Run, node: Node, context: Outcome, frame: Frame) -> Outcome:
    operator = str(node.value)
    left = evaluate(run, node.parts[0], context, frame)
    if operator in ("and", "or"):
        return _logical(run, node, left, context, frame)
    right = evaluate(run, node.parts[1], context, frame)
    if FAILS in (left, right):
        return FAILS
    if operator == "&":
        return _concatenated(left, right)
    if operator in compare.RELATIONS:
        return compare.related(operator, left, right)
    if operator == "..":
        return lift(_range, [left, right])
    return lift(lambda one, other: _calculated(operator, one, other), [left, right])


def _logical(run: Run, node: Node, left: Outcome, context: Outcome, frame: Frame) -> Outcome:
    if left == FAILS:
        return FAILS
    deciding = node.value == "or"
    sides = truth(left)
    if sides == {deciding}:
        return some(Literal(deciding))
    right = evaluate(run, node.parts[1], context, frame)
    found = frozenset({deciding}) if deciding in sides else frozenset[bool]()
    return boolean(found | (frozenset() if right == FAILS else truth(right)))


def _concatenated(left: Outcome, right: Outcome) -> Outcome:
    # A function is written as nothing; an unknown value is written as any text.
    sides = [NOTHING if side.function is not None else side for side in (left, right)]
    return lift(lambda one, other: some(concatenate(one, other)), sides)


def _range(first: Value | None, last: Value | None) -> Outcome:
    if first is None or last is None:
        return NOTHING
    try:
        start, end = integer(first), integer(last)
    except NoText:
        return maybe(Sequence((), Unknown("number of a range")))
    if end - start > LONGEST_RANGE:
        return some(Sequence((), Unknown("number of a range")))
    numbers = tuple(Literal(number) for number in range(start, end + 1))
    return some(Sequence(numbers)) if numbers else NOTHING


def _calculated(operator: str, left: Value | None, right: Value | None) -> Outcome:
    if left is None or right is None:
        return NOTHING
    numbers = [number for side in (left, right) if (number := _as_number(side)) is not None]
    if len(numbers) == 2:
        one, other = numbers
        if operator in "+-*":
            return some(_number({"+": one + other, "-": one - other, "*": one * other}[operator]))
        if operator == "/" and other != 0:
            return some(_number(one / other))
        if operator == "%" and other != 0 and one == int(one) and other == int(other):
            return some(_number(math.fmod(one, other)))
    return unknown("result of a calculation")


def _as_number(side: Value) -> float | None:
    own = side.value if isinstance(side, Literal) else None
    return float(own) if isinstance(own, (int, float)) and not isinstance(own, bool) and abs(own) < BIGGEST else None


def _number(value: float) -> Value:
    if not math.isfinite(value):
        return Unknown("result of a calculation")
    return Literal(int(value) if value == int(value) else value)


def _negate(run: Run, node: Node, context: Outcome, frame: Frame) -> Outcome:
    found = evaluate(run, node.parts[0], context, frame)
    return lift(lambda one: _calculated("-", Literal(0), one), [found])


def _array(run: Run, node: Node, context: Outcome, frame: Frame) -> Outcome:
    stream = Stream()
    for part in node.parts:
        found = evaluate(run, part, context, frame)
        if found == FAILS:
            return FAILS
        if found.function is not None:
            found = unknown("function")
        if found.value is None:
            continue
        certain = not found.undefined
        if part.kind == "array":
            stream.add(found.value, certain=certain)
        else:
            stream.splice(found.value, certain=certain)
    return some(stream.array())


def _object(run: Run, node: Node, context: Outcome, frame: Frame) -> Outcome:
    if context.value is not None and any(isinstance(choice, Sequence) for choice in choices(context.value)):
        # The constructor groups the items of an array by its keys.
        context = ANYTHING
    fields: dict[str, Value] = {}
    optional: set[str] = set()
    rest: Value | None = None
    for key, part in zip(node.parts[::2], node.parts[1::2], strict=True):
        name = evaluate(run, key, context, frame)
        found = evaluate(run, part, context, frame)
        if FAILS in (name, found):
            return FAILS
        if found.function is not None:
            found = unknown("function")
        if found.value is None or name.value is None:
            continue
        known = name.value.value if isinstance(name.value, Literal) else None
        if isinstance(known, str) and known not in fields:
            fields[known] = found.value
            if found.undefined or name.undefined:
                optional.add(known)
        else:
            rest = found.value if rest is None else join(rest, found.value)
    return some(Record(fields, rest, frozenset(optional)))


def _condition(run: Run, node: Node, context: Outcome, frame: Frame) -> Outcome:
    test = evaluate(run, node.parts[0], context, frame)
    if test == FAILS:
        return FAILS
    sides = truth(test)
    found = [evaluate(run, node.parts[1], context, frame)] if True in sides else []
    if False in sides:
        found.append(evaluate(run, node.parts[2], context, frame) if len(node.parts) > 2 else NOTHING)
    return merge_all(found)


def _block(run: Run, node: Node, context: Outcome, frame: Frame) -> Outcome:
    inner, found = Frame({}, frame), NOTHING
    for part in node.parts:
        found = evaluate(run, part, context, inner)
        if found == FAILS:
            return FAILS
    return found


def _bind(run: Run, node: Node, context: Outcome, frame: Frame) -> Outcome:
    found = evaluate(run, node.parts[0], context, frame)
    frame.bindings[str(node.value)] = found
    return found


def _function(_: Run, node: Node, context: Outcome, frame: Frame) -> Outcome:
    return Outcome(function=Function(node=node, context=context, frame=frame))


def _call(run: Run, node: Node, context: Outcome, frame: Frame) -> Outcome:
    # A tail call is run where its function was called, and what it keeps is forgotten.
    return _called(run, node, context, frame, [], keeps=node.keeps and not node.tail)


def _called(run: Run, node: Node, context: Outcome, frame: Frame, first: list[Outcome], *, keeps: bool) -> Outcome:
    procedure = evaluate(run, node.parts[0], context, frame)
    arguments = [*first, *(evaluate(run, part, context, frame) for part in node.parts[1:])]
    if FAILS in arguments:
        return FAILS
    if not isinstance(procedure.function, Function) or procedure.undefined or procedure.value is not None:
        name = spell(node.parts[0])
        return unknown(f"result of `{name[:120]}`" if name else "result of a function")
    # What a tail call takes as `$` is that of the caller.
    here = ANYTHING if node.tail else context
    return apply(run, procedure.function, arguments, here, raw=node.tail and run.mapping, keeps=keeps)


def apply(
    run: Run, function: Function, arguments: list[Outcome], context: Outcome, *, raw: bool = False, keeps: bool = False
) -> Outcome:
    """Return what *function* gives for *arguments*; *raw* when its sequence is taken as it is, *keeps* when it stays one."""
    if function.node is not None:
        return _kept(_entered(run, function, arguments, raw=raw), keeps=keeps)
    found = call_builtin(run, function.name, arguments, context, keeps=keeps)
    sequence = FUNCTIONS[function.name].gives_sequence(arguments)
    if raw and (sequence or run.tree.keeps) and not _is_long(found):
        return unknown(f"result of `${function.name}`")
    return _kept(found, keeps=keeps and sequence and function.name not in KEEPING)


def _entered(run: Run, function: Function, arguments: list[Outcome], *, raw: bool) -> Outcome:
    """Return what a function that the expression defines gives."""
    if run.calls >= CALLS or function.node is None:
        return unknown("result of functions that call each other deeply")
    names = function.node.value
    missing = Outcome(Unknown("missing argument"), undefined=True)
    given = {name: arguments[at] if at < len(arguments) else missing for at, name in enumerate(names)}
    before = run.mapping
    run.calls, run.mapping = run.calls + 1, raw
    found = evaluate(run, function.node.parts[0], function.context, Frame(given, function.frame))
    run.calls, run.mapping = run.calls - 1, before
    return found


def _kept(found: Outcome, *, keeps: bool) -> Outcome:
    """Return *found* where an array stays one: whether it was a sequence of one item is not known any more."""
    if not keeps or found.value is None or found.function is not None:
        return found
    alone: list[Value] = [choice if isinstance(choice, Unknown) else Sequence((choice,)) for choice in choices(found.value)]
    return replace(merge(found, Outcome(joined(alone))), undefined=found.undefined)


def _is_long(found: Outcome) -> bool:
    return isinstance(found.value, Sequence) and len(found.value.items) > 1 and not found.undefined


def _apply(run: Run, node: Node, context: Outcome, frame: Frame) -> Outcome:
    first = evaluate(run, node.parts[0], context, frame)
    if first == FAILS:
        return FAILS
    target = node.parts[1]
    if target.kind == "call" and not target.filters:
        return _called(run, target, context, frame, [first], keeps=node.keeps)
    found = evaluate(run, target, context, frame)
    if first.function is not None or not isinstance(found.function, Function) or found.value is not None:
        return unknown("chain of functions")
    return apply(run, found.function, [first], NOTHING, keeps=node.keeps)


def _other(_: Run, node: Node, __: Outcome, ___: Frame) -> Outcome:
    return unknown(str(node.value))


_MEANING: Mapping[str, Callable[[Run, Node, Outcome, Frame], Outcome]] = {
    "constant": _constant,
    "variable": _variable,
    "name": _name,
    "wildcard": _wildcard,
    "path": _path,
    "binary": _binary,
    "negate": _negate,
    "array": _array,
    "object": _object,
    "condition": _condition,
    "block": _block,
    "bind": _bind,
    "function": _function,
    "call": _call,
    "apply": _apply,
    "other": _other,
}
