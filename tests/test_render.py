"""Policies in the languages of templates: what is written is read back by other means, and says the same."""

from __future__ import annotations

import ast
import copy
import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hcl2
import networkx as nx
import pytest
import yaml
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from render import readers
from render.templates_found import OWN, READABLE, document_of, label, policies, roles_of, run

from analyzer.analyze import Analysis, analyze
from analyzer.cli import main
from analyzer.permissions import Action
from analyzer.permissions.patterns import as_exact, as_pattern
from analyzer.policy import Policy, Statement
from analyzer.render import FORMS, render
from analyzer.render.identifiers import camel, pascal, snake
from analyzer.report import report
from analyzer.sources import parse_any
from analyzer.templates.model import Found
from analyzer.text import Source

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).parent.parent
OWN_FOLDER = ROOT / "tests" / "render" / "templates"

MACHINE = json.dumps({"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}})
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "states.amazonaws.com"},
            "Action": "sts:AssumeRole",
            "Condition": {
                "ArnLike": {"aws:SourceArn": "arn:${AWS::Partition}:states:${AWS::Region}:${AWS::AccountId}:stateMachine:Orders"},
                "StringEquals": {"aws:SourceAccount": "${AWS::AccountId}"},
            },
        }
    ],
}

READERS: dict[str, Callable[[str], list[readers.Role]]] = {
    "cloudformation": readers.read_cloudformation,
    "cloudformation-json": readers.read_cloudformation,
    "sam": readers.read_sam,
    "terraform": readers.read_terraform,
    "serverless": readers.read_serverless,
    "cdk-ts": lambda text: readers.read_typescript(text, {"orders": "Orders", "topicTopicName": "Topic.TopicName"}),
    "cdk-py": lambda text: readers.read_python(text, {"orders": "Orders", "topic_topic_name": "Topic.TopicName"}),
}

# ------------------------------------------------------------------------------------------------------------ strategies

CHARACTERS = st.characters(codec="utf-8", exclude_characters="\ue000\ue001")
"""Every character that a file may hold, but for the two that stand for what is not known."""

HOSTILE = st.sampled_from(
    [
        *("${", "%{", "&{", "$${", "$", "%", "}", '"', "'", "`", "\\", "\\u0024", "#", ": ", " #", "- ", "{{", "*/", "//"),
        *("\n", "\r\n", "\t", "é", "\U0001d4b3", "\u2028", "\x85", "\x00", "\x7f", "\ufeff"),
        *("null", "yes", "2012-10-17", "!Ref X", "<<", "${!X}", "~", "---"),
    ]
)
NAMES = st.sampled_from(("Orders", "Topic.TopicName", "AWS::Region", "AWS::AccountId", "AWS::Partition", "AWS::URLSuffix"))


@st.composite
def texts(draw: st.DrawFn, literal: Callable[[str], str]) -> str:
    """Draw a text of a policy: what somebody wrote, as *literal* writes it into policies, wildcards and placeholders."""
    written = st.one_of(HOSTILE, st.text(CHARACTERS, max_size=6)).map(literal)
    parts = [written, NAMES.map(lambda name: "${" + name + "}")]
    if literal is as_pattern:
        parts.append(st.just("*"))
    # Two literal parts that stand beside each other would be escaped as one: they are never drawn apart.
    drawn = draw(st.lists(st.one_of(*parts), min_size=1, max_size=6))
    text = "".join(drawn)
    return text if literal is as_pattern else _once(text, literal)


def _once(text: str, literal: Callable[[str], str]) -> str:
    """Escape again what only became an escape by standing together."""
    pieces = re.split(r"(\$\{(?:Orders|Topic\.TopicName|AWS::\w+)\})", text)
    return "".join(piece if place % 2 else literal(piece.replace("${$}{", "${")) for place, piece in enumerate(pieces))


