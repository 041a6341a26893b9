"""Ablation: everything in a policy has a request that some state makes and that is denied without it."""

from __future__ import annotations

import json
import sys
from collections import Counter
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import corpus_report
import pytest
from click.testing import CliRunner
from corpus.cases import SMALL, corpus_root, load
from corpus.measure import harden, run
from iam import allows, holds, listed, matches
from test_specs import CASES, analysed

from analyzer.analyze import Analysis, analyze
from analyzer.cli import main
from analyzer.context import Context, make_context
from analyzer.permissions import EXECUTION, Action, Certainty, Condition, Grant, Reason
from analyzer.policy import Policy, Statement
from analyzer.policy.prove import Witness, prove
from analyzer.sources import read_source

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).parent.parent
LARGE = corpus_root()
ARN = "arn:aws:states:us-east-1:111122223333:stateMachine:Machine"

Pair = tuple[str, str, Any]
"""An action, a resource and a condition, as they stand in a document."""


def specs() -> Iterator[Analysis]:
    """Yield the analysis of every spec."""
    yield from map(analysed, CASES)


def samples() -> Iterator[Analysis]:
    """Yield the analyses of every sample, with everything known around it and with nothing."""
    for path in sorted((ROOT / "samples").glob("*/definition.asl.*")):
        yield from (analyze(read_source(str(path)), context) for context in (Context(), make_context(arn=ARN, logging=True)))


def corpus(root: Path) -> Callable[[], Iterator[Analysis]]:
    """Return what yields the analyses of a corpus, of each case as it is and as a machine of which nothing is known."""

    def analyses() -> Iterator[Analysis]:
        outcomes = (run(each) for case in load(root) for each in (case, harden(case)))
        yield from (outcome.analysis for outcome in outcomes if outcome.analysis is not None)

    return analyses


SETS = {"specs": specs, "samples": samples, "small corpus": corpus(SMALL)}
if (LARGE / "index.json").is_file():
    SETS["large corpus"] = corpus(LARGE)


@pytest.mark.parametrize("analyses", SETS.values(), ids=SETS.keys())
def test_nothing_can_be_taken_out_of_a_policy(analyses: Callable[[], Iterator[Analysis]]) -> None:
    """Each pair of each policy has a request that a state makes, that is allowed, and that is denied once the pair is gone."""
    found = Counter(verdict for analysis in analyses() for verdict in verdicts(analysis))
    assert set(found) == {"proven"}


def verdicts(analysis: Analysis) -> Iterator[str]:
    """Yield what is to be said of each pair in the policies of *analysis*."""
    roles = [(EXECUTION, analysis.documents), *((target.role.arn, target.documents) for target in analysis.targets)]
    for role, documents in roles:
        grants = [grant for grant in analysis.grants if grant.role == role]
        written = [pair for document in documents for pair in pairs(document.to_dict())]
        witnesses = prove(documents, analysis.grants, role)
        if {pair_of(one) for one in witnesses} != set(written):
            yield "pairs without a word"
        yield from (verdict(one, written, grants) for one in witnesses)


def verdict(witness: Witness, written: list[Pair], grants: list[Grant]) -> str:
    """Judge one witness against everything its role is allowed, and against the grants that it was made of."""
    if witness.request is None:
        return f"nothing fails without {witness.action} on {witness.resource}"
    request = (witness.request.action, witness.request.resource, dict(witness.request.context))
    own = pair_of(witness)
    if not allows([document(own)], *request):
        return f"the request is another one than {own}"
    if allows([document(*(pair for pair in written if pair != own and pair[0] == witness.action))], *request):
        return f"{request} is allowed without {own}"
    needing = [grant for grant in grants if allows([document(pair_of(grant))], *request)]
    known = {reason for grant in needing for reason in grant.reasons}
    if not witness.reasons or not known.issuperset(witness.reasons):
        return f"nothing makes the request {request}"
    return "proven"


def pairs(written: dict[str, Any]) -> Iterator[Pair]:
    """Yield what a document allows, one by one; each value of a condition's only key is one for itself."""
    for statement in written["Statement"]:
        block = statement.get("Condition", {})
        keys = [(operator, key, listed(values)) for operator, found in block.items() for key, values in found.items()]
        alone = [[(operator, key, [value])] for operator, key, values in keys for value in values] if len(keys) == 1 else [keys]
        yield from product(listed(statement["Action"]), listed(statement["Resource"]), map(json.dumps, alone))


