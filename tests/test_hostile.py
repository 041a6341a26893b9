"""Definitions that nobody writes by mistake: whatever they hold, the answer is short, on one line, and soon there."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from analyzer import analyze, make_context, report
from analyzer.text import Source

if TYPE_CHECKING:
    from analyzer.analyze import Analysis

HUGE = "x" * 1_000_000
INTEGRATION = "arn:aws:states:::"


def analysed(states: dict[str, Any], start: str | None = None) -> Analysis:
    """Analyse a machine of *states*."""
    text = json.dumps({"StartAt": start or next(iter(states)), "States": states})
    return analyze(Source(text, "x"), make_context(arn="arn:aws:states:us-east-1:111122223333:stateMachine:Machine"))


def task(resource: str, **parameters: object) -> dict[str, Any]:
    """Return a task that ends its machine."""
    return {"Type": "Task", "Resource": resource, "Parameters": parameters, "End": True}


@pytest.mark.parametrize(
    "states",
    [
        {HUGE: task(f"{INTEGRATION}dynamodb:putItem", **{"TableName.$": "$.x"})},
        {"A": task(INTEGRATION + HUGE)},
        {"A": task(f"{INTEGRATION}{HUGE}:putItem")},
        {"A": task(f"{INTEGRATION}dynamodb:{HUGE}")},
        {"A": task(f"{INTEGRATION}aws-sdk:{HUGE}:{HUGE}")},
        {"A": task(f"{INTEGRATION}dynamodb:putItem", **{"TableName.$": "$." + HUGE})},
        {"A": task(f"{INTEGRATION}sns:publish", TopicArn=HUGE)},
        {"A": task(f"{INTEGRATION}sqs:sendMessage", QueueUrl="https://" + "sqs.a." * 200_000)},
        {"A\r\nB\x85C\u2028D": task(f"{INTEGRATION}dynamodb:putItem", TableName="a\nb")},
        {"A": {"Type": "Pass\nPass", "Next": "B\nC"}},
        {
            "A": task("\ue000"),
            "B": task("arn:aws:\ue000:x:y:function:z"),
            "C": task(f"{INTEGRATION}sns:publish", TopicArn="a\ue000"),
        },
        {"A": {"Type": "Pass", "End": True, "Com\nment": 1}},
    ],
    ids=["name", "resource", "service", "operation", "sdk", "path", "topic", "url", "lines", "type", "hole", "field"],
)
def test_a_message_is_one_line_of_bounded_length(states: dict[str, Any]) -> None:
    """What a definition brings in fills no screen and forges no line."""
    analysis = analysed(states)
    for found in analysis.diagnostics:
        for text in (found.message, found.help):
            assert len(text) <= 4_000
            assert len(text.splitlines()) == 1
    assert report(analysis, "json")


def test_suggestions_are_for_people() -> None:
    """Ten thousand misspelt services are ten thousand errors, but not ten thousand searches for what each might mean."""
    tasks = {f"s{number}": {**task(f"{INTEGRATION}lamda{number}:invoke"), "Next": f"s{number + 1}"} for number in range(10_000)}
    for state in tasks.values():
        del state["End"]
    analysis = analysed({**tasks, "s10000": {"Type": "Succeed"}})
    errors = [found for found in analysis.diagnostics if found.id == "unknown-integration"]
    assert len(errors) == len(tasks)
    assert 0 < sum(found.help == "did you mean `lambda`?" for found in errors) < 2_000
