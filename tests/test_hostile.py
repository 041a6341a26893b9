"""Definitions that nobody writes by mistake: whatever they hold, the answer is short, on one line, and soon there."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from analyzer import analyze, make_context, report
from analyzer.cli import main
from analyzer.templates.cloudformation_role import policies
from analyzer.templates.placeholders import Template
from analyzer.text import Source

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from analyzer.analyze import Analysis

HUGE = "x" * 1_000_000
INTEGRATION = "arn:aws:states:::"


def analysed(states: dict[str, Any], start: str | None = None) -> Analysis:
    """Analyse a machine of *states*."""
    text = json.dumps({"StartAt": start or next(iter(states)), "States": states})
    return analyze(Source(text, "x"), make_context(arn="arn:aws:states:us-east-1:111122223333:stateMachine:Machine"))


def task(resource: str, **parameters: object) -> dict[str, Any]:
    """Return a task that ends its machine."""
    return {"Type": "Task", "Resource": resource, "Parameters": parameters, "End": True}


@pytest.mark.parametrize(
    "states",
    [
        {HUGE: task(f"{INTEGRATION}dynamodb:putItem", **{"TableName.$": "$.x"})},
        {"A": task(INTEGRATION + HUGE)},
        {"A": task(f"{INTEGRATION}{HUGE}:putItem")},
        {"A": task(f"{INTEGRATION}dynamodb:{HUGE}")},
        {"A": task(f"{INTEGRATION}aws-sdk:{HUGE}:{HUGE}")},
        {"A": task(f"{INTEGRATION}dynamodb:putItem", **{"TableName.$": "$." + HUGE})},
        {"A": task(f"{INTEGRATION}sns:publish", TopicArn=HUGE)},
        {"A": task(f"{INTEGRATION}sqs:sendMessage", QueueUrl="https://" + "sqs.a." * 200_000)},
        {"A\r\nB\x85C\u2028D": task(f"{INTEGRATION}dynamodb:putItem", TableName="a\nb")},
        {"A": {"Type": "Pass\nPass", "Next": "B\nC"}},
        {
            "A": task("\ue000"),
            "B": task("arn:aws:\ue000:x:y:function:z"),
            "C": task(f"{INTEGRATION}sns:publish", TopicArn="a\ue000"),
        },
        {"A": {"Type": "Pass", "End": True, "Com\nment": 1}},
    ],
    ids=["name", "resource", "service", "operation", "sdk", "path", "topic", "url", "lines", "type", "hole", "field"],
)
def test_a_message_is_one_line_of_bounded_length(states: dict[str, Any]) -> None:
    """What a definition brings in fills no screen and forges no line."""
    analysis = analysed(states)
    for found in analysis.diagnostics:
        for text in (found.message, found.help):
            assert len(text) <= 4_000
            assert len(text.splitlines()) == 1
    assert report(analysis, "json")


def test_suggestions_are_for_people() -> None:
    """Ten thousand misspelt services are ten thousand errors, but not ten thousand searches for what each might mean."""
    tasks = {f"s{number}": {**task(f"{INTEGRATION}lamda{number}:invoke"), "Next": f"s{number + 1}"} for number in range(10_000)}
    for state in tasks.values():
        del state["End"]
    analysis = analysed({**tasks, "s10000": {"Type": "Succeed"}})
    errors = [found for found in analysis.diagnostics if found.id == "unknown-integration"]
    assert len(errors) == len(tasks)
    assert 0 < sum(found.help == "did you mean `lambda`?" for found in errors) < 2_000


def names_that_double(make: Callable[[int], Any], count: int = 40) -> dict[str, Any]:
    """Return tables of which each is named by the next one twice: written out, the first name has 2 ** *count* parts."""
    tables = {
        f"T{number}": {"Type": "AWS::DynamoDB::Table", "Properties": {"TableName": make(number + 1)}} for number in range(count)
    }
    return {**tables, f"T{count}": {"Type": "AWS::DynamoDB::Table", "Properties": {"TableName": "x"}}}


def doubled(number: int) -> Any:
    """Return a text that holds the next table's name twice."""
    return {"Fn::Sub": f"${{T{number}}}${{T{number}}}"}


