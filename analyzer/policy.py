"""Grants → the smallest policy that grants exactly their pairs, and the trust policy of the role that carries it.

No statement ever grants a pair of action and resource, under a condition, that no grant has.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from analyzer.context import Context
from analyzer.dataflow.values import HOLE
from analyzer.diagnostics import Diagnostic, diagnostic
from analyzer.maps import Index
from analyzer.permissions import EXECUTION, Action, Condition, Grant, TargetRole
from analyzer.permissions.patterns import as_pattern, covers, fixed_ends, knows_wildcards
from analyzer.text import Json

INLINE_LIMIT = 10_240
"""Characters of all inline policies of a role, white space not counted.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html"""

TRUST_LIMIT = 2_048
"""Characters of a trust policy. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html"""

VERSION = "2012-10-17"

_COMPACT = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False)


class Statement(NamedTuple):
    """One Allow statement: every action on every resource, under the condition."""

    sid: str
    actions: tuple[Action, ...]
    resources: tuple[str, ...]
    condition: Condition = ()

    def to_dict(self) -> dict[str, Json]:
        """Return the statement as IAM reads it; a single action or resource stands without a list."""
        body: dict[str, Json] = {
            "Sid": self.sid,
            "Effect": "Allow",
            "Action": _one(self.actions),
            "Resource": _one(self.resources),
        }
        if self.condition:
            body["Condition"] = condition_block(self.condition)
        return body


@dataclass(frozen=True, slots=True)
class Policy:
    """An IAM policy document of Allow statements."""

    statements: tuple[Statement, ...]

    def to_dict(self) -> dict[str, Json]:
        """Return the document as IAM reads it."""
        return {"Version": VERSION, "Statement": [statement.to_dict() for statement in self.statements]}


def policy_size(document: Mapping[str, Json]) -> int:
    """Count the characters of *document* as IAM does: without white space outside of strings."""
    return len(_COMPACT.encode(document))


def condition_block(condition: Condition) -> dict[str, dict[str, Json]]:
    """Write a canonical condition as an IAM condition block."""
    block: dict[str, dict[str, Json]] = {}
    for operator, key, values in condition:
        block.setdefault(operator, {})[key] = _one(values)
    return block


_Rectangle = tuple[tuple[Action, ...], tuple[str, ...], Condition]
"""Actions × resources under a condition: what becomes one statement."""


def minimise(grants: Iterable[Grant], role: str = EXECUTION) -> Policy:
    """Pack the grants of *role* into statements.

    A grant that another one contains is dropped: the same action on a resource pattern that covers its own, under
    the same condition or none. The result depends on the set of grants alone, not on their order.
    """
    pairs = _without_contained({(grant.action, grant.resource, grant.condition) for grant in grants if grant.role == role})
    chosen: dict[Condition, list[tuple[Action, str]]] = {}
    for action, resource, condition in pairs:
        chosen.setdefault(condition, []).append((action, resource))
    packed = [(*rectangle, condition) for condition, own in sorted(chosen.items()) for rectangle in _pack(own)]
    return Policy(_named(sorted(_join_values(packed))))


def _without_contained(pairs: set[tuple[Action, str, Condition]]) -> list[tuple[Action, str, Condition]]:
    """Drop every pair that another one of the same action contains."""
    by_action: dict[Action, list[tuple[str, Condition]]] = {}
    for action, resource, condition in sorted(pairs):
        by_action.setdefault(action, []).append((resource, condition))
    kept: list[tuple[Action, str, Condition]] = []
    for action, entries in by_action.items():
        if len(entries) == 1:
            kept.append((action, *entries[0]))
            continue
        free = {resource for resource, condition in entries if not condition}
        wide = _by_ends(entries)
        kept.extend(
            (action, resource, condition)
            for resource, condition in entries
            if not (condition and resource in free) and not _is_contained(resource, condition, wide)
        )
    return kept


_Wide = dict[tuple[int, int], dict[tuple[str, str], list[tuple[str, Condition]]]]
"""Patterns with wildcards by the lengths of the text before the first and after the last one, then by the texts."""


def _by_ends(entries: list[tuple[str, Condition]]) -> _Wide:
    """Sort the patterns with wildcards by their ends.

    A pattern can only contain what begins and ends like it, so that ten thousand names need no hundred million
    comparisons.
    """
    wide: _Wide = {}
    for resource, condition in entries:
        if (ends := fixed_ends(resource)) is not None:
            alike = wide.setdefault((len(ends[0]), len(ends[1])), {})
            alike.setdefault(ends, []).append((resource, condition))
    return wide


def _is_contained(resource: str, condition: Condition, wide: _Wide) -> bool:
    """Tell whether another pattern of *wide* covers *resource*, under the same condition or none."""
    start, end = fixed_ends(resource) or (resource, resource)
    return any(
        other != resource and own in ((), condition) and covers(other, resource)
        for (before, after), alike in wide.items()
        if before <= len(start) and after <= len(end)
        for other, own in alike.get((start[:before], end[len(end) - after :]), ())
    )


def _pack(pairs: list[tuple[Action, str]]) -> list[tuple[tuple[Action, ...], tuple[str, ...]]]:
    """Group pairs into rectangles of actions × resources, by whichever side gives the shorter text."""
    rows: dict[Action, set[str]] = {}
    columns: dict[str, set[Action]] = {}
    for action, resource in pairs:
        rows.setdefault(action, set()).add(resource)
        columns.setdefault(resource, set()).add(action)
    by_resources: dict[tuple[str, ...], list[Action]] = {}
    for action, resources in rows.items():
        by_resources.setdefault(tuple(sorted(resources)), []).append(action)
    by_actions: dict[tuple[Action, ...], list[str]] = {}
    for resource, actions in columns.items():
        by_actions.setdefault(tuple(sorted(actions)), []).append(resource)
    first = [(tuple(sorted(actions)), resources) for resources, actions in by_resources.items()]
    second = [(actions, tuple(sorted(resources))) for actions, resources in by_actions.items()]
    return min(first, second, key=lambda packed: (_length(packed), packed is second))


def _join_values(packed: list[_Rectangle]) -> list[_Rectangle]:
    """Join statements that differ in the values of their only condition key: several values mean any of them."""
    joined: dict[tuple[object, ...], _Rectangle] = {}
    for actions, resources, condition in packed:
        # Only conditions of one key are joined: with several keys, joining the values of one would have to be tried for
        # each, and the answer would depend on the order.
        if len(condition) == 1:
            operator, key, values = condition[0]
            place = (actions, resources, operator, key)
            had = joined[place][2][0][2] if place in joined else ()
            joined[place] = (actions, resources, ((operator, key, _widest(operator, (*had, *values))),))
        else:
            joined[actions, resources, condition] = (actions, resources, condition)
    return list(joined.values())


def _widest(operator: str, values: tuple[str, ...]) -> tuple[str, ...]:
    """Drop the values that another one covers, where the operator knows wildcards."""
    globs = knows_wildcards(operator)
    unique = sorted(set(values))
    return tuple(one for one in unique if not (globs and any(other != one and covers(other, one) for other in unique)))


def _length(packed: Iterable[tuple[tuple[Action, ...], tuple[str, ...]]]) -> int:
    return sum(60 + sum(len(text) + 3 for text in (*actions, *resources)) for actions, resources in packed)


def _named(packed: list[_Rectangle]) -> tuple[Statement, ...]:
    """Give each statement a Sid that says what it is for: the service, and the action or the kind of resource."""
    taken: dict[str, int] = {}
    statements = []
    for actions, resources, condition in packed:
        name = _sid(actions, resources)
        taken[name] = taken.get(name, 0) + 1
        number = "" if taken[name] == 1 else f"{'N' if name[-1].isdigit() else ''}{taken[name]}"
        statements.append(Statement(name + number, actions, resources, condition))
    return tuple(statements)


def _sid(actions: tuple[Action, ...], resources: tuple[str, ...]) -> str:
    services = "".join(_pascal(prefix) for prefix in dict.fromkeys(action.partition(":")[0] for action in actions))
    if len(actions) == 1:
        return services + actions[0].partition(":")[2]
    kinds = {_kind(resource) for resource in resources}
    return services + (kinds.pop() if len(kinds) == 1 else "")


def _kind(resource: str) -> str:
    """Return the kind of resource an ARN names, `Job` of `arn:aws:glue:us-east-1:111122223333:job/load`, or nothing."""
    fields = resource.split(":", 5)
    if len(fields) < 6 or not fields[4]:
        return ""
    match = re.match(r"/?([A-Za-z-]+)[/:]", fields[5])
    return _pascal(match[1]) if match else ""


@lru_cache(maxsize=1024)
def _pascal(name: str) -> str:
    return "".join(word[:1].upper() + word[1:] for word in re.split(r"[^A-Za-z0-9]+", name))


def trust_policy(context: Context, index: Index, labels: tuple[str, ...] = ()) -> tuple[dict[str, Json], tuple[Diagnostic, ...]]:
    """Return who may take on the execution role: Step Functions, for this machine of this account only.

    *labels* are those of its Distributed Maps, whose children run as `stateMachine:NAME/LABEL`. No page says which of
    the two ARNs the children's source is, so both are let in.

    `aws:SourceArn` is pinned to the machine's ARN with a wildcard only for what is not known, and
    `aws:SourceAccount` to its account: together they keep another account's machine from using the role (the
    confused deputy). https://docs.aws.amazon.com/step-functions/latest/dg/procedure-create-iam-role.html
    """
    reports = []
    sources = (machine_arn(context, index), *(machine_arn(context, index, label) for label in labels))
    # A name that is not known is a wildcard already, and covers the labelled ones.
    sources = tuple(arn for arn in sources if arn == sources[0] or not covers(sources[0], arn))
    if policy_size({"ArnLike": sources}) > TRUST_LIMIT // 2:
        # More labels than a trust policy has room for: every label, still of this machine alone.
        sources = (sources[0], machine_arn(context, index, HOLE))
    condition: dict[str, Json] = {"ArnLike": {"aws:SourceArn": _one(sources)}}
    if context.account is None:
        reports.append(diagnostic("unknown-account", "the account is not known, so the trust policy cannot be pinned to it"))
    else:
        condition["StringEquals"] = {"aws:SourceAccount": context.account}
    if context.name is None:
        reports.append(diagnostic("unknown-name", "the machine's name is not known, so every machine of the account is trusted"))
    if context.region is None:
        reports.append(diagnostic("unknown-region", "the Region is not known, so it is a wildcard in every ARN"))
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": index.trust["principal"]},
        "Action": index.trust["action"],
        "Condition": condition,
    }
    return {"Version": VERSION, "Statement": [statement]}, tuple(reports)


def target_trust_policy(target: TargetRole, context: Context, index: Index) -> tuple[dict[str, Json], tuple[Diagnostic, ...]]:
    """Return who may take on a target role: the execution role, naming this machine as the external id.

    https://docs.aws.amazon.com/step-functions/latest/dg/concepts-access-cross-acct-resources.html
    """
    condition: dict[str, dict[str, Json]] = {}
    external_id = machine_arn(context, index)
    condition["StringLike" if "*" in external_id else "StringEquals"] = {"sts:ExternalId": external_id}
    reports = []
    if context.role is not None:
        principal = context.role
    elif context.account is not None:
        principal = f"arn:{context.partition}:iam::{context.account}:root"
        condition.setdefault("ArnLike", {})["aws:PrincipalArn"] = (
            f"arn:{context.partition}:iam::{context.account}:role/" + as_pattern(HOLE)
        )
        reports.append(
            diagnostic(
                "unknown-role", f"the execution role is not known, so `{target.arn}` trusts every role of the machine's account"
            )
        )
    else:
        reports.append(
            diagnostic(
                "unknown-role", f"neither the execution role nor its account is known, so `{target.arn}` trusts nobody yet"
            )
        )
        return {"Version": VERSION, "Statement": []}, tuple(reports)
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": principal},
        "Action": index.trust["action"],
        "Condition": dict(sorted(condition.items())),
    }
    return {"Version": VERSION, "Statement": [statement]}, tuple(reports)


def machine_arn(context: Context, index: Index, label: str | None = None) -> str:
    """Return the machine's own ARN, `arn:aws:states:REGION:ACCOUNT:stateMachine:NAME`, with `*` for what is not known.

    With a *label*, return the ARN under which the children of that Distributed Map run, `...:stateMachine:NAME/LABEL`.
    """
    text = context.fill(index.trust["source_arn"], HOLE)
    return as_pattern(text if label is None else f"{text}/{label}")


def review_size(policy: Policy, whose: str) -> tuple[Diagnostic, ...]:
    """Report a policy that is larger than IAM allows inline. *whose* says which role has it."""
    size = policy_size(policy.to_dict())
    if size <= INLINE_LIMIT:
        return ()
    return (
        diagnostic("policy-too-large", f"the policy of {whose} has {size:,} characters, and {INLINE_LIMIT:,} are allowed inline"),
    )


def _one(values: tuple[str, ...]) -> Json:
    return values[0] if len(values) == 1 else list(values)
