"""Tasks → calls: what a `Resource` ARN names, in which pattern, with which arguments and under whose role.

https://docs.aws.amazon.com/step-functions/latest/dg/integrate-services.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple

from analyzer.asl.model import DISTRIBUTED, DataAccess, Map, QueryLanguage, State, Task
from analyzer.context import Context
from analyzer.dataflow.evaluate import Environment, evaluate, substitute
from analyzer.dataflow.values import HOLE, Literal, Record, Text, Value, alternatives, look, texts
from analyzer.diagnostics import Diagnostic, Hints, diagnostic
from analyzer.maps import SDK, SDK_PATTERNS, Index, sdk_index, service_map
from analyzer.symbols import has_symbol, is_arn_symbol, spell
from analyzer.text import Pointer

SUFFIXES = {
    "": "request_response",
    ".sync": "sync",
    ".sync:2": "sync:2",
    ".waitForTaskToken": "wait_for_task_token",
}
"""The service integration patterns by the end of the Resource ARN.
https://docs.aws.amazon.com/step-functions/latest/dg/connect-to-resource.html"""

_ENDS = {pattern: end for end, pattern in SUFFIXES.items()}

MACHINE = "machine"
"""The service map of what a machine needs for itself, and the pattern of its operations."""

_INTEGRATION = re.compile(
    r"arn:(?P<partition>[^:]+):states:(?P<region>[^:]*):(?P<account>[^:]*):"
    r"(?P<sdk>aws-sdk:)?(?P<service>[A-Za-z0-9-]+):(?P<operation>[A-Za-z0-9]+)(?P<suffix>\.[A-Za-z]+(?::\d+)?)?"
)
"""Region and account are left out, since both are the machine's own, but may be written.
https://docs.aws.amazon.com/step-functions/latest/dg/state-task.html"""

_PLAIN = re.compile(r"[a-z0-9-]+")
"""A part of an ARN that is known."""

_ARN = re.compile(
    r"arn:(?P<partition>[^:]+):(?P<namespace>[^:]+):(?P<region>[^:]*):(?P<account>[^:]*):(?P<kind>[^:/]+)[:/](?P<rest>.+)",
    re.DOTALL,
)
_NAMED = re.compile(f"{HOLE}(?::[^:]+)?")
"""A placeholder that stands for a whole ARN, perhaps with a qualifier behind it."""


class Call(NamedTuple):
    """One use of a service: an operation of a service map, in one pattern, with its arguments.

    `role` is the value of `Credentials.RoleArn` when the call is made under another role, else `None`; `state` is
    `None` for what the machine needs whatever its states do.
    """

    service: str
    operation: str
    pattern: str
    arguments: Value
    pointer: Pointer
    state: str | None
    role: Value | None = None

    @property
    def rule(self) -> str:
        """The name of the call as reports show it: ``service:operation`` and the pattern's suffix."""
        return f"{self.service}:{self.operation}{_ENDS.get(self.pattern, '')}"


class _Known(NamedTuple):
    """What the states of one machine are read with."""

    covered: Index
    hints: Hints
    targets: dict[tuple[str, str | None], Target]
    context: Context


def calls_of(
    reachable: Iterable[State], flow: Mapping[Pointer, Environment], context: Context, index: Index
) -> tuple[tuple[Call, ...], tuple[Diagnostic, ...]]:
    """Return every call of the *reachable* states and of the machine itself, and what is wrong with their ARNs.

    *flow* holds what each state's arguments are read in; a state it does not hold is read with nothing known.
    """
    calls: list[Call] = []
    problems: list[Diagnostic] = []
    unknown = Environment(substitutions=context.all_substitutions())
    known = _Known(index, Hints(), {}, context)
    for state in reachable:
        here = flow.get(state.pointer, unknown)
        if isinstance(state, Task):
            found, reports = _task_calls(state, here, known)
        elif isinstance(state, Map):
            found, reports = _map_calls(state, context, here, known)
        else:
            continue
        calls.extend(found)
        problems.extend(reports)
    calls.extend(_machine_calls(context))
    return tuple(calls), tuple(problems)


def labels_of(calls: Iterable[Call]) -> tuple[str, ...]:
    """Return the labels under which children of Distributed Maps run, each a text with holes where it is not known."""
    maps = (call for call in calls if (call.service, call.operation) == (MACHINE, "distributedMap"))
    found = (entry.value for call in maps for entry in look(call.arguments, "Label"))
    labels = (text.text for value in found for text in (texts(value) if value is not None else (Text(HOLE),)))
    return tuple(sorted(dict.fromkeys(labels)))