def aliases(*names: str) -> dict[str, Any]:
    """Return aliases of which each has the next one for its function, and the last one the first."""
    return {
        name: {"Type": "AWS::Lambda::Alias", "Properties": {"FunctionName": {"Ref": after}, "Name": name}}
        for name, after in zip(names, (*names[1:], names[0]), strict=True)
    }


def nested_joins(depth: int) -> Any:
    """Return the joining of the joining of ... of a text."""
    expression: Any = "x"
    for _ in range(depth):
        expression = {"Fn::Join": ["", [expression]]}
    return expression


MANY = {f"P{number}": {"Type": "String", "AllowedValues": list("01234567")} for number in range(100)}
CHOICES = {"Fn::Join": ["", [{"Fn::If": [f"C{number}", "a", "b"]} for number in range(200)]]}


@pytest.mark.parametrize(
    ("resources", "table", "extra"),
    [
        (names_that_double(doubled), {"Ref": "T0"}, {}),
        (aliases("A", "B"), {"Ref": "A"}, {}),
        (aliases("A"), {"Ref": "A"}, {}),
        ({}, CHOICES, {"Conditions": {f"C{number}": {"Fn::Equals": [{"Ref": "P"}, "x"]} for number in range(200)}}),
        ({}, {"Fn::Sub": "".join(f"${{{name}}}" for name in MANY)}, {"Parameters": MANY}),
        ({}, nested_joins(60), {}),
        ({}, {"Fn::Sub": ["${a}" * 1_000, {"a": {"Fn::Sub": ["${b}" * 1_000, {"b": "x" * 1_000}]}}]}, {}),
    ],
    ids=[
        "names that double",
        "aliases of each other",
        "an alias of itself",
        "200 choices",
        "100 parameters",
        "60 joins",
        "a bomb",
    ],
)
@pytest.mark.parametrize(
    "options", [["--keep-substitutions"], ["--account", "111122223333", "--region", "us-east-1"]], ids=["kept", "plain"]
)
def test_a_template_is_no_bomb(
    resources: dict[str, Any], table: Any, extra: dict[str, Any], options: list[str], tmp_path: Path
) -> None:
    """What a template would need a planet to write out is left open, and the policy is there."""
    states = {"A": task(f"{INTEGRATION}dynamodb:getItem", TableName="${Table}", Key={})}
    machine = {
        "Type": "AWS::StepFunctions::StateMachine",
        "Properties": {"Definition": {"StartAt": "A", "States": states}, "DefinitionSubstitutions": {"Table": table}},
    }
    path = tmp_path / "template.json"
    path.write_text(json.dumps({**extra, "Resources": {**resources, "Flow": machine}}))
    done = CliRunner().invoke(main, ["analyze", str(path), "--format", "json", "--no-config", *options])
    assert done.exit_code == 0, done.output
    [found] = json.loads(done.stdout)["machines"]
    assert [grant["action"] for grant in found["grants"]] == ["dynamodb:GetItem"]
    assert len(done.stdout) < 100_000


def stacks(*paths: str, table: Any = "orders", **parameters: Any) -> dict[str, Any]:
    """Return a template with a machine that reads *table*, and a stack for each of *paths*, which is given *parameters*."""
    states = {"A": task(f"{INTEGRATION}dynamodb:getItem", TableName=table, Key={})}
    flow = {"Type": "AWS::StepFunctions::StateMachine", "Properties": {"Definition": {"StartAt": "A", "States": states}}}
    return {
        "Resources": {"Flow": flow}
        | {
            f"S{number}": {
                "Type": "AWS::CloudFormation::Stack",
                "Properties": {"TemplateURL": path, "Parameters": parameters},
            }
            for number, path in enumerate(paths)
        }
    }


