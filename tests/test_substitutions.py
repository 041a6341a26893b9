"""Names of a definition that its template gives texts: `DefinitionSubstitutions`, and the table of an `Fn::Sub`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from analyzer.cli import main

HOME = "us-east-1:111122223333"
TEMPLATE = """
Parameters:
  Seconds: {Type: Number, Default: 5}
  Open: {Type: Number}
  China: {Type: String}
Conditions:
  InChina: !Equals [!Ref China, "yes"]
Resources:
  Table: {Type: AWS::DynamoDB::Table, Properties: {TableName: orders}}
  Other: {Type: AWS::DynamoDB::Table, Properties: {TableName: others}}
  M:
    Type: %s
    Properties:
      %s
"""
SERVICE = '"Type": "Task", "Resource": "arn:aws:states:::dynamodb:putItem"'
PUT = SERVICE + ', "Parameters": {"TableName": "${%s}", "Item": {}}, "End": true'
DEFINITION = '{"StartAt": "A", "States": {"A": {%s}}}'


def tables(folder: Path, template: str, *arguments: str) -> list[str]:
    """Return the tables that the machine of *template* may write to."""
    path = folder / "template.yaml"
    path.write_text(template)
    command = [
        "analyze",
        "-q",
        "--no-config",
        "--format",
        "json",
        "--account",
        "111122223333",
        "--region",
        "us-east-1",
        *arguments,
    ]
    done = CliRunner().invoke(main, [*command, str(path)])
    assert done.exit_code == 0, done.output
    machine: dict[str, Any] = json.loads(done.stdout)["machines"][0]
    found = {text for grant in machine["grants"] for text in grant["resources"]}
    return sorted(text.removeprefix(f"arn:aws:dynamodb:{HOME}:table/") for text in found)


@pytest.mark.parametrize(
    ("name", "substitutions", "plain", "kept"),
    [
        ("Name", "{Name: !Ref Table}", ["orders"], ["${Table}"]),
        ("Table", "{Table: !Ref Table}", ["orders"], ["${Table}"]),
        ("Table", "{Table: !Ref Other}", ["others"], ["${Other}"]),
        ("Table", "{Table: !Ref Other, Other: !Ref Table}", ["others"], ["${Other}"]),
        ("Table", "{Table: !Sub '${Table}-old'}", ["orders-old"], ["${Table}-old"]),
        ("Table", "{Table: !If [InChina, !Ref Table, !Ref Other]}", ["orders", "others"], ["${Other}", "${Table}"]),
        ("Name", "{Name: !If [InChina, !Ref Table, !Ref Other]}", ["orders", "others"], ["${Other}", "${Table}"]),
        ("Table", "{Other: !Ref Table}", ["orders"], ["${Table}"]),
    ],
)
def test_a_substitution_hides_what_it_is_called_like(
    tmp_path: Path, name: str, substitutions: str, plain: list[str], kept: list[str]
) -> None:
    """A name of the definition means its substitution, and what that refers to means the template's."""
    (tmp_path / "a.asl.json").write_text(DEFINITION % (PUT % name))
    template = TEMPLATE % (
        "AWS::Serverless::StateMachine",
        f"DefinitionUri: a.asl.json\n      DefinitionSubstitutions: {substitutions}",
    )
    assert tables(tmp_path, template) == plain
    assert tables(tmp_path, template, "--keep-substitutions") == kept


@pytest.mark.parametrize(
    ("table", "plain"),
    [
        ("{Name: !Ref Table}", ["orders"]),
        ("{Name: !If [InChina, !Ref Table, !Ref Other]}", ["orders", "others"]),
        ("{Name: !Sub ['${Own}${End}', {Own: !Ref Table, End: !If [InChina, -cn, '']}]}", ["orders", "orders-cn"]),
    ],
)
def test_a_definition_in_a_text_may_have_names_of_several_meanings(tmp_path: Path, table: str, plain: list[str]) -> None:
    """The table of an `Fn::Sub` gives a name of the text what it may be, one or several."""
    text = "DefinitionString: !Sub\n        - '" + DEFINITION % (PUT % "Name") + f"'\n        - {table}\n      RoleArn: x"
    assert tables(tmp_path, TEMPLATE % ("AWS::StepFunctions::StateMachine", text)) == plain


@pytest.mark.parametrize("seconds", ["${Seconds}", "${Open}", "${Given}", "${Nothing}", '"${Seconds}"'])
def test_a_placeholder_may_stand_for_a_number(tmp_path: Path, seconds: str) -> None:
    """In JSON a placeholder may stand outside of every text, where a number goes."""
    wait = '{"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": %s, "Next": "A"}, "A": {%s}}}'
    (tmp_path / "a.asl.json").write_text(wait % (seconds, PUT % "Name"))
    given = "DefinitionUri: a.asl.json\n      DefinitionSubstitutions: {Name: !Ref Table, Given: 7}"
    assert tables(tmp_path, TEMPLATE % ("AWS::Serverless::StateMachine", given), "--fail-on", "never") == ["orders"]


def test_a_broken_definition_stays_one(tmp_path: Path) -> None:
    """A text that is no JSON for another reason is told as it stands, with its place."""
    (tmp_path / "a.asl.json").write_text('{"StartAt": ${Seconds},\n "States": {]}')
    path = tmp_path / "template.yaml"
    path.write_text(TEMPLATE % ("AWS::Serverless::StateMachine", "DefinitionUri: a.asl.json"))
    done = CliRunner().invoke(main, ["analyze", "--no-config", str(path)])
    assert done.exit_code == 3
    assert "a.asl.json:2" in done.stderr
