"""Real definitions, and what others grant for them: the large corpus where it is, and in any case the small one of our own."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from functools import cache
from pathlib import Path

import corpus_report
import pytest
from corpus.cases import SMALL, Case, corpus_root, load
from corpus.compare import OUTSIDE, SDK, Uses, beyond, book, lacks
from corpus.differences import Row, explain, read_table
from corpus.globs import expand, holds
from corpus.measure import Outcome, forbidden, harden, judge, measure, run
from corpus.tasks import tasks_of
from corpus.templates import Measure, measure_templates
from corpus.templates import read_table as read_template_table

from analyzer.policy import Policy, Statement

LARGE = corpus_root()
CORPORA = [SMALL] + ([LARGE] if (LARGE / "index.json").is_file() else [])

NO_SUCH_INTEGRATION = {"dynamodb:query (request_response)", "lambda:listFunctions (request_response)"}
"""What definitions of the corpus call by intent although no optimized integration does it: refused, with an error."""

NOT_YET_DIAGNOSED = {
    "asl-validator/src--__tests__--definitions--invalid-json-surround-syntax-extra-spaces",  # reported as a warning
    "asl-validator/src--__tests__--definitions--invalid-jsonata-surround-syntax-no-spaces",  # spaces are a matter of taste
    "cfn-lint/rule-test--Valid-string-json-2",  # a placeholder as Resource, which this tool reads: reported as a warning
}
"""Definitions a corpus holds for invalid in which no error is found, and why."""

ERROR_OF_THEIRS = {
    "malformed-resource-arn": "a validator of the language alone does not look into Resource",
    "missing-field": "Credentials without the RoleArn that Step Functions asks for",
    "invalid-value": "a role by a text that is no ARN, which that validator does not look into",
    "dangling-transition": "a state that is not there, which that validator does not look for in a scope",
    "other-region": "the CDK builds a task for a queue of another Region, which Step Functions does not call",
}
"""Errors found in definitions a corpus holds for valid, and why they are errors."""

each_corpus = pytest.mark.parametrize("root", CORPORA, ids=["small", "large"][: len(CORPORA)])


@cache
def cases(root: Path) -> list[Case]:
    """Return the cases of *root*, read once."""
    return load(root)


@cache
def outcomes(root: Path) -> list[Outcome]:
    """Return what became of the cases of *root*, analysed once."""
    return [run(case) for case in cases(root)]


@cache
def measured(root: Path) -> Measure:
    """Return what reading the templates of *root* shows, read once."""
    return measure_templates(root, read_template_table())


def outcome(name: str) -> Outcome:
    """Return what became of one definition of the small corpus."""
    return next(found for found in outcomes(SMALL) if found.case.id == name)


# ------------------------------------------------------------------------------------------------- what the report says


@each_corpus
def test_nothing_crashes(root: Path) -> None:
    """Every text is analysed or refused, as it is and as an EXPRESS machine of which nothing is known."""
    tally = measure([*outcomes(root), *(run(harden(case)) for case in cases(root))])
    assert tally.crashes == []
    assert tally.definitions >= 28


@each_corpus
def test_every_optimized_task_is_covered(root: Path) -> None:
    """Each task of an optimized integration is granted its action; only integrations that do not exist are refused."""
    tally = measure(outcomes(root))
    assert tally.uncovered == []
    assert {place.split(": ", 2)[2] for place in tally.rejected} <= NO_SUCH_INTEGRATION
    assert tally.covered + tally.unreachable + len(tally.rejected) == tally.tasks["optimized"]
    assert tally.covered >= 30


@each_corpus
def test_no_policy_has_what_none_may_have(root: Path) -> None:
    """No policy has a leaked expression, an empty element, an unknown action, an unexplained pair or misplaced `.sync` rights."""
    tally = measure([*outcomes(root), *(run(harden(case)) for case in cases(root))])
    assert tally.forbidden == []


@each_corpus
def test_every_difference_with_other_policies_is_explained(root: Path) -> None:
    """What the CDK or the declared policy grants beyond ours has a row, with its reason, in the table of differences."""
    _, unexplained, stale = explain((lack for found in outcomes(root) for lack in lacks(found)), read_table())
    assert unexplained == []
    if root is LARGE:
        assert stale == []


@each_corpus
def test_every_machine_of_the_templates_is_found_and_read_as_the_corpus_resolves_it(root: Path) -> None:
    """Each template gives its machines, each with the policy of the definition that the corpus resolved; or the table has it."""
    found = measured(root)
    assert found.unexplained == []
    assert found.equal >= found.resolved - len(read_template_table()) >= 0
    if root is LARGE:
        assert found.stale == []
        assert (found.machines, found.resolved) == (98, 49)


@each_corpus
def test_what_templates_declare_is_compared(root: Path) -> None:
    """What the role in a template grants beyond the derived policy has a row in the table of differences."""
    _, unexplained, _ = explain((lack for outcome in measured(root).declared for lack in lacks(outcome)), read_table())
    assert unexplained == []
    assert measured(root).declared


def test_a_template_that_is_read_otherwise_is_a_difference(tmp_path: Path) -> None:
    """A name that the template has otherwise, a definition that is not there and a permission too many are each noticed."""
    shutil.copytree(SMALL, tmp_path, dirs_exist_ok=True)
    template = tmp_path / "shop.template.yaml"
    whole = template.read_text("utf-8")
    template.write_text(whole.replace("-orders'", "-others'"))
    assert [(one.what, one.id) for one in measure_templates(tmp_path, ()).unexplained] == [("policy", "shop")]
    template.write_text(whole.replace("  Shop:", "  Store:"))
    assert [(one.what, one.id) for one in measure_templates(tmp_path, ()).unexplained] == [("failed", "shop")]
    template.write_text(whole.replace("'sqs:SendMessage'", "'sqs:*'"))
    declared = measure_templates(tmp_path, ()).declared
    assert [lack.action for outcome in declared for lack in lacks(outcome)] == ["sqs:*"]


@each_corpus
def test_valid_and_invalid_definitions_are_told_apart(root: Path) -> None:
    """An invalid definition has an error or is refused, and a valid one has none, with the exceptions listed above."""
    tally = measure(outcomes(root))
    assert set(tally.undiagnosed) <= NOT_YET_DIAGNOSED
    assert {accused.split(": ")[1] for accused in tally.accused} <= ERROR_OF_THEIRS.keys()


def test_the_small_corpus_is_told_right_from_wrong() -> None:
    """Valid definitions have no error and broken ones have one; together they have every type of state, and YAML."""
    tally = measure(outcomes(SMALL))
    assert (tally.accused, tally.undiagnosed) == ([], [])
    assert (tally.valid, tally.invalid) == (14, 2)
    documents = [found.analysis.machine for found in outcomes(SMALL) if found.analysis]
    types = {state.body.get("Type") for machine in documents for state in machine.states()}
    assert types == {"Task", "Pass", "Choice", "Wait", "Succeed", "Fail", "Parallel", "Map"}
    assert {machine.source.name.rpartition(".")[2] for machine in documents} == {"json", "yaml", "yml"}


def test_the_report_prints_its_figures_and_says_when_there_is_no_corpus(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """`python tests/corpus_report.py DIR` prints the figures and exits 0; without a corpus it says so and exits 0, too."""
    assert corpus_report.main([str(SMALL)]) == 0
    printed = capsys.readouterr().out
    for line in ("crashes", "optimized tasks covered", "forbidden", "UNEXPLAINED"):
        assert f"\n{line} " in printed
    assert corpus_report.main([str(tmp_path / "nowhere")]) == 0
    assert capsys.readouterr().out.startswith("no corpus at ")


# --------------------------------------------------------------------------------------------- that it would say it, too


def test_a_missing_permission_is_a_difference() -> None:
    """Whatever permission of a small definition is taken away, the comparison with its declared policy misses it."""
    for name in ("onboarding", "approval", "nightly", "release"):
        found = outcome(name)
        assert found.analysis is not None
        assert list(lacks(found)) == []
        declared = {action for statement in found.case.expected or () for action in expand_all(statement["Action"])}
        for action in sorted(declared):
            kept = [without(statement, action) for statement in found.analysis.policy.statements]
            policy = Policy(tuple(statement for statement in kept if statement.actions))
            poorer = replace(found, analysis=replace(found.analysis, policy=policy))
            assert action in {lack.action for lack in lacks(poorer)}, f"{name}: nobody misses {action}"


def test_what_goes_beyond_is_seen() -> None:
    """Against a policy that grants nothing, every grant of the execution role is beyond it."""
    found = outcome("approval")
    bare = replace(found, case=replace(found.case, expected=[]))
    assert {action for _, action in beyond(bare)} == {"sqs:SendMessage", "states:StartExecution", "events:PutEvents"}


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        (Statement("A", ("sns:Publish",), ("arn:aws:sns:::undefined",)), "'undefined' in "),
        (Statement("A", ("sns:Publish",), ("arn:aws:sns:::$.topic",)), "'$.' in "),
        (Statement("A", ("sns:Publish",), ("States.Format('{}', $.x)",)), "'States.Format(' in "),
        (Statement("A", ("sns:Publish",), ("{% $topic %}",)), "'{%' in "),
        (Statement("A", ("sns:Publish",), ()), "an empty Resource in "),
        (Statement("A", ("sns:Publish",), ("",)), "an empty Resource in "),
        (Statement("A", ("s3:ListObjectsV2",), ("*",)), "s3:ListObjectsV2 is not an IAM action"),
        (
            Statement("A", ("sns:Publish",), ("arn:aws:sns:eu-west-1:1:other",)),
            "sns:Publish on arn:aws:sns:eu-west-1:1:other has no reason",
        ),
    ],
)
def test_a_forbidden_policy_is_caught(statement: Statement, said: str) -> None:
    """Each thing that no policy may have is found when one has it."""
    analysis = outcome("approval").analysis
    assert analysis is not None
    assert any(fault.startswith(said) for fault in forbidden(replace(analysis, policy=Policy((statement,)))))


def test_sync_rights_of_a_request_response_task_are_caught() -> None:
    """A grant to poll for a task that does not wait is found, whatever else is right about it."""
    analysis = outcome("onboarding").analysis
    assert analysis is not None
    wrong = replace(analysis, grants=(*analysis.grants, replace(analysis.grants[0], level="poll")))
    assert [fault for fault in forbidden(wrong) if ": a poll grant for " in fault] != []


def test_a_task_without_grants_is_uncovered() -> None:
    """A task of a mapped integration for which nothing is granted, or not the action of its name, is not covered."""
    found = outcome("approval")
    assert found.analysis is not None
    task = tasks_of(found.analysis.machine.document, {})[0]
    assert judge(task, found.analysis) == "covered"
    assert judge(task, replace(found.analysis, grants=())) == "uncovered"
    wrong = tuple(replace(grant, action="sqs:DeleteMessage") for grant in found.analysis.grants)
    assert judge(task, replace(found.analysis, grants=wrong)) == "uncovered"


# -------------------------------------------------------------------------------------------------- its own small parts


@pytest.mark.parametrize(
    ("wide", "narrow", "expected"),
    [
        ("*", "arn:aws:s3:::b/*", True),
        ("arn:aws:s3:::b/*", "arn:aws:s3:::b/k", True),
        ("arn:aws:s3:::b/*", "arn:aws:s3:::b", False),
        ("function:f*", "function:f:live", True),
        ("function:f", "function:f:live", False),
        ("function:f:*", "function:f", False),
        ("execution:child:*", "execution:child*", False),
        ("*a*", "*ba*", True),
        ("a?", "a*", False),
        ("a?*", "a*", False),
        ("a*", "a?", True),
        ("a?", "a?", True),
        ("q/${$}default", "q/$default", False),
        ("q/*", "q/${*}", True),
        ("q/${*}", "q/*", False),
        ("a.c", "abc", False),
    ],
)
def test_containment_of_patterns(wide: str, narrow: str, *, expected: bool) -> None:
    """A pattern holds another one exactly when it matches everything the other one does."""
    assert holds(wide, narrow) is expected


def test_patterns_of_actions() -> None:
    """Actions are compared without case and expanded over the authorization data; an unknown name is nothing."""
    assert expand("SNS:publish") == {"sns:Publish"}
    assert expand("dynamodb:Batch*Item") == {"dynamodb:BatchGetItem", "dynamodb:BatchWriteItem"}
    assert expand("s3:ListObjectsV2") == frozenset()


@pytest.mark.parametrize(
    ("action", "integration"),
    [
        ("states:StartExecution", "map"),
        ("s3:GetObject", "map"),
        ("lambda:InvokeFunction", "lambda"),
        ("events:PutRule", "managed rule"),
        ("glue:StartCrawler", SDK),
        ("iam:PassRole", SDK),
        ("sqs:SendMessage", OUTSIDE),
    ],
)
def test_a_difference_is_booked_where_it_belongs(action: str, integration: str) -> None:
    """An action is booked on the integration of the definition it serves, an SDK call, or on nothing of it."""
    uses = Uses(frozenset({"map", "lambda"}), frozenset({"glue"}), frozenset({"glue:startcrawler"}))
    assert book(action, uses) == integration


def test_a_table_of_differences_tells_open_and_stale_rows() -> None:
    """The first row that fits explains a difference; what no row fits is open, and a row that fits nothing is stale."""
    found = outcome("approval")
    everything = [{"Effect": "Allow", "Action": ["sqs:*", "sns:Publish"], "Resource": "*"}]
    wide = list(lacks(replace(found, case=replace(found.case, expected=everything))))
    rows = [Row("declared", "sqs", "sqs:[*]", "wildcard"), Row("declared", "sqs", "sqs:*", "never reached")]
    explained, open_, stale = explain(wide, rows)
    assert [(row.reason, len(hits)) for row, hits in explained] == [("wildcard", 1)]
    assert [(lack.integration, lack.action) for lack in open_] == [(OUTSIDE, "sns:Publish")]
    assert [row.reason for row in stale] == ["never reached"]


def test_a_broken_row_is_refused(tmp_path: Path) -> None:
    """A row without its four columns is an error that names the line."""
    (tmp_path / "table.txt").write_text("# a comment\n\ncdk | ecs | ecs:RunTask\n")
    with pytest.raises(ValueError, match=r"table\.txt:3"):
        read_table(tmp_path / "table.txt")


def test_every_definition_of_the_small_corpus_is_in_its_index() -> None:
    """No file of the small corpus is forgotten in its index."""
    index = json.loads((SMALL / "index.json").read_text("utf-8"))
    listed = {entry[key] for entry in index for key in ("path", "original", "resolved_path") if key in entry}
    assert listed == {path.name for path in SMALL.iterdir()} - {"index.json"}


def expand_all(actions: str | list[str]) -> list[str]:
    """Return *actions* as a list."""
    return [actions] if isinstance(actions, str) else actions


def without(statement: Statement, action: str) -> Statement:
    """Return *statement* without *action*."""
    return statement._replace(actions=tuple(own for own in statement.actions if own != action))