def pair_of(one: Witness | Grant) -> Pair:
    """Return the pair that a witness stands for, or that a grant gives."""
    return one.action, one.resource, json.dumps(one.condition)


def document(*allowed: Pair) -> dict[str, Any]:
    """Return a document that allows *allowed*."""
    statements = []
    for action, resource, written in allowed:
        block: dict[str, dict[str, list[str]]] = {}
        for operator, key, values in json.loads(written):
            block.setdefault(operator, {})[key] = values
        statements.append({"Action": action, "Resource": resource, "Condition": block})
    return {"Statement": statements}


# --------------------------------------------------------------------------------------------- that it would say it, too


def sample(name: str) -> Analysis:
    """Analyse a sample with everything known around it."""
    return analyze(read_source(str(ROOT / "samples" / name / "definition.asl.json")), make_context(arn=ARN))


def test_what_no_state_needs_has_no_witness() -> None:
    """A statement that nobody asked for, a wider pattern than was asked for, and a pair a second time: nothing fails without."""
    analysis = sample("small")
    [first, *others] = analysis.policy.statements
    everything = Statement("All", first.actions, ("*",))
    for changed in (
        [first, *others, Statement("Extra", ("s3:GetObject",), ("arn:aws:s3:::b/*",))],
        [first, *others, everything],
        [first._replace(resources=("arn:aws:ecs:*",)), *others],
    ):
        found = prove([Policy(tuple(changed))], analysis.grants)
        idle = {(one.action, one.resource) for one in found if one.request is None}
        surplus = {(action, on) for one in changed for action, on in product(one.actions, one.resources)}
        surplus -= {(grant.action, grant.resource) for grant in analysis.grants}
        assert surplus <= idle


@pytest.mark.parametrize(
    ("others", "idle"),
    [
        ([("t/*", ())], True),
        ([("*", ())], True),
        ([("t/exampl?", ())], True),
        ([("t/example", ())], True),
        ([("t/example", (("StringLike", "k", ("a*",)),))], True),
        ([("t/exampl", ()), ("t/examples", ()), ("t/*s", ()), ("t/?", ()), ("t/${*}", ())], False),
        ([("*", (("StringEquals", "k", ("b",)),))], False),
        ([("*", (("StringEquals", "l", ("ab",)),))], False),
        ([("*", (("StringNotEquals", "k", ("c",)),))], True),
    ],
)
def test_a_pair_that_others_cover_has_no_witness(others: list[tuple[str, Condition]], *, idle: bool) -> None:
    """A pair is idle when another one allows its request: by a wildcard or a looser condition, and not by one alike."""
    own = ("t/example", (("StringEquals", "k", ("ab",)),))
    reason = Reason("State", (), "rule", "https://docs.aws.amazon.com/")
    grants = [Grant(Action("s:A"), on, under, "call", Certainty.EXACT, EXECUTION, (reason,)) for on, under in (own, *others)]
    found = prove([Policy(tuple(Statement("S", (one.action,), (one.resource,), one.condition) for one in grants))], grants)
    assert (found[0].request is None) is idle


def test_a_request_stands_clear_of_what_others_allow() -> None:
    """A wildcard is filled with a word that no other pattern matches, whatever words those match."""
    reason = Reason("State", (), "rule", "https://docs.aws.amazon.com/")
    patterns = ("t/*", "t/example", "t/another", "t/one-more", "t/*0*", "t/*q*", "arn:aws:s:*:*:x")
    grants = [Grant(Action("s:A"), on, (), "call", Certainty.EXACT, EXECUTION, (reason,)) for on in patterns]
    found = {one.resource: one.request for one in prove([Policy((Statement("S", (Action("s:A"),), patterns),))], grants)}
    assert found["t/*"] is not None
    assert not any(matches(other, found["t/*"].resource) for other in patterns[1:])
    assert found["arn:aws:s:*:*:x"].resource == "arn:aws:s:us-east-1:111122223333:x"


