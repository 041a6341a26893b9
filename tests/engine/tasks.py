"""Strategies: what tasks call, with the parameters that name a resource written in every way, in either language.

Only integrations of the table `requests.txt` are drawn, so that every call is judged.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st

Json = Any

HOME = "us-east-1:111122223333"
QUEUE = f"https://sqs.us-east-1.amazonaws.com/{HOME.split(':')[1]}/{{}}"
MACHINE = f"arn:aws:states:{HOME}:stateMachine:{{}}"
ROLE = "arn:aws:iam::111122223333:role/{}"
OTHER_ROLE = "arn:aws:iam::444455556666:role/{}"


@dataclass(frozen=True)
class Kind:
    """What a task may be: an integration, how each parameter that names a resource is made of a name, where data goes.

    A parameter whose first form is empty may be left out.
    """

    resource: str
    names: Mapping[str, tuple[str, ...]]
    data: str = ""
    others: Mapping[str, Json] = field(default_factory=dict)


def _kind(integration: str, names: Mapping[str, tuple[str, ...]], data: str = "", **others: Json) -> Kind:
    return Kind(f"arn:aws:states:::{integration}", names, data, others)


FUNCTION = ("{}", f"arn:aws:lambda:{HOME}:function:{{}}", "{}:live")
TABLE = ("{}", "t-{}", f"arn:aws:dynamodb:{HOME}:table/{{}}", "arn:aws:dynamodb:eu-west-1:444455556666:table/{}")
KINDS = (
    _kind("sqs:sendMessage", {"QueueUrl": (QUEUE, QUEUE, QUEUE.format("q-{}-{}"))}, "MessageBody"),
    _kind("lambda:invoke", {"FunctionName": FUNCTION, "Qualifier": ("", "", "{}")}, "Payload"),
    _kind("lambda:invoke.waitForTaskToken", {"FunctionName": FUNCTION}, "Payload"),
    _kind("dynamodb:putItem", {"TableName": TABLE}, "Item"),
    _kind("dynamodb:getItem", {"TableName": TABLE}, "Key"),
    _kind("aws-sdk:dynamodb:query", {"TableName": TABLE, "IndexName": ("", "{}", "i-{}")}, "ExpressionAttributeValues"),
    _kind("sns:publish", {"TopicArn": (f"arn:aws:sns:{HOME}:{{}}", "arn:aws:sns:{}:111122223333:t")}, "Message"),
    _kind("events:putEvents", {"Entries[].EventBusName": ("", "{}", f"arn:aws:events:{HOME}:event-bus/{{}}")}, "Comment"),
    _kind("states:startExecution", {"StateMachineArn": (MACHINE, MACHINE + ":live")}, "Input"),
    _kind("states:startExecution.sync:2", {"StateMachineArn": (MACHINE,)}, "Input"),
    _kind("batch:submitJob.sync", {"JobQueue": ("{}", "q-{}"), "JobDefinition": ("{}", "{}:3")}, "Parameters", JobName="j"),
    _kind(
        "ecs:runTask.sync",
        {
            "TaskDefinition": ("{}", "{}:3"),
            "Cluster": ("", "{}", f"arn:aws:ecs:{HOME}:cluster/{{}}"),
            "Overrides.TaskRoleArn": ("", ROLE),
        },
        "Tags",
    ),
    _kind("glue:startJobRun.sync", {"JobName": ("{}", "load-{}")}, "Arguments"),
    _kind("codebuild:startBuild.sync", {"ProjectName": ("{}", "p-{}")}, "EnvironmentVariablesOverride"),
    _kind("sagemaker:createModel", {"ModelName": ("{}", "m-{}"), "ExecutionRoleArn": (ROLE,)}, "PrimaryContainer"),
    _kind("bedrock:invokeModel", {"ModelId": ("anthropic.{}", "arn:aws:bedrock:us-east-1::foundation-model/meta.{}")}, "Body"),
    _kind("athena:startQueryExecution.sync", {"WorkGroup": ("", "{}", "w-{}")}, "ExecutionParameters", QueryString="SELECT 1"),
    _kind("elasticmapreduce:addStep.sync", {"ClusterId": ("{}", "j-{}")}, "Step"),
    _kind("aws-sdk:s3:putObject", {"Bucket": ("{}", "out-{}"), "Key": ("{}", "{}/{}.json", "a/{}")}, "Body"),
    _kind("aws-sdk:s3:getObject", {"Bucket": ("{}", "in-{}"), "Key": ("{}", "x/{}"), "VersionId": ("", "", "{}")}),
    _kind("aws-sdk:s3:listObjectsV2", {"Bucket": ("{}", "in-{}"), "Prefix": ("", "{}", "p/{}")}),
    _kind("aws-sdk:secretsmanager:getSecretValue", {"SecretId": ("{}", "app/{}")}),
    _kind("aws-sdk:ssm:getParameter", {"Name": ("{}", "/app/{}")}),
    _kind("aws-sdk:glue:getTable", {"DatabaseName": ("{}",), "Name": ("{}", "t-{}")}),
    _kind("aws-sdk:eventbridge:enableRule", {"Name": ("{}", "r-{}"), "EventBusName": ("", "", "{}")}),
    _kind("aws-sdk:sqs:getQueueAttributes", {"QueueUrl": (QUEUE,)}, "AttributeNames"),
)

CONSTANTS = ("orders", "x", "a-b", "my_1")

Write = Callable[[str, list[str]], tuple[str, Json]]
"""How a language writes a text with places (`t-{}`) and what stands in them: the ending of the field's name, its value."""


@st.composite
def tasks(draw: st.DrawFn, write: Write, source: st.SearchStrategy[str], data: st.SearchStrategy[Json]) -> Json:
    """Draw the integration of a task and its parameters. *source* is what a name comes from, *data* what is sent along."""
    kind = draw(st.sampled_from(KINDS))
    parameters: dict[str, Json] = dict(kind.others)
    for path, forms in kind.names.items():
        form = draw(st.sampled_from(forms))
        if form:
            places = form.count("{}")
            constant = draw(st.integers(0, 4)) == 0
            ending, value = (
                ("", form.format(*(draw(st.sampled_from(CONSTANTS)) for _ in range(places))))
                if constant
                else write(form, [draw(source) for _ in range(places)])
            )
            _put(parameters, path, ending, value)
    if kind.data:
        parameters[kind.data] = draw(data)
    return kind.resource, parameters


def _put(parameters: dict[str, Json], path: str, ending: str, value: Json) -> None:
    name, _, rest = path.partition(".")
    if not rest:
        parameters[name + ending] = value
    elif name.endswith("[]"):
        parameters[name[:-2]] = [{rest + ending: value}]
    else:
        parameters[name] = {rest + ending: value}


def roles(write: Write, source: st.SearchStrategy[str]) -> st.SearchStrategy[Json]:
    """Draw the `Credentials` of a task: a role of the same account or of another one."""

    def credentials(form: str, place: str) -> Json:
        ending, value = write(form, [place])
        return {f"RoleArn{ending}": value}

    constant = st.sampled_from((ROLE, OTHER_ROLE)).map(lambda form: {"RoleArn": form.format("worker")})
    return constant | st.builds(credentials, st.sampled_from((ROLE, OTHER_ROLE, OTHER_ROLE)), source)
