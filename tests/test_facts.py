"""What no definition shows: how a template, a configuration and a map tell it. The rest is in tests/specs (`a-fact-...`)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from analyzer.cli import main
from analyzer.config import read_config
from analyzer.errors import OptionError
from analyzer.templates import Found, Project, machines_in
from analyzer.text import Source
from service_maps.build.__main__ import faults
from service_maps.build.compile import ROOT, MapError, compile_service

SURROUNDINGS = ("--account", "111122223333", "--region", "us-east-1")
KEY = "arn:aws:kms:us-east-1:111122223333:key/"
KEPT = "arn:${AWS::Partition}:kms:${AWS::Region}:${AWS::AccountId}:key/"

QUEUE = "{Type: AWS::SQS::Queue, Properties: {%s}}"
SEND = "{Type: Task, Resource: 'arn:aws:states:::sqs:sendMessage', Parameters: {QueueUrl: !Ref Q, MessageBody: x}, End: true}"
TEMPLATE = """
Parameters:
  Given: {Type: String}
Conditions:
  Chosen: !Equals [!Ref Given, "yes"]
Resources:
  Key: {Type: AWS::KMS::Key, Properties: {}}
  Named: {Type: AWS::KMS::Alias, Properties: {AliasName: alias/orders, TargetKeyId: !Ref Key}}
  Unnamed: {Type: AWS::KMS::Alias, Properties: {AliasName: !Sub "alias/${Given}", TargetKeyId: !Ref Key}}
  Other: {Type: AWS::SQS::Queue, Properties: {KmsMasterKeyId: alias/of-another-queue}}
  Q: %s
  M:
    Type: AWS::StepFunctions::StateMachine
    Properties: {RoleArn: x, Definition: {StartAt: A, States: {A: %s}}}
