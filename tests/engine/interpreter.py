"""A test engine: Step Functions' language run in process by moto's interpreter, with a recorder in the place of every task.

Nothing leaves the process, and no time passes: tasks answer at once with what a test chooses, waits and retries do not
wait, and no thread is started, so that every run is the same. What is corrected in the interpreter stands in
`corrections.py`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from engine.corrections import MACHINE, MACHINE_ARN, ROLE_ARN, Details, copied, extract, inject, install
from engine.outcome import Answer, CutOffError, Execution, TaskError
from moto.stepfunctions.parser import utils as parser_utils
from moto.stepfunctions.parser.api import StateMachineType
from moto.stepfunctions.parser.asl.eval.environment import Environment
from moto.stepfunctions.parser.asl.eval.event.event_manager import EventHistoryContext
from moto.stepfunctions.parser.asl.eval.program_state import ProgramEnded, ProgramError
from moto.stepfunctions.parser.asl.eval.states import ContextObjectData, ExecutionData, StateMachineData
from moto.stepfunctions.parser.asl.parse import preprocessor
from moto.stepfunctions.parser.asl.parse.asl_parser import AmazonStateLanguageParser

Json = Any


READ = "items_read"
"""The field of an execution's input that holds what the `ItemReader` of a Distributed Map gives."""

_RECORDER = "arn:aws:states:::lambda:invoke"
"""What every task is turned into before it is parsed; the recorder stands in its place whatever it is."""

_DROPPED = re.compile(r"Retry|(TimeoutSeconds|HeartbeatSeconds|ToleratedFailure(Count|Percentage))(Path)?|ResultWriter")
"""Fields that only cost time, or that the interpreter cannot read and that say nothing about what a state sees."""


def compile_definition(definition: Mapping[str, Json]) -> Any:
    """Parse *definition* for `execute`. Raises whatever the interpreter raises for one that it cannot read."""
    preprocessor.Preprocessor._query_language_per_scope = []  # a parse that failed leaves its scopes in the class
    text = json.dumps(_plain(copied(dict(definition))))
    return AmazonStateLanguageParser.parse(text)[0]


def execute(program: Any, given: Json, answer: Answer, name: str = "run-1") -> Execution:
    """Run a compiled *program* on the input *given*; every task answers with what *answer* gives for its state."""
    execution = Execution()
    details = ExecutionData(
        Id=f"{MACHINE_ARN.replace(':stateMachine:', ':execution:')}:{name}",
        Input=copied(given),
        Name=name,
        RoleArn=ROLE_ARN,
        StartTime="2026-01-01T00:00:00.000Z",
    )
    context = ContextObjectData(Execution=details, StateMachine=StateMachineData(Id=MACHINE_ARN, Name=MACHINE))
    environment = Environment(
        aws_execution_details=Details(execution, answer),
        execution_type=StateMachineType.STANDARD,
        context=context,
        event_history_context=EventHistoryContext.of_program_start(),
        cloud_watch_logging_session=None,
        activity_store={},
    )
    try:
        program.eval(environment)
    except CutOffError:
        execution.status = "cut off"
        return execution
    finally:
        parser_utils.TMP_THREADS.clear()
    end = environment.program_state()
    if isinstance(end, ProgramEnded):
        execution.status, execution.output = "succeeded", environment.states.get_input()
    elif isinstance(end, ProgramError):
        said = end.error or {}
        execution.status, execution.error, execution.cause = "failed", said.get("error"), said.get("cause")
    return execution


def _plain(scope: dict[str, Json], language: str = "JSONPath") -> dict[str, Json]:
    """Take out of a scope what the interpreter cannot read or would wait for, and what does not bear on its data."""
    language = scope.get("QueryLanguage", language)
    for state in (scope.get("States") or {}).values():
        for name in [name for name in state if _DROPPED.fullmatch(name)]:
            del state[name]
        if state.get("Type") == "Task":
            state["Resource"] = _RECORDER
        if state.get("Type") == "Wait":
            for name in ("SecondsPath", "Timestamp", "TimestampPath"):
                state.pop(name, None)
            state["Seconds"] = 0
        _plain_rules(state)
        _plain_map(state, language)
        for branch in state.get("Branches") or ():
            _plain(branch, language)
    return scope


def _plain_rules(state: dict[str, Json]) -> None:
    """Write a rule that only compares with `And`: without, the interpreter loses its `Assign`."""
    for rule in state.get("Choices") or ():
        if "Variable" in rule and "Assign" in rule:
            test = {name: rule.pop(name) for name in list(rule) if name not in ("Next", "Assign", "Comment")}
            rule["And"] = [test]


def _plain_map(state: dict[str, Json], language: str) -> None:
    """Write what the interpreter does not know of a Map with what it knows, in the *language* of the scope or its own."""
    by_path = state.get("QueryLanguage", language) == "JSONPath"
    if "ItemBatcher" in state:
        # Each item is a batch of its own, with what goes with every batch.
        item = state.pop("ItemSelector", None if by_path else "{% $states.context.Map.Item.Value %}")
        items = {"Items.$": "States.Array($$.Map.Item.Value)"} if item is None else {"Items": [item]}
        common = state.pop("ItemBatcher").get("BatchInput")
        state["ItemSelector"] = {**items, **({} if common is None else {"BatchInput": common})}
    if "ItemReader" in state:
        # What a reader would read is handed over in the input.
        state.pop("ItemReader")
        name, text = (
            ("ItemsPath", f"$$.Execution.Input.{READ}")
            if by_path
            else ("Items", f"{{% $states.context.Execution.Input.{READ} %}}")
        )
        state[name] = text
    for name in ("ItemProcessor", "Iterator"):
        if isinstance(state.get(name), dict):
            if state[name].get("ProcessorConfig", {}).get("ExecutionType") == "EXPRESS":
                state[name]["ProcessorConfig"]["ExecutionType"] = "STANDARD"
            _plain(state[name], language)


install()

__all__ = ["MACHINE_ARN", "READ", "ROLE_ARN", "Execution", "TaskError", "compile_definition", "execute", "extract", "inject"]