@st.composite
def statements(draw: st.DrawFn) -> tuple[Statement, ...]:
    """Draw the statements of a policy."""
    made = []
    for number in range(draw(st.integers(0, 3))):
        actions = draw(st.lists(st.sampled_from(("s3:GetObject", "s3:PutObject", "sns:Publish")), min_size=1, unique=True))
        resources = draw(st.lists(texts(as_pattern), min_size=1, max_size=3, unique=True))
        operator, literal = draw(
            st.sampled_from((("StringEquals", as_exact), ("ArnLike", as_pattern), ("StringLike", as_pattern)))
        )
        values = draw(st.lists(texts(literal), min_size=1, max_size=2, unique=True))
        condition = (
            ((operator, draw(st.sampled_from(("aws:SourceArn", "s3:prefix"))), tuple(values)),) if draw(st.booleans()) else ()
        )
        made.append(Statement(f"S{number}", tuple(map(Action, actions)), tuple(resources), condition))
    return tuple(made)


def analysis(policy: tuple[Statement, ...], *, dialect: str = "", name: str = "orders.asl.json") -> Analysis:
    """Return an analysis that derived *policy*: of a definition alone, or of a machine of a template in *dialect*."""
    made = analyze(Source(MACHINE, name))
    found = Found("Flow", dialect, "template.yaml", ("Resources", "Flow"), made.machine.source, {}) if dialect else None
    return replace(made, policy=Policy(policy), trust=TRUST, found=found, diagnostics=())


def expected(policy: tuple[Statement, ...], form: str) -> list[Any]:
    """Return the statements that a document in *form* has to hold."""
    plain = form == "serverless" and not any(statement.condition for statement in policy)
    return readers.normal([statement.to_dict() for statement in policy], sids=not plain)


# ------------------------------------------------------------------------------------------------------------ properties


@pytest.mark.parametrize("form", [form for form in FORMS if form != "terraform"])
@given(policy=statements())
def test_what_is_written_is_read_back(form: str, policy: tuple[Statement, ...]) -> None:
    """Whatever the texts of a policy hold, the document in each language says the same policy, and is written the same again."""
    check(form, policy)


@settings(max_examples=40)  # the reader of HCL takes a hundred times as long as the others
@given(policy=statements())
def test_what_is_written_in_terraform_is_read_back(policy: tuple[Statement, ...]) -> None:
    """The same for Terraform, whose policy documents read their texts once more."""
    check("terraform", policy)


def check(form: str, policy: tuple[Statement, ...]) -> None:
    """Write *policy* in *form*, read it, and write what was read."""
    one = analysis(policy)
    [role] = READERS[form](render([one], form))
    assert role.statements == expected(policy, form)
    if role.trust is not None:
        assert role.trust == readers.normal(TRUST["Statement"])
    again = tuple(
        Statement(
            statement.sid,
            tuple(map(Action, read["Action"])),
            tuple(read["Resource"]),
            tuple(
                (operator, key, tuple(values))
                for operator, tests in read.get("Condition", {}).items()
                for key, values in tests.items()
            ),
        )
        for statement, read in zip(policy, role.statements, strict=True)
    )
    assert render([analysis(again)], form) == render([one], form)


@pytest.mark.parametrize("form", ["cloudformation", "cloudformation-json", "sam", "serverless"])
@given(policy=statements())
def test_a_template_keeps_its_own_names(form: str, policy: tuple[Statement, ...]) -> None:
    """Beside the machine, references name what the template has: no parameter is declared for them."""
    text = render([analysis(policy, dialect="cloudformation")], form)
    assert "Parameters" not in text
    [role] = READERS[form](text)
    assert role.statements == expected(policy, form)


@pytest.mark.parametrize("form", FORMS)
def test_several_machines_are_several_roles_of_one_document(form: str) -> None:
    """Roles of machines of the same name are told apart, and keep their order."""
    first = (Statement("A", (Action("sns:Publish"),), ("arn:${AWS::Partition}:sns:*:*:${Orders}",)),)
    second = (Statement("B", (Action("sns:Publish"),), ("*",)),)
    roles = READERS[form](render([analysis(first), analysis(second), analysis(())], form))
    assert [role.statements for role in roles] == [expected(policy, form) for policy in (first, second, ())]


