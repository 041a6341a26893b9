"""An analysis as data: the JSON document `asl-iam/v1`, and the single policies to hand to IAM.

`schema-v1.json` beside this file describes the document. It only ever gains fields.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import analyzer
from analyzer.analyze import Analysis, TargetPolicy
from analyzer.diagnostics import Diagnostic
from analyzer.maps import index
from analyzer.permissions import Certainty, Condition, Grant, Reason
from analyzer.policy import VERSION, Policy, condition_block, machine_arn
from analyzer.report.problems import place
from analyzer.symbols import spell
from analyzer.text import Json, Source, pointer_text

if TYPE_CHECKING:
    from analyzer.templates.model import Found

SCHEMA = "asl-iam/v1"

DENY_ALL: dict[str, Json] = {"Version": VERSION, "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]}
"""What stands for the policy of a machine that needs nothing, since IAM takes no policy without a statement.
https://docs.aws.amazon.com/step-functions/latest/dg/concepts-activities.html#activity-iam-policy"""


def document(analyses: Sequence[Analysis]) -> dict[str, Json]:
    """Return the document of *analyses*."""
    tool = {"name": "asl-iam", "version": analyzer.__version__, "maps": index().version}
    return {"schema": SCHEMA, "tool": tool, "machines": [_machine(analysis) for analysis in analyses]}


def schema_text(command: str = "analyze") -> str:
    """Return the JSON Schema of the document that *command* prints."""
    from pathlib import Path

    name = "schema-v1.json" if command == "analyze" else f"{command}-v1.json"
    return (Path(__file__).parent / name).read_text(encoding="utf-8")


def policy_document(policy: Policy) -> tuple[dict[str, Json], bool]:
    """Return *policy* as IAM takes it, and whether it is empty: then `DENY_ALL` stands in its place."""
    return (policy.to_dict(), False) if policy.statements else (DENY_ALL, True)


def _template(found: Found | None) -> dict[str, Json]:
    """Say which resource of which template the machine is; nothing for a definition that stands alone."""
    if found is None:
        return {}
    place = pointer_text(found.pointer)
    return {"template": {"path": found.template, "dialect": found.dialect, "name": found.name, "pointer": place}}


def _machine(analysis: Analysis) -> dict[str, Json]:
    context, source = analysis.context, analysis.machine.source
    arn = machine_arn(context, index())
    inline, *managed = (one.to_dict() for one in analysis.documents)
    return {
        "name": context.name and spell(context.name),
        "arn": None if "*" in arn else spell(arn),
        "type": context.type,
        "source": {"path": source.name, "pointer": pointer_text(source.base)},
        **_template(analysis.found),
        "policy": inline,
        "overflow_policies": managed,
        "trust_policy": analysis.trust,
        "target_roles": [_target(target) for target in analysis.targets],
        "grants": grant_entries(analysis.grants),
        "diagnostics": [_diagnostic(source, found) for found in analysis.diagnostics],
    }


def _target(target: TargetPolicy) -> dict[str, Json]:
    inline, *managed = (one.to_dict() for one in target.documents)
    # What only roles with more than one policy have is left out elsewhere, as readers of the first versions know it.
    overflow = {"overflow_policies": managed} if managed else {}
    return {"role_arn": target.role.arn, "policy": inline, **overflow, "trust_policy": target.trust}


def grant_entries(grants: Iterable[Grant]) -> list[dict[str, Json]]:
    """Write *grants*: one entry for an action under one condition, level, certainty, role and set of reasons."""
    reasons: dict[tuple[str, str, Condition, str, Certainty, str], dict[Reason, None]] = {}
    for grant in grants:
        key = (grant.action, grant.resource, grant.condition, grant.level, grant.certainty, grant.role)
        reasons.setdefault(key, {}).update(dict.fromkeys(grant.reasons))
    resources: dict[tuple[str, Condition, str, Certainty, str, tuple[Reason, ...]], list[str]] = {}
    for (action, resource, condition, level, certainty, role), why in reasons.items():
        resources.setdefault((action, condition, level, certainty, role, tuple(why)), []).append(resource)
    return [
        {
            "action": action,
            "resources": sorted(found),
            "condition": condition_block(condition) or None,
            "level": level,
            "certainty": certainty,
            "role": role,
            "reasons": [_reason(reason) for reason in why],
        }
        for (action, condition, level, certainty, role, why), found in sorted(
            resources.items(), key=lambda item: (item[0][0], item[0][1:5], sorted(item[1]))
        )
    ]


def _reason(reason: Reason) -> dict[str, Json]:
    return {
        "state": reason.state,
        "pointer": pointer_text(reason.pointer),
        "rule": reason.rule,
        "source": reason.source,
        "note": reason.note or None,
        "value_from": [{"pointer": pointer_text(flow.pointer), "what": flow.what} for flow in reason.flow],
    }


def _diagnostic(source: Source, found: Diagnostic) -> dict[str, Json]:
    position = place(source, found)
    return {
        "id": found.id,
        "severity": found.severity,
        "message": found.message,
        "help": found.help,
        "state": found.state,
        "pointer": pointer_text(found.pointer),
        "line": position.line if position else None,
        "column": position.column if position else None,
    }
