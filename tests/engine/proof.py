"""Runs a definition in many worlds and judges everything that comes of it: the flow, the policy, and how loose it is."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from engine.authorization import policies, settle
from engine.interpreter import Execution, compile_definition, execute
from engine.looseness import Loose, Seen, findings
from engine.soundness import faults, read
from engine.worlds import World

from analyzer.analyze import Analysis
from analyzer.text import Source

Json = Any


@dataclass
class Proof:
    """The figures over some definitions, and everything that went wrong."""

    definitions: int = 0
    unread: int = 0
    executions: int = 0
    succeeded: int = 0
    tasks: int = 0
    reached: int = 0
    calls: Counter[str] = field(default_factory=Counter)
    members: int = 0
    requests: int = 0
    unmapped: Counter[str] = field(default_factory=Counter)
    patterns: int = 0
    unsound: Counter[str] = field(default_factory=Counter)
    denied: Counter[str] = field(default_factory=Counter)
    loose: list[Loose] = field(default_factory=list)

    def __iadd__(self, other: Proof) -> Self:
        """Add the figures of *other*."""
        for name, value in vars(other).items():
            setattr(self, name, getattr(self, name) + value)
        return self


def prove(definition: Mapping[str, Json], worlds: Iterable[World], *, compare: bool = False) -> Proof:
    """Run *definition* once in each of *worlds*; with *compare*, also compare its policy with what was asked for.

    A definition that the interpreter cannot read is only counted.
    """
    try:
        program = compile_definition(definition)
    except Exception:  # noqa: BLE001 - the interpreter raises whatever it stumbles over
        return Proof(unread=1)
    machine, flow = read(definition)
    analysis = policies(Source(json.dumps(definition), "definition.json"))
    states = {state.name: state.body for state in machine.states()}
    proof = Proof(definitions=1, tasks=sum(body.get("Type") == "Task" for body in states.values()))
    seen, reached = Seen(), set()
    for number, world in enumerate(worlds):
        execution = execute(program, world.input, world.answer())
        ledger = settle(states, analysis, execution, number)
        seen.add(ledger.made)
        reached |= {called.state for called in execution.called}
        proof.executions += 1
        proof.succeeded += execution.status == "succeeded"
        proof.members += members(execution)
        proof.requests += len(ledger.made)
        proof.calls += ledger.outcomes
        proof.unmapped += ledger.unmapped
        proof.unsound.update(faults(machine, flow, execution))
        proof.denied.update(str(made) for made in ledger.denied)
    proof.reached = len(reached)
    if compare:
        proof.patterns = patterns(analysis)
        proof.loose = list(findings(analysis, seen))
    return proof


def members(execution: Execution) -> int:
    """Count the values of *execution* that are looked for in the flow: inputs, variables, context objects, parameters, roles."""
    of_states = sum(2 + len(entered.variables) for entered in execution.entered)
    return of_states + sum((called.parameters is not None) + (called.role is not None) for called in execution.called)


def patterns(analysis: Analysis) -> int:
    """Count the pairs of action and resource pattern that the policies of *analysis* grant."""
    every = (analysis.policy, *(target.policy for target in analysis.targets))
    return sum(len(statement.actions) * len(statement.resources) for policy in every for statement in policy.statements)
