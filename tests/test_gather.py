"""What there is to say about two sets of machines: what is in it, what is left out, and where it points."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from analyzer import analyze, make_context
from analyzer.bot.gather import DRAWN, Side, gather
from analyzer.bot.review import Review, Spot
from analyzer.compare.findings import finding
from analyzer.compare.statements import Place
from analyzer.text import Source

ROOT = Path(__file__).parent.parent
ARN = "arn:aws:states:us-east-1:111122223333:stateMachine:M"
PUT = {"Type": "Task", "Resource": "arn:aws:states:::dynamodb:putItem", "Parameters": {"TableName": "t", "Item": {}}}
GET = {"Type": "Task", "Resource": "arn:aws:states:::dynamodb:getItem", "Parameters": {"TableName": "t", "Key": {}}}


def side(*, name: str = "M", **states: dict[str, Any]) -> Side:
    """Return a side of one machine, whose states follow each other."""
    names = list(states)
    body = {
        each: {**state, **({"Next": names[place + 1]} if place + 1 < len(names) else {"End": True})}
        for place, (each, state) in enumerate(states.items())
    }
    source = Source(json.dumps({"StartAt": names[0], "States": body}, indent=1), "flows/m.json")
    return Side({("flows/m.json", name): analyze(source, make_context(arn=ARN))})


def said(base: Side, head: Side) -> Review:
    """Compare two sides, without findings."""
    return gather(base, head)


def test_the_same_permissions_by_other_states_are_nothing_to_say() -> None:
    """Only what the role needs is compared."""
    assert said(side(A=PUT), side(B=PUT)).machines == ()


def test_a_permission_that_is_added_names_its_states_and_lines() -> None:
    """Every state that needs it, at the line where it stands now."""
    [machine] = said(side(A=PUT), side(A=PUT, B=GET, C=GET)).machines
    [added] = machine.permissions
    assert (machine.kind, added.added, added.action) == ("changed", True, "dynamodb:GetItem")
    text = side(A=PUT, B=GET, C=GET).analyses["flows/m.json", "M"].machine.source.text.splitlines()
    lines = [next(number for number, line in enumerate(text, 1) if f'"{state}": {{' in line) for state in "BC"]
    assert [(why.state, why.spot) for why in added.reasons] == [
        ("B", Spot("flows/m.json", lines[0])),
        ("C", Spot("flows/m.json", lines[1])),
    ]


def test_the_states_that_need_something_new_are_marked() -> None:
    """And no others."""
    [machine] = said(side(A=PUT), side(A=PUT, B=GET)).machines
    assert machine.diagram.splitlines()[-1] == "  class s2 marked"


def test_a_new_machine_has_a_policy_and_no_difference() -> None:
    """There is nothing to compare its policy with."""
    [machine] = said(Side({}), side(A=PUT)).machines
    assert (machine.kind, machine.differences, [block.title for block in machine.suggestion]) == ("added", (), ["execution role"])


def test_a_machine_that_is_gone_has_only_what_it_needed() -> None:
    """The lines are those of the base."""
    [machine] = said(side(A=PUT), Side({})).machines
    assert (machine.kind, machine.suggestion, machine.diagram) == ("removed", (), "")
    assert [one.added for one in machine.permissions] == [False]


def test_a_machine_that_could_not_be_read_is_not_said_to_be_gone() -> None:
    """Nobody knows what it needs."""
    assert gather(side(A=PUT), Side({}), incomplete=True).machines == ()


def test_a_change_of_who_may_take_the_role_is_shown() -> None:
    """The trust policy is compared like the policy."""
    base, head = side(A=PUT), side(A=PUT)
    [key] = head.analyses
    source = head.analyses[key].machine.source
    moved = Side({key: analyze(source, make_context(arn=ARN.replace("111122223333", "444455556666")))})
    [machine] = said(base, moved).machines
    assert "trust policy of the execution role" in [block.title for block in machine.differences]


def test_a_target_role_has_a_policy_of_its_own() -> None:
    """What is needed under `Credentials` is suggested for that role."""
    target = "arn:aws:iam::444455556666:role/Target"
    [machine] = said(side(A=PUT), side(A={**PUT, "Credentials": {"RoleArn": target}})).machines
    assert [block.title for block in machine.suggestion] == ["execution role", f"role {target}"]
    assert {one.role for one in machine.permissions if one.added} == {"execution", target}


def test_only_new_warnings_are_said_and_wildcards_counted() -> None:
    """What the base had was there before."""
    ask = {"Type": "Task", "Resource": "arn:aws:states:::sns:publish", "Parameters": {"TopicArn.$": "$.t", "Message": "m"}}
    [machine] = said(side(A=ask), side(A=ask, B={**ask, "Parameters": {"TopicArn.$": "$.u", "Message": "m"}}, C=PUT)).machines
    assert [remark.id for remark in machine.remarks] == ["unresolved-resource"]
    assert "`$.u`" in machine.remarks[0].message
    assert machine.wildcards == 1


def test_a_diagram_that_nobody_could_draw_is_left_out() -> None:
    """Mermaid refuses long texts."""
    names = {f"{number} {'|' * 76}"[:80]: GET if number else PUT for number in range(120)}
    [machine] = said(side(A=PUT), side(**names)).machines
    assert machine.diagram == ""
    assert DRAWN < 50_000


def test_policies_are_suggested_in_the_language_of_the_template() -> None:
    """By the names of the template, where it has some."""
    comment = (ROOT / "samples/pull-request/comment.md").read_text()
    assert "```yaml\nResources:\n" in comment
    assert "Resource: !GetAtt Orders.Arn" in comment


def test_actions_that_one_statement_has_for_nothing_are_one_remark() -> None:
    """A managed policy with ninety of them is one thing to look at."""
    base, head = side(A=PUT), side(A=PUT, B=GET)
    [key] = head.analyses
    place = Place("statement `Wide`")
    unneeded = [
        finding(
            "excess-permission", "M", f"statement `Wide` allows sqs:{name}, which no state needs", place,
            statement="statement `Wide`", actions=(f"sqs:{name}",),
        )
        for name in ("AddPermission", "CreateQueue", "DeleteMessage", "DeleteQueue", "PurgeQueue", "SendMessage")
    ]  # fmt: skip
    [machine] = gather(base, head._replace(findings={key: unneeded})).machines
    [remark] = machine.remarks
    assert remark.message == (
        "statement `Wide` allows sqs:AddPermission, sqs:CreateQueue, sqs:DeleteMessage, sqs:DeleteQueue and 2 more, "
        "which no state needs"
    )


def test_what_is_wrong_in_the_base_already_is_counted_and_no_more() -> None:
    """Who asks for a change is told what the change brings: lines and messages may have moved."""
    base, head = side(A=PUT), side(A=PUT, B=GET)
    [key] = head.analyses

    def denied(action: str, line: str) -> Any:
        message = f"state `A` needs {action}, which is not declared, {line}"
        return finding("missing-permission", "M", message, Place("state `A`"), state="A", actions=(action,), resource="t")

    old = base._replace(findings={key: [denied("dynamodb:PutItem", "line 1")]})
    new = head._replace(findings={key: [denied("dynamodb:PutItem", "line 2"), denied("dynamodb:GetItem", "line 3")]})
    [machine] = gather(old, new).machines
    assert [remark.message for remark in machine.remarks] == [denied("dynamodb:GetItem", "line 3").message]
    assert machine.older == 1
    assert gather(old, base._replace(findings=old.findings)).machines == ()


def at(path: str, one: Side, name: str = "M") -> Side:
    """Return a side with its machine at another place, as a template there has it."""
    [analysis] = one.analyses.values()
    return Side({(path, name): analysis})


def test_a_machine_that_is_moved_is_compared_with_what_it_was() -> None:
    """Else all that it needs would be new, and all that it needed gone."""
    [machine] = said(at("a.json", side(A=PUT)), at("b.json", side(A=PUT, B=GET))).machines
    assert (machine.path, machine.kind, machine.added, machine.removed) == ("b.json", "changed", 1, 0)
    assert [(one.severity, one.id, one.message) for one in machine.remarks] == [
        ("note", "moved-machine", "this was `M` in `a.json`")
    ]


def test_a_file_that_is_renamed_is_said_and_adds_nothing() -> None:
    """A definition alone is called like its file: then it is known by its text."""
    for new in (at("b.json", side(A=PUT)), at("b.json", side(A=PUT), "b")):
        [machine] = said(at("a.json", side(A=PUT)), new).machines
        assert (machine.kind, machine.permissions, machine.remarks[0].id) == ("same", (), "moved-machine")


def test_another_machine_of_the_same_name_is_none_that_moved() -> None:
    """Its role is a new one, and whoever reviews it has to see all of it."""
    machines = said(at("a.json", side(A=PUT)), at("b.json", side(Z=GET))).machines
    assert [(one.path, one.kind) for one in machines] == [("a.json", "removed"), ("b.json", "added")]


def test_what_may_be_the_same_as_two_others_is_none_of_them() -> None:
    """Of two copies, nobody knows which is the old one."""
    old, copy = at("a.json", side(A=PUT)), at("b.json", side(A=PUT))
    both = Side({**copy.analyses, ("c.json", "M"): copy.analyses["b.json", "M"]})
    assert [one.kind for one in said(old, both).machines] == ["removed", "added", "added"]
    assert [one.kind for one in said(both, old).machines] == ["added", "removed", "removed"]