"""


def analysed(folder: Path, template: str, *arguments: str) -> dict[str, Any]:
    """Return what `asl-iam analyze --format json` prints of the machine of *template*."""
    path = folder / "template.yaml"
    path.write_text(template)
    done = CliRunner().invoke(main, ["analyze", "-q", "--no-config", "--format", "json", *arguments, str(path)])
    assert done.exit_code == 0, done.output
    [machine] = json.loads(done.stdout)["machines"]
    return dict(machine)


def keys(machine: dict[str, Any]) -> list[str]:
    """Return every key that is granted, and what is said about keys that are not."""
    granted = {text for grant in machine["grants"] if grant["action"].startswith("kms:") for text in grant["resources"]}
    said = {found["id"] for found in machine["diagnostics"] if "kms:" in found["message"]}
    return sorted(granted | said)


@pytest.mark.parametrize(
    ("properties", "plain", "kept"),
    [
        ("", [], []),
        ("KmsMasterKeyId: alias/aws/sqs", [], []),
        ("KmsMasterKeyId: 1234", [f"{KEY}1234"], [f"{KEPT}1234"]),
        ("KmsMasterKeyId: 1234, QueueName: orders", [f"{KEY}1234"], [f"{KEPT}1234"]),
        ("KmsMasterKeyId: !Ref Key", [f"{KEY}*", "unresolved-substitution"], [f"{KEPT}${{Key}}"]),
        ("KmsMasterKeyId: !GetAtt Key.Arn", [f"{KEY}*", "unresolved-substitution"], [f"{KEPT}${{Key}}"]),
        ("KmsMasterKeyId: !Ref Named", [f"{KEY}*"], [f"{KEPT}*"]),
        ("KmsMasterKeyId: !Ref Unnamed", [f"{KEY}*", "unresolved-substitution"], [f"{KEPT}${{Key}}"]),
        ("KmsMasterKeyId: !If [Chosen, 1234, !Ref AWS::NoValue]", [f"{KEY}1234"], [f"{KEPT}1234"]),
        ("KmsMasterKeyId: !If [Chosen, 1234, 5678]", [f"{KEY}1234", f"{KEY}5678"], [f"{KEPT}1234", f"{KEPT}5678"]),
        ("KmsMasterKeyId: !Ref AWS::NoValue", [], []),
    ],
)
def test_a_template_tells_the_key_of_a_queue(tmp_path: Path, properties: str, plain: list[str], kept: list[str]) -> None:
    """The key of the queue that is meant is granted, not that of another one, whether names are kept or left open."""
    template = TEMPLATE % (QUEUE % properties, SEND)
    assert keys(analysed(tmp_path, template, *SURROUNDINGS)) == plain
    assert keys(analysed(tmp_path, template)) == [text.replace(":us-east-1:111122223333:", ":*:*:") for text in plain]
    assert keys(analysed(tmp_path, template, "--keep-substitutions")) == kept


@pytest.mark.parametrize("url", ["'https://sqs.us-east-1.amazonaws.com/111122223333/elsewhere'", "!Ref Given", "!ImportValue x"])
def test_a_template_says_nothing_of_a_queue_it_does_not_have(tmp_path: Path, url: str) -> None:
    """A queue of which the template does not say what it is may have a key, and that is said."""
    template = TEMPLATE % (QUEUE % "KmsMasterKeyId: 1234", SEND.replace("!Ref Q", url))
    assert keys(analysed(tmp_path, template, *SURROUNDINGS)) == ["possible-permission"]
    assert keys(analysed(tmp_path, template, *SURROUNDINGS, "--keep-substitutions")) == ["possible-permission"]


def test_a_call_under_a_role_of_an_unknown_account_is_not_told_of_by_the_template(tmp_path: Path) -> None:
    """A target role of which the account is not known may mean a queue of the same name elsewhere."""
    put = "{Type: Task, Resource: 'arn:aws:states:::dynamodb:putItem', Parameters: {TableName: orders}, %sEnd: true}"
    table = "{Type: AWS::DynamoDB::Table, Properties: {TableName: orders, SSESpecification: {KMSMasterKeyId: 1234}}}"
    known = analysed(tmp_path, TEMPLATE % (table, put % ""))
    assert keys(known) == ["arn:aws:kms:*:*:key/1234"]
    elsewhere = analysed(tmp_path, TEMPLATE % (table, put % "Credentials: {RoleArn.$: $.role}, "))
    assert keys(elsewhere) == ["possible-permission"]


@pytest.mark.parametrize(("key", "meant"), [("!Ref Key", "${Key}"), ("!Ref Unnamed", "${Key}"), ("!Ref Named", "alias/orders")])
def test_the_key_of_a_machine_may_be_named_by_an_alias(tmp_path: Path, key: str, meant: str) -> None:
    """The key of the machine is the one that an alias of the template stands for, or what has that alias."""
    template = TEMPLATE % (QUEUE % "", SEND)
    template = template.replace("RoleArn: x,", f"RoleArn: x, EncryptionConfiguration: {{KmsKeyId: {key}}},")
    [machine] = machines_in(Source(template, "template.yaml"), Project(str(tmp_path))) or ()
    assert isinstance(machine, Found)
    assert machine.options["kms_key"] == meant


def test_an_alias_that_a_definition_names_is_no_key(tmp_path: Path) -> None:
    """An alias whose name only the deployment knows may stand for any key, and its name for no id."""
    put = "{Type: Task, Resource: 'arn:aws:states:::aws-sdk:s3:putObject', End: true,"
    put += " Parameters: {Bucket: b, Key: k, SSEKMSKeyId: !Ref Unnamed}}"
    assert f"{KEPT}*" in keys(analysed(tmp_path, TEMPLATE % (QUEUE % "", put), "--keep-substitutions"))


ROLES = """
Resources:
  T: {Type: AWS::ECS::TaskDefinition, Properties: {TaskRoleArn: !GetAtt Work.Arn}}
  Work: {Type: AWS::IAM::Role, Properties: {}}
  M:
    Type: AWS::StepFunctions::StateMachine
    Properties:
      RoleArn: x
      Definition:
        StartAt: A
        States: {A: {Type: Task, Resource: 'arn:aws:states:::ecs:runTask', Parameters: {TaskDefinition: !Ref T}, End: true}}
