"""State machines in templates, as a specification: one directory a case, `tests/templates/<a-sentence>/`.

A case is a template and the files it names. `kept.txt` says what each machine may do with its references kept, `plain.txt` what
it may do where only the account and the Region are known: with the text of the template's own names and parameters.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from analyzer.cli import main

if TYPE_CHECKING:
    from collections.abc import Callable

CASES = sorted(path for path in (Path(__file__).parent / "templates").iterdir() if list(path.glob("template.*")))
HERE = ["--account", "111122223333", "--region", "us-east-1", "--no-config"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
@pytest.mark.parametrize(("name", "options"), [("kept", ["--keep-substitutions", "--no-config"]), ("plain", HERE)])
def test_template(
    case: Path, name: str, options: list[str], expect: Callable[[Path, str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The machines of each template, and what each may do."""
    monkeypatch.chdir(case)
    [template] = case.glob("template.*")
    done = CliRunner().invoke(main, ["analyze", template.name, "--format", "json", *options])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    told = [line for line in done.stderr.splitlines() if line.startswith("error: state machine")]

    machines = json.loads(done.stdout)["machines"] if done.stdout else []
    text = "\n".join([*map(_shown, machines), *told]) + "\n"
    path = case / f"{name}.txt"
    if not path.exists() or path.read_text() != text:
        expect(path, text)


def _shown(machine: dict[str, Any]) -> str:
    place = f"{machine['source']['path']}#{machine['source']['pointer']}"
    lines = [f"{machine['name']} · {machine['type']} · {machine['arn']} · {place}"]
    for grant in machine["grants"]:
        lines += [f"  {grant['action']} on {resource} ({grant['certainty']})" for resource in grant["resources"]]
    told = [one["message"] for one in machine["diagnostics"] if one["id"] in ("parameter-as-name", "parameter-default")]
    return "\n".join(dict.fromkeys([*lines, *(f"  note: {message}" for message in told)]))


def test_a_name_of_another_stack_is_called_so(tmp_path: Path) -> None:
    """No message has the names that the stacks have among themselves here."""
    machine = {
        "StartAt": "Send",
        "States": {
            "Send": {
                "Type": "Task",
                "Resource": "arn:aws:states:::sqs:sendMessage",
                "Parameters": {"QueueUrl": "${Url}", "MessageBody": "m"},
                "End": True,
            }
        },
    }
    properties = {
        "RoleArn": "arn:aws:iam::111122223333:role/flow",
        "Definition": machine,
        "DefinitionSubstitutions": {"Url": {"Ref": "Queue"}},
    }
    inner = {
        "Parameters": {"Queue": {"Type": "String"}},
        "Resources": {"Flow": {"Type": "AWS::StepFunctions::StateMachine", "Properties": properties}},
    }
    given = {"TemplateURL": "inner.json", "Parameters": {"Queue": {"Ref": "Work"}}}
    outer = {
        "Resources": {"Work": {"Type": "AWS::SQS::Queue"}, "Inner": {"Type": "AWS::CloudFormation::Stack", "Properties": given}}
    }
    (tmp_path / "inner.json").write_text(json.dumps(inner))
    (tmp_path / "outer.json").write_text(json.dumps(outer))
    done = CliRunner().invoke(main, ["analyze", "--no-config", "--format", "cloudformation", str(tmp_path / "outer.json")])
    said = " ".join(done.stderr.split())
    assert "nothing here refers to `Work.QueueName` of the parent stack alone, so `*` stands for it" in said
    assert "#" not in said
