"""What leads where, and what an execution can reach."""

from __future__ import annotations

import pytest

from analyzer.asl.model import Machine
from analyzer.asl.parse import parse
from analyzer.graph import reachable, to_networkx, unreachable, unreachable_states
from analyzer.text import Source, pointer_text

END = {"Type": "Pass", "End": True}


def machine(start: object, **states: object) -> Machine:
    """Return the machine that starts at *start* and has *states*."""
    return parse(Source("", "test"), {"StartAt": start, "States": states})[0]


def scope(start: str, **states: object) -> dict[str, object]:
    """Return a scope, as a branch or a processor is written."""
    return {"StartAt": start, "States": states}


RULES = [{"Variable": "$.x", "IsNull": True, "Next": "B"}]
CATCH = [{"ErrorEquals": ["States.ALL"], "Next": "B"}]

CASES = {
    "next leads on": (machine("A", A={"Type": "Pass", "Next": "B"}, B=END), "A B"),
    "a rule of a choice leads on": (machine("A", A={"Type": "Choice", "Choices": RULES}, B=END), "A B"),
    "the default of a choice leads on": (machine("A", A={"Type": "Choice", "Default": "B"}, B=END), "A B"),
    "a catch leads on": (machine("A", A={"Type": "Task", "Catch": CATCH, "End": True}, B=END), "A B"),
    "a loop ends": (machine("A", A={"Type": "Pass", "Next": "A"}, B=END), "A"),
    "a scope is entered at its start": (
        machine("P", P={"Type": "Parallel", "Branches": [scope("A", A=END, B=END)], "End": True}),
        "P A",
    ),
    "a processor is entered": (machine("M", M={"Type": "Map", "ItemProcessor": scope("A", A=END), "End": True}), "M A"),
    "a scope whose state is not reached is not entered": (
        machine("A", A=END, P={"Type": "Parallel", "Branches": [scope("B", B=END)], "End": True}),
        "A",
    ),
    "a transition does not reach into another scope": (
        machine("A", A={"Type": "Pass", "Next": "B"}, P={"Type": "Parallel", "Branches": [scope("B", B=END)], "End": True}),
        "A",
    ),
    "a scope without a readable start counts as a whole": (machine("Nope", A=END, B=END), "A B"),
    "a state of no known type still leads on": (machine("A", A={"Type": "Tsk", "Next": "B"}, B=END), "A B"),
    "a state with Next and End leads on": (machine("A", A={"Type": "Pass", "Next": "B", "End": True}, B=END), "A B"),
}


@pytest.mark.parametrize(("read", "expected"), CASES.values(), ids=CASES.keys())
def test_these_states_are_reached(read: Machine, expected: str) -> None:
    """Reached are the start and whatever a transition of a reached state leads to, scope by scope."""
    found = reachable(read)
    assert " ".join(state.name for state in read.states() if state.pointer in found) == expected
    assert {state.pointer for state in unreachable(read)} == {state.pointer for state in read.states()} - found


def test_what_is_inside_an_unreachable_state_is_not_told_again() -> None:
    """One diagnostic for the Parallel that nothing leads to, none for the states in it."""
    lost = {"Type": "Parallel", "Branches": [scope("B", B=END)], "End": True}
    assert [found.state for found in unreachable_states(machine("A", A=END, P=lost))] == ["P"]


def test_the_graph_has_every_state_and_every_kind_of_edge() -> None:
    """Nodes are JSON Pointers with name, type, scope and reachability; edges say what kind of way they are."""
    read = machine(
        "Start",
        Start={"Type": "Choice", "Choices": RULES, "Default": "B"},
        B={"Type": "Parallel", "Branches": [scope("In", In=END)], "Catch": [{"ErrorEquals": ["E"], "Next": "C"}], "Next": "C"},
        C={"Type": "Pass", "Next": "Gone"},
        Lost=END,
    )
    graph = to_networkx(read)
    inner = "/States/B/Branches/0/States/In"
    assert graph.graph == {"start": "/States/Start"}
    assert dict(graph.nodes(data=True))[inner] == {
        "name": "In",
        "type": "Pass",
        "scope": "/States/B/Branches/0",
        "reachable": True,
    }
    assert [name for name, reached in graph.nodes(data="reachable") if not reached] == ["/States/Lost"]
    assert sorted(graph.edges(data="kind")) == [
        ("/States/B", inner, "enters"),
        ("/States/B", "/States/C", "catch"),
        ("/States/B", "/States/C", "next"),
        ("/States/Start", "/States/B", "choice"),
        ("/States/Start", "/States/B", "default"),
    ]


def test_names_with_slashes_stay_apart() -> None:
    """A node is an escaped JSON Pointer, so no state name can be taken for a way through another."""
    graph = to_networkx(machine("a/b", **{"a/b": {"Type": "Pass", "Next": "a~1b"}, "a~1b": END}))
    assert list(graph.edges()) == [("/States/a~1b", "/States/a~01b")]
    assert pointer_text(("States", "a/b")) in graph
