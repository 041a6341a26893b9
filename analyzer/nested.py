"""Machines that start one another: the input of a child is what those that start it pass.

Which call starts a machine, and which of its parameters name it and its input, is for the maps to say.
https://docs.aws.amazon.com/step-functions/latest/dg/concepts-nested-workflows.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from analyzer.dataflow.functions import abstract
from analyzer.dataflow.join import DEPTH, bounded, join_all
from analyzer.dataflow.values import HOLE, Flow, Literal, OneOf, Record, Text, Unknown, Value, look, texts
from analyzer.dataflow.values import Sequence as Array
from analyzer.integrations import Call
from analyzer.maps import service_map

_ARN_PARTS = 7
"""Parts of a machine's ARN up to its name: arn, partition, service, Region, account, kind, name. A qualifier comes after."""


class Start(NamedTuple):
    """A task that starts an execution: of which machine, with which input."""

    state: str
    machine: Value
    input: Value


class Member(NamedTuple):
    """One machine of a run: what it is called in reports, where it lives, and what it starts. `arn` is the ARN with holes."""

    title: str
    arn: str
    starts: tuple[Start, ...]


def starts_of(calls: Iterable[Call]) -> tuple[Start, ...]:
    """Return what the *calls* of one machine start."""
    found = []
    for call in calls:
        starts = service_map(call.service).operations[call.operation].starts
        if starts is not None and call.state is not None:
            machines = (entry.value for entry in look(call.arguments, starts.machine) if entry.value is not None)
            found += [Start(call.state, machine, _passed(call.arguments, starts.input)) for machine in machines]
    return tuple(found)


def _passed(arguments: Value, parameter: str) -> Value:
    """Return the input of the execution: an object as it stands, or what a text says in JSON; `{}` where there is none."""
    values = [_decoded(entry.value) if entry.value is not None else Record({}) for entry in look(arguments, parameter)]
    return join_all(values) or Record({})


def _decoded(value: Value) -> Value:
    if isinstance(value, Literal) and isinstance(value.value, str):
        try:
            return abstract(json.loads(value.value), value.flow)
        except (ValueError, RecursionError):
            return Unknown("text that is not JSON", value.flow)
    if isinstance(value, Text):
        return Unknown("text known in part", value.flow)
    if isinstance(value, OneOf):
        return join_all(_decoded(choice) for choice in value.choices) or Record({})
    return value


def children(members: Sequence[Member]) -> dict[int, list[int]]:
    """Return which of *members* others surely start, each with those that may start it; parents come before children.

    One that starts itself, by way of others or not, is none of them: what begins the round is not among the members. Nor is
    one whose name is not known.
    """
    import networkx as nx

    named: dict[str, list[int]] = {}
    for place, one in enumerate(members):
        if HOLE not in (name := one.arn.rpartition(":")[2]):
            named.setdefault(name, []).append(place)
    started: nx.DiGraph[int] = nx.DiGraph()
    sure: set[int] = set()
    for parent, one in enumerate(members):
        for start in one.starts:
            for name in _possible(start.machine, named):
                for child in named[name]:
                    if (certain := _names(start.machine, members[child].arn)) is not None:
                        started.add_edge(parent, child)
                        sure |= {child} if certain else set()
    rounds = {node for group in nx.strongly_connected_components(started) if len(group) > 1 for node in group}
    rounds |= set(nx.nodes_with_selfloops(started))
    groups = nx.condensation(started)
    order = [node for group in nx.topological_sort(groups) for node in sorted(groups.nodes[group]["members"])]
    return {node: sorted(started.predecessors(node)) for node in order if node in sure and node not in rounds}


def _possible(machine: Value, named: Iterable[str]) -> list[str]:
    """Return the names among *named* that *machine* may have: at once when it says a name, else all."""
    written = [text.text.split(":") for text in texts(machine)]
    said = [parts[_ARN_PARTS - 1] for parts in written if len(parts) >= _ARN_PARTS and HOLE not in parts[_ARN_PARTS - 1]]
    return [name for name in dict.fromkeys(said) if name in named] if len(said) == len(written) else list(named)


def input_of(child: Member, parents: Iterable[Member]) -> tuple[Value, tuple[str, ...]] | None:
    """Return what *parents* pass to *child*, and who does: ``state `Start` of `orders.asl.json` ``. Nothing when none does."""
    given: list[Value] = []
    passing: dict[str, None] = {}
    for member in parents:
        for start in member.starts:
            if _names(start.machine, child.arn) is not None:
                who = f"state `{start.state}` of `{member.title}`"
                passing[who] = None
                given.append(_carried(start.input, (Flow((), f"input that {who} passes"),), who, 0))
    joined = join_all(given)
    return None if joined is None else (bounded(joined), tuple(passing))


def _names(machine: Value, arn: str) -> bool | None:
    """Tell whether *machine* is the ARN *arn*: `True` when its name is, `None` when it cannot be, else `False`."""
    answers = [answer for text in texts(machine) if (answer := _compare(text.text, arn)) is not None]
    return any(answers) if answers else None


def _compare(written: str, arn: str) -> bool | None:
    if written == HOLE:
        return False
    ours, theirs = arn.split(":", _ARN_PARTS)[:_ARN_PARTS], written.split(":", _ARN_PARTS)[:_ARN_PARTS]
    if len(theirs) < _ARN_PARTS:  # the beginning is not known, or it is no ARN
        return False if HOLE in theirs[0] and _may_equal(theirs[-1], ours[-1]) else None
    if not all(_may_equal(one, other) for one, other in zip(ours, theirs, strict=True)):
        return None
    return ours[-1] == theirs[-1] and HOLE not in ours[-1]


def _may_equal(one: str, other: str) -> bool:
    if HOLE in one and HOLE in other:
        return True
    pattern, text = (one, other) if HOLE in one else (other, one)
    return re.fullmatch(".*".join(map(re.escape, pattern.split(HOLE))), text, re.DOTALL) is not None


def _carried(value: Value, flow: tuple[Flow, ...], who: str, depth: int) -> Value:
    """Return *value* as the child sees it: the ways it took lie in the text of another machine."""
    if depth > DEPTH:
        return Unknown(f"value that {who} passes", flow)
    if isinstance(value, Literal):
        return Literal(value.value, flow)
    if isinstance(value, Text):
        return Text(value.text, tuple(f"{reason} in what {who} passes" for reason in value.reasons), flow)
    if isinstance(value, Unknown):
        return Unknown(f"value that {who} passes", flow)
    if isinstance(value, OneOf):
        return OneOf(tuple(_carried(choice, flow, who, depth + 1) for choice in value.choices))
    rest = value.rest if isinstance(value, Record) else value.element
    open_end = None if rest is None else _carried(rest, flow, who, depth + 1)
    if isinstance(value, Record):
        fields = {name: _carried(field, flow, who, depth + 1) for name, field in value.fields.items()}
        return Record(fields, open_end, value.optional)
    return Array(tuple(_carried(item, flow, who, depth + 1) for item in value.items), open_end)