@pytest.mark.parametrize("form", FORMS)
def test_the_same_name_of_two_files_is_two_names(form: str) -> None:
    """`${Orders}` of one definition need not be `${Orders}` of another one."""
    policy = (Statement("A", (Action("sns:Publish"),), ("arn:aws:sns:*:*:${Orders}",)),)
    text = render([analysis(policy), analysis(policy, name="returns.asl.json")], form)
    if form.startswith("cdk"):
        assert len(re.findall("[Oo]rders: str", text)) == 2  # each function has its own
    else:
        assert "orders.asl.json" in text
        assert "returns.asl.json" in text
        assert re.search("Orders2|orders_2", text)


def test_a_form_that_does_not_exist_is_refused() -> None:
    """The report names the forms that there are."""
    with pytest.raises(Exception, match="cloudformation"):
        report(analysis(()), "yaml")


# --------------------------------------------------------------------------------------------------------- in a template

each_template = pytest.mark.parametrize("path", READABLE, ids=label)


def named(value: Any) -> Iterator[str]:
    """Yield what a value of a template refers to, found by means of its own."""
    if isinstance(value, dict):
        for key, item in value.items():
            if key == "Ref":
                yield item
            elif key == "Fn::GetAtt":
                yield item[0] if isinstance(item, list) else item.partition(".")[0]
            elif key == "Fn::Sub":
                text, table = (item, {}) if isinstance(item, str) else item
                yield from (name.partition(".")[0] for name in re.findall(r"\$\{([^!}][^}]*)\}", text) if name not in table)
            yield from named(item)
    elif isinstance(value, list):
        for item in value:
            yield from named(item)


def graph_of(resources: dict[str, Any]) -> nx.DiGraph[str]:
    """Return the graph by which CloudFormation decides what it makes first."""
    graph: nx.DiGraph[str] = nx.DiGraph()
    for name, resource in resources.items():
        after = resource.get("DependsOn", [])
        for other in (*named(resource), *(after if isinstance(after, list) else [after])):
            if other in resources:
                graph.add_edge(name, other)
    return graph


def with_roles(path: Path) -> dict[str, Any]:
    """Return the resources of a template with the roles beside them, each in the place of what its machine had."""
    resources = copy.deepcopy(document_of(path)["Resources"])
    machines = [name for name, resource in resources.items() if resource["Type"].endswith("::StateMachine")]
    roles = roles_of(path)
    assert len(machines) == len(roles)
    assert not resources.keys() & roles.keys()
    for name, role in zip(machines, roles, strict=True):
        properties = resources[name]["Properties"]
        properties.pop("Policies", None)
        properties["RoleArn"] = {"Fn::GetAtt": [role, "Arn"]}
    return {**resources, **roles}


@each_template
def test_a_role_and_its_machine_are_no_circle(path: Path) -> None:
    """CloudFormation finds an order in which to make the template with its new roles."""
    resources = with_roles(path)
    before = graph_of(document_of(path)["Resources"])
    assert nx.is_directed_acyclic_graph(before)  # else the template would be to blame
    assert list(nx.simple_cycles(graph_of(resources))) == []


@each_template
def test_a_role_refers_to_nothing_that_is_not_there(path: Path) -> None:
    """What a role refers to is a resource or a parameter of the template, or a pseudo parameter."""
    document = document_of(path)
    known = {*document["Resources"], *document.get("Parameters", {})}
    assert {name for name in named(roles_of(path)) if not name.startswith("AWS::")} <= known


def test_cfn_lint_finds_nothing_in_the_roles(tmp_path: Path) -> None:
    """cfn-lint knows what each property takes, what a policy may hold, and what a reference gives."""
    for number, path in enumerate(READABLE):
        document = copy.deepcopy(document_of(path))
        document["Resources"] |= roles_of(path)
        (tmp_path / f"{number}.json").write_text(json.dumps(document, ensure_ascii=False), "utf-8")
    for path in (ROOT / "samples").glob("*/definition.*"):
        done = run("analyze", "--fail-on", "never", "--format", "cloudformation", "--keep-substitutions", str(path))
        (tmp_path / f"{path.parent.name}.yaml").write_text(done.stdout, "utf-8")
    files = sorted(map(str, tmp_path.iterdir()))
    code = "from cfnlint.runner import main; main()"
    command = [sys.executable, "-c", code, "--format", "json", *files]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    found = [
        (finding["Rule"]["Id"], finding["Filename"], finding["Location"]["Path"], finding["Message"])
        for finding in json.loads(done.stdout)
        if not finding["Location"]["Path"] or any(str(step).endswith("ExecutionRole") for step in finding["Location"]["Path"])
    ]
    assert found == []
    assert len(files) > len(OWN)


