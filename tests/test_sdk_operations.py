"""What single SDK operations need, written from the services' documentation: one block an operation in `tests/sdk/*.txt`.

A block is the operation with its parameters, the pairs that must come out (action, resource, and the condition if there is
one), and the page that says so. The order of the pairs does not matter; what is not written must not come out.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from analyzer.analyze import analyze
from analyzer.context import make_context
from analyzer.policy import condition_block
from analyzer.text import Source

MACHINE = "arn:aws:states:us-east-1:111122223333:stateMachine:Machine"
PAGE = re.compile(r"# https://docs\.aws\.amazon\.com/\S+")


def blocks() -> list[tuple[str, str]]:
    """Return (name, text) of every block of every table."""
    found = []
    for path in sorted((Path(__file__).parent / "sdk").glob("*.txt")):
        texts = [text for text in re.split(r"\n\s*\n", path.read_text()) if re.search(r"^(?!#)\S", text, re.MULTILINE)]
        found += [(f"{path.stem}-{at}-{operation_of(text)}", text) for at, text in enumerate(texts)]
    return found


def operation_of(text: str) -> str:
    """Return the operation a block is about: its first word after the comments above it."""
    return next(line for line in text.splitlines() if line and not line.startswith("#")).split()[0]


@pytest.mark.parametrize("text", [text for _, text in blocks()], ids=[name for name, _ in blocks()])
def test_operation(text: str) -> None:
    """The operation needs exactly the pairs that its documentation names, and the block names the page."""
    assert PAGE.search(text), "name the page"
    head, *rest = [line.strip() for line in text.splitlines() if not line.strip().startswith("#")]
    operation, _, parameters = head.partition(" ")
    # Placeholders of the block, so that long ARNs stay readable: {here} is the Region and account of the machine.
    expected = {line.replace("{here}", "us-east-1:111122223333") for line in rest if line not in ("", "nothing")}
    assert needed(operation, json.loads(parameters or "{}")) == expected


def needed(operation: str, parameters: object) -> set[str]:
    """Return the pairs the policy of a machine with this one task grants, each as a line."""
    task = {"Type": "Task", "Resource": f"arn:aws:states:::aws-sdk:{operation}", "Parameters": parameters, "End": True}
    analysis = analyze(Source(json.dumps({"StartAt": "Task", "States": {"Task": task}}), "block"), make_context(arn=MACHINE))
    problems = [
        d.message for d in analysis.diagnostics if d.id in ("unknown-operation", "unknown-integration", "malformed-resource-arn")
    ]
    assert problems == []
    return {
        " ".join(
            filter(None, (action, resource, json.dumps(condition_block(statement.condition)) if statement.condition else ""))
        )
        for statement in analysis.policy.statements
        for action in statement.actions
        for resource in statement.resources
    }


def test_the_tables_are_broad() -> None:
    """At least four hundred operations of at least sixty services are written down."""
    operations = {operation_of(text) for _, text in blocks()}
    assert len(operations) >= 400
    assert len({name.partition(":")[0] for name in operations}) >= 60
