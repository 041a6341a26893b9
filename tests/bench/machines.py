"""Definitions to measure with: real ones where there are any, and generated ones of a given size."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]


def chain(states: int, names: int) -> dict[str, Any]:
    """Return a definition of *states* tasks one after the other, which name *names* different tables, queues and functions."""
    made = {f"State{at}": _task(at, names) | {"Next": f"State{at + 1}"} for at in range(states)}
    last = made[f"State{states - 1}"]
    del last["Next"]
    last["End"] = True
    return {"Comment": "A generated chain", "StartAt": "State0", "States": made}


def _task(at: int, names: int) -> dict[str, Any]:
    name = f"orders-{at % names}"
    resource, parameters = [
        ("dynamodb:putItem", {"TableName": name, "Item": {"id": {"S": str(at)}, "note": {"S": "a value of some length"}}}),
        ("lambda:invoke", {"FunctionName": name, "Payload": {"id.$": "$.id", "step": at}}),
        ("sqs:sendMessage", {"QueueUrl": f"https://sqs.us-east-1.amazonaws.com/111122223333/{name}", "MessageBody.$": "$"}),
    ][at % 3]
    retry = [{"ErrorEquals": ["States.TaskFailed"], "IntervalSeconds": 2, "MaxAttempts": 3, "BackoffRate": 2}]
    return {"Type": "Task", "Resource": f"arn:aws:states:::{resource}", "Parameters": parameters, "Retry": retry}


def distinct(states: int) -> dict[str, Any]:
    """Return a definition of *states* tasks that each put an item into a table of their own."""
    made = {}
    for at in range(states):
        parameters = {"TableName": f"table-{at}", "Item": {}}
        made[f"State{at}"] = {"Type": "Task", "Resource": "arn:aws:states:::dynamodb:putItem", "Parameters": parameters}
        made[f"State{at}"] |= {"Next": f"State{at + 1}"} if at + 1 < states else {"End": True}
    return {"StartAt": "State0", "States": made}


def as_large_as(size: int) -> dict[str, Any]:
    """Return a definition whose text, without indentation, is just below *size* bytes."""
    per_state = len(json.dumps(chain(1_000, 50))) / 1_000
    states = int(size / per_state)
    while len(json.dumps(chain(states, 50))) > size:
        states = states * 99 // 100
    return chain(states, 50)


def small(number: int) -> dict[str, Any]:
    """Return the small definition of that *number*: one to three tasks, as most of a fleet are."""
    return chain(1 + number % 3, 1 + number % 7)


def write(folder: Path, name: str, definition: dict[str, Any]) -> str:
    """Write *definition* into *folder* and return its path."""
    path = folder / f"{name}.asl.json"
    path.write_text(json.dumps(definition), "utf-8")
    return str(path)


def real() -> tuple[str, list[str]]:
    """Return where real definitions were found, and their paths: a corpus beside the checkout, else the samples and specs.

    The corpus is the folder that the environment variable ASL_IAM_CORPUS names.
    """
    corpus = Path(os.environ.get("ASL_IAM_CORPUS") or ROOT.parent / "shared" / "corpus")
    found = [path for path in sorted(corpus.glob("*/*.json")) if _is_definition(path)]
    where = "corpus"
    if not found:
        found = [
            path
            for path in sorted((*ROOT.glob("samples/*/*.json"), *ROOT.glob("tests/specs/*/definition.json")))
            if _is_definition(path)
        ]
        where = "samples and specs"
    return where, [str(path) for path in found]


def _is_definition(path: Path) -> bool:
    try:
        document = json.loads(path.read_text("utf-8"))
    except ValueError:
        return False
    return isinstance(document, dict) and isinstance(document.get("States"), dict)