def _task_calls(task: Task, here: Environment, known: _Known) -> tuple[list[Call], list[Diagnostic]]:
    if task.resource_arn is None:
        return [], []
    role, assume, reports = _credentials(task, here)
    needless = False
    arguments: Value
    if task.arguments is None:
        arguments = here.input
    else:
        arguments = evaluate(task.arguments, _written_in(task.arguments_pointer, task.language), task.arguments_pointer, here)
    pointer = (*task.pointer, "Resource")
    calls: list[Call] = []
    for value in alternatives(substitute(task.resource_arn, pointer, here.substitutions)):
        target, found = _target(value, task.resource_arn, pointer, task.name, known)
        reports += found
        if target is not None:
            service, operation, pattern, whole = target
            made = Call(service, operation, pattern, whole or arguments, task.pointer, task.name)
            if role is not None and not service_map(service).operations[operation].credentials:
                message = f"state `{task.name}`: `{made.rule}` is called under no other role"
                reports.append(diagnostic("needless-credentials", message, (*task.pointer, "Credentials"), state=task.name))
                needless = True
            else:
                made = made._replace(role=role)
            calls.append(made)
    return [*(() if needless else assume), *calls], reports


def _written_in(pointer: Pointer, own: QueryLanguage) -> QueryLanguage:
    """Return the language of the arguments at *pointer*: the field of the other language is read as it was meant."""
    return {"Parameters": QueryLanguage.JSONPATH, "Arguments": QueryLanguage.JSONATA}.get(str(pointer[-1]), own)


def _credentials(task: Task, here: Environment) -> tuple[Value | None, list[Call], list[Diagnostic]]:
    """Return the role a task takes on, the call by which the execution role takes it on, and what is wrong with it."""
    if task.credentials is None:
        return None, [], []
    pointer = (*task.pointer, "Credentials")
    credentials = evaluate(task.credentials, task.language, pointer, here)
    found = look(credentials, "RoleArn")
    role = next((entry.value for entry in found if entry.value is not None), None)
    if isinstance(role, Literal) and not (
        isinstance(role.value, str) and (role.value.startswith("arn:") or has_symbol(role.value))
    ):
        message = f"state `{task.name}`: `RoleArn` is `{role.value}`, which is no ARN"
        return None, [], [diagnostic("invalid-value", message, pointer, state=task.name, help="write the ARN of the role")]
    if role is None:
        return None, [], []
    return role, [Call(MACHINE, "credentials", MACHINE, credentials, pointer, task.name)], []


def _map_calls(state: Map, context: Context, here: Environment, known: _Known) -> tuple[list[Call], list[Diagnostic]]:
    reports: list[Diagnostic] = []
    if state.mode is None:
        return [], []
    config = (*(state.processor or state).pointer, "ProcessorConfig")
    mode = substitute(state.mode, (*config, "Mode"), here.substitutions)
    if isinstance(mode, Literal) and mode.value != DISTRIBUTED:
        return [], []
    if not isinstance(mode, Literal):
        message = f"state `{state.name}`: `Mode` is `{state.mode}`, so what a Distributed Map needs is granted"
        reports.append(diagnostic("unresolved-substitution", message, (*config, "Mode"), state=state.name))
    fields = {"Label": (state.label, state.pointer), "ExecutionType": (state.execution_type, config)}
    settings = {
        name: evaluate(text, state.language, (*place, name), here) for name, (text, place) in fields.items() if text is not None
    }
    calls = [Call(MACHINE, "distributedMap", MACHINE, Record(settings), state.pointer, state.name)]
    if context.kms_key is not None:
        arguments: Value = Record({**settings, "KmsKeyId": substitute(context.kms_key, (), here.substitutions)})
        calls.append(Call(MACHINE, "childEncryption", MACHINE, arguments, state.pointer, state.name))
    for access, pattern, key in ((state.reader, "item_reader", "ReaderConfig"), (state.writer, "result_writer", "WriterConfig")):
        if access is None or access.resource_arn is None:
            continue
        place = (*access.pointer, "Resource")
        arguments = _access_arguments(access, (*access.pointer, key), state, here)
        for value in alternatives(substitute(access.resource_arn, place, here.substitutions)):
            target, found = _target(value, access.resource_arn, place, state.name, known, pattern)
            reports.extend(found)
            if target is not None:
                calls.append(Call(target[0], target[1], pattern, arguments, access.pointer, state.name))
    return calls, reports


