"""The proof by execution: whole definitions run on an interpreter, and the flow and the policy are held against what they do.

Sound: every value that an execution meets is a member of its abstract value. Sufficient: every request that it makes is
allowed by the policy, as an evaluator and a table of requests say that know nothing of the analyzer. Tight: no pattern is
looser than what was asked for, but for the reasons in `engine/looseness.txt`.

`python tests/proof_report.py --executions 20000` runs that many executions instead of a few.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import flow_report
import proof_report
import pytest
from corpus.cases import SMALL, load
from engine.authorization import HOME, policies, settle
from engine.definitions import definitions
from engine.driver import drive
from engine.expressions import jsonata_definitions
from engine.iam import Request, UndecidedError, allows, listed
from engine.interpreter import compile_definition, execute
from engine.looseness import Seen, explained, findings, generalise
from engine.orderly import orderly_definitions, world
from engine.placeholders import filled
from engine.proof import prove
from engine.requests import asked, made_up, table
from engine.second import MissingError, compare, is_known
from engine.soundness import faults, read
from engine.worlds import World, worlds
from hypothesis import HealthCheck, Phase, event, given, settings
from hypothesis import strategies as st

from analyzer.dataflow.evaluate import Environment
from analyzer.dataflow.values import Literal, Record
from analyzer.policy import Policy, Statement
from analyzer.sources import parse_document
from analyzer.text import Source

Json = Any
ENGINE = Path(__file__).parent / "engine"
RUNS = 6
"""Executions of each wild definition, each in a world of its own."""

# --------------------------------------------------------------------------------------- the judge: IAM and the requests


def blocks(name: str) -> list[list[str]]:
    """Return the blocks of a table of cases, each the lines between two empty ones, without what begins with `#`."""
    texts = (ENGINE / name).read_text("utf-8").split("\n\n")
    kept = [[line for line in text.splitlines() if line.strip() and not line.startswith("#")] for text in texts]
    return [lines for lines in kept if lines]


def decisions() -> list[tuple[str, str]]:
    """Return each policy of `iam_cases.txt` with each request below it."""
    return [(policy, line) for policy, *lines in blocks("iam_cases.txt") for line in lines]


@pytest.mark.parametrize(("policy", "line"), decisions(), ids=str)
def test_the_evaluator_decides_as_iam_does(policy: str, line: str) -> None:
    """Each request of engine/iam_cases.txt is allowed, denied or not decided, as is written behind it."""
    statements = [{"Effect": "Allow", **statement} for statement in listed(json.loads(policy))]
    request, expected = line.split(" -> ")
    action, resource, *keys = request.split(" ")
    context = tuple((name, tuple(value.split(",")) if "," in value else value) for name, value in (k.split("=") for k in keys))
    try:
        answer = "allowed" if allows({"Statement": statements}, Request(action, resource, context)) else "denied"
    except UndecidedError:
        answer = "undecided"
    assert answer == expected


@pytest.mark.parametrize("case", blocks("requests_cases.txt"), ids=lambda case: case[0])
def test_a_call_asks_for_what_aws_says(case: list[str]) -> None:
    """Each call of engine/requests_cases.txt asks IAM for the requests below it, or for none, for the reason below it."""
    call, *expected = case
    resource, _, parameters = call.partition(" ")
    answer = asked(resource, json.loads(parameters), HOME)
    made = made_up(HOME.execution)
    names = {"ID": made["id"], ":LATEST": made["latest"], "-SECRET": made["secret"]}
    for name, text in names.items():
        expected = [line.replace(name, text) for line in expected]
    assert ([str(request) for request in answer.requests] or [answer.outcome]) == [line.strip() for line in expected]


def test_the_table_of_requests_knows_nothing_of_the_maps() -> None:
    """Neither the table nor what reads it names the maps or imports the analyzer: they would only agree with themselves."""
    for name in ("iam.py", "requests.py"):
        imported = [line for line in (ENGINE / name).read_text("utf-8").splitlines() if line.startswith(("import ", "from "))]
        assert imported
        assert not [line for line in imported if "analyzer" in line or "service_maps" in line]
    assert len(table()) >= 100


def test_what_is_common_to_several_texts_is_kept() -> None:
    """A generalisation keeps what all texts begin and end with, and the parts that are in the middle of all."""
    assert generalise(["a/x/b", "a/yy/b"]) == "a/*/b"
    assert generalise(["same", "same"]) == "same"
    assert generalise(["a-1-mid-2-z", "a-33-mid-4-z", "a--mid--z"]) == "a-*-mid-*-z"
    assert generalise(["p1", "p2", "q"]) == "*"
    assert generalise(["x*y", "x*z"]) == "x${*}*"


# ------------------------------------------------------------------------------------------------ the fuzz: wild machines

wild = settings(max_examples=60, suppress_health_check=list(HealthCheck), report_multiple_bugs=False)


@wild
@given(definitions(), st.lists(worlds(), min_size=RUNS, max_size=RUNS))
def test_the_interpreter_does_nothing_that_is_ruled_out(definition: Json, given_: list[World]) -> None:
    """Whatever a JSONPath definition is given, what its states see is in the flow, and what it asks for in the policy."""
    hold(definition, given_)


@wild
@given(jsonata_definitions(), st.lists(worlds(), min_size=RUNS, max_size=RUNS))
def test_the_interpreter_does_nothing_that_is_ruled_out_in_jsonata(definition: Json, given_: list[World]) -> None:
    """Whatever a JSONata definition is given, what its states see is in the flow, and what it asks for in the policy."""
    hold(definition, given_)


def hold(definition: Json, given_: list[World]) -> None:
    """Fail when an execution did what the flow or the policy rules out, or called what the table does not know."""
    proof = prove(definition, given_)
    event("asked" if proof.requests else "nothing asked")
    assert list(proof.unsound) == []
    assert list(proof.denied) == []
    assert list(proof.unmapped) == []


# ------------------------------------------------------------------------------------------------- the policy is no looser

orderly = settings(max_examples=40, suppress_health_check=list(HealthCheck), report_multiple_bugs=False)


@orderly
@given(orderly_definitions())
def test_no_policy_is_looser_than_what_is_asked_for(definition: Json) -> None:
    """In a definition in which all goes well, each pattern is as tight as what was asked for, or the reason is known."""
    chance = random.Random(0)  # noqa: S311 - the same every time, and nothing secret
    proof = prove(definition, [world(chance) for _ in range(24)], compare=True)
    assert (list(proof.unsound), list(proof.denied), proof.unread) == ([], [], 0)
    assert proof.succeeded == proof.executions
    assert [str(loose) for loose in proof.loose if not explained(loose)] == []


TIGHT = {"StartAt": "T", "States": {"T": {"Type": "Task", "Resource": "arn:aws:states:::dynamodb:putItem", "End": True}}}
TIGHT["States"]["T"]["Parameters"] = {"TableName.$": "States.Format('orders-{}', $.a)", "Item": {}}
ORDERS = "arn:aws:dynamodb:us-east-1:111122223333:table/orders-*"


def loosened(change: Callable[[Statement], Statement]) -> list[str]:
    """Return what is found when the only statement of the policy of `TIGHT` is changed."""
    analysis = policies(Source(json.dumps(TIGHT), "definition.json"))
    [statement] = analysis.policy.statements
    changed = change(statement)
    grants = tuple(replace(grant, resource=resource) for grant in analysis.grants for resource in changed.resources)
    planted = replace(analysis, policy=Policy((changed,)), grants=grants)
    program, seen, chance = compile_definition(TIGHT), Seen(), random.Random(0)  # noqa: S311
    for number in range(80):
        execution = execute(program, world(chance).input, lambda _: {})
        ledger = settle(TIGHT["States"], planted, execution, number)
        assert ledger.denied == []
        seen.add(ledger.made)
    return [f"{loose.kind}: {loose.pattern} -> {loose.tighter}" for loose in findings(planted, seen) if not explained(loose)]


def test_a_looser_pattern_is_found() -> None:
    """As it is, the policy of a machine is tight; a wider pattern, or one more, put in by hand is found."""
    assert loosened(lambda statement: statement) == []
    wider = "arn:aws:dynamodb:us-east-1:111122223333:table/*"
    assert loosened(lambda statement: replace(statement, resources=(wider,))) == [f"looser: {wider} -> {ORDERS}"]
    assert loosened(lambda statement: replace(statement, resources=("*",))) == [f"looser: * -> {ORDERS}"]
    other = "arn:aws:dynamodb:us-east-1:111122223333:table/invoices"
    assert loosened(lambda statement: replace(statement, resources=(ORDERS, other))) == [f"never asked for: {other} -> "]


def test_a_policy_that_is_too_tight_is_found() -> None:
    """A policy without a statement, or for one of the names seen alone, denies a request."""
    analysis = policies(Source(json.dumps(TIGHT), "definition.json"))
    [statement] = analysis.policy.statements
    execution = execute(compile_definition(TIGHT), {"a": "x"}, lambda _: {})
    assert settle(TIGHT["States"], analysis, execution).denied == []
    for tight in ((), (replace(statement, resources=(ORDERS.replace("*", "y"),)),)):
        [denied] = settle(TIGHT["States"], replace(analysis, policy=Policy(tight)), execution).denied
        assert str(denied) == f"`T` needs dynamodb:PutItem on {ORDERS.replace('*', 'x')}"


# ------------------------------------------------------------------------------------------ machines, samples, the corpus

MACHINES = sorted((Path(__file__).parent / "dataflow" / "machines").glob("*.json"))


@pytest.mark.parametrize("path", MACHINES, ids=lambda path: path.stem)
def test_machine(path: Path) -> None:
    """Each of these machines, most of which once did what was ruled out, does nothing of that kind any more."""
    case = json.loads(path.read_text())
    proof = prove(case["definition"], [World(case["input"], tuple(case["answers"]))])
    assert proof.calls.total() > 0
    assert (list(proof.unsound), list(proof.denied)) == ([], [])


def test_the_report_runs_the_small_corpus_and_finds_nothing_wrong(capsys: pytest.CaptureFixture[str]) -> None:
    """`python tests/flow_report.py DIR` runs each definition, reaches most tasks, and says what the flow is worth."""
    assert flow_report.main([str(SMALL)]) == 0
    printed = capsys.readouterr().out
    for line in ("definitions run", "tasks reached", "unsound              0\n", "requests authorised", "intrinsic functions"):
        assert line in printed
    tally = flow_report.measure(load(SMALL))
    assert tally.definitions >= 10
    assert tally.reached >= 0.75 * tally.tasks
    assert len(tally.ledger.made) >= tally.reached


def test_the_report_of_the_proof_counts_what_was_run(capsys: pytest.CaptureFixture[str]) -> None:
    """`python tests/proof_report.py --executions N` runs about N executions and prints what came of them."""
    assert proof_report.main(["--executions", "60"]) == 0
    printed = dict(line.split("  ", 1) for line in capsys.readouterr().out.splitlines() if "  " in line and line[0] != " ")
    assert {"executions", "task calls", "members checked", "requests authorised", "unsound", "denied", "looser"} <= printed.keys()
    assert int(printed["executions"].split()[0].replace(",", "")) >= 60


def test_the_samples_do_nothing_that_is_ruled_out(root: Path) -> None:
    """Every task of every sample is reached, called as its flow says, and allowed by its policy."""
    for path in sorted(root.glob("samples/*/definition.asl.*")):
        document, _ = parse_document(Source(path.read_text(), path.name))
        report = drive(document)
        assert (report.faults, sorted({str(made) for made in report.ledger.denied})) == ([], [])
        assert (report.skipped, len(report.reached)) == ("", report.tasks), path


def test_a_placeholder_is_filled_with_what_its_field_asks_for() -> None:
    """A queue is named by a URL, a topic by an ARN, a function of a template by a name; text round a placeholder stays."""
    written = {"QueueUrl": "${Orders}", "TopicArn": {"Ref": "Topic"}, "TableName": "t-${AWS::Region}-${Stage}", "Bucket.$": "$.b"}
    assert filled(written) == {
        "QueueUrl": "https://sqs.us-east-1.amazonaws.com/111122223333/Orders",
        "TopicArn": "arn:aws:sns:us-east-1:111122223333:Topic",
        "TableName": "t-us-east-1-Stage",
        "Bucket.$": "$.b",
    }


def test_the_interpreter_would_find_a_wrong_flow() -> None:
    """A flow that says too little, or takes a state for dead, is found out."""
    definition = {"StartAt": "T", "States": {"T": {"Type": "Task", "Resource": "arn:aws:states:::a:b", "End": True}}}
    definition["States"]["T"]["Parameters"] = {"Name.$": "$.name"}
    machine, flow = read(definition)
    execution = execute(compile_definition(definition), {"name": "x"}, lambda _: {})
    [(pointer, here)] = flow.items()
    wrong = {pointer: Environment(Record({"name": Literal("y")}), here.context)}
    found = list(faults(machine, wrong, execution))
    assert [fault.split(" ")[1:3] for fault in found] == [["was", "entered"], ["was", "called"]]
    assert list(faults(machine, {}, execution)) == ["`T` ran, but is never reached"]


# ----------------------------------------------------------------------------------------------- the second interpreter


def test_a_second_interpreter_does_nothing_that_the_flow_rules_out() -> None:
    """What aws-local-stepfunctions calls tasks with is in the flow too, and mostly the same as on the first interpreter."""
    cases: list[tuple[Json, list[World]]] = []

    @settings(max_examples=60, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
    @given(definitions(assigns=False).filter(is_known), st.lists(worlds(), min_size=3, max_size=3))
    def draw(definition: Json, given_: list[World]) -> None:
        cases.append((definition, given_))

    draw()
    try:
        comparison = compare(cases)
    except MissingError as missing:
        pytest.skip(f"the second interpreter does not run: {missing}")
    assert comparison.unsound == []
    assert comparison.calls >= 60
    assert comparison.alike >= 0.8 * comparison.executions
