"""State machines of the Serverless Framework: what its variables give, what the plugin makes of a file, and hostile files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from analyzer.cli import main
from analyzer.errors import SourceError
from analyzer.sources import find, parse_any, read_source
from analyzer.templates import Found, Project, machines_in
from analyzer.templates.alternatives import ANY, fits
from analyzer.templates.serverless import is_template, machines
from analyzer.templates.variables import Variables
from analyzer.text import Source

HERE = Path(__file__).parent
ORDER = HERE / "serverless" / "order" / "serverless.yml"
LINES = [line for line in (HERE / "serverless_variables.txt").read_text("utf-8").splitlines() if " => " in line]
SURROUNDINGS = ("--account", "111122223333", "--region", "us-east-1")
HOME = "us-east-1:111122223333"

SERVICE: dict[str, Any] = {
    "service": "shop",
    "provider": {"stage": "test"},
    "params": {"default": {"bus": "of-all", "key": "of-all"}, "test": {"bus": "of-test"}},
    "custom": {
        "name": "orders",
        "list": ["a", "b"],
        "table": {"name": "${self:custom.name}", "days": 7},
        "indirect": "${self:custom.table.name}",
        "by": {"orders": "found"},
        "tables": {"dev": "t-dev", "prod": "t-prod"},
        "per-dev": {"name": "d", "same": 1},
        "per-prod": {"name": "p", "same": 1, "only": 2},
        "file": "tables.yml",
        "itself": "${self:custom.itself}",
        "this": "${self:custom.that}",
        "that": "${self:custom.this}",
        "yes": "true",
    },
}


@pytest.fixture
def variables(tmp_path: Path) -> Variables:
    """Return the variables of a service that has a few files beside it, and one outside of the project."""
    (tmp_path / "outside.yml").write_text("secret: told\n")
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "tables.yml").write_text("orders: t-orders\ndeep: {er: t-deep}\n")
    (folder / "of.dev.yml").write_text("name: f-dev\n")
    (folder / "of.prod.yml").write_text("name: f-prod\n")
    (folder / "note.txt").write_text("a note")
    (folder / "code.js").write_text("module.exports = {value: 1}")
    (folder / "link.yml").symlink_to(tmp_path / "outside.yml")
    return Variables(Source("", str(folder / "serverless.yml")), SERVICE, Project(str(folder)))


@pytest.mark.parametrize("line", LINES)
def test_variables(line: str, variables: Variables) -> None:
    """Each variable of the table gives what it says, and one that is left open what it usually is."""
    written, _, wanted = line.partition(" => ")
    wanted, _, usual = wanted.partition(" | ")
    found = variables.resolve(written)
    if wanted != "open":
        assert found == json.loads(wanted)
    else:
        assert isinstance(found, str)
        assert found[2:-1] in variables.defaults
        assert variables.settled(found) == (usual.partition(" / ")[0] or found)
        if " / " in usual:
            assert [variables.settled(one) for one in variables.defaults[found[2:-1]]] == usual.split(" / ")


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("${opt:stage, 'dev'}", "opt:stage, 'dev'"),
        ("${opt:stage, ${self:service}}", "opt:stage, self:service"),
        ("${ opt:stage }", "opt:stage"),
        ("${env:A${self:service}}", "env:Ashop"),
        ("${opt:" + "x" * 300 + "}", "opt:open"),
    ],
)
def test_an_open_variable_is_called_as_it_is_written(variables: Variables, written: str, name: str) -> None:
    """The placeholder of a variable can be written back into the file, without variables in it."""
    assert variables.resolve(written) == f"${{{name}}}"


# ------------------------------------------------------------------------------------------------- what the plugin makes


def found(path: Path = ORDER) -> dict[str, Found]:
    """Return the machines of a file by their names."""
    read = machines_in(read_source(str(path)), Project(str(path.parent.resolve())))
    assert read is not None
    return {one.name: one for one in read if isinstance(one, Found)}


def policy(machine: str, *arguments: str) -> dict[str, list[str]]:
    """Return what the policy of a machine grants: action → resources."""
    command = ["analyze", "-q", "--no-config", "--format", "json", *SURROUNDINGS, "--machine", machine, *arguments, str(ORDER)]
    done = CliRunner().invoke(main, command)
    [one] = json.loads(done.stdout)["machines"]
    granted: dict[str, list[str]] = {}
    for grant in one["grants"]:
        granted.setdefault(grant["action"], []).extend(grant["resources"])
    return {action: sorted(set(resources)) for action, resources in granted.items()}


def test_every_machine_is_found_where_it_is_written() -> None:
    """A machine has the name it has in the file, and its definition stands there or in the file that a variable names."""
    read = found()
    assert list(read) == ["order", "nightly", "exact"]
    places = {name: (Path(one.source.name).name, one.source.base) for name, one in read.items()}
    assert places == {
        "order": ("serverless.yml", ("stepFunctions", "stateMachines", "order", "definition")),
        "nightly": ("nightly.yml", ("definition",)),
        "exact": ("exact.json", ()),
    }
    assert {Path(path).name for path in read["order"].files} == {"tables.yml", "nightly.yml", "exact.json"}


def test_a_folder_gives_the_machines_and_not_their_files_once_more() -> None:
    """Of a folder with a `serverless.yml`, each machine is analysed once, in the file that has its definition."""
    assert {Path(source.name).name for source in find([str(ORDER.parent)])} == {"serverless.yml", "exact.json"}
    done = CliRunner().invoke(main, ["analyze", "-q", "--no-config", "--format", "json", str(ORDER.parent)])
    assert [one["source"]["path"].rpartition("/")[2] for one in json.loads(done.stdout)["machines"]] == [
        "serverless.yml",
        "nightly.yml",
        "exact.json",
    ]


def test_references_mean_what_the_framework_makes_of_them() -> None:
    """A function goes by its name in the file or by its logical id; names come from the service, the stage and the key."""
    granted = policy("order")
    assert {action.partition(":")[0] for action in granted} >= {"logs", "xray"}
    assert {action: own for action, own in granted.items() if not action.startswith(("logs:", "xray:"))} == {
        "dynamodb:PutItem": [f"arn:aws:dynamodb:{HOME}:table/shop-audit", f"arn:aws:dynamodb:{HOME}:table/shop-dev-orders"],
        "events:PutEvents": [f"arn:aws:events:{HOME}:event-bus/office"],
        "kms:Decrypt": [f"arn:aws:kms:{HOME}:key/*"],  # under a condition on its alias
        "lambda:InvokeFunction": [
            f"arn:aws:lambda:{HOME}:function:mailer",
            f"arn:aws:lambda:{HOME}:function:shop-dev-check-stock",
        ],
        "sns:Publish": [f"arn:aws:sns:{HOME}:*"],
        "sqs:SendMessage": [f"arn:aws:sqs:{HOME}:*"],
        "states:StartExecution": [f"arn:aws:states:{HOME}:stateMachine:*"],
    }


def test_references_are_kept() -> None:
    """What only the deployment knows goes back as the reference or the variable that it is in the file."""
    kept = policy("order", "--keep-substitutions")
    assert kept["lambda:InvokeFunction"] == [
        f"arn:aws:lambda:{HOME}:function:${{CheckDashstockLambdaFunction}}",
        f"arn:aws:lambda:{HOME}:function:${{SendLambdaFunction}}",
    ]
    assert kept["sns:Publish"] == [f"arn:aws:sns:{HOME}:${{env:TOPIC}}"]
    assert kept["sqs:SendMessage"] == [f"arn:aws:sqs:{HOME}:${{Mails.QueueName}}"]
    assert kept["states:StartExecution"] == [f"arn:aws:states:{HOME}:stateMachine:${{NightlyStepFunctionsStateMachine.Name}}"]


def test_a_chosen_option_is_given_by_its_name() -> None:
    """`--substitution` gives what an option of the framework would."""
    assert policy("order", "--substitution", "opt:stage=prod")["dynamodb:PutItem"] == [
        f"arn:aws:dynamodb:{HOME}:table/shop-audit",
        f"arn:aws:dynamodb:{HOME}:table/shop-prod-orders",
    ]


@pytest.mark.parametrize(
    ("reference", "arn"),
    [
        ({"Ref": "send"}, "function:mailer"),
        ({"Ref": "SendLambdaFunction"}, "function:mailer"),
        ({"Fn::GetAtt": ["send", "Arn"]}, "function:mailer"),
        ({"Fn::GetAtt": "send.Arn"}, "function:mailer"),
        ({"Fn::GetAtt": ["SendLambdaFunction", "Arn"]}, "function:mailer"),
        ({"Fn::Sub": "${SendLambdaFunction.Arn}:live"}, "function:mailer:live"),
        ({"Fn::Sub": ["${Own}:live", {"Own": {"Fn::GetAtt": ["send", "Arn"]}}]}, "function:mailer:live"),
        (
            {"Fn::Join": [":", ["arn:aws:lambda:us-east-1:111122223333:function", {"Ref": "send"}, "live"]]},
            "function:mailer:live",
        ),
        (
            {"Fn::Join": ["", ["arn:aws:lambda:#{AWS::Region}:#{AWS::AccountId}:function:", {"Ref": "plain"}]]},
            "function:x-dev-plain",
        ),
        ("arn:aws:lambda:${aws:region}:${aws:accountId}:function:x-${sls:stage}-plain", "function:x-dev-plain"),
        ({"Fn::GetAtt": ["taken", "Arn"]}, "function:of-the-resources"),
    ],
)
def test_the_forms_of_a_reference_to_a_function(tmp_path: Path, reference: object, arn: str) -> None:
    """A function is referred to as the file calls it, or by its logical id; a resource that is called so comes first."""
    document = {
        "service": "x",
        "functions": {"send": {"name": "mailer"}, "plain": {}, "taken": {"name": "of-the-functions"}},
        "resources": {
            "Resources": {"taken": {"Type": "AWS::Lambda::Function", "Properties": {"FunctionName": "of-the-resources"}}}
        },
        "stepFunctions": {
            "stateMachines": {
                "a": {"definition": {"StartAt": "A", "States": {"A": {"Type": "Task", "Resource": reference, "End": True}}}}
            }
        },
    }
    (tmp_path / "serverless.json").write_text(json.dumps(document))
    command = ["analyze", "-q", "--no-config", "--format", "json", *SURROUNDINGS, str(tmp_path / "serverless.json")]
    [machine] = json.loads(CliRunner().invoke(main, command).stdout)["machines"]
    assert [grant["resources"] for grant in machine["grants"]] == [[f"arn:aws:lambda:{HOME}:{arn}"]]


def test_each_value_that_a_stage_may_choose_is_granted(tmp_path: Path) -> None:
    """A default says what is usual. What differs in more than texts is read as it usually is, and that is said."""
    (tmp_path / "of.dev.yml").write_text("table: t-dev\n")
    (tmp_path / "of.prod.yml").write_text("table: t-prod\n")
    task = {
        "Type": "Task",
        "Resource": "arn:aws:states:::dynamodb:getItem",
        "Parameters": {"TableName": "${self:custom.of.table}", "Key": {}},
        "End": True,
    }
    document = {
        "service": "x",
        "provider": {"stage": "${opt:stage, 'dev'}"},
        "custom": {"of": "${file(of.${self:provider.stage}.yml)}", "tags": {"dev": ["a"], "prod": ["a", "b"]}},
        "stepFunctions": {
            "stateMachines": {
                "a": {
                    "tags": "${self:custom.tags.${self:provider.stage}}",
                    "definition": {"StartAt": "A", "States": {"A": task}},
                }
            }
        },
    }
    (tmp_path / "serverless.json").write_text(json.dumps(document))
    command = ["analyze", "-q", "--no-config", "--format", "json", *SURROUNDINGS, str(tmp_path / "serverless.json")]
    [machine] = json.loads(CliRunner().invoke(main, command).stdout)["machines"]
    granted = [resource for grant in machine["grants"] for resource in grant["resources"]]
    assert granted == [f"arn:aws:dynamodb:{HOME}:table/t-dev", f"arn:aws:dynamodb:{HOME}:table/t-prod"]
    assert "`${self:custom.tags.*}` is taken for what it usually is" in " ".join(one["message"] for one in machine["diagnostics"])


@pytest.mark.parametrize(
    ("written", "resource"),
    [
        ("${cf:net.ChargeArn}", "${cf:net.ChargeArn}"),
        ("${cf:net-${sls:stage}.ChargeArn}", "${cf:net-${sls:stage}.ChargeArn}"),
        ("${ssm:/charge/arn}", "${ssm:/charge/arn}"),
        (
            "${cf:net.Charge}",
            [{"Fn::Sub": "arn:${AWS::Partition}:lambda:${AWS::Region}:${AWS::AccountId}:function:${cf:net.Charge}"}],
        ),
        ("${opt:fn}", [{"Fn::Sub": "arn:${AWS::Partition}:lambda:${AWS::Region}:${AWS::AccountId}:function:${opt:fn}"}]),
    ],
)
def test_a_variable_is_written_back_as_it_stands_in_the_file(tmp_path: Path, written: str, resource: object) -> None:
    """The framework fills its variables in before CloudFormation reads any reference.

    https://www.serverless.com/framework/docs/guides/variables
    """
    invoke = {"Resource": "arn:aws:states:::lambda:invoke", "Parameters": {"FunctionName": written, "Payload": {}}}
    steps = {
        "stateMachines": {"my-flow": {"definition": {"StartAt": "A", "States": {"A": {"Type": "Task", "End": True, **invoke}}}}}
    }
    document = {"service": "x", "provider": {"stage": "${opt:stage, 'dev'}"}, "stepFunctions": steps}
    (tmp_path / "serverless.json").write_text(json.dumps(document))
    command = ["analyze", "-q", "--no-config", "--format", "serverless", str(tmp_path / "serverless.json")]
    done, _ = parse_any(Source(CliRunner().invoke(main, command).stdout, "serverless.yml"))
    assert isinstance(done, dict)
    [statement] = done["stepFunctions"]["stateMachines"]["my-flow"]["iamRoleStatements"]
    assert statement == {"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": resource}


def test_variables_that_differ_in_the_stage_are_two(tmp_path: Path) -> None:
    """`net-dev` and `net-${sls:stage}` are the same in one stage only."""
    names = ("${cf:net-dev.Table}", "${cf:net-${sls:stage}.Table}")
    get, put = (
        {"Type": "Task", "Resource": f"arn:aws:states:::dynamodb:{verb}Item", "Parameters": {"TableName": name, **item}}
        for verb, name, item in (("get", names[0], {"Key": {}}), ("put", names[1], {"Item": {}}))
    )
    states = {"Get": {**get, "Next": "Put"}, "Put": {**put, "End": True}}
    steps = {"stateMachines": {"flow": {"definition": {"StartAt": "Get", "States": states}}}}
    document = {"service": "x", "provider": {"stage": "${opt:stage, 'dev'}"}, "stepFunctions": steps}
    (tmp_path / "serverless.json").write_text(json.dumps(document))
    command = ["analyze", "-q", "--no-config", "--format", "serverless", str(tmp_path / "serverless.json")]
    text = CliRunner().invoke(main, command).stdout
    assert text.count("table/${cf:net-dev.Table}'") == 1
    assert text.count("table/${cf:net-${sls:stage}.Table}'") == 1


def test_an_exact_version_is_one_of_a_function() -> None:
    """With `useExactVersion` a version is invoked, whose number is made when it is deployed."""
    assert policy("exact") == {"lambda:InvokeFunction": [f"arn:aws:lambda:{HOME}:function:shop-dev-check-stock:*"]}


def test_what_is_said_around_a_machine() -> None:
    """Type, name, logging, tracing and key of a machine are read, and an activity among its tasks needs nothing."""
    read = found()
    assert read["order"].options == {"name": "order-${sls:stage}", "type": "EXPRESS", "logging": True, "tracing": True}
    assert read["nightly"].options == {"kms_key": "arn:aws:kms:us-east-1:${AWS::AccountId}:key/1234"}
    assert set(policy("nightly")) == {"kms:Decrypt", "kms:GenerateDataKey"}


def test_the_declared_role() -> None:
    """Statements of the machine itself are its declared policy, or those of the role it names."""
    roles = {name: one.role for name, one in found().items()}
    own, exact, none = roles["order"], roles["exact"], roles["nightly"]
    assert own is not None
    assert own.pointer == ("stepFunctions", "stateMachines", "order", "iamRoleStatements")
    assert own.statements == ({"Effect": "Allow", "Action": "dynamodb:PutItem", "Resource": "${Orders.Arn}"},)
    assert exact is not None
    assert (exact.name, len(exact.statements)) == ("Own", 1)
    assert none is not None
    assert none.statements == ()


# -------------------------------------------------------------------------------------------------------- hostile files


def read(document: dict[str, Any], folder: Path) -> list[Found | SourceError]:
    """Read *document* as the `serverless.yml` of a folder."""
    assert is_template(document)
    return list(machines(Source("", str(folder / "serverless.yml")), document, Project(str(folder))))


def test_variables_that_grow_without_end_are_refused(tmp_path: Path) -> None:
    """A file whose variables double at each step is an error, and takes no time."""
    doubled = {f"a{n}": f"${{self:custom.a{n + 1}}}${{self:custom.a{n + 1}}}" for n in range(60)}
    listed = {f"a{n}": [f"${{self:custom.a{n + 1}}}"] * 9 for n in range(30)}
    for custom in (doubled, listed):
        document = {"service": "x", "custom": custom, "stepFunctions": {"stateMachines": {"a": "${self:custom.a0}"}}}
        [error] = read(document, tmp_path)
        assert isinstance(error, SourceError)
        assert "its variables stand for more than" in str(error)


def test_variables_that_nest_without_end_are_refused(tmp_path: Path) -> None:
    """What variables stand for may be no deeper than any definition is."""

    def nested(value: object) -> object:
        for _ in range(100):
            value = {"a": [value]}
        return value

    custom = {f"a{n}": nested(f"${{self:custom.a{n + 1}}}") for n in range(30)}
    [error] = read({"service": "x", "custom": custom, "stepFunctions": {"stateMachines": {"a": "${self:custom.a0}"}}}, tmp_path)
    assert isinstance(error, SourceError)


def test_what_the_stage_chooses_is_found_in_no_long_time(tmp_path: Path) -> None:
    """An address with many stages in it, which fits a long name in ever so many ways or hardly not at all, is worked out."""
    stage = "${opt:stage, 'dev'}"
    custom = {"a" * 100_000: "other", f"{'dev' * 30}x": "wanted"}
    definition = {"StartAt": "A", "States": {"A": {"Type": "Pass", "Comment": f"${{self:custom.{stage * 30}x}}", "End": True}}}
    [answer] = read(
        {"service": "x", "custom": custom, "stepFunctions": {"stateMachines": {"a": {"definition": definition}}}}, tmp_path
    )
    assert isinstance(answer, Found)
    assert "wanted" in json.dumps(answer.document)


@pytest.mark.parametrize(
    ("text", "pattern", "fitting"),
    [
        ("orders-dev", f"orders-{ANY}", True),
        ("orders-", f"orders-{ANY}", True),
        ("order", f"orders-{ANY}", False),
        ("a-b-c", f"{ANY}-b-{ANY}", True),
        ("a-b", f"{ANY}-b-{ANY}", False),
        ("aba", f"ab{ANY}ba", False),
        ("abba", f"ab{ANY}ba", True),
        ("axxb", f"{ANY}x{ANY}x{ANY}b", True),
        ("axb", f"{ANY}x{ANY}x{ANY}b", False),
        ("orders", "orders", True),
        ("orders", "order", False),
    ],
)
def test_what_fits_a_chosen_address(text: str, pattern: str, *, fitting: bool) -> None:
    """Any text may stand where the deployment chooses, and none twice."""
    assert fits(text, pattern) is fitting


def test_variables_inside_variables_end(tmp_path: Path) -> None:
    """However deep variables are nested, reading ends with an answer or an error."""
    deep = "${self:" * 500 + "x" + "}" * 500
    [answer] = read({"service": "x", "stepFunctions": {"stateMachines": {"a": {"definition": deep}}}}, tmp_path)
    assert isinstance(answer, SourceError)


@pytest.mark.parametrize(
    ("machine", "said"),
    [
        ("${file(nothing.yml)}", "it has no definition"),
        ({"name": "x"}, "it has no definition"),
        ({"definition": "${file(../outside.json)}"}, "a text that only the deployment knows"),
        ({"definition": "${file(machine.js)}"}, "a text that only the deployment knows"),
        ({"definition": "${ssm:/definition}"}, "a text that only the deployment knows"),
        ({"definition": "no definition"}, "no state machine inside"),
        (7, "it has no definition"),
    ],
)
def test_a_machine_that_cannot_be_read_takes_no_other_one_with_it(tmp_path: Path, machine: object, said: str) -> None:
    """A machine without a definition in the project is told, and the one beside it is read."""
    good = {"definition": {"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}}
    (tmp_path / "serverless.yml").write_text(
        json.dumps({"service": "x", "stepFunctions": {"stateMachines": {"bad": machine, "good": good}}})
    )
    done = CliRunner().invoke(main, ["analyze", "--no-config", "--format", "json", "-q", str(tmp_path / "serverless.yml")])
    assert done.exit_code == 3
    assert said in " ".join(done.stderr.split())
    assert [one["source"]["pointer"] for one in json.loads(done.stdout)["machines"]] == [
        "/stepFunctions/stateMachines/good/definition"
    ]


def test_a_file_that_hides_its_machines_says_so(tmp_path: Path) -> None:
    """State machines in a file that would have to be run are one error."""
    [error] = read({"service": "x", "stepFunctions": "${file(steps.js)}"}, tmp_path)
    assert "its state machines lie where only the deployment knows" in str(error)


@pytest.mark.parametrize("document", [{}, [], "x", {"stepFunctions": 1}, {"stepFunctions": {}}, {"service": "x"}])
def test_what_is_no_service_is_none(document: object) -> None:
    """A file without state machines is left to the other readers."""
    assert not is_template(document)
