"""What policies hold as a whole: their sizes, and trust that stays within what a role has room for."""

from __future__ import annotations

import json

import pytest

from analyzer import analyze, make_context
from analyzer.policy import INLINE_LIMIT, TRUST_LIMIT, policy_size
from analyzer.text import Source

ARN = "arn:aws:states:us-east-1:111122223333:stateMachine:Machine"


def machine(*states: dict[str, object]) -> Source:
    """Return a definition that runs *states* one after the other."""
    names = [f"s{number}" for number in range(len(states))]
    follow = [{"Next": name} for name in names[1:]] + [{"End": True}]
    chained = {name: {**state, **after} for name, state, after in zip(names, states, follow, strict=True)}
    return Source(json.dumps({"StartAt": names[0], "States": chained}), "x")


def put(table: str, role: str | None = None) -> dict[str, object]:
    """Return a task that writes to *table*, under *role* when there is one."""
    task = {"Type": "Task", "Resource": "arn:aws:states:::dynamodb:putItem", "Parameters": {"TableName": table}}
    return {**task, "Credentials": {"RoleArn": role}} if role else task


@pytest.mark.parametrize("role", [None, "arn:aws:iam::444455556666:role/far"])
def test_a_policy_that_is_too_large_is_reported_for_every_role(role: str | None) -> None:
    """The limit holds for the execution role as for the roles taken on by Credentials."""
    said = f"`{role}` has" if role else "the execution role has"
    tasks = (put(f"a-table-with-a-long-name-{number:04}", role) for number in range(200))
    analysis = analyze(machine(*tasks), make_context(arn=ARN))
    [found] = [found.message for found in analysis.diagnostics if found.id == "policy-too-large"]
    assert said in found
    assert f"{INLINE_LIMIT:,}" in found


@pytest.mark.parametrize("number", [1, 3, 12, 200])
def test_a_trust_policy_fits_whatever_the_number_of_labels(number: int) -> None:
    """Few labels are named one by one; many become one pattern, below this machine's own name."""

    def each(label: str) -> dict[str, object]:
        inside = {"StartAt": label, "States": {label: {"Type": "Succeed"}}}
        processor = {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, **inside}
        return {"Type": "Map", "Label": label, "ItemProcessor": processor}

    trust = analyze(machine(*(each(f"label-{one:034}") for one in range(number))), make_context(arn=ARN)).trust
    sources = trust["Statement"][0]["Condition"]["ArnLike"]["aws:SourceArn"]
    assert policy_size(trust) <= TRUST_LIMIT
    assert sources == [ARN, *(f"{ARN}/label-{one:034}" for one in range(number))] or sources == [ARN, f"{ARN}/*"]
    assert (len(sources) == number + 1) or number > 3