"""


def test_a_template_tells_the_roles_of_a_task_definition(tmp_path: Path) -> None:
    """The role that a task definition names is passed, and nothing is assumed of the one it does not name."""
    told = analysed(tmp_path, ROLES, "--keep-substitutions")
    [passed] = [grant for grant in told["grants"] if grant["action"] == "iam:PassRole"]
    assert (passed["resources"], passed["certainty"]) == (["arn:${AWS::Partition}:iam::${AWS::AccountId}:role/${Work}"], "exact")
    assert "assumed-permission" not in {found["id"] for found in told["diagnostics"]}


def test_a_configuration_weighs_more_than_the_template(tmp_path: Path) -> None:
    """What somebody says of a resource by its ARN replaces what the template says."""
    (tmp_path / "template.yaml").write_text(TEMPLATE % (QUEUE % "KmsMasterKeyId: 1234, QueueName: orders", SEND))
    config = tmp_path / "asl-iam.toml"
    config.write_text('[facts."arn:aws:sqs:us-east-1:111122223333:orders"]\nkey = ["5678", "9abc"]\n')
    arguments = ["analyze", "-q", "--config", str(config), "--format", "json", *SURROUNDINGS, str(tmp_path / "template.yaml")]
    [machine] = json.loads(CliRunner().invoke(main, arguments).stdout)["machines"]
    assert keys(machine) == [f"{KEY}5678", f"{KEY}9abc"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("keys = 'x'", r"there is no fact `keys` of `arn:x`; did you mean `key`"),
        ("key = 1", "`facts` is not a table of tables of texts"),
        ("key = [1]", "`facts` is not a table of tables of texts"),
    ],
)
def test_a_fact_that_nothing_hangs_on_is_refused(tmp_path: Path, text: str, said: str) -> None:
    """A configuration names only facts that a map knows, and their values are texts."""
    path = tmp_path / "asl-iam.toml"
    path.write_text(f'[facts."arn:x"]\n{text}\n')
    with pytest.raises(OptionError, match=said):
        read_config(str(path))


MAP = """
service: sqs
title: Amazon SQS
guide: https://docs.aws.amazon.com/step-functions/latest/dg/connect-sqs.html
trust: {}
version: '1'
operations:
  sendMessage:
    patterns: [request_response]
    grants:
      - level: encryption
        external: the queue has a key
        actions: [kms:Decrypt]
        resources: [{type: key, arn: 'arn:{partition}:kms:{region}:{account}:key/{Fact.key}', read: {Fact.key: customer-key}}]
        fact: {is: key, of: 'arn:{partition}:sqs:{region}:{account}:{QueueUrl}', read: {QueueUrl: last-part}}
"""


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("", "", ""),
        ("key/{Fact.key}", "key/{Fact.keys}", "Fact.keys is not a parameter"),
        ("sqs:{region}:{account}:{QueueUrl}", "sqs:{region}:queue/{QueueUrl}", "has not the format of any resource type of sqs"),
        ("arn:{partition}:sqs:", "arn:{partition}:sqss:", "has not the format of any resource type of sqss"),
        ("{account}:{QueueUrl}", "{account}:{Queue}", "Queue is not a parameter"),
        ("{QueueUrl: last-part}", "{QueueUrl: last}", "unknown form 'last'"),
    ],
)
def test_the_checker_knows_what_a_fact_is_about(tmp_path: Path, old: str, new: str, fault: str) -> None:
    """A fact is about a resource in a published format, named by parameters; only it may be used besides them."""
    (tmp_path / "optimized").mkdir()
    (tmp_path / "forms.yaml").write_text((ROOT / "forms.yaml").read_text(encoding="utf-8"))
    (tmp_path / "optimized" / "sqs.yaml").write_text(MAP.replace(old, new) if old else MAP)
    found = faults(tmp_path)
    assert any(fault in one for one in found) if fault else found == []


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("is: key, ", "", "fact lacks"),
        ("is: key, ", "is: key, was: x, ", "unknown keys"),
        ("is: key, ", "is: key, none: shut, ", "none can only be open"),
        ("        external: the queue has a key\n", "", "has to say what it then assumes"),
    ],
)
def test_the_compiler_knows_how_a_fact_is_written(old: str, new: str, message: str) -> None:
    """A fact says what kind it is and of what, and its grant says what becomes of it when nobody knows."""
    shared = yaml.safe_load((ROOT / "forms.yaml").read_text(encoding="utf-8"))
    assert MAP.count(old) == 1
    with pytest.raises(MapError, match=message):
        compile_service(yaml.safe_load(MAP.replace(old, new)), shared, "sqs.yaml")
