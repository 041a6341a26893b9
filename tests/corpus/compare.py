"""What another policy for the same definition grants and ours does not, and the other way round.

A difference is one of three kinds, written behind the action:
* nothing           we grant the action on nothing at all
* ``(wider)``       their resource holds every one of ours, and more
* ``(elsewhere)``   their resource does not even hold one of ours: the kind to read first
An action they write as a pattern stays a pattern, unless we grant all of it that can matter.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from corpus.globs import expand, held, holds
from corpus.measure import Outcome, as_list
from corpus.tasks import distributed, tasks_of

FAMILIES: Mapping[str, tuple[str, ...]] = {
    "lambda": ("lambda",),
    "dynamodb": ("dynamodb",),
    "sns": ("sns", "kms"),
    "sqs": ("sqs", "kms"),
    "events": ("events",),
    "http": ("events", "secretsmanager", "states"),
    "apigateway": ("execute-api",),
    "states": ("states",),
    "ecs": ("ecs", "iam"),
    "batch": ("batch",),
    "glue": ("glue",),
    "databrew": ("databrew",),
    "athena": ("athena", "s3", "glue", "lakeformation"),
    "bedrock": ("bedrock", "s3", "iam"),
    "sagemaker": ("sagemaker", "iam"),
    "codebuild": ("codebuild",),
    "elasticmapreduce": ("elasticmapreduce", "iam"),
    "emr-containers": ("emr-containers", "iam", "eks"),
    "emr-serverless": ("emr-serverless", "iam"),
    "eks": ("eks", "iam", "ec2"),
    "mediaconvert": ("mediaconvert", "iam"),
    "map": ("states", "s3", "kms"),
    "credentials": ("sts",),
    "encryption": ("kms",),
    "logging": ("logs",),
    "tracing": ("xray",),
}
"""What a difference is booked on, and the IAM services that have to do with it, the nearest one first."""

SDK_PREFIXES = {
    "sfn": "states",
    "cloudwatchlogs": "logs",
    "eventbridge": "events",
    "bedrockagent": "bedrock",
    "bedrockruntime": "bedrock",
    "textract": "textract",
    "redshiftdata": "redshift-data",
    "sesv2": "ses",
    "elasticloadbalancingv2": "elasticloadbalancing",
    "mediapackagevod": "mediapackage-vod",
}
"""AWS SDK integrations whose IAM service has another name, as far as the corpus has them."""

MANAGED_RULE = frozenset({"events:PutRule", "events:PutTargets", "events:DescribeRule"})
"""What a task that waits for its job needs on the rule Step Functions keeps, and hardly anything else does."""

OUTSIDE, SDK = "outside", "aws-sdk"


@dataclass(frozen=True, order=True)
class Lack:
    """Something they grant and we do not: where it is booked, and the evidence."""

    origin: str
    integration: str
    action: str
    case: str
    resource: str
    ours: tuple[str, ...]


@dataclass(frozen=True)
class _Rights:
    """The allow statements of a policy: action → resources, with and without a condition."""

    free: Mapping[str, tuple[str, ...]]
    bound: Mapping[str, tuple[str, ...]]

    def of(self, action: str) -> tuple[str, ...]:
        """Return every resource *action* is granted on, whatever the condition."""
        return self.free.get(action, ()) + self.bound.get(action, ())


@dataclass(frozen=True)
class Uses:
    """What a definition makes use of: the names of `FAMILIES`, and its SDK calls."""

    integrations: frozenset[str]
    sdk_services: frozenset[str]
    sdk_actions: frozenset[str]


def uses_of(outcome: Outcome) -> Uses:
    """Return what the definition of *outcome* makes use of, read without the analyzer."""
    context = outcome.case.context
    document = outcome.analysis.machine.document if outcome.analysis else {}
    tasks = tasks_of(document, context.all_substitutions())
    found = {
        "map" if task.pattern in ("item_reader", "result_writer") else task.service for task in tasks if task.kind == "optimized"
    }
    found |= {"lambda" for task in tasks if task.kind in ("lambda", "placeholder")}
    found |= {"map"} if distributed(document) else set()
    found |= {"credentials" for task in tasks if task.body and "Credentials" in task.body}
    on = {"logging": context.logging, "tracing": context.tracing, "encryption": context.kms_key is not None}
    sdk = [(SDK_PREFIXES.get(task.service.lower(), task.service.lower()), task.operation) for task in tasks if task.kind == "sdk"]
    return Uses(
        frozenset(found | {name for name, value in on.items() if value}),
        frozenset(service for service, _ in sdk),
        frozenset(f"{service}:{operation}".lower() for service, operation in sdk),
    )


def lacks(outcome: Outcome) -> Iterator[Lack]:
    """Yield what the policy the case came with grants beyond ours; Deny, NotAction and NotResource grant nothing."""
    case = outcome.case
    if outcome.analysis is None or case.expected is None:
        return
    ours, uses = _rights(outcome.analysis.policy.to_dict()["Statement"]), uses_of(outcome)
    for statement in case.expected:
        if statement.get("Effect") != "Allow" or "NotAction" in statement or "NotResource" in statement:
            continue
        for written in as_list(statement["Action"]):
            for resource in as_list(statement["Resource"]):
                for action, kind in _missing(written, resource, ours):
                    yield Lack(case.origin, book(action, uses), action + kind, case.id, resource, ours.of(action))


def _missing(written: str, resource: str, ours: _Rights) -> Iterator[tuple[str, str]]:
    if "*" in written or "?" in written:
        meant = expand(written)
        if not all(held(resource, ours.of(action)) for action in meant):
            yield written, ""
        return
    action = next(iter(expand(written)), written)
    granted = ours.of(action)
    if not granted:
        yield action, ""
    elif not held(resource, granted):
        yield action, " (wider)" if any(holds(resource, pattern) for pattern in granted) else " (elsewhere)"


def book(action: str, uses: Uses) -> str:
    """Return the integration that *action* most probably serves in a definition with these *uses*."""
    service = action.partition(":")[0].lower()
    if action.lower() in uses.sdk_actions:
        return SDK
    if action in MANAGED_RULE:
        return "managed rule"
    candidates = [name for name, families in FAMILIES.items() if service in families and name in uses.integrations]
    if candidates:
        return min(candidates, key=lambda name: (FAMILIES[name].index(service), name))
    if service in uses.sdk_services or (service == "iam" and uses.sdk_services):
        return SDK
    return OUTSIDE


def beyond(outcome: Outcome) -> Iterator[tuple[str, str]]:
    """Yield (integration, action) of what we grant and they do not."""
    case, analysis = outcome.case, outcome.analysis
    if analysis is None or case.expected is None:
        return
    theirs = _rights(case.expected)
    for grant in analysis.grants:
        if grant.role == "execution" and not held(grant.resource, theirs.of(grant.action)):
            yield grant.reasons[0].rule, str(grant.action)


def bound(outcome: Outcome) -> Iterator[tuple[str, str, str]]:
    """Yield (rule, action, condition) of grants they make without a condition and we only under one."""
    case, analysis = outcome.case, outcome.analysis
    if analysis is None or case.expected is None:
        return
    theirs = _rights(case.expected)
    for grant in analysis.grants:
        if grant.condition and held(grant.resource, theirs.free.get(grant.action, ())):
            yield grant.reasons[0].rule, str(grant.action), ", ".join(f"{operator} {key}" for operator, key, _ in grant.condition)


def _rights(statements: Iterable[Mapping[str, Any]]) -> _Rights:
    free: dict[str, tuple[str, ...]] = {}
    tied: dict[str, tuple[str, ...]] = {}
    for statement in statements:
        if statement.get("Effect") != "Allow" or "NotAction" in statement or "NotResource" in statement:
            continue
        target = tied if statement.get("Condition") else free
        for written in as_list(statement["Action"]):
            for action in expand(written):
                target[action] = target.get(action, ()) + tuple(as_list(statement["Resource"]))
    return _Rights(free, tied)


def count(found: Iterable[tuple[str, ...]]) -> list[tuple[str, int]]:
    """Return how often each of *found* occurs, as text, in order."""
    return sorted(Counter("  ".join(entry) for entry in found).items())
