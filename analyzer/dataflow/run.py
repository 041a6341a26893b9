"""Which values can stand at each state: every path through the machine at once, until nothing changes any more.

A state is visited with the join of all the inputs and variables that its predecessors hand it; loops are ended by
widening. What comes out is the environment in which each state's templates are read.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from analyzer.asl.model import (
    DISTRIBUTED,
    Catcher,
    Choice,
    Fail,
    Machine,
    Map,
    Parallel,
    Pass,
    QueryLanguage,
    Scope,
    State,
    Task,
    inner_scopes,
)
from analyzer.dataflow.children import of_a_child
from analyzer.dataflow.evaluate import Environment, Substitutions, assume_expression, evaluate, path
from analyzer.dataflow.inject import inject
from analyzer.dataflow.join import bounded, join, join_all, shape, widen
from analyzer.dataflow.refine import assume
from analyzer.dataflow.values import Flow, Literal, Record, Sequence, Unknown, Value, every
from analyzer.text import Json, Pointer

INLINE = "INLINE"
"""The mode of a Map whose items are worked on within the execution."""

PATIENCE = 4
"""Visits of a state before its inputs are widened instead of joined."""

NESTING = 16
"""The deepest nesting of scopes that is followed; states below are read with nothing known."""

VISITS = 20
"""The visits a machine is granted, for each of its states; one that wants more is read with nothing known."""


class Facts(NamedTuple):
    """What is known before the first state: the execution's input, the context object and the substitutions."""

    input: Value
    context: Value
    substitutions: Substitutions


@dataclass(slots=True)
class _Run:
    """One propagation. It lives for one call of `propagate`."""

    facts: Facts
    left: int
    found: dict[Pointer, Environment] = field(default_factory=dict)


class _ExhaustedError(Exception):
    """A machine that does not settle in the visits it is granted."""


class _Entry(NamedTuple):
    """What a state is entered with."""

    input: Value
    variables: Mapping[str, Value]


class _Exit(NamedTuple):
    """One way out of a state: where to (`None` for the end of its scope), with what."""

    target: str | None
    output: Value
    variables: Mapping[str, Value]


def propagate(machine: Machine, facts: Facts) -> Mapping[Pointer, Environment]:
    """Return, by the pointer of each state that can be reached, what its arguments are read in."""
    states = sum(1 for _ in machine.states())
    run = _Run(facts, left=1000 + VISITS * states)
    try:
        _scope(run, machine.scope, _Entry(facts.input, {}), facts.context, 0)
    except _ExhaustedError:
        _give_up(run, machine.scope)
    return run.found


def _give_up(run: _Run, scope: Scope) -> None:
    """Read every state of *scope*, and of the scopes inside it, with nothing known."""
    waiting = [scope]
    while waiting:
        for state in waiting.pop().states.values():
            run.found[state.pointer] = Environment(substitutions=run.facts.substitutions)
            waiting += inner_scopes(state)


def _scope(run: _Run, scope: Scope, entry: _Entry, context: Value, depth: int) -> Value | None:
    """Follow one scope to its end; return what it gives, or `None` when it never ends well."""
    start = scope.start_at
    if start is None or start not in scope.states or depth > NESTING:
        # Of a scope that starts nowhere, or is too deep to follow, nothing is left out by guess.
        _give_up(run, scope)
        return Unknown("result of a scope that cannot be followed")
    entries: dict[str, _Entry] = {start: entry}
    visits: dict[str, int] = {}
    waiting = deque([start])
    outputs: dict[str, Value] = {}
    while waiting:
        name = waiting.popleft()
        visits[name] = visits.get(name, 0) + 1
        run.left -= 1
        if run.left < 0:
            raise _ExhaustedError
        state = scope.states[name]
        for exit_ in _visit(run, state, entries[name], context, depth):
            if exit_.target is None:
                outputs[name] = exit_.output
            elif exit_.target in scope.states:
                merged = _merge(entries.get(exit_.target), exit_, widening=visits.get(exit_.target, 0) >= PATIENCE)
                if merged is not None:
                    entries[exit_.target] = merged
                    if exit_.target not in waiting:
                        waiting.append(exit_.target)
    return join_all(outputs.values())


