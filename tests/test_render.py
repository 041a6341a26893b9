"""Policies in the languages of templates: what is written is read back by other means, and says the same."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from render import readers

from analyzer.analyze import Analysis, analyze
from analyzer.permissions import Action
from analyzer.permissions.patterns import as_exact, as_pattern
from analyzer.policy import Policy, Statement
from analyzer.render import FORMS, render
from analyzer.report import report
from analyzer.templates.model import Found
from analyzer.text import Source

if TYPE_CHECKING:
    from collections.abc import Callable

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


def analysis(policy: tuple[Statement, ...], *, dialect: str = "") -> Analysis:
    """Return an analysis that derived *policy*: of a definition alone, or of a machine of a template in *dialect*."""
    made = analyze(Source(MACHINE, "orders.asl.json"))
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
    one, other = analysis(policy), analysis(policy)
    other = replace(other, machine=replace(other.machine, source=Source(MACHINE, "returns.asl.json")))
    text = render([one, other], form)
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