def test_the_name_of_a_machine_is_not_that_of_a_default() -> None:
    """A parameter may have another value than its default, and the role must work then too."""
    [role] = roles_of(OWN_FOLDER / "orders.yaml").values()
    condition = role["Properties"]["AssumeRolePolicyDocument"]["Statement"][0]["Condition"]
    assert condition["ArnLike"]["aws:SourceArn"]["Fn::Sub"].endswith(":stateMachine:orders-${Stage}")
    said = run(
        "analyze", str(OWN_FOLDER / "orders.yaml"), "--format", "trust", "--keep-substitutions", "--substitution", "Stage=prod"
    )
    assert ":stateMachine:orders-prod" in said.stdout


@pytest.mark.parametrize("form", FORMS)
@each_template
def test_every_language_has_every_statement(path: Path, form: str) -> None:
    """Whatever the language, the roles of a template have the statements that its machines need, each with its actions."""
    done = run("analyze", "--fail-on", "never", "--format", form, str(path))
    needed = [normal_actions(policy["Statement"]) for _, policy, _ in policies(path)]
    assert [normal_actions(role.statements) for role in READERS[form](done.stdout)] == needed


def normal_actions(statements: list[Any]) -> list[list[str]]:
    """Return the actions of each statement."""
    return [statement["Action"] for statement in readers.normal(statements)]


@pytest.mark.parametrize("form", FORMS)
def test_a_hostile_name_stays_inside_its_place(form: str) -> None:
    """A placeholder may have any name; it becomes an identifier, and what is said of it is a text or a comment of one line."""
    name = 'x"\n} # */ `{% !Ref \u2028'
    policy = (Statement("A", (Action("sns:Publish"),), (f"arn:aws:sns:*:*:${{{name.replace('{', '').replace('}', '')}}}",)),)
    text = render([analysis(policy, name=f"{name}.json"), analysis(())], form)
    for line in text.splitlines():
        assert not line.startswith(("}`", "} #", '"'))
    if form.startswith("cdk-py"):
        ast.parse(text)
    elif form == "terraform":
        assert len(hcl2.loads(text)["resource"]) == 3
    elif not form.startswith("cdk"):
        document, _ = parse_any(Source(text, "x"))
        assert isinstance(document, dict)


def test_what_the_template_gives_is_referred_to(expect: Callable[[Path, str], None]) -> None:
    """A topic by Ref, a queue by the ARN of its address, an index and an object by what their ARN begins with."""
    path = OWN_FOLDER / "orders.yaml"
    for form in ("cloudformation", "sam"):
        expect(
            OWN_FOLDER.parent / f"orders.{form}.yaml",
            run("analyze", str(path), "--format", form).stdout.replace(str(path), path.name),
        )


def referring(value: Any) -> Iterator[Any]:
    """Yield every object in *value*."""
    if isinstance(value, dict | list):
        yield from [value] if isinstance(value, dict) else []
        for item in value.values() if isinstance(value, dict) else value:
            yield from referring(item)


def test_a_circle_is_broken_by_a_name_where_there_is_one() -> None:
    """A machine that leads back is named by the name that the template gives it, or by a wildcard with a warning."""
    roles = roles_of(OWN_FOLDER / "circles.yaml")
    [call, answer] = roles.values()
    started = call["Properties"]["Policies"][0]["PolicyDocument"]["Statement"][-1]["Resource"]
    machine = "arn:${AWS::Partition}:states:${AWS::Region}:${AWS::AccountId}:stateMachine:"
    assert started == [{"Fn::Sub": machine + "answer"}, {"Fn::Sub": machine + "*"}]
    again = answer["Properties"]["Policies"][0]["PolicyDocument"]["Statement"][-1]["Resource"]
    assert again == {"Ref": "Call"}
    trust = answer["Properties"]["AssumeRolePolicyDocument"]["Statement"][0]["Condition"]["ArnLike"]
    assert trust == {"aws:SourceArn": {"Fn::Sub": machine + "answer"}}
    assert {"Ref": "Topic"} not in list(referring(roles))  # which is not always made
    said = CliRunner().invoke(main, ["analyze", str(OWN_FOLDER / "circles.yaml"), "--format", "cloudformation"])
    assert said.stderr.count("warning[unpinned-name]") == 2
    assert "# The role cannot refer to the machine that refers to it" in said.stdout


