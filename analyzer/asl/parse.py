"""From a plain document to a `Machine`, with a diagnostic for everything Step Functions would refuse.

Nothing is raised: of a broken definition the model holds what can be read, so that one mistake hides no other.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from analyzer.asl import fields
from analyzer.asl.check import MAX_NAME, Findings, Place, check_object, shown, text_of
from analyzer.asl.fields import Table
from analyzer.asl.model import (
    DISTRIBUTED,
    Catcher,
    Choice,
    DataAccess,
    Fail,
    Machine,
    Map,
    Parallel,
    Pass,
    QueryLanguage,
    Scope,
    State,
    Succeed,
    Task,
    Wait,
)
from analyzer.asl.rules import read_rules
from analyzer.diagnostics import Diagnostic, Hints
from analyzer.text import Json, Pointer, Source, pointer_text

MAX_LABEL = 40
"""Characters of the label of a Distributed Map."""

_WAITING = re.compile(r"\.(?:sync(?::\d+)?|waitForTaskToken)\Z")
_ACTIVITY = re.compile(r"arn:(?:[^:]*:){4}activity:")


class _Inside(NamedTuple):
    """A scope while it is read: its body, what `States` holds, the states to fill in, whether its workflow is EXPRESS."""

    reader: _Reader
    body: Mapping[str, Json]
    bodies: Mapping[str, Json]
    states: dict[str, State]
    express: bool
    place: Place


class _Reader(NamedTuple):
    """What is gathered while one definition is read. It lives for one call of `parse`."""

    top: QueryLanguage
    findings: Findings
    waiting: deque[_Inside]
    first: dict[str, Pointer]
    dangling: list[tuple[Place, str, str, _Inside]]


def parse(source: Source, document: Json, *, workflow_type: str = "STANDARD") -> tuple[Machine, tuple[Diagnostic, ...]]:
    """Read *document*, which *source* holds, as a state machine of *workflow_type* (`STANDARD` or `EXPRESS`).

    Never raises, whatever JSON value *document* is. Diagnostics come in the order they are found.
    """
    body = document if isinstance(document, dict) else {}
    top = _language(body) or QueryLanguage.JSONPATH
    reader = _Reader(top, Findings([], Hints()), deque(), {}, [])
    place = Place(reader.findings, (), None, top)
    if body is not document:
        place.say("wrong-field-type", f"the definition is {shown(document)}, not an object")
    check_object(body, fields.MACHINE, place, "a state machine")
    scope = _open_scope(reader, body, place, express=workflow_type == "EXPRESS")
    while reader.waiting:
        _read_scope(reader.waiting.popleft())
    _report_dangling(reader)
    return Machine(source, scope, top, body), tuple(reader.findings.diagnostics)


def _language(body: Mapping[str, Json]) -> QueryLanguage | None:
    said = body.get("QueryLanguage")
    return QueryLanguage(said) if said in ("JSONPath", "JSONata") else None


def _open_scope(reader: _Reader, body: Mapping[str, Json], place: Place, *, express: bool) -> Scope:
    """Return the scope that *body* holds, still empty; its states are read in their turn, outer before inner."""
    start, bodies = body.get("StartAt"), body.get("States")
    states: dict[str, State] = {}
    reader.waiting.append(_Inside(reader, body, bodies if isinstance(bodies, dict) else {}, states, express, place))
    return Scope(place.pointer, start if isinstance(start, str) else None, states)


def _read_scope(inside: _Inside) -> None:
    """Read the states of one scope into it."""
    _check_start(inside)
    reader = inside.reader
    for name, body in inside.bodies.items():
        pointer = (*inside.place.pointer, "States", name)
        here = Place(reader.findings, pointer, name, reader.top)
        _check_name(reader, name, here)
        if not isinstance(body, dict):
            here.say("wrong-field-type", f"a state is {shown(body)}, not an object")
            continue
        own = _language(body)
        if own is QueryLanguage.JSONPATH and reader.top is QueryLanguage.JSONATA:
            message = "a JSONata state machine has no JSONPath states"
            here.say("wrong-query-language", message, "QueryLanguage", help="remove the `QueryLanguage` of the state")
        if own is not None:
            here = Place(reader.findings, pointer, name, own)
        inside.states[name] = _read_state(inside, body, here)


def _check_start(inside: _Inside) -> None:
    """Check that a scope has states and starts at one of them."""
    body, bodies, place = inside.body, inside.bodies, inside.place
    if "States" not in body:
        place.say("missing-field", "`States` is missing", "States")
    start = body.get("StartAt")
    if "StartAt" not in body:
        place.say("missing-start", "`StartAt` is missing", "StartAt", help=place.findings.hints.nearest("", bodies))
    elif isinstance(start, str) and start not in bodies:
        message = f"`StartAt` names `{_short(start)}`, which is no state here"
        place.say("missing-start", message, "StartAt", help=place.findings.hints.nearest(start, bodies))


def _check_name(reader: _Reader, name: str, here: Place) -> None:
    """Check that the name of a state is short enough and not taken in any scope."""
    if len(name) > MAX_NAME:
        message = f"the state name has {len(name)} characters, more than {MAX_NAME}"
        here.say("invalid-value", message, help="shorten the name", on_key=True)
    if name in reader.first:
        message = f"another state is called `{_short(name)}`: the one at `{pointer_text(reader.first[name])}`"
        here.say("duplicate-state", message, on_key=True)
    else:
        reader.first[name] = here.pointer


def _read_state(inside: _Inside, body: Mapping[str, Json], here: Place) -> State:
    """Read one state by its type."""
    said = body.get("Type")
    type_ = said if isinstance(said, str) else ""
    table = fields.STATES.get(type_)
    common: dict[str, Any] = {"name": here.state, "pointer": here.pointer, "language": here.language, "body": body}
    common["next"] = _transition(inside, body, "Next", here)
    common["end"] = body.get("End") is True
    common["catchers"] = _read_catchers(inside, body.get("Catch"), here)
    if table is None:
        _report_type(body, here)
        return State(**common)
    check_object(body, table, here, f"a {type_} state")
    if type_ not in fields.ENDING and ("Next" in body) == (body.get("End") is True):
        both = "both `Next` and `End`" if "Next" in body else "neither `Next` nor `End`"
        here.say("conflicting-end", f"the state has {both}", *(("End",) if "Next" in body else ()), on_key=True)
    _check_retriers(body.get("Retry"), here)
    make = _MAKERS.get(type_)
    return make(inside, here, common) if make else _PLAIN[type_](**common)


def _report_type(body: Mapping[str, Json], here: Place) -> None:
    if "Type" not in body:
        near = next((name for name in body if name.lower() == "type"), "")
        help = f"write `Type`, not `{near}`" if near else ""
        here.say("unknown-type", "the state has no `Type`", "Type", help=help)
        return
    said = body["Type"]
    help = here.findings.hints.nearest(said[:MAX_NAME], fields.STATES) if isinstance(said, str) else ""
    here.say("unknown-type", f"the `Type` of the state is {shown(said)}, which is no state type", "Type", help=help)


def _transition(inside: _Inside, body: Mapping[str, Json], name: str, here: Place) -> str | None:
    """Return where the field *name* leads, and remember it when that is no state of the scope."""
    target = body.get(name)
    if not isinstance(target, str):
        return None
    if target not in inside.bodies:
        inside.reader.dangling.append((here, name, target, inside))
    return target


def _report_dangling(reader: _Reader) -> None:
    """Report the transitions that lead nowhere, now that the states of every scope are known."""
    for here, name, target, inside in reader.dangling:
        elsewhere = reader.first.get(target)
        if elsewhere is None:
            message = f"`{name}` leads to `{_short(target)}`, which is no state here"
            help = reader.findings.hints.nearest(target, inside.bodies)
        else:
            message = f"`{name}` leads to `{_short(target)}`, a state of another scope"
            help = f"a transition stays in its scope, and that state is at `{pointer_text(elsewhere)}`"
        here.say("dangling-transition", message, name, help=help)


def _read_catchers(inside: _Inside, value: Json, here: Place) -> tuple[Catcher, ...]:
    """Read the `Catch` of a state. A catcher leads away from the state like any transition."""
    if not isinstance(value, list):
        return ()
    catchers = []
    for index, body in enumerate(value):
        place = here.inside("Catch", index)
        if not isinstance(body, dict):
            place.say("wrong-field-type", f"a catcher is {shown(body)}, not an object")
            continue
        check_object(body, fields.CATCHER, place, "a catcher")
        catchers.append(Catcher(place.pointer, _transition(inside, body, "Next", place), body))
    return tuple(catchers)


def _check_retriers(value: Json, here: Place) -> None:
    if not isinstance(value, list):
        return
    for index, body in enumerate(value):
        place = here.inside("Retry", index)
        if isinstance(body, dict):
            check_object(body, fields.RETRIER, place, "a retrier")
        else:
            place.say("wrong-field-type", f"a retrier is {shown(body)}, not an object")


def _make_task(inside: _Inside, here: Place, common: dict[str, Any]) -> State:
    body = common["body"]
    arn = text_of(body.get("Resource"))
    if arn is not None and inside.express:
        waits = _WAITING.search(arn)
        if waits:
            here.say("express-only", f"an EXPRESS workflow does not wait: no `{waits[0]}` tasks", "Resource")
        elif _ACTIVITY.match(arn):
            here.say("express-only", "an EXPRESS workflow runs no activities", "Resource")
    arguments, pointer = _arguments(body, here)
    return Task(
        **common,
        resource_arn=arn,
        arguments=arguments,
        arguments_pointer=pointer,
        credentials=body.get("Credentials"),
    )


def _arguments(body: Mapping[str, Json], here: Place) -> tuple[Json, Pointer]:
    """Return `Arguments` (JSONata) or `Parameters` (JSONPath) and where they stand; those of the other language at need."""
    own, other = ("Arguments", "Parameters") if here.language is QueryLanguage.JSONATA else ("Parameters", "Arguments")
    name = own if own in body or other not in body else other
    return body.get(name), (*here.pointer, name)


def _make_choice(inside: _Inside, here: Place, common: dict[str, Any]) -> State:
    body = common["body"]
    rules = read_rules(body.get("Choices"), here.inside("Choices"))
    for rule in rules:
        _transition(inside, rule.body, "Next", Place(here.findings, rule.pointer, here.state, here.language))
    return Choice(**common, rules=rules, default=_transition(inside, body, "Default", here))


def _make_parallel(inside: _Inside, here: Place, common: dict[str, Any]) -> State:
    body = common["body"]
    branches = []
    value = body.get("Branches")
    if value == []:
        here.say("missing-field", "`Branches` is empty", "Branches", help="add a branch")
    for index, branch in enumerate(value if isinstance(value, list) else ()):
        place = here.inside("Branches", index)
        if not isinstance(branch, dict):
            place.say("wrong-field-type", f"a branch is {shown(branch)}, not an object")
            continue
        check_object(branch, fields.BRANCH, place, "a branch")
        branches.append(_open_scope(inside.reader, branch, place, express=inside.express))
    return Parallel(**common, branches=tuple(branches))


def _make_map(inside: _Inside, here: Place, common: dict[str, Any]) -> State:
    body = common["body"]
    name = "ItemProcessor" if "ItemProcessor" in body or "Iterator" not in body else "Iterator"
    value = body.get(name)
    config = value.get("ProcessorConfig") if isinstance(value, dict) else None
    config = config if isinstance(config, dict) else {}
    mode = config.get("Mode")
    distributed = mode == DISTRIBUTED
    filled = isinstance(mode, str) and "${" in mode  # either may come of a placeholder
    kind = config.get("ExecutionType")
    place = here.inside(name, "ProcessorConfig")
    check_object(config, fields.PROCESSOR_CONFIG, place, "a processor configuration")
    if distributed and "ExecutionType" not in config:
        help = "write `STANDARD` or `EXPRESS`"
        place.say("missing-field", "a Distributed Map needs `ExecutionType`", "ExecutionType", help=help)
    if distributed and inside.express:
        place.say("express-only", "an EXPRESS workflow has no Distributed Map", "Mode")
    for only in () if distributed or filled else fields.DISTRIBUTED_ONLY:
        if only in body:
            message = f"`{only}` is for a Distributed Map, and this one is inline"
            here.say("unknown-field", message, only, help="set `Mode` to `DISTRIBUTED`, or remove it", on_key=True)
    processor = None
    if isinstance(value, dict):
        check_object(value, fields.PROCESSOR, here.inside(name), "an item processor")
        express = kind == "EXPRESS" if distributed else inside.express
        processor = _open_scope(inside.reader, value, here.inside(name), express=express)
    batcher = body.get("ItemBatcher")
    if isinstance(batcher, dict):
        check_object(batcher, fields.BATCHER, here.inside("ItemBatcher"), "an item batcher")
    return Map(
        **common,
        processor=processor,
        mode=mode if isinstance(mode, str) else None,
        execution_type=kind if isinstance(kind, str) else None,
        label=_read_label(body.get("Label"), here),
        reader=_read_access(body, "ItemReader", fields.READER, "ReaderConfig", fields.READER_CONFIG, here),
        writer=_read_access(body, "ResultWriter", fields.WRITER, "WriterConfig", fields.WRITER_CONFIG, here),
    )


def _read_label(label: Json, here: Place) -> str | None:
    if not isinstance(label, str):
        return None
    if len(label) > MAX_LABEL and "${" not in label:
        message = f"the label has {len(label)} characters, more than {MAX_LABEL}"
        here.say("invalid-value", message, "Label", help="shorten the label")
    return label


def _read_access(
    body: Mapping[str, Json], name: str, table: Table, config_name: str, config_table: Table, here: Place
) -> DataAccess | None:
    """Read an `ItemReader` or a `ResultWriter`."""
    value = body.get(name)
    if not isinstance(value, dict):
        return None
    place = here.inside(name)
    check_object(value, table, place, f"`{name}`")
    config = value.get(config_name)
    if isinstance(config, dict):
        check_object(config, config_table, place.inside(config_name), f"`{config_name}`")
    arguments, pointer = _arguments(value, place)
    return DataAccess(place.pointer, text_of(value.get("Resource")), arguments, pointer, config)


def _short(text: str) -> str:
    """Keep what a user wrote from filling a message."""
    return text[:MAX_NAME]


_Maker = Callable[[_Inside, Place, dict[str, Any]], State]
_MAKERS: Mapping[str, _Maker] = {"Task": _make_task, "Choice": _make_choice, "Parallel": _make_parallel, "Map": _make_map}
_PLAIN: Mapping[str, type[State]] = {"Pass": Pass, "Wait": Wait, "Succeed": Succeed, "Fail": Fail}
