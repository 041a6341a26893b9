"""Puts a recorder into moto's interpreter, and corrects it where it differs from Step Functions.

Each correction has its reason. `moto` is pinned, since all of this is inside it.
"""

from __future__ import annotations

import copy
import json
import logging
import re
import sys
import threading
from collections.abc import Callable
from functools import lru_cache
from types import SimpleNamespace
from typing import Any

from antlr4.error.ErrorListener import ConsoleErrorListener
from engine.outcome import MOST_STATES, Answer, Called, CutOffError, Entered, Execution, TaskError
from engine.query import QueryError, query
from jsonpath_ng.ext import parse as parse_path
from moto.stepfunctions.parser.api import HistoryEventType, TaskFailedEventDetails
from moto.stepfunctions.parser.asl.component.common.assign.assign_decl import AssignDecl
from moto.stepfunctions.parser.asl.component.common.assign.assign_template_value_terminal import AssignTemplateValueTerminalLit
from moto.stepfunctions.parser.asl.component.common.catch.catch_outcome import CatchOutcome
from moto.stepfunctions.parser.asl.component.common.error_name.custom_error_name import CustomErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.error_name import ErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import FailureEvent, FailureEventException
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name import StatesErrorName
from moto.stepfunctions.parser.asl.component.common.path.result_path import ResultPath
from moto.stepfunctions.parser.asl.component.common.query_language import QueryLanguageMode
from moto.stepfunctions.parser.asl.component.common.string.string_expression import StringJSONata, StringVariableSample
from moto.stepfunctions.parser.asl.component.program import program as program_module
from moto.stepfunctions.parser.asl.component.state.choice.choice_rule import ChoiceRule
from moto.stepfunctions.parser.asl.component.state.choice.comparison.comparison_variable import ComparisonVariable
from moto.stepfunctions.parser.asl.component.state.choice.comparison.operator.implementations.string_operators import (
    StringMatches,
)
from moto.stepfunctions.parser.asl.component.state.choice.comparison.variable import NoSuchVariable
from moto.stepfunctions.parser.asl.component.state.exec import execute_state
from moto.stepfunctions.parser.asl.component.state.exec.state_map.iteration import inline_iteration_component, iteration_worker
from moto.stepfunctions.parser.asl.component.state.exec.state_parallel import branch_worker, branches_decl
from moto.stepfunctions.parser.asl.component.state.exec.state_task.state_task import StateTask
from moto.stepfunctions.parser.asl.component.state.state import CommonStateField
from moto.stepfunctions.parser.asl.eval.environment import Environment
from moto.stepfunctions.parser.asl.eval.evaluation_details import AWSExecutionDetails
from moto.stepfunctions.parser.asl.eval.event.event_detail import EventDetails
from moto.stepfunctions.parser.asl.eval.event.event_manager import EventManager
from moto.stepfunctions.parser.asl.eval.states import States
from moto.stepfunctions.parser.asl.parse import preprocessor
from moto.stepfunctions.parser.asl.utils import json_path

Json = Any

ACCOUNT, REGION, MACHINE = "111122223333", "us-east-1", "Machine"
MACHINE_ARN = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:{MACHINE}"
ROLE_ARN = f"arn:aws:iam::{ACCOUNT}:role/runner"


class Details(AWSExecutionDetails):
    """What the interpreter hands to every frame of an execution: here is the only place to carry something along."""

    def __init__(self, execution: Execution, answer: Answer) -> None:
        super().__init__(account=ACCOUNT, region=REGION, role_arn=ROLE_ARN)
        self.execution, self.answer = execution, answer


class Recorder(StateTask):
    """Stands in the place of every task: notes what it is called with, and answers as the test says."""

    def _eval_execution(self, env: Environment) -> None:
        details = env.aws_execution_details
        env.states.context_object.update_task_token()
        parameters, given = None, copied(env.stack[-1])
        if self.parargs is not None:
            self.parargs.eval(env=env)
            parameters = env.stack.pop()
        role = self._eval_state_credentials(env).role_arn if self.credentials else None
        details.execution.called.append(Called(self.name, copied(parameters), role, given))
        try:
            answer = details.answer(self.name)
        except TaskError as failed:
            raise FailureEventException(_failure(env, failed)) from failed
        env.stack.append(copied(answer))


