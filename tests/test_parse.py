"""Reading definitions: a directory of cases says what is found where, and these tests what the model then holds."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.asl.fields import COMPARISONS, RULE, STATES
from analyzer.asl.model import Map, Parallel, QueryLanguage, State, Task
from analyzer.asl.parse import parse
from analyzer.diagnostics import Severity, sort_diagnostics
from analyzer.errors import SourceError
from analyzer.graph import to_networkx, unreachable_states
from analyzer.sources import parse_document
from analyzer.text import Source, locate, pointer_text

if TYPE_CHECKING:
    from collections.abc import Callable

CASES = sorted((Path(__file__).parent / "asl").iterdir())
CORPUS = Path(os.environ.get("ASL_IAM_CORPUS") or Path(__file__).parents[2] / "shared" / "corpus")


# ---------------------------------------------------------------------------------------------------------------- cases


def report(source: Source, workflow_type: str = "STANDARD") -> str:
    """Return what is wrong with *source*, one line each: place, severity, id, state, message, next step."""
    try:
        document, reading = parse_document(source)
    except SourceError as error:
        place = f"{error.line}:{error.column}" if error.line else "-"
        return f"{place} raises {type(error).__name__} - {error} => {error.help}\n"
    machine, problems = parse(source, document, workflow_type=workflow_type)
    lines = []
    for found in sort_diagnostics((*reading, *problems, *unreachable_states(machine))):
        position = locate(source, found.pointer, key=found.on_key)
        assert position is not None
        place = f"{position.line}:{position.column} {found.severity} {found.id}"
        lines.append(f"{place} {found.state or '-'} {found.message} => {found.help}\n")
    return "".join(lines)


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.name)
def test_a_definition_gives_these_diagnostics(case: Path, expect: Callable[[Path, str], None]) -> None:
    """Every mistake is reported at its place, in words, with a next step; a sound definition reports nothing."""
    definition = next(case.glob("definition.*"))
    kind = case / "workflow_type.txt"
    workflow_type = kind.read_text("utf-8").strip() if kind.exists() else "STANDARD"
    expect(case / "diagnostics.txt", report(Source(definition.read_bytes().decode(), case.name), workflow_type))


# ---------------------------------------------------------------------------------------------------------------- model

NESTED = {
    "StartAt": "Both",
    "States": {
        "Both": {"Type": "Parallel", "Branches": [{"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}], "Next": "Each"},
        "Each": {
            "Type": "Map",
            "Label": "each",
            "ItemReader": {"Resource": "arn:r", "Parameters": {"Bucket": "in"}, "ReaderConfig": {"InputType": "CSV"}},
            "ItemProcessor": {
                "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS"},
                "StartAt": "B",
                "States": {"B": {"Type": "Task", "Resource": "arn:b", "Parameters": {"x": 1}, "End": True}},
            },
            "ResultWriter": {"WriterConfig": {"OutputType": "JSON"}},
            "End": True,
        },
    },
}


def read(document: object, **options: str) -> dict[str, State]:
    """Return the states of *document* by name."""
    machine, _ = parse(Source("", "test"), document, **options)
    return {state.name: state for state in machine.states()}


def test_scopes_come_outer_before_inner() -> None:
    """The states of a machine are walked as written, each scope after the one around it."""
    assert list(read(NESTED)) == ["Both", "Each", "A", "B"]


def test_a_nested_state_knows_where_it_stands() -> None:
    """The pointer of a state leads to it through every scope, and that of its arguments into it."""
    task = read(NESTED)["B"]
    assert isinstance(task, Task)
    assert pointer_text(task.pointer) == "/States/Each/ItemProcessor/States/B"
    assert pointer_text(task.arguments_pointer) == "/States/Each/ItemProcessor/States/B/Parameters"
    assert (task.resource_arn, task.arguments, task.end, task.next) == ("arn:b", {"x": 1}, True, None)


def test_a_distributed_map_keeps_what_its_permissions_need() -> None:
    """Mode, execution type, label, reader and writer are fields of the model."""
    each = read(NESTED)["Each"]
    assert isinstance(each, Map)
    assert each.reader is not None
    assert each.writer is not None
    assert (each.mode, each.execution_type, each.label) == ("DISTRIBUTED", "EXPRESS", "each")
    assert (each.reader.resource_arn, each.reader.arguments, each.reader.config) == (
        "arn:r",
        {"Bucket": "in"},
        {"InputType": "CSV"},
    )
    assert (each.writer.resource_arn, each.writer.arguments) == (None, None)


def test_the_legacy_iterator_is_a_processor() -> None:
    """`Iterator` is read like `ItemProcessor`."""
    old = {"StartAt": "M", "States": {"M": {"Type": "Map", "Iterator": {"StartAt": "X", "States": {"X": {"Type": "Succeed"}}}}}}
    assert set(read(old)) == {"M", "X"}


@pytest.mark.parametrize(
    ("top", "own", "expected"),
    [(None, None, "JSONPath"), ("JSONata", None, "JSONata"), (None, "JSONata", "JSONata"), ("JSONata", "JSONPath", "JSONPath")],
)
def test_a_state_speaks_its_own_language_or_that_of_the_machine(top: str | None, own: str | None, expected: str) -> None:
    """The language of a state is its own, else that of the machine: that of the Parallel around it does not matter."""
    inner = {"Type": "Succeed"} | ({"QueryLanguage": own} if own else {})
    around = {"Type": "Parallel", "QueryLanguage": "JSONata", "Branches": [{"StartAt": "In", "States": {"In": inner}}]}
    document = {"StartAt": "P", "States": {"P": around}} | ({"QueryLanguage": top} if top else {})
    assert read(document)["In"].language == QueryLanguage(expected)


@pytest.mark.parametrize(
    ("resource", "expected"),
    [("arn:x", "arn:x"), ({"Fn::Sub": "arn:${P}"}, "arn:${P}"), ({"Ref": "X"}, None), (None, None), (["arn:x"], None)],
)
def test_the_resource_of_a_task_is_a_text_or_a_plain_sub(resource: object, expected: str | None) -> None:
    """`Fn::Sub` with a text gives that text, placeholders and all; what else is no text is not guessed at."""
    task = read({"StartAt": "T", "States": {"T": {"Type": "Task", "Resource": resource, "End": True}}})["T"]
    assert isinstance(task, Task)
    assert task.resource_arn == expected


@pytest.mark.parametrize("language", ["JSONPath", "JSONata"])
def test_arguments_of_the_wrong_language_are_read_all_the_same(language: str) -> None:
    """A task with the payload field of the other language is reported, and still analysed with what it says."""
    wrong = "Parameters" if language == "JSONata" else "Arguments"
    body = {"Type": "Task", "QueryLanguage": language, "Resource": "arn:x", wrong: {"Name": "x"}, "End": True}
    task = read({"StartAt": "T", "States": {"T": body}})["T"]
    assert isinstance(task, Task)
    assert (task.arguments, task.arguments_pointer[-1]) == ({"Name": "x"}, wrong)


def test_a_broken_state_leaves_the_others_readable() -> None:
    """A state that is no object, and one of no known type, hide nothing of the rest."""
    states = read({"StartAt": "A", "States": {"A": 5, "B": {"Type": "Nope", "Next": "C"}, "C": {"Type": "Succeed"}}})
    assert set(states) == {"B", "C"}
    assert states["B"].next == "C"


# ----------------------------------------------------------------------------------------------------------- robustness

WORDS = sorted(
    {"StartAt", "States", "Branches", "ItemProcessor", "Iterator", "Choices", "Catch", "Retry", "A", "B", "x.$"} | set(STATES)
)
WORDS += sorted({*RULE.fields, *COMPARISONS, *(name for table in STATES.values() for name in table.fields)} - set(WORDS))
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from([*WORDS, "$.x", "{% 1 %}", "{%", "$", "\n"])
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(WORDS), inner, max_size=5), max_leaves=25
)
STATE = st.dictionaries(st.sampled_from(WORDS), VALUES, max_size=8)
MACHINES = st.fixed_dictionaries({"StartAt": SCALARS, "States": st.dictionaries(st.sampled_from("ABC"), STATE, max_size=3)})


@given(VALUES | MACHINES, st.sampled_from(["STANDARD", "EXPRESS", ""]))
def test_no_value_makes_the_parser_raise(document: object, workflow_type: str) -> None:
    """Whatever stands where, there is a machine and a list of diagnostics, each with a message in the one grammar."""
    machine, problems = parse(Source("", "test"), document, workflow_type=workflow_type)
    for found in (*problems, *unreachable_states(machine)):
        assert found.message == found.message.strip()
        assert "\n" not in found.message
        assert found.help
    to_networkx(machine)


def test_depth_does_not_matter_to_the_parser() -> None:
    """A thousand scopes inside each other and a payload as deep are read without recursion."""
    document: dict[str, object] = {"StartAt": "S", "States": {"S": {"Type": "Succeed"}}}
    payload: object = "{% half"
    for depth in range(1000):
        document = {"StartAt": f"P{depth}", "States": {f"P{depth}": {"Type": "Parallel", "Branches": [document], "End": True}}}
        payload = {"x": [payload]}
    states = read(document)
    assert isinstance(states["P999"], Parallel)
    assert len(states) == 1001
    state = {"Type": "Pass", "QueryLanguage": "JSONata", "Output": payload, "End": True}
    _, problems = parse(Source("", "test"), {"StartAt": "A", "States": {"A": state}})
    assert [found.id for found in problems] == ["half-expression"]


# --------------------------------------------------------------------------------------------------------------- corpus

NOT_FOUND_HERE = {
    "invalid-cfn-definition-substitutions": "an ARN that is half a placeholder: the integrations read ARNs",
    "invalid-json-surround-syntax-extra-spaces": "line breaks inside the delimiters are fine",
    "invalid-jsonata-surround-syntax-no-spaces": "the delimiters need no space inside",
    "invalid-jsonata-syntax-arithmetic": "the grammar of JSONata itself",
    "invalid-jsonata-syntax-jsonpath-in-jsonata-surround": "the grammar of JSONata itself",
    "Valid-string-json-2": "nothing is wrong with it but its substitutions, which stand beside it",
}
"""Definitions their authors call invalid in which the parser finds nothing, and why."""

REPORTED_ALL_THE_SAME = {
    "rule-test--Choices": "three transitions lead to a state that does not exist",
    "rule-test--Test-functions": "Credentials without RoleArn",
    "test--task-with-credentials": "Credentials with `roleArn`",
}
"""Definitions their authors call valid, by a schema only, and why the parser does not."""


def test_the_corpus_is_judged_as_its_authors_do() -> None:
    """What others call invalid has an error, what they call valid has none; the exceptions are these two tables."""
    if not CORPUS.is_dir():
        return
    wrong = []
    for entry in json.loads((CORPUS / "index.json").read_text("utf-8")):
        if entry["valid"] == "unknown":
            continue
        source = Source((CORPUS / entry["path"]).read_text("utf-8"), entry["path"])
        document, reading = parse_document(source)
        _, problems = parse(source, document)
        errors = [found.id for found in (*reading, *problems) if found.severity is Severity.ERROR]
        exceptions = REPORTED_ALL_THE_SAME if entry["valid"] else NOT_FOUND_HERE
        excepted = any(f"{name}.asl" in entry["path"] for name in exceptions)
        if bool(errors) == (entry["valid"] != excepted):
            wrong.append((entry["path"], entry["valid"], errors))
    assert not wrong
