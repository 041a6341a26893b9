"""What `Ref` and `Fn::GetAtt` of a resource mean: its name, its ARN or another text made of them.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/introduction.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
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
    facts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Kind of fact → paths of the properties that tell it; `[]` in a path means each item."""


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


_KEY = _ARN % ("kms", "key/{name}")
_STREAM = _ARN % ("kinesis", "stream/{name}")
_TASKS = _ARN % ("ecs", "task-definition/{name}")
_SECRET = _ARN % ("secretsmanager", "secret:{name}")
_CONNECTION = _ARN % ("events", "connection/{name}")
_TYPES |= {
    "AWS::KMS::Key": ResourceType(_KEY, None, "{name}", {"Arn": _KEY}, None),
    "AWS::KMS::Alias": ResourceType(None, "AliasName", "{name}", {}, None),
    "AWS::Kinesis::Stream": ResourceType(_STREAM, "Name", "{name}", {"Arn": _STREAM}, None),
    "AWS::ECS::TaskDefinition": ResourceType(_TASKS, None, _TASKS, {"TaskDefinitionArn": _TASKS}, None),
    "AWS::SecretsManager::Secret": ResourceType(_SECRET, None, _SECRET, {"Id": _SECRET}, None),
    "AWS::Events::Connection": ResourceType(_CONNECTION, None, "{name}", {"Arn": _CONNECTION}, None),
}
_BUS = _ARN % ("events", "event-bus/{name}")
_TYPES |= {
    "AWS::Serverless::SimpleTable": _TYPES["AWS::DynamoDB::Table"],
    "AWS::Events::EventBus": ResourceType(_BUS, "Name", "{name}", {"Arn": _BUS, "Name": "{name}"}, None),
    "AWS::ApiGatewayV2::Api": ResourceType(None, None, "{name}", {"ApiId": "{name}"}, None),
    "AWS::Serverless::HttpApi": ResourceType(None, None, "{name}", {}, None),
    "AWS::StepFunctions::Activity": _named(
        _ARN % ("states", "activity:{name}"), "Name", _ARN % ("states", "activity:{name}"), "Name"
    ),
}
_FACTS = {
    "AWS::SQS::Queue": {"key": ("KmsMasterKeyId",)},
    "AWS::SNS::Topic": {"key": ("KmsMasterKeyId",)},
    "AWS::DynamoDB::Table": {"key": ("SSESpecification.KMSMasterKeyId",)},
    "AWS::S3::Bucket": {
        "key": ("BucketEncryption.ServerSideEncryptionConfiguration[].ServerSideEncryptionByDefault.KMSMasterKeyID",)
    },
    "AWS::Kinesis::Stream": {"key": ("StreamEncryption.KeyId",)},
    "AWS::KMS::Alias": {"same": ("TargetKeyId",)},
    "AWS::SecretsManager::Secret": {"key": ("KmsKeyId",)},
    "AWS::Events::Connection": {"key": ("KmsKeyIdentifier",)},
    "AWS::StepFunctions::StateMachine": {"key": ("EncryptionConfiguration.KmsKeyId",), "type": ("StateMachineType",)},
    "AWS::ECS::TaskDefinition": {"task_role": ("TaskRoleArn",), "execution_role": ("ExecutionRoleArn",)},
}


@lru_cache(maxsize=512)
def resource_type(name: str) -> ResourceType | None:
    """Return the type *name*, such as ``AWS::SQS::Queue``; nothing for one that the table does not have."""
    found = _TYPES.get(name)
    return None if found is None else replace(found, facts=_FACTS.get(name, {}))
