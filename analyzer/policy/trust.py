"""Who may take on the roles: the trust policy of the execution role, and of each target role."""

from __future__ import annotations

from analyzer.context import Context
from analyzer.dataflow.values import HOLE
from analyzer.diagnostics import Diagnostic, diagnostic
from analyzer.maps import Index
from analyzer.permissions import TargetRole
from analyzer.permissions.patterns import as_pattern, covers
from analyzer.policy.model import VERSION, one_or_list, policy_size
from analyzer.text import Json

TRUST_LIMIT = 2_048
"""Characters of a trust policy. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html"""


def trust_policy(context: Context, index: Index, labels: tuple[str, ...] = ()) -> tuple[dict[str, Json], tuple[Diagnostic, ...]]:
    """Return who may take on the execution role: Step Functions, for this machine of this account only.

    *labels* are those of its Distributed Maps, whose children run as `stateMachine:NAME/LABEL`. No page says which of
    the two ARNs the children's source is, so both are let in.

    `aws:SourceArn` is pinned to the machine's ARN with a wildcard only for what is not known, and
    `aws:SourceAccount` to its account: together they keep another account's machine from using the role (the
    confused deputy). https://docs.aws.amazon.com/step-functions/latest/dg/procedure-create-iam-role.html
    """
    reports = []
    sources = _sources(context, index, labels)
    condition: dict[str, Json] = {"ArnLike": {"aws:SourceArn": one_or_list(sources)}}
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


def _sources(context: Context, index: Index, labels: tuple[str, ...]) -> tuple[str, ...]:
    """Return the ARNs by which the machine and the children of its Distributed Maps may be known."""
    sources = (machine_arn(context, index), *(machine_arn(context, index, label) for label in labels))
    # A name that is not known is a wildcard already, and covers the labelled ones.
    sources = tuple(arn for arn in sources if arn == sources[0] or not covers(sources[0], arn))
    if policy_size({"ArnLike": sources}) > TRUST_LIMIT // 2:
        # More labels than a trust policy has room for: every label, still of this machine alone.
        sources = (sources[0], machine_arn(context, index, HOLE))
    return sources


def target_trust_policy(
    target: TargetRole, context: Context, index: Index, labels: tuple[str, ...] = ()
) -> tuple[dict[str, Json], tuple[Diagnostic, ...]]:
    """Return who may take on a target role: the execution role, naming this machine as the external id.

    With *labels* of Distributed Maps, the external id may be that of their children, as in `trust_policy`.

    https://docs.aws.amazon.com/step-functions/latest/dg/concepts-access-cross-acct-resources.html
    """
    condition: dict[str, dict[str, Json]] = {}
    external_ids = _sources(context, index, labels)
    operator = "StringLike" if any("*" in one for one in external_ids) else "StringEquals"
    condition[operator] = {"sts:ExternalId": one_or_list(external_ids)}
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