def test_each_grant_taken_away_is_missed() -> None:
    """Without its grant a pair has no witness: the request that is shown is one that the grant itself asks for."""
    analysis = sample("order-saga")
    for pair in {(one.action, one.resource) for one in prove(analysis.documents, analysis.grants)}:
        left = [grant for grant in analysis.grants if (grant.action, grant.resource) != pair]
        idle = [(one.action, one.resource) for one in prove(analysis.documents, left) if one.request is None]
        assert idle == [pair]


@pytest.mark.parametrize(
    ("glob", "code", "last"),
    [
        ("*", 0, "8 of 8 pairs of action and resource have a request that fails without it"),
        ("iam:*", 0, "1 of 1 pair of action and resource has a request that fails without it"),
        ("sqs", 1, "no permission matches `sqs`"),
    ],
)
def test_the_command_shows_the_proof(glob: str, code: int, last: str) -> None:
    """`explain --prove` shows each pair the glob matches with its request and its states, and counts them."""
    done = CliRunner().invoke(main, ["explain", glob, str(ROOT / "samples/small/definition.asl.json"), "--prove", "--arn", ARN])
    assert (done.exit_code, done.output.splitlines()[-1]) == (code, last)


def test_the_command_fails_when_something_has_no_witness(monkeypatch: pytest.MonkeyPatch) -> None:
    """Should a policy ever hold more than it needs, the proof says where and exits with 1."""
    analysis = sample("small")
    extra = Statement("Extra", ("s3:GetObject",), ("arn:aws:s3:::b/*",))
    wider = replace(analysis, policy=Policy((*analysis.policy.statements, extra)))
    monkeypatch.setattr(sys.modules["analyzer.analyze"], "analyze", lambda *_: wider)
    done = CliRunner().invoke(main, ["explain", "s3", str(ROOT / "samples/small/definition.asl.json"), "--prove"])
    assert done.exit_code == 1
    assert done.output.splitlines()[:3] == ["s3:GetObject · Extra", "  on     arn:aws:s3:::b/*", "  no request fails without it"]


def test_the_proof_as_data_says_all_of_it() -> None:
    """The JSON form has the pair, the request with its keys, and where each state that makes it stands."""
    arguments = [
        "explain",
        "ecs:RunTask",
        str(ROOT / "samples/small/definition.asl.json"),
        "--prove",
        "--format",
        "json",
        "--arn",
        ARN,
    ]
    [row] = json.loads(CliRunner().invoke(main, arguments).stdout)["pairs"]
    assert row["request"] == {
        "action": "ecs:RunTask",
        "resource": "arn:aws:ecs:us-east-1:111122223333:task-definition/build-report:example",
        "context": {"ecs:cluster": "arn:aws:ecs:us-east-1:111122223333:cluster/reports"},
    }
    assert [(one["state"], one["line"]) for one in row["needed_by"]] == [("Build report", 4)]


def test_the_report_counts_the_pairs_with_a_witness(capsys: pytest.CaptureFixture[str]) -> None:
    """`python tests/corpus_report.py` says how many pairs of the policies have a witness: all of them."""
    assert corpus_report.main([str(SMALL)]) == 0
    [line] = [line for line in capsys.readouterr().out.splitlines() if line.startswith("pairs with a witness")]
    [proven, of] = [int(word) for word in line.replace(",", "").split() if word.isdigit()]
    assert proven == of > 100


# ---------------------------------------------------------------------------------------------------- the judge's own parts


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [("a*", "a", True), ("a?", "a", False), ("a?", "ab", True), ("${*}", "*", True), ("${*}", "x", False), ("a.c", "abc", False)],
)
def test_the_judge_matches_as_iam_does(pattern: str, text: str, *, expected: bool) -> None:
    """Wildcards are any text and any character, escaped ones are characters, and nothing else is special."""
    assert matches(pattern, text) is expected


def test_the_judge_wants_every_key_and_one_of_its_values() -> None:
    """A key that the request does not have, or another value, lets nothing through; an unknown operator is an error."""
    block = {"StringEquals": {"a": ["1", "2"]}, "ArnLike": {"b": "x*"}}
    assert holds(block, {"a": "2", "b": "xy"})
    assert not holds(block, {"a": "2"})
    assert not holds(block, {"a": "3", "b": "xy"})
    with pytest.raises(KeyError):
        holds({"StringMatches": {"a": "1"}}, {"a": "1"})