MADE_UP = """\
Resources:
  Job: {Type: AWS::Batch::JobDefinition, Properties: {Type: container}}
  Key: {Type: AWS::SecretsManager::Secret, Properties: {}}
  Flow:
    Type: AWS::Serverless::StateMachine
    Properties:
      Definition:
        StartAt: Run
        States:
          Run:
            Type: Task
            Resource: arn:aws:states:::batch:submitJob
            Parameters: {JobDefinition: !Ref Job, JobQueue: q, JobName: j}
            Next: Read
          Read:
            Type: Task
            Resource: arn:aws:states:::aws-sdk:secretsmanager:getSecretValue
            Parameters: {SecretId: !Ref Key}
            End: true
"""


def test_no_pattern_is_told_of_where_a_reference_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A revision and six characters, which the deployment makes up, are patterns elsewhere and references in this language."""
    monkeypatch.chdir(tmp_path)
    Path("t.yaml").write_text(MADE_UP)
    own = CliRunner().invoke(main, ["analyze", "t.yaml", "--format", "sam"])
    assert ("!Ref Job" in own.stdout, "!Ref Key" in own.stdout) == (True, True)
    assert "unresolved-substitution" not in own.stderr
    written = CliRunner().invoke(main, ["write", "t.yaml", "--dry-run"])
    assert (written.exit_code, "unresolved-substitution" in written.stderr) == (0, False)
    other = CliRunner().invoke(main, ["analyze", "t.yaml", "--format", "terraform"])
    said = " ".join(other.stderr.split())
    assert "`JobDefinition` names `Job` with something that its deployment makes up, so batch:SubmitJob is granted on" in said
    assert "secret:${Key}-*`" in said
    assert "#" not in said
    assert "--substitution" not in said


def test_no_placeholder_is_told_of_that_nobody_has_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name and a revision in an ARN are parts of what `!Ref Job` gives: it is `Job` that a reader knows, and can substitute."""
    monkeypatch.chdir(tmp_path)
    Path("t.yaml").write_text(MADE_UP)
    plain = CliRunner().invoke(main, ["analyze", "t.yaml"])
    told = " ".join(f"{plain.stdout}{plain.stderr}".split())
    assert "JobDefinition: substitution `${Job}`" in told
    assert "`JobDefinition` names `Job` with something that its deployment makes up, so batch:SubmitJob is granted on" in told
    assert ("#name" in told, "#made" in told) == (False, False)


# ------------------------------------------------------------------------------------------------------ plain definitions


def test_a_plain_definition_becomes_a_template_of_its_own(tmp_path: Path) -> None:
    """What is not known around it becomes a pseudo parameter, and with --keep-substitutions a plain name a parameter."""
    path = tmp_path / "order-flow.asl.json"
    parameters = {"TableName": "${OrdersTable}", "Item": {}}
    store = {"Type": "Task", "Resource": "arn:aws:states:::dynamodb:putItem", "Parameters": parameters, "Next": "Tell"}
    tell = {"Type": "Task", "Resource": "arn:aws:states:::sns:publish", "Parameters": {"TopicArn": "${TopicArn}"}, "End": True}
    path.write_text(json.dumps({"StartAt": "Store", "States": {"Store": store, "Tell": tell}}))
    surroundings = "arn:${AWS::Partition}:dynamodb:${AWS::Region}:${AWS::AccountId}:table/"
    [role] = readers.read_cloudformation(run("analyze", str(path), "--format", "cloudformation").stdout)
    assert [one["Resource"] for one in role.statements] == [
        [surroundings + "*"],
        ["arn:${AWS::Partition}:sns:${AWS::Region}:${AWS::AccountId}:*"],
    ]
    kept = run("analyze", str(path), "--format", "cloudformation", "--keep-substitutions", "--region", "eu-west-1").stdout
    assert yaml.safe_load(kept.partition("Resources:")[0])["Parameters"].keys() == {"OrdersTable"}
    [role] = readers.read_cloudformation(kept)
    assert [one["Resource"] for one in role.statements] == [  # the name of a topic is no ARN of it
        ["arn:aws:dynamodb:eu-west-1:${AWS::AccountId}:table/${OrdersTable}"],
        ["arn:aws:sns:eu-west-1:${AWS::AccountId}:*"],
    ]