def read_with_stacks(folder: Path, **templates: dict[str, Any]) -> tuple[list[str], list[str]]:
    """Return the machines that are found from the template `first`, and the errors that are told."""
    for name, template in templates.items():
        (folder / f"{name}.json").write_text(json.dumps(template))
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        done = CliRunner().invoke(main, ["analyze", "first.json", "--format", "json", "--no-config", "--keep-substitutions"])
    machines = json.loads(done.stdout)["machines"] if done.stdout else []
    return [one["name"] for one in machines], [line for line in done.stderr.splitlines() if line.startswith("error: ")]


def test_a_stack_in_itself_is_read_once(tmp_path: Path) -> None:
    """A circle of stacks is an error, and no endless way."""
    machines, errors = read_with_stacks(tmp_path, first=stacks("second.json"), second=stacks("first.json"))
    assert len(machines) == 2
    assert errors == ["error: stack `S0`: its template is one that it is itself in"]


def test_stacks_that_multiply_are_read_up_to_a_number(tmp_path: Path) -> None:
    """A hundred stacks of a hundred stacks each are ten thousand templates: what is not read is told."""
    machines, errors = read_with_stacks(
        tmp_path, first=stacks(*["second.json"] * 100), second=stacks(*["third.json"] * 100), third=stacks()
    )
    assert len(machines) == 1 + 200
    assert errors
    assert {error.partition(": ")[2].partition(": ")[2] for error in errors} == {"there are more than 200 stacks in stacks"}


def test_stacks_are_read_to_a_depth(tmp_path: Path) -> None:
    """What is deeper is told."""
    machines, errors = read_with_stacks(
        tmp_path,
        **{"first": stacks("t1.json"), **{f"t{number}": stacks(f"t{number + 1}.json") for number in range(1, 8)}, "t8": stacks()},
    )
    assert len(machines) == 6
    assert errors == ["error: stack `S0`: it is more than 5 stacks deep"]


def test_no_template_outside_of_the_project_is_read(tmp_path: Path) -> None:
    """Neither by its path, nor by a link."""
    inside = tmp_path / "inside"
    inside.mkdir()
    (tmp_path / "outside.json").write_text(json.dumps(stacks()))
    (inside / "link.json").symlink_to(tmp_path / "outside.json")
    first = stacks("../outside.json", str(tmp_path / "outside.json"), "link.json")
    first["Resources"]["Asset"] = {
        "Type": "AWS::CloudFormation::Stack", "Properties": {}, "Metadata": {"aws:asset:path": "../outside.json"},
    }  # fmt: skip
    assert read_with_stacks(inside, first=first) == (["${Flow.Name}"], [])


def test_what_stacks_hand_on_does_not_grow(tmp_path: Path) -> None:
    """A text that each stack repeats a thousand times, and a list of choices that each one multiplies, is left open."""
    many = {"Fn::Sub": "${Text}" * 1_000}
    parameters = {"Text": {"Type": "String"}, "Choice": {"Type": "String", "AllowedValues": ["${Choice}a", "${Choice}b"]}}
    handed = {"Text": many, "Choice": {"Fn::Sub": "${Choice}${Choice}"}}
    templates = {
        f"t{number}": {**stacks(f"t{number + 1}.json", table={"Ref": "Text"}, **handed), "Parameters": parameters}
        for number in range(1, 5)
    }
    last = {**stacks(table={"Fn::Sub": "${Text}${Choice}"}), "Parameters": parameters}
    machines, errors = read_with_stacks(tmp_path, first=stacks("t1.json", Text="x" * 1_000, Choice="c"), **templates, t5=last)
    assert len(machines) == 6
    assert errors == []


def test_a_statement_is_taken_apart_so_far() -> None:
    """A thousand actions and a thousand resources that each hang on a condition are not a million statements."""
    either = [{"Fn::If": ["P", f"dynamodb:Get{number}", {"Ref": "AWS::NoValue"}]} for number in range(1_000)]
    document = {"Statement": [{"Effect": {"Fn::If": ["P", "Allow", "Deny"]}, "Action": either, "Resource": either}]}
    template = Template({}, conditions={"P": {"Fn::Equals": [{"Ref": "AWS::Region"}, "us-east-1"]}})
    [statement] = policies("Role", (), [{"PolicyName": "x", "PolicyDocument": document}], template).statements
    assert statement["Fn::If"][0] == "P"