def _failure(env: Environment, failed: TaskError) -> FailureEvent:
    said = TaskFailedEventDetails(error=failed.error, cause=failed.cause)
    return FailureEvent(
        env=env,
        error_name=_error_name(failed.error),
        event_type=HistoryEventType.TaskFailed,
        event_details=EventDetails(taskFailedEventDetails=said),
    )


def _refuse(_: Any, __: Any, symbol: Any, line: int, column: int, message: str, *___: Any) -> None:
    """Refuse a call that the interpreter cannot read: it would say so on standard error, and go on with half of it."""
    raise ValueError(f"{line}:{column} {message} at {symbol}")


def _error_name(error_name: str | None) -> ErrorName | None:
    """Return the name of an error. The interpreter refuses a reserved one that comes out of a Map or a Parallel."""
    if not error_name:
        return None
    return StatesErrorName.from_name(error_name) if error_name.startswith("States.") else CustomErrorName(error_name)


_read_input = CommonStateField._eval_state_input


def _note_and_read_input(self: CommonStateField, env: Environment) -> None:
    """Read the input of a state, and note that it was entered, and with what."""
    _read_input(self, env)
    entered = env.aws_execution_details.execution.entered
    if len(entered) >= MOST_STATES:
        raise CutOffError
    env.assigned, env.caught = {}, False
    variables = {**env.variable_store._outer_scope, **env.variable_store._inner_scope}
    seen = (env.stack[-1], variables, env.states.context_object.context_object_data)
    entered.append(Entered(self.name, *copied(list(seen))))


_open = Environment.as_inner_frame_of.__func__


def _open_frame(cls: type[Environment], env: Environment, *given: Any, **named: Any) -> Environment:
    """Open a frame inside *env*. The interpreter forgets the item of a Map there."""
    frame = _open(cls, env, *given, **named)
    outer = env.states.context_object.context_object_data
    if "Map" in outer:
        frame.states.context_object.context_object_data["Map"] = outer["Map"]
    return frame


_set_next = CommonStateField._set_next
_check_size = CommonStateField._verify_size_quota
_run_catch = execute_state.ExecutionState._handle_catch


def _catch(self: execute_state.ExecutionState, env: Environment, failure_event: FailureEvent) -> None:
    """Catch an error: a state that failed assigns nothing, even if its result was read before it failed."""
    env.assigned = {}
    _run_catch(self, env, failure_event)
    env.caught = env.stack[-1] is CatchOutcome.Caught


def _go_on(self: CommonStateField, env: Environment) -> None:
    """Go on to the next state. The interpreter forgets a `Catch` that leads to the state itself."""
    if not env.caught:
        _set_next(self, env)


def _assign(self: AssignDecl, env: Environment) -> None:
    """Evaluate an `Assign`; its variables are there from the next state on, while the interpreter has them at once.

    https://docs.aws.amazon.com/step-functions/latest/dg/workflow-variables.html
    """
    made: dict[str, Json] = {}
    for binding in self.declaration_bindings:
        binding.eval(env=env)
        made.update(env.stack.pop())
    env.assigned = {**env.assigned, **made}


def _read_literal(self: AssignTemplateValueTerminalLit, env: Environment) -> None:
    """Give a constant of an `Assign`. The interpreter keeps the escapes of its JSON text."""
    env.stack.append(json.loads(f'"{self.value}"') if isinstance(self.value, str) else self.value)


def _commit(self: CommonStateField, env: Environment, value: Json) -> None:
    """Check the size of an output: the last thing a state does that may fail. Then its variables are set."""
    _check_size(self, env, value)
    for name, own in env.assigned.items():
        env.variable_store.set(name, own)
    env.assigned = {}


