"""Fills what a template fills before a machine runs: the placeholders of a definition, which the analyzer does not see filled.

A placeholder that stands alone gets what its field asks for: the URL of a queue, the ARN of a topic, a name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from engine.interpreter import MACHINE_ARN

Json = Any

REGION, ACCOUNT = MACHINE_ARN.split(":")[3:5]
PSEUDO = {"AWS::Region": REGION, "AWS::AccountId": ACCOUNT, "AWS::Partition": "aws"}

ASKED: Mapping[str, str] = {
    "Resource": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{{}}",
    "QueueUrl": f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/{{}}",
    "TopicArn": f"arn:aws:sns:{REGION}:{ACCOUNT}:{{}}",
    "StateMachineArn": f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:{{}}",
    "ExecutionArn": f"arn:aws:states:{REGION}:{ACCOUNT}:execution:{{}}:1",
    "ConnectionArn": f"arn:aws:events:{REGION}:{ACCOUNT}:connection/{{}}/0f8fad5b",
    "RoleArn": f"arn:aws:iam::{ACCOUNT}:role/{{}}",
    "TaskRoleArn": f"arn:aws:iam::{ACCOUNT}:role/{{}}",
    "ExecutionRoleArn": f"arn:aws:iam::{ACCOUNT}:role/{{}}",
    "ModelId": "anthropic.{}",
    "JobIdentifier": f"arn:aws:bedrock:{REGION}:{ACCOUNT}:evaluation-job/{{}}",
    "ApiEndpoint": f"{{}}.execute-api.{REGION}.amazonaws.com",
}
"""What the whole value of a field has to look like, round a name."""

_PLACEHOLDER = re.compile(r"\$\{([\w:.-]+)\}")


def filled(value: Json, field: str = "") -> Json:
    """Return a copy of *value* with its placeholders filled; it stands in *field*."""
    if isinstance(value, dict):
        if (name := _reference(value)) is not None:
            return _whole(name, field)
        return {_inside(str(key)): filled(inner, str(key).removesuffix(".$")) for key, inner in value.items()}
    if isinstance(value, list):
        return [filled(inner, field) for inner in value]
    if not isinstance(value, str):
        return value
    alone = _PLACEHOLDER.fullmatch(value)
    return _whole(alone[1], field) if alone and alone[1] not in PSEUDO else _inside(value)


def _reference(value: Mapping[str, Json]) -> str | None:
    """Return the name that a CloudFormation function refers to, `None` for any other object."""
    if len(value) != 1:
        return None
    [(function, argument)] = value.items()
    if function == "Ref" or function.startswith("Fn::"):
        return re.sub(r"\W+", "-", str(argument)).strip("-") or "x"
    return None


def _whole(name: str, field: str) -> str:
    return ASKED.get(field, "{}").format(re.sub(r"\W+", "-", name).strip("-"))


def _inside(text: str) -> str:
    return _PLACEHOLDER.sub(lambda match: PSEUDO.get(match[1], re.sub(r"\W+", "-", match[1]).strip("-")), text)


def sources(value: Json, field: str = "") -> Iterator[tuple[str, str]]:
    """Yield each text of *value* with the field it stands in, where that field asks for something of its own."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from sources(inner, str(key).removesuffix(".$"))
    elif isinstance(value, list):
        for inner in value:
            yield from sources(inner, field)
    elif isinstance(value, str) and field in ASKED and field != "Resource":
        yield field, value