def test_a_machine_that_needs_nothing_has_no_policy() -> None:
    """IAM takes no policy without a statement, so none is written, in no language."""
    one = analysis(())
    assert "Policies" not in render([one], "cloudformation")
    assert "Policies: []" in render([one], "sam")
    assert "aws_iam_role_policy" not in render([one], "terraform")
    assert "return [];" in render([one], "cdk-ts")


def test_conditions_do_not_fit_into_the_statements_of_the_serverless_plugin() -> None:
    """A policy with a condition becomes a role of its own; dropping the condition would widen it."""
    statement = Statement("A", (Action("s3:GetObject"),), ("*",), (("StringEquals", "s3:prefix", ("x",)),))
    text = render([analysis((statement,))], "serverless")
    assert "iamRoleStatements:" not in text
    assert "role: !GetAtt ordersExecutionRole.Arn" in text


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("OrderFlow-v2", ("OrderFlowV2", "order_flow_v_2", "orderFlowV2")),
        ("2nd", ("N2Nd", "n2_nd", "n2Nd")),
        ("été", ("T", "t", "t")),
        ("***", ("Machine", "machine", "machine")),
        ("HTTPCall", ("HTTPCall", "http_call", "httpCall")),
    ],
)
def test_names_become_identifiers(name: str, words: tuple[str, str, str]) -> None:
    """What a language does not take in a name is left out, and a name never begins with a digit."""
    assert (pascal(name), snake(name), camel(name)) == words


# --------------------------------------------------------------------------------------- a policy of several documents


def large() -> Analysis:
    """Analyse a machine whose policy does not fit inline: it reads two hundred tables."""
    tables = {f"S{at}": {"TableName": f"table-{at}-of-a-rather-large-application", "Key": {}} for at in range(200)}
    states: dict[str, Any] = {
        name: {"Type": "Task", "Resource": "arn:aws:states:::dynamodb:getItem", "Parameters": given, "Next": f"S{at + 1}"}
        for at, (name, given) in enumerate(tables.items())
    }
    states["S200"] = {"Type": "Succeed"}
    return analyze(Source(json.dumps({"StartAt": "S0", "States": states}), "large.asl.json"))


def test_what_does_not_fit_inline_is_a_managed_policy_of_the_role() -> None:
    """In CloudFormation and in Terraform, the documents after the first are policies of their own, which the role has."""
    one = large()
    wanted = [document.to_dict()["Statement"] for document in one.documents]
    assert len(wanted) > 1
    resources = json.loads(render([one], "cloudformation-json"))["Resources"]
    [(role, inline)] = [(name, it) for name, it in resources.items() if it["Type"] == "AWS::IAM::Role"]
    managed = [it["Properties"] for it in resources.values() if it["Type"] == "AWS::IAM::ManagedPolicy"]
    assert [it["Roles"] for it in managed] == [[{"Ref": role}]] * (len(wanted) - 1)
    written = [inline["Properties"]["Policies"][0]["PolicyDocument"], *(it["PolicyDocument"] for it in managed)]
    assert [[it["Sid"] for it in document["Statement"]] for document in written] == [
        [it["Sid"] for it in part] for part in wanted
    ]
    terraform = hcl2.loads(render([one], "terraform"))
    kinds = [next(iter(block)).strip('"') for block in terraform["resource"]]
    assert kinds.count("aws_iam_role_policy") == 1
    assert kinds.count("aws_iam_policy") == kinds.count("aws_iam_role_policy_attachment") == len(wanted) - 1
