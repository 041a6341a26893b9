"""Roles for the plugin `serverless-step-functions` of the Serverless Framework.

Its `iamRoleStatements` know an effect, actions and resources, are added to what the plugin grants itself, and leave the trust
policy to it. A policy with conditions does not fit: that machine gets a role of its own among the resources.
https://www.serverless.com/plugins/serverless-step-functions
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from analyzer.analyze import Analysis
from analyzer.render.cloudformation import managed_policies, role, role_ids
from analyzer.render.drafts import NAMES_IN_STACKS, Draft, drafts
from analyzer.render.expression import Reference
from analyzer.render.identifiers import asked, declared, pascal, unique
from analyzer.render.stack import Tagged, document, intrinsics, parameters, remarks
from analyzer.text import Json

ADDED = "The plugin adds these to what it grants itself, and lets every state machine take the role on."
OWN = "`iamRoleStatements` take no conditions, so the machine has a role of its own, which the plugin leaves alone."


def serverless(analyses: Sequence[Analysis]) -> str:
    """Write what belongs under each machine of *analyses* in `serverless.yml`, and the roles that some of them need."""
    made = drafts([[one] for one in analyses], NAMES_IN_STACKS)
    ids = role_ids(made, analyses)
    names = declared(asked(made), "pascal", ids)
    machines: list[tuple[str, Json, list[str]]] = []
    roles: list[tuple[str, Json, list[str]]] = []
    for one, id, draft in zip(analyses, ids, made, strict=True):
        own = one.found.name if one.found is not None and one.found.dialect == "serverless" else pascal(draft.title)
        name = unique(own, [taken for taken, _, _ in machines])
        if has_conditions(draft):
            machines.append((name, {"role": Tagged("GetAtt", f"{id}.Arn")}, [*remarks(draft), OWN]))
            roles.append((id, role(draft, names), []))
            roles += [(f"{id}Policy{number}", managed, []) for number, managed in managed_policies(id, draft, names)]
        else:
            machines.append((name, {"iamRoleStatements": _statements(draft, names)}, [*remarks(draft, trust=False), ADDED]))
    beside: dict[str, list[tuple[str, Json, list[str]]]] = {
        "Parameters": [(name, value, []) for name, value in parameters(names).items()],
        "Resources": roles,
    }
    text = document(machines, {}, ("stepFunctions", "stateMachines"))
    if any(beside.values()):
        text += "resources:\n" + "".join(document(parts, {}, ("", section)) for section, parts in beside.items() if parts)
    return text


def has_conditions(draft: Draft) -> bool:
    """Tell whether a policy has conditions, so that it needs a role of its own."""
    return any("Condition" in statement for statement in draft.statements)


def _statements(draft: Draft, names: Mapping[Reference, str]) -> list[Json]:
    """Return the statements as the plugin takes them: without Sid, and a single reference in a list."""
    made = []
    for statement in draft.statements:
        resource = intrinsics(statement["Resource"], names)
        kept = {"Effect": statement["Effect"], "Action": statement["Action"]}
        made.append({**kept, "Resource": resource if isinstance(resource, list | str) else [resource]})
    return made