def copied(value: Any, memo: Any = None) -> Any:
    """Copy a JSON value, and whatever else the interpreter copies; most of its time goes there otherwise."""
    if isinstance(value, dict):
        return {name: copied(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [copied(inner) for inner in value]
    return value if value is None or isinstance(value, (str, int, float, bool)) else copy.deepcopy(value, memo)


class _Inline:
    """A thread that is none: what it would do is done when it starts."""

    native_id = 0

    def __init__(self, target: Callable[..., None], args: tuple[Any, ...] = (), **_: Any) -> None:
        self.target, self.args = target, args

    def start(self) -> None:
        self.target(*self.args)

    def join(self, timeout: float | None = None) -> None:
        pass

    def is_alive(self) -> bool:
        return False


@lru_cache(maxsize=4096)
def _path(text: str) -> tuple[Any, bool]:
    """Return the parsed path *text*, and whether it can find one thing at most."""
    tree = parse_path(text)
    return tree, _is_definite(tree)


def _is_definite(node: Any) -> bool:
    kind = type(node).__name__
    if kind == "Child":
        return _is_definite(node.left) and _is_definite(node.right)
    if kind == "Fields":
        return len(node.fields) == 1 and node.fields != ("*",)
    return kind in ("Root", "This") or (kind == "Index" and len(node.indices) == 1)


def extract(path: str, data: Json) -> Json:
    """Return what *path* finds: a definite path its one value, any other a list. The interpreter mixes the two up.

    https://docs.aws.amazon.com/step-functions/latest/dg/amazon-states-language-paths.html
    """
    tree, definite = _path(path)
    found = [match.value for match in tree.find(data)]
    if not definite:
        return found
    if not found:
        raise json_path.NoSuchJsonPathError(json_path=path, data=data)
    return found[0]


def inject(into: Json, path: str, result: Json) -> Json:
    """Return *into* with *result* at the reference path *path*. What is on the way must be objects; missing ones are made.

    https://docs.aws.amazon.com/step-functions/latest/dg/input-output-resultpath.html
    """
    return _inject(into, _steps(_path(path)[0]), result)


def _steps(node: Any) -> list[str | int]:
    kind = type(node).__name__
    if kind == "Child":
        return [*_steps(node.left), *_steps(node.right)]
    return [] if kind == "Root" else [node.fields[0] if kind == "Fields" else node.indices[0]]


def _inject(into: Json, steps: list[str | int], result: Json) -> Json:
    if not steps:
        return result
    name, *rest = steps
    if isinstance(name, int) and isinstance(into, list) and name < len(into):
        return [*into[:name], _inject(into[name], rest, result), *into[name + 1 :]]
    if isinstance(name, str) and isinstance(into, dict):
        return {**into, name: _inject(into.get(name, {}), rest, result)}
    raise RuntimeError(f"no place for a result at {name}")


def _put_result(self: ResultPath, env: Environment) -> None:
    """Put the result of a state into its input. Where there is no place for it, the interpreter drops it."""
    given = env.states.get_input()
    if self.result_path_src is None:
        env.stack.clear()
        env.stack.append(given)
    else:
        env.stack.append(copied(inject(given, self.result_path_src, env.stack.pop())))


def _query(self: StringJSONata, env: Environment) -> None:
    """Evaluate a JSONata expression, for which the interpreter has no library. What gives nothing fails the state."""
    data = env.states._states_data
    # What a state that failed gave is its error alone; the interpreter takes that for its result too.
    there = ("input", "context", "errorOutput" if "errorOutput" in data else "result")
    states = {name: data[name] for name in there if name in data}
    variables = {**env.variable_store._outer_scope, **env.variable_store._inner_scope}
    try:
        env.stack.append(query(self.expression, {**variables, "states": states}))
    except QueryError as error:
        raise FailureEventException(_failure(env, TaskError("States.QueryEvaluationError", str(error)))) from error


def _reset(self: States, input_value: Json) -> None:
    """Begin a state: there is neither a result nor an error yet. In the interpreter both would be null."""
    self._states_data["input"] = copied(input_value)
    self._states_data.pop("result", None)
    self._states_data.pop("errorOutput", None)


def _read_variable(self: StringVariableSample, env: Environment) -> None:
    """Read a variable by a path. The interpreter takes the path of a JSONPath state for JSONata, and a gap for null."""
    if self.query_language_mode == QueryLanguageMode.JSONata:
        _query(self, env)
        return
    name = self.expression[1:]
    end = next((at for at, char in enumerate(name) if not (char.isalnum() or char == "_")), len(name))
    value = env.variable_store.get(name[:end])
    env.stack.append(copied(extract("$" + name[end:], value) if name[end:] else value))


def _test_rule(self: ChoiceRule, env: Environment) -> None:
    """Test a rule of a Choice, and assign where it holds: in the interpreter `$` would be the outcome of the test there."""
    self.comparison.eval(env)
    if env.stack[-1] and (self.assign or self.output):
        held = env.stack.pop()
        for part in (self.assign, self.output):
            if part:
                part.eval(env=env)
        env.stack.append(held)


def _compare(self: ComparisonVariable, env: Environment) -> None:
    """Compare a variable. A path that finds nothing fails the state, where it is no question about the kind of value.

    https://docs.aws.amazon.com/step-functions/latest/dg/state-choice.html
    """
    self.variable.eval(env)
    if isinstance(env.stack[-1], NoSuchVariable) and not self.comparison_function.operator_type.name.startswith("Is"):
        raise RuntimeError(f"invalid path: {env.stack[-1].path}")
    self.comparison_function.eval(env)


def _matches(variable: Json, pattern: str) -> bool:
    r"""Match text as `StringMatches` does: `*` is any text, `\\*` a star. The interpreter takes `?` and `[]` for wildcards."""
    pieces = re.findall(r"\\.|[^\\]", pattern, re.DOTALL)
    wanted = "".join(".*" if piece == "*" else re.escape(piece[-1]) for piece in pieces)
    return isinstance(variable, str) and re.fullmatch(wanted, variable, re.DOTALL) is not None


def install() -> None:
    """Put all of the above into the interpreter."""
    logging.getLogger("moto.stepfunctions").setLevel(logging.CRITICAL + 1)
    quick = SimpleNamespace(**{**vars(copy), "deepcopy": copied})
    for name, module in list(sys.modules.items()):
        if name.startswith("moto.stepfunctions.parser"):
            if hasattr(module, "extract_json"):
                module.extract_json = extract
            if getattr(module, "copy", None) is copy:
                module.copy = quick
    inline = SimpleNamespace(**{**vars(threading), "Thread": _Inline})
    for module in (program_module, inline_iteration_component, branch_worker):
        module.threading = inline
    ConsoleErrorListener.syntaxError = _refuse
    execute_state.Thread = _Inline
    for module in (iteration_worker, branches_decl):
        module.CustomErrorName = _error_name
    ResultPath._eval_body = _put_result
    preprocessor.state_task_for = lambda _: Recorder()
    CommonStateField._eval_state_input = _note_and_read_input
    Environment.as_inner_frame_of = classmethod(_open_frame)
    StringVariableSample._eval_body = _read_variable
    StringJSONata._eval_body = _query
    States.reset = _reset
    execute_state.ExecutionState._handle_catch = _catch
    AssignDecl._eval_body = _assign
    AssignTemplateValueTerminalLit._eval_body = _read_literal
    CommonStateField._set_next = _go_on
    CommonStateField._verify_size_quota = _commit
    ChoiceRule._eval_body = _test_rule
    ComparisonVariable._eval_body = _compare
    StringMatches._compare = staticmethod(_matches)
    EventManager.add_event = lambda *_, **__: 0
