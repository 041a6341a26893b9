"""The graph of states: which state leads to which, and which of them an execution can reach.

The analysis itself needs only dictionaries. `to_networkx` gives the same graph to whoever wants to draw it or to ask
it other questions.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from analyzer.asl.model import Choice, Machine, Scope, State, inner_scopes
from analyzer.diagnostics import Diagnostic, diagnostic
from analyzer.text import Pointer, pointer_text

if TYPE_CHECKING:
    import networkx as nx

Reachable = frozenset[Pointer]
"""The pointers of the states that an execution can reach."""


def reachable(machine: Machine) -> Reachable:
    """Return the pointers of the states that an execution can reach.

    The branches of a Parallel and the processor of a Map count only when the state itself is reached; every `Catch` may
    happen. A scope whose `StartAt` leads nowhere counts as a whole: of a broken definition nothing is left out by guess.
    """
    found: set[Pointer] = set()
    waiting = [(machine.scope, name) for name in _starts(machine.scope)]
    while waiting:
        scope, name = waiting.pop()
        state = scope.states.get(name)
        if state is None or state.pointer in found:
            continue
        found.add(state.pointer)
        waiting += [(scope, target) for target, _ in transitions(state)]
        waiting += [(inner, start) for inner in inner_scopes(state) for start in _starts(inner)]
    return frozenset(found)


def unreachable(machine: Machine, reached: Reachable | None = None) -> tuple[State, ...]:
    """Return the states that no execution reaches, outer before inner, as they are written.

    *reached* is what `reachable` says of *machine*, for whoever has asked it already.
    """
    found = reachable(machine) if reached is None else reached
    return tuple(state for state in machine.states() if state.pointer not in found)


def unreachable_states(machine: Machine, reached: Reachable | None = None) -> tuple[Diagnostic, ...]:
    """Return a diagnostic for each state that no transition leads to; what is inside such a state is not told again.

    *reached* is as for `unreachable`.
    """
    lost = unreachable(machine, reached)
    pointers = {state.pointer for state in lost}
    made = []
    for state in lost:
        if any(state.pointer[:end] in pointers for end in range(2, len(state.pointer))):
            continue
        message = f"no transition leads to `{state.name[:80]}`, so it grants nothing"
        made.append(diagnostic("unreachable-state", message, state.pointer, state=state.name, on_key=True))
    return tuple(made)


def not_taken(states: Iterable[State]) -> tuple[Diagnostic, ...]:
    """Return a diagnostic for each of *states*, which transitions lead to but no value ever takes."""
    return tuple(
        diagnostic(
            "untaken-state",
            f"no input leads to `{state.name[:80]}`, so it grants nothing".replace("\n", " "),
            state.pointer,
            state=state.name,
            on_key=True,
        )
        for state in states
    )


def transitions(state: State) -> Iterator[tuple[str, str]]:
    """Yield (target name, kind) of every way out of *state* in its own scope; kind is next, choice, default or catch."""
    if state.next is not None:
        yield state.next, "next"
    if isinstance(state, Choice):
        for rule in state.rules:
            if rule.next is not None:
                yield rule.next, "choice"
        if state.default is not None:
            yield state.default, "default"
    for catcher in state.catchers:
        if catcher.next is not None:
            yield catcher.next, "catch"


def to_networkx(machine: Machine) -> nx.MultiDiGraph[str]:
    """Return the states of *machine* as a directed graph with parallel edges.

    A node is the JSON Pointer of a state (`/States/Store`) with the attributes `name`, `type` (as written), `scope` (the
    JSON Pointer of its scope, empty at the top) and `reachable`. An edge has `kind`: `next`, `choice`, `default` or
    `catch` inside a scope, `enters` from a Parallel or Map to the first state of each scope inside it. A transition to a
    state that does not exist has no edge.
    """
    import networkx as nx

    graph: nx.MultiDiGraph[str] = nx.MultiDiGraph(start=_start_of(machine.scope))
    found = reachable(machine)
    for scope in machine.scopes():
        place = pointer_text(scope.pointer)
        for state in scope.states.values():
            attributes: dict[str, Any] = {"name": state.name, "type": state.body.get("Type"), "scope": place}
            graph.add_node(pointer_text(state.pointer), **attributes, reachable=state.pointer in found)
    for scope in machine.scopes():
        for state in scope.states.values():
            here = pointer_text(state.pointer)
            for target, kind in transitions(state):
                if target in scope.states:
                    graph.add_edge(here, pointer_text(scope.states[target].pointer), kind=kind)
            for inner in inner_scopes(state):
                start = _start_of(inner)
                if start is not None:
                    graph.add_edge(here, start, kind="enters")
    return graph


def _starts(scope: Scope) -> tuple[str, ...]:
    """Return the states at which *scope* may start."""
    start = scope.start_at
    return (start,) if start is not None and start in scope.states else tuple(scope.states)


def _start_of(scope: Scope) -> str | None:
    state = scope.states.get(scope.start_at) if scope.start_at is not None else None
    return pointer_text(state.pointer) if state is not None else None
