"""What `Ref` and `Fn::GetAtt` of a resource mean: its name, its ARN or another text made of them.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/introduction.html
"""

from __future__ import annotations

from collections.abc import Mapping
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
