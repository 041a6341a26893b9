"""Whether what an execution did is among what the flow says it may do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from engine.interpreter import MACHINE_ARN, ROLE_ARN, Execution

from analyzer.asl.model import Machine, State, Task
from analyzer.asl.parse import parse
from analyzer.context import make_context
from analyzer.dataflow.evaluate import Environment, evaluate
from analyzer.dataflow.join import describes
from analyzer.dataflow.run import Facts, propagate
from analyzer.dataflow.start import start
from analyzer.maps import index
from analyzer.text import Pointer, Source

Json = Any
Flow = Mapping[Pointer, Environment]


@cache
def facts() -> Facts:
    """Return what the analyzer is told about the machine that the engine runs."""
    return start(make_context(arn=MACHINE_ARN, role=ROLE_ARN), index().trust["source_arn"])


def read(definition: Mapping[str, Json]) -> tuple[Machine, Flow]:
    """Return the machine that *definition* is, and its flow."""
    machine, _ = parse(Source("", "definition.json"), definition)
    return machine, propagate(machine, facts())


def faults(machine: Machine, flow: Flow, execution: Execution) -> Iterator[str]:
    """Yield everything an execution did that its flow rules out. States are told apart by their names."""
    states = {state.name: state for state in machine.states()}
    for entered in execution.entered:
        state = states[entered.state]
        here = flow.get(state.pointer)
        if here is None:
            yield f"`{state.name}` ran, but is never reached"
            continue
        if not describes(here.input, entered.input):
            yield f"`{state.name}` was entered with {entered.input!r}, not {here.input}"
        for name, value in entered.variables.items():
            if name in here.variables and not describes(here.variables[name], value):
                yield f"`{state.name}` saw ${name} = {value!r}, not {here.variables[name]}"
        if not describes(here.context, entered.context):
            yield f"`{state.name}` saw the context object {entered.context!r}, not {here.context}"
    for called in execution.called:
        state = states[called.state]
        here = flow.get(state.pointer)
        if here is not None and isinstance(state, Task):
            yield from _wrong_call(state, here, called.parameters, called.role)


def _wrong_call(task: Task, here: Environment, parameters: Json, role: Json) -> Iterator[str]:
    if task.arguments is not None:
        value = evaluate(task.arguments, task.language, task.arguments_pointer, here)
        if not describes(value, parameters):
            yield f"`{task.name}` was called with {parameters!r}, not {value}"
    if task.credentials is not None:
        value = evaluate(task.credentials, task.language, (*task.pointer, "Credentials"), here)
        if not describes(value, {"RoleArn": role}):
            yield f"`{task.name}` was called as {role!r}, not {value}"


def tasks(machine: Machine) -> list[State]:
    """Return the tasks of *machine*."""
    return [state for state in machine.states() if isinstance(state, Task)]