def _access_arguments(access: DataAccess, config_pointer: Pointer, state: Map, here: Environment) -> Value:
    """Join what a reader or writer is asked for with how it is told to work: both decide what it needs."""
    language = _written_in(access.arguments_pointer, state.language)
    value = evaluate(access.arguments or {}, language, access.arguments_pointer, here)
    config = evaluate(access.config, state.language, config_pointer, here)
    return Record({**value.fields, "Config": config}) if isinstance(value, Record) else value


def _machine_calls(context: Context) -> Iterator[Call]:
    def call(operation: str, **arguments: Value) -> Call:
        return Call(MACHINE, operation, MACHINE, Record(arguments), (), None)

    if context.logging:
        yield call("logging")
    if context.tracing:
        yield call("tracing")
    if context.kms_key is not None:
        key = substitute(context.kms_key, (), context.all_substitutions())  # a template may name a key that it makes
        yield call("encryption", KmsKeyId=key)
        if context.logging:
            yield call("encryptedLogging", KmsKeyId=key)


Refuse = Callable[..., tuple[None, list[Diagnostic]]]
"""Makes the answer of a Resource that leads nowhere: (id, message, help)."""

Target = tuple[str, str, str, Value | None]
"""Service, operation, pattern, and the arguments when the ARN itself is the only one."""


def _target(
    value: Value, arn: str, pointer: Pointer, state: str, known: _Known, wanted: str | None = None
) -> tuple[Target | None, list[Diagnostic]]:
    """Read the Resource ARN *value*, written as *arn*. *wanted* is the pattern of a reader or writer, which it does not show."""
    [written] = texts(value)
    text = written.text
    if (text, wanted) in known.targets:
        return known.targets[text, wanted], []
    match = _INTEGRATION.fullmatch(text)
    if wanted is None and (match is None or match["region"] or match["account"]) and (own := _ARN.fullmatch(text)):
        for row in known.covered.direct:
            if own["namespace"] == row["namespace"] and own["kind"] == row["kind"]:
                # What is granted on the ARN is looked at where that is done; what is only waited for is not.
                reports = _elsewhere(own, pointer, state, known.context) if match is not None else []
                return (row["service"], row["operation"], "request_response", Record({"Resource": value})), reports
    if match is not None:
        target, reports = _integration(match, pointer, state, known, wanted)
        reports += _elsewhere(match, pointer, state, known.context)
        if target is not None and not reports:
            known.targets[text, wanted] = target  # hundreds of states may call the same; what is wrong is said of each
        return target, reports
    if wanted is None and is_arn_symbol(text):
        return _assume_direct(value, f"placeholder `{spell(text)}`", pointer, state, known.covered)
    if wanted is None and _NAMED.fullmatch(text):
        return _assume_direct(value, written.reasons[0], pointer, state, known.covered)
    if HOLE in text:
        message = f"state `{state}`: what `{arn}` calls depends on the {written.reasons[0]}; nothing is granted for it"
        return None, [diagnostic("unresolved-task-resource", message, pointer, state=state)]
    message = f"state `{state}`: `{arn}` names no integration" + (", function or activity" if wanted is None else " of data")
    return None, [
        diagnostic(
            "malformed-resource-arn",
            message,
            pointer,
            state=state,
            help="" if wanted is None else _integrations_of(wanted, known.covered),
        )
    ]


def _elsewhere(match: re.Match[str], pointer: Pointer, state: str, context: Context) -> list[Diagnostic]:
    """Say where the ARN of an integration names another place than the machine's own, which Step Functions refuses."""
    places = [
        ("other-partition", "partition", context.partition),
        ("other-region", "region", context.region),
        ("malformed-resource-arn", "account", context.account),
    ]
    return [
        diagnostic(
            id, f"state `{state}`: `{match[0]}` names the {part} `{match[part]}`, the machine is in `{own}`", pointer, state=state
        )
        for id, part, own in places
        if own and match[part] != own and _PLAIN.fullmatch(match[part]) and _PLAIN.fullmatch(own)
    ]


def _integrations_of(pattern: str, index: Index) -> str:
    """Say which integrations a reader or a writer may use."""
    names = (
        f"`{service}:{operation}`"
        for service, row in sorted(index.services.items())
        for operation, patterns in sorted(row["operations"].items())
        if pattern in patterns
    )
    return f"use {' or '.join(names)}"