def _merge(known: _Entry | None, exit_: _Exit, *, widening: bool) -> _Entry | None:
    """Add one way in to what a state is entered with; `None` when it brings nothing new."""
    if known is None:
        return _Entry(bounded(exit_.output), {name: bounded(value) for name, value in exit_.variables.items()})
    grow = widen if widening else join
    names = {*known.variables, *exit_.variables}
    variables: dict[str, Value] = {}
    for name in sorted(names):
        sides = [side[name] for side in (known.variables, exit_.variables) if name in side]
        variables[name] = bounded(sides[0]) if len(sides) == 1 else _grown(sides[0], sides[1], grow)
    merged = _Entry(_grown(known.input, bounded(exit_.output), grow), variables)
    same = names == known.variables.keys() and all(_alike(variables[name], known.variables[name]) for name in names)
    return None if same and _alike(merged.input, known.input) else merged


def _grown(known: Value, new: Value, grow: Callable[[Value, Value], Value]) -> Value:
    """Return what describes both; that a value meets itself again is the most common case."""
    return known if new is known else bounded(grow(known, new))


def _alike(left: Value, right: Value) -> bool:
    return left is right or shape(left) == shape(right)


def _visit(run: _Run, state: State, entry: _Entry, context: Value, depth: int) -> Iterator[_Exit]:
    """Read one state: note its environment, and yield every way out of it."""
    own = _with(context, ("State", "Name"), Literal(state.name, (Flow(state.pointer, "name of the state"),)))
    outside = Environment(entry.input, own, entry.variables, run.facts.substitutions)
    jsonata = state.language is QueryLanguage.JSONATA
    inside = outside if jsonata else outside._replace(input=_read(state, "InputPath", entry.input, outside))
    run.found[state.pointer] = inside
    if isinstance(state, Choice):
        yield from _choose(state, inside)
        return
    result = _work(run, state, inside, depth)
    if result is not None:
        output, variables = _finish(state, inside, entry, result)
        yield _Exit(None if state.end else state.next, output, variables)
    for catcher in state.catchers:
        yield _caught(state, catcher, inside, entry)


def _choose(state: Choice, inside: Environment) -> Iterator[_Exit]:
    """Yield the ways out of a Choice: a rule is tried only where none before it held, and `Default` where none did."""
    left: Environment | None = inside
    for rule in state.rules:
        if left is None:
            return
        test = (rule.body, left, rule.pointer)
        taken, left = _assume(state, *test, holds=True), _assume(state, *test, holds=False)
        if taken is not None:
            variables = _assigned(rule.body, rule.pointer, state.language, taken, _maybe_assigned(state, taken))
            yield _Exit(
                rule.next or "", _output_of(rule.body, rule.pointer, state, taken, _output(state, taken, taken.input)), variables
            )
    if state.default is not None and left is not None:
        variables = _assigned(state.body, state.pointer, state.language, left, left.variables)
        yield _Exit(state.default, _output(state, left, left.input), variables)


def _maybe_assigned(state: Choice, taken: Environment) -> Mapping[str, Value]:
    """Return the variables before the `Assign` of a rule: that of the state counts without a match, and perhaps with one."""
    assigned = _assigned(state.body, state.pointer, state.language, taken, taken.variables)
    if assigned is taken.variables:
        return assigned
    before = taken.variables
    return {name: join(before[name], value) if name in before else value for name, value in assigned.items()}


def _assume(
    state: Choice, rule: Mapping[str, Json], environment: Environment, pointer: Pointer, *, holds: bool
) -> Environment | None:
    if state.language is QueryLanguage.JSONPATH:
        return assume(rule, environment, pointer, holds=holds)
    condition = rule.get("Condition")
    if isinstance(condition, bool):
        return environment if condition is holds else None
    return assume_expression(condition, environment, holds=holds) if isinstance(condition, str) else environment


