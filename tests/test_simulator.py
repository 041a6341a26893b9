"""Containment against a simulator of IAM that others wrote: what we call a proof, it has to take for one."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from simulator import Asked, install, simulate

from analyzer.compare.contain import beyond
from analyzer.compare.statements import Request, Rights, clauses_of

QUEUE = "arn:aws:sqs:us-east-1:111122223333:"
ACTIONS = ("sqs:SendMessage", "sqs:ReceiveMessage", "sqs:DeleteMessage")
SOURCES = (
    "arn:aws:sns:us-east-1:111122223333:a",
    "arn:aws:sns:*:111122223333:a*",
    "arn:aws:*:us-east-1:*:a",
    "arn:aws:sns:*:*:b:*",
)
PAIRS = 400


def statements(random: Random) -> list[dict[str, Any]]:
    """Return a few statements that have much in common with any others made here."""
    return [statement(random) for _ in range(random.randint(1, 3))]


def statement(random: Random) -> dict[str, Any]:
    """Return one statement, perhaps with a condition."""
    made: dict[str, Any] = {
        "Effect": "Allow",
        "Action": random.choice((*ACTIONS, "sqs:*", "SQS:Send*", "sqs:?e*Message")),
        "Resource": [
            QUEUE + random.choice(("a", "b", "a*", "*a", "a?", "*", "a*b", "?", "ab")) for _ in range(random.randint(1, 2))
        ],
    }
    if random.random() < 0.5:
        made["Condition"] = dict(condition(random) for _ in range(random.randint(1, 2)))
    return made


def condition(random: Random) -> tuple[str, dict[str, Any]]:
    """Return one line of a condition block."""
    operator = random.choice(("StringEquals", "StringLike", "StringNotLike", "StringEqualsIfExists", "ArnLike", "Bool", "Null"))
    if operator == "ArnLike":
        return operator, {"aws:SourceArn": random.sample(SOURCES, random.randint(1, 2))}
    if operator in ("Bool", "Null"):
        return operator, {
            "aws:SecureTransport" if operator == "Bool" else "aws:PrincipalTag/team": random.choice(("true", "false"))
        }
    wild = ("a*", "*", "?b") if "Like" in operator else ()
    values = [random.choice(("a", "ab", "b", *wild)) for _ in range(random.randint(1, 2))]
    return operator, {"aws:PrincipalTag/team": values}


def some_requests(random: Random) -> list[tuple[str, str, dict[str, str]]]:
    """Return requests that such statements may be asked for."""
    made = []
    for _ in range(12):
        context = {"aws:SecureTransport": random.choice(("true", "false"))}
        if random.random() < 0.7:
            context["aws:PrincipalTag/team"] = random.choice(("a", "ab", "b", "z"))
        if random.random() < 0.7:
            context["aws:SourceArn"] = random.choice(("arn:aws:sns:us-east-1:111122223333:a", "arn:aws:sns:us-east-1:1:b:c"))
        made.append((random.choice(ACTIONS), QUEUE + random.choice(("a", "b", "ab", "aab", "z", "ba")), context))
    return made


def test_the_simulator_agrees() -> None:
    """Every counterexample is let through by one policy and not by the other; a contained policy lets nothing more through."""
    folder = install()
    if isinstance(folder, str):
        pytest.skip(folder)
    random = Random(20261125)  # noqa: S311 - nothing here is a secret
    policies: list[list[dict[str, Any]]] = []
    asked: list[Asked] = []
    proofs: list[int] = []
    contained: list[int] = []
    for _ in range(PAIRS):
        new, old = statements(random), statements(random)
        number = len(policies)
        policies += [new, old]
        found = list(beyond(Rights(clauses_of({"Statement": new})), Rights(clauses_of({"Statement": old}))))
        requests = [one.gap for one in found if isinstance(one.gap, Request)]
        for request in requests[:5]:
            proofs.append(len(asked))
            asked += [(side, request.action, request.resource, dict(request.context)) for side in (number, number + 1)]
        if not found:
            for action, resource, context in some_requests(random):
                contained.append(len(asked))
                asked += [(side, action, resource, context) for side in (number, number + 1)]
    answers = simulate(folder, policies, asked)
    assert [asked[at] for at in proofs if not answers[at]] == []  # not allowed by the one that allows more
    assert [asked[at] for at in proofs if answers[at + 1]] == []  # allowed by the other one, too
    assert [asked[at] for at in contained if answers[at] and not answers[at + 1]] == []
    assert len(proofs) > PAIRS
    assert sum(answers[at] for at in contained) > 20