def _assume_direct(
    value: Value, reason: str, pointer: Pointer, state: str, index: Index
) -> tuple[Target | None, list[Diagnostic]]:
    """Take a Resource that is a placeholder, perhaps with a qualifier, for the ARN of what the maps mark as assumed."""
    row = next(row for row in index.direct if row.get("assumed"))
    report = diagnostic(
        "unresolved-task-resource",
        f"state `{state}`: its Resource is the {reason}; assumed to be a {row['kind']} ARN",
        pointer,
        state=state,
        help="give it with --substitution NAME=ARN",
    )
    return (row["service"], row["operation"], "request_response", Record({"Resource": value})), [report]


def _integration(
    match: re.Match[str], pointer: Pointer, state: str, known: _Known, wanted: str | None
) -> tuple[Target | None, list[Diagnostic]]:
    service, operation, suffix = match["service"], match["operation"], match["suffix"] or ""
    index, hints = known.covered, known.hints

    def refuse(id: str, message: str, help: str = "") -> tuple[None, list[Diagnostic]]:
        return None, [diagnostic(id, f"state `{state}`: {message}", pointer, state=state, help=help)]

    if wanted is not None and (suffix or match["sdk"]):
        what = f"`{suffix}`" if suffix else "an AWS SDK integration"
        return refuse("unsupported-pattern", f"a Distributed Map does not use {what} for data", _integrations_of(wanted, index))
    if suffix not in SUFFIXES:
        near = hints.nearest(suffix, [end for end in SUFFIXES if end])
        return refuse("unsupported-pattern", f"`{suffix}` is no integration pattern", near)
    pattern = wanted or SUFFIXES[suffix]
    if match["sdk"]:
        return _sdk(service, operation, pattern, suffix, known, refuse)
    if service not in index.services or service == MACHINE:
        return refuse(
            "unknown-integration",
            f"there is no optimized integration `{service}`",
            hints.nearest(service, index.services.keys() - {MACHINE}),
        )
    operations = index.services[service]["operations"]
    if operation not in operations:
        near = hints.nearest(operation, operations)
        sdk = f"or use `arn:aws:states:::aws-sdk:{service}:{operation}`" if wanted is None else ""
        return refuse(
            "unknown-integration",
            f"the optimized integration `{service}` has no `{operation}`",
            " ".join(filter(None, (near, sdk))),
        )
    if pattern not in operations[operation]:
        kinds = [end or "no suffix" for end, name in SUFFIXES.items() if name in operations[operation]]
        supported = ", ".join(f"`{kind}`" for kind in kinds) or "use in an ItemReader or ResultWriter"
        what = f"`{suffix}`" if suffix else ("this use" if wanted else "use without a suffix")
        return refuse("unsupported-pattern", f"`{service}:{operation}` does not support {what}", f"it supports {supported}")
    return (service, operation, pattern, None), []


def _sdk(
    service: str, operation: str, pattern: str, suffix: str, known: _Known, refuse: Refuse
) -> tuple[Target | None, list[Diagnostic]]:
    """Find an AWS SDK integration. Step Functions writes names in its own case, so case tells nothing.

    https://docs.aws.amazon.com/step-functions/latest/dg/supported-services-awssdk.html
    """
    if pattern not in SDK_PATTERNS:
        help = "poll the job in the workflow, or use `.waitForTaskToken`"
        return refuse("unsupported-pattern", f"an AWS SDK integration has no `{suffix}`", help)
    row = known.covered.sdk.get(f"{service}:{operation}".casefold())
    if row is not None:
        return (row["service"], row["operation"], pattern, None), []
    tables, name = sdk_index(), service.casefold()
    if name in tables.retired:
        return refuse(
            "retired-service", f"AWS has retired `{service}`, so `{operation}` cannot succeed; nothing is granted for it"
        )
    if name not in tables.services:
        near = known.hints.nearest(service, tables.services)
        return refuse("unknown-integration", f"the AWS SDK integrations have no service `{service}`", near)
    operations = service_map(SDK + name).operations
    if operation not in operations:
        near = known.hints.nearest(operation, [f"{other[0].lower()}{other[1:]}" for other in operations])
        return refuse("unknown-operation", f"the service `{service}` has no operation `{operation}`", near)
    return (SDK + name, operation, pattern, None), []