def _work(run: _Run, state: State, inside: Environment, depth: int) -> Value | None:
    """Return what the work of a state gives; `None` when it never ends well."""
    body = state.body
    if isinstance(state, Pass):
        if state.language is QueryLanguage.JSONPATH and "Result" in body:
            return _constant(body["Result"], (*state.pointer, "Result"), run.facts.substitutions)
        return _template(state, ("Parameters",), inside)
    if isinstance(state, Task):
        said = f"result of the state `{state.name[:80]}`"
        return Unknown(said, (Flow(state.pointer, said),))
    if isinstance(state, Parallel):
        given = _template(state, ("Parameters", "Arguments"), inside)
        outputs = [_scope(run, branch, _Entry(given, inside.variables), inside.context, depth + 1) for branch in state.branches]
        ended = [output for output in outputs if output is not None]
        return Sequence(tuple(ended)) if len(ended) == len(outputs) else None
    if isinstance(state, Map):
        return _map(run, state, inside, depth)
    return None if isinstance(state, Fail) else inside.input


def _map(run: _Run, state: Map, inside: Environment, depth: int) -> Value | None:
    """Follow the processor of a Map once, with everything that any of its items may be."""
    items = _items(state, inside)
    item = Unknown("item of a Map") if items is None else join_all(every(items))
    result = Unknown(f"result of the state `{state.name[:80]}`") if state.mode not in (None, INLINE) else None
    if item is None:
        return result or Sequence(())
    each = {"Value": item, "Index": Unknown("index of an item"), "Key": Unknown("key of an item")}
    context = _with(inside.context, ("Map", "Item"), Record(each, Unknown("context object"), frozenset({"Key"})))
    here = inside._replace(context=context)
    name = next((name for name in ("ItemSelector", "Parameters") if name in state.body), None)
    given = item if name is None else evaluate(state.body[name], state.language, (*state.pointer, name), here)
    if "ItemBatcher" in state.body:
        given = _batch(state, given, inside)
    # The children of a Distributed Map are executions of their own, with another input and another name. Where the mode is
    # not known, both may be the case.
    variables = {} if state.mode == DISTRIBUTED else dict(inside.variables)
    if state.mode not in (None, INLINE):
        context = of_a_child(context, state.label)
    output = None if state.processor is None else _scope(run, state.processor, _Entry(given, variables), context, depth + 1)
    if result is not None:
        return result
    if output is None:
        return None if items is not None and items.items else Sequence(())
    return Sequence((), output)


def _items(state: Map, inside: Environment) -> Sequence | None:
    if "ItemReader" in state.body:
        return None
    if state.language is QueryLanguage.JSONATA:
        raw = state.body.get("Items")
        found = inside.input if raw is None else evaluate(raw, state.language, (*state.pointer, "Items"), inside)
    else:
        found = _read(state, "ItemsPath", inside.input, inside)
    # An object is taken for the array of its fields, each with its key: that is not followed.
    return found if isinstance(found, Sequence) else None


def _batch(state: Map, item: Value, inside: Environment) -> Value:
    batcher = state.body["ItemBatcher"]
    fields: dict[str, Value] = {"Items": Sequence((), item)}
    if isinstance(batcher, dict) and "BatchInput" in batcher:
        fields["BatchInput"] = evaluate(
            batcher["BatchInput"], state.language, (*state.pointer, "ItemBatcher", "BatchInput"), inside
        )
    return Record(fields)


def _finish(state: State, inside: Environment, entry: _Entry, result: Value) -> tuple[Value, Mapping[str, Value]]:
    """Shape the result of a state into its output, and assign its variables."""
    if state.language is QueryLanguage.JSONATA:
        after = inside._replace(result=result)
        output = _output_of(state.body, state.pointer, state, after, result if _has_result(state) else inside.input)
        return output, _assigned(state.body, state.pointer, state.language, after, entry.variables)
    read = [result if _has_result(state) else inside.input]
    if "ResultSelector" in state.body:
        selecting = inside._replace(input=result)
        result = evaluate(state.body["ResultSelector"], state.language, (*state.pointer, "ResultSelector"), selecting)
        # Whether `$` is the result before it is selected from, or after, is not said.
        read.append(result)
    variables = entry.variables
    if "Assign" in state.body:
        assigning = [inside._replace(input=value) for value in read]
        variables = _either([_assigned(state.body, state.pointer, state.language, each, variables) for each in assigning])
    combined = inject(entry.input, state.body.get("ResultPath", "$"), result) if _has_result(state) else result
    if "OutputPath" not in state.body:
        return combined, variables
    return _read(state, "OutputPath", combined, inside._replace(input=combined)), variables


