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

<<<<<<< HEAD
from antlr4.error.ErrorListener import ConsoleErrorListener
from jsonpath_ng.ext import parse as parse_path
=======
from engine.corrections import MACHINE, MACHINE_ARN, ROLE_ARN, Details, copied, extract, inject, install
from engine.outcome import Answer, CutOffError, Execution, TaskError
>>>>>>> flow
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


def _plain(scope: dict[str, Json]) -> dict[str, Json]:  # noqa: C901 - one branch a field
    """Take out of a scope what the interpreter cannot read or would wait for, and what does not bear on its data."""
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
        _plain_map(state)
        for branch in state.get("Branches") or ():
            _plain(branch)
    return scope


<<<<<<< HEAD
# ---------------------------------------------------------------------------------------------------- the interpreter


class _Recorder(StateTask):
    """Stands in the place of every task: notes what it is called with, and answers as the test says."""

    def _eval_execution(self, env: Environment) -> None:
        details = env.aws_execution_details
        parameters = None
        if self.parargs is not None:
            self.parargs.eval(env=env)
            parameters = env.stack.pop()
        role = self._eval_state_credentials(env).role_arn if self.credentials else None
        details.execution.called.append(Called(self.name, _copied(parameters), role))
        try:
            answer = details.answer(self.name)
        except TaskError as failed:
            raise FailureEventException(_failure(env, failed)) from failed
        env.stack.append(_copied(answer))


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
    entered.append(Entered(self.name, *_copied(list(seen))))


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


def _commit(self: CommonStateField, env: Environment, value: Json) -> None:
    """Check the size of an output: the last thing a state does that may fail. Then its variables are set."""
    _check_size(self, env, value)
    for name, own in env.assigned.items():
        env.variable_store.set(name, own)
    env.assigned = {}


def _copied(value: Any, memo: Any = None) -> Any:
    """Copy a JSON value, and whatever else the interpreter copies; most of its time goes there otherwise."""
    if isinstance(value, dict):
        return {name: _copied(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_copied(inner) for inner in value]
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
        env.stack.append(_copied(inject(given, self.result_path_src, env.stack.pop())))


_sample = StringVariableSample._eval_body


def _read_variable(self: StringVariableSample, env: Environment) -> None:
    """Read a variable by a path. The interpreter takes the path of a JSONPath state for JSONata, and a gap for null."""
    if self.query_language_mode == QueryLanguageMode.JSONata:
        _sample(self, env)
        return
    name = self.expression[1:]
    end = next((at for at, char in enumerate(name) if not (char.isalnum() or char == "_")), len(name))
    value = env.variable_store.get(name[:end])
    env.stack.append(_copied(extract("$" + name[end:], value) if name[end:] else value))


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


def _install() -> None:
    """Put all of the above into the interpreter."""
    logging.getLogger("moto.stepfunctions").setLevel(logging.CRITICAL + 1)
    quick = SimpleNamespace(**{**vars(copy), "deepcopy": _copied})
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
    preprocessor.state_task_for = lambda _: _Recorder()
    CommonStateField._eval_state_input = _note_and_read_input
    Environment.as_inner_frame_of = classmethod(_open_frame)
    StringVariableSample._eval_body = _read_variable
    execute_state.ExecutionState._handle_catch = _catch
    AssignDecl._eval_body = _assign
    CommonStateField._set_next = _go_on
    CommonStateField._verify_size_quota = _commit
    ChoiceRule._eval_body = _test_rule
    ComparisonVariable._eval_body = _compare
    StringMatches._compare = staticmethod(_matches)
    EventManager.add_event = lambda *_, **__: 0


_install()
=======
def _plain_rules(state: dict[str, Json]) -> None:
    """Write a rule that only compares with `And`: without, the interpreter loses its `Assign`."""
    for rule in state.get("Choices") or ():
        if "Variable" in rule and "Assign" in rule:
            test = {name: rule.pop(name) for name in list(rule) if name not in ("Next", "Assign", "Comment")}
            rule["And"] = [test]


def _plain_map(state: dict[str, Json]) -> None:
    """Write what the interpreter does not know of a Map with what it knows."""
    if "ItemBatcher" in state:
        # Each item is a batch of its own, with what goes with every batch.
        item = state.pop("ItemSelector", None)
        items = {"Items.$": "States.Array($$.Map.Item.Value)"} if item is None else {"Items": [item]}
        common = state.pop("ItemBatcher").get("BatchInput")
        state["ItemSelector"] = {**items, **({} if common is None else {"BatchInput": common})}
    if "ItemReader" in state:
        # What a reader would read is handed over in the input.
        state.pop("ItemReader")
        state["ItemsPath"] = f"$$.Execution.Input.{READ}"
    for name in ("ItemProcessor", "Iterator"):
        if isinstance(state.get(name), dict):
            if state[name].get("ProcessorConfig", {}).get("ExecutionType") == "EXPRESS":
                state[name]["ProcessorConfig"]["ExecutionType"] = "STANDARD"
            _plain(state[name])


install()

__all__ = ["MACHINE_ARN", "READ", "ROLE_ARN", "Execution", "TaskError", "compile_definition", "execute", "extract", "inject"]
>>>>>>> flow
