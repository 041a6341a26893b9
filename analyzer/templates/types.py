"""What `Ref` and `Fn::GetAtt` of a resource mean: its name, its ARN or another text made of them.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/introduction.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache


@dataclass(frozen=True, slots=True)
class ResourceType:
    """A type of resource, in templates with `{partition}`, `{region}`, `{account}`, `{suffix}` and `{name}`.

    `name` is the property that sets the name, `ref` what a reference gives, `named` the attribute that gives the bare name
    where a reference does not.
    """

    arn: str | None
    name: str | None
    ref: str
    attributes: Mapping[str, str]
    named: str | None


_ARN = "arn:{partition}:%s:{region}:{account}:%s"


def _named(arn: str, name: str, ref: str, named: str | None = None, attribute: str = "Arn") -> ResourceType:
    attributes = {attribute: arn, **({named: "{name}"} if named else {})}
    return ResourceType(arn, name, ref, attributes, named)


_FUNCTION = _named(_ARN % ("lambda", "function:{name}"), "FunctionName", "{name}")
_MACHINE = _ARN % ("states", "stateMachine:{name}")
_QUEUE = "https://sqs.{region}.{suffix}/{account}/{name}"
_TOPIC = _ARN % ("sns", "{name}")

_TYPES = {
    "AWS::DynamoDB::Table": _named(_ARN % ("dynamodb", "table/{name}"), "TableName", "{name}"),
    "AWS::SQS::Queue": _named(_ARN % ("sqs", "{name}"), "QueueName", _QUEUE, "QueueName"),
    "AWS::SNS::Topic": _named(_TOPIC, "TopicName", _TOPIC, "TopicName", "TopicArn"),
    "AWS::Lambda::Function": _FUNCTION,
    "AWS::Serverless::Function": _FUNCTION,
    "AWS::StepFunctions::StateMachine": _named(_MACHINE, "StateMachineName", _MACHINE, "Name"),
    "AWS::Serverless::StateMachine": _named(_MACHINE, "Name", _MACHINE, "Name"),
    "AWS::S3::Bucket": _named("arn:{partition}:s3:::{name}", "BucketName", "{name}"),
    "AWS::IAM::Role": _named("arn:{partition}:iam::{account}:role/{name}", "RoleName", "{name}"),
}


@lru_cache(maxsize=512)
def resource_type(name: str) -> ResourceType | None:
    """Return the type *name*, such as ``AWS::SQS::Queue``; nothing for one that the table does not have."""
    return _TYPES.get(name)


@dataclass(frozen=True, slots=True)
class TerraformType:
    """A resource type of Terraform's AWS provider: the type it makes, what sets its name, what its attributes give."""

    type: str
    name: str | None
    attributes: Mapping[str, str]


def _row(kind: str, arn: str, name: str = "name", **more: str) -> TerraformType:
    return TerraformType(kind, name, {"arn": arn, "id": "{name}", name: "{name}", **more})


_TERRAFORM = {
    "aws_dynamodb_table": _row("AWS::DynamoDB::Table", _ARN % ("dynamodb", "table/{name}")),
    "aws_sqs_queue": _row("AWS::SQS::Queue", _ARN % ("sqs", "{name}"), id=_QUEUE, url=_QUEUE),
    "aws_sns_topic": _row("AWS::SNS::Topic", _TOPIC, id=_TOPIC),
    "aws_lambda_function": _row(
        "AWS::Lambda::Function",
        _ARN % ("lambda", "function:{name}"),
        "function_name",
        qualified_arn=_ARN % ("lambda", "function:{name}:*"),
    ),
    "aws_sfn_state_machine": _row("AWS::StepFunctions::StateMachine", _MACHINE, id=_MACHINE),
    "aws_s3_bucket": _row("AWS::S3::Bucket", "arn:{partition}:s3:::{name}", "bucket"),
    "aws_iam_role": _row("AWS::IAM::Role", "arn:{partition}:iam::{account}:role/{name}"),
    "aws_iam_policy": _row("AWS::IAM::ManagedPolicy", "arn:{partition}:iam::{account}:policy/{name}"),
    "aws_kms_key": TerraformType(
        "AWS::KMS::Key",
        None,
        {"arn": _ARN % ("kms", "key/{name}"), "id": "{name}", "key_id": "{name}"},
    ),
    "aws_cloudwatch_log_group": _row("AWS::Logs::LogGroup", _ARN % ("logs", "log-group:{name}")),
    "aws_cloudwatch_event_bus": _row("AWS::Events::EventBus", _ARN % ("events", "event-bus/{name}")),
    "aws_ecs_cluster": _row("AWS::ECS::Cluster", _ARN % ("ecs", "cluster/{name}")),
}


def terraform_type(name: str) -> TerraformType | None:
    """Return the type that Terraform calls *name*, such as ``aws_sqs_queue``; nothing for one that the table does not have."""
    return _TERRAFORM.get(name)


_TEMPLATE_HOLE = re.compile(r"\{([\w.]+)(?:\|([^{}]*))?\}|([*?])")


def fill(template: str, give: Callable[[str, str | None], str]) -> str:
    """Write *template* with what *give* returns for each hole, from its name and from the text that an absent property means.

    What the deployment makes up beside the name is a hole as well, called `*` or `?`.
    """
    return _TEMPLATE_HOLE.sub(lambda match: give(match[1] or match[3], match[2]), template)