def _either(sides: list[Mapping[str, Value]]) -> Mapping[str, Value]:
    """Return the variables when any of *sides*, which have the same names, may be the case."""
    return sides[0] if len(sides) == 1 else {name: join(*(side[name] for side in sides)) for name in sides[0]}


def _has_result(state: State) -> bool:
    return isinstance(state, (Task, Pass, Map, Parallel))


def _caught(state: State, catcher: Catcher, inside: Environment, entry: _Entry) -> _Exit:
    """Return the way out that a `Catch` is."""
    parts = {name: Unknown(f"{name} of an error", (Flow(catcher.pointer, f"{name} of an error"),)) for name in ("Error", "Cause")}
    error = Record(dict(parts), Unknown("output of an error"), frozenset({"Cause"}))
    after = inside._replace(error=error)
    if state.language is QueryLanguage.JSONATA:
        output = _output_of(catcher.body, catcher.pointer, state, after, error)
    else:
        output = inject(entry.input, catcher.body.get("ResultPath", "$"), error)
        after = after._replace(input=error)
    variables = _assigned(catcher.body, catcher.pointer, state.language, after, entry.variables)
    return _Exit(catcher.next or "", output, variables)


def _assigned(
    body: Mapping[str, Json], pointer: Pointer, language: QueryLanguage, environment: Environment, variables: Mapping[str, Value]
) -> Mapping[str, Value]:
    """Return the variables after the `Assign` of *body*; each is read as it stood when the state was entered."""
    if not isinstance(body.get("Assign"), Mapping):
        return variables
    given = evaluate(body["Assign"], language, (*pointer, "Assign"), environment)
    return {**variables, **given.fields} if isinstance(given, Record) else variables


def _output_of(body: Mapping[str, Json], pointer: Pointer, state: State, environment: Environment, default: Value) -> Value:
    if state.language is QueryLanguage.JSONATA and "Output" in body:
        return evaluate(body["Output"], state.language, (*pointer, "Output"), environment)
    return default


def _output(state: State, environment: Environment, default: Value) -> Value:
    if state.language is QueryLanguage.JSONATA:
        return _output_of(state.body, state.pointer, state, environment, default)
    return _read(state, "OutputPath", default, environment)


def _template(state: State, names: tuple[str, ...], inside: Environment) -> Value:
    name = next((name for name in names if name in state.body), None)
    return inside.input if name is None else evaluate(state.body[name], state.language, (*state.pointer, name), inside)


def _read(state: State, name: str, default: Value, environment: Environment) -> Value:
    """Read a field that holds a path: null gives an empty object, and without the field everything is taken."""
    if name not in state.body:
        return default
    raw = state.body[name]
    if raw is None:
        return Record({})
    return path(raw, (*state.pointer, name), environment) if isinstance(raw, str) and raw != "$" else default


def _constant(raw: Json, pointer: Pointer, substitutions: Substitutions) -> Value:
    """Read a value in which nothing is evaluated: the `Result` of a Pass."""
    if isinstance(raw, Mapping):
        return Record({str(name): _constant(value, (*pointer, str(name)), substitutions) for name, value in raw.items()})
    if isinstance(raw, list):
        return Sequence(tuple(_constant(value, (*pointer, at), substitutions) for at, value in enumerate(raw)))
    return evaluate(raw, QueryLanguage.JSONPATH, pointer, Environment(substitutions=substitutions))


def _with(context: Value, names: tuple[str, ...], value: Value) -> Value:
    """Return the context object with *value* at *names*."""
    if not isinstance(context, Record):
        context = Record({}, context)
    name, *rest = names
    inner = value if not rest else _with(context.fields.get(name, Record({}, Unknown("context object"))), tuple(rest), value)
    return Record({**context.fields, name: inner}, context.rest, context.optional)
