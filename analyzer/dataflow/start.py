"""What is known before the first state: the execution's input and the context object.

https://docs.aws.amazon.com/step-functions/latest/dg/input-output-contextobject.html
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from analyzer.asl.model import Map, State, Task
from analyzer.context import Context
from analyzer.dataflow.run import Facts
from analyzer.dataflow.values import HOLE, INPUT, Literal, Record, Text, Unknown, Value

_UNKNOWN = "context object"


def start(context: Context, machine_arn: str, given: Value | None = None) -> Facts:
    """Return the facts an execution starts with; *machine_arn* is the template of the machine's own ARN.

    *given* is its input; without it, what *context* promises of the input.
    Raises `OptionError` for an assumption about something that is no path.
    """
    if given is None:
        given = INPUT
    if given is INPUT and (context.input_schema is not None or context.assumptions):
        from analyzer.dataflow.contract import from_schema, vouched

        promised = INPUT if context.input_schema is None else from_schema(context.input_schema)
        given = vouched(promised, context.assumptions)
    arn = context.fill(machine_arn, HOLE)
    execution = arn.replace(":stateMachine:", ":express:" if context.type == "EXPRESS" else ":execution:") + ":" + HOLE
    rest = Unknown(_UNKNOWN)
    machine = {"Id": _text(arn, "ARN of the machine"), "Name": _text(context.name or HOLE, "name of the machine")}
    own: dict[str, Value] = {"Id": _text(execution, "ARN of the execution"), "Input": given}
    if context.role is not None:
        own["RoleArn"] = Literal(context.role)
    fields: dict[str, Value] = {"StateMachine": Record(machine, rest), "Execution": Record(own, rest)}
    return Facts(given, Record(fields, rest), context.all_substitutions())


def _text(text: str, what: str) -> Value:
    if text == HOLE:
        return Unknown(what)
    return Text(text, (what,)) if HOLE in text else Literal(text)


def reads_values(states: Iterable[State]) -> bool:
    """Tell whether any of *states* computes what it calls with. A definition of constants alone pays nothing for the flow."""
    return any(_is_computed(state) for state in states)


def _is_computed(state: State) -> bool:
    if isinstance(state, Task):
        return state.arguments is None or _computes(state.arguments) or _computes(state.credentials)
    if isinstance(state, Map):
        return any(access is not None and _computes(access.arguments) for access in (state.reader, state.writer))
    return False


def _computes(raw: Any) -> bool:
    waiting = [raw]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            if any(str(name).endswith(".$") for name in one):
                return True
            waiting.extend(one.values())
        elif isinstance(one, list):
            waiting.extend(one)
        elif isinstance(one, str) and one.startswith("{%"):
            return True
    return False
