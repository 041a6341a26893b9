"""Roles as resources of a CloudFormation template.

Where the machine is in a template, its names are used, and the roles are to be put beside it. Otherwise the document is a
template of its own, and what only the deployment knows is a parameter.
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-iam-role.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from analyzer.analyze import Analysis
from analyzer.policy import VERSION as POLICY_VERSION
from analyzer.render.drafts import NAMES_IN_STACKS, Draft, drafts
from analyzer.render.expression import Reference
from analyzer.render.identifiers import asked, declared, pascal, unique
from analyzer.render.stack import VERSION, document, intrinsics, parameters, remarks, to_json
from analyzer.text import Json

POLICY_NAME = "StateMachine"


def cloudformation(analyses: Sequence[Analysis], *, as_json: bool = False) -> str:
    """Write an `AWS::IAM::Role` for each of *analyses*, in YAML or in JSON."""
    made = drafts([[one] for one in analyses], NAMES_IN_STACKS)
    ids = role_ids(made, analyses)
    names = declared(asked(made), "pascal", ids)
    top: dict[str, Json] = {}
    if any(one.found is None or one.found.dialect not in NAMES_IN_STACKS for one in analyses):
        top["AWSTemplateFormatVersion"] = VERSION
    if names:
        top["Parameters"] = parameters(names)
    roles = []
    for id, draft in zip(ids, made, strict=True):
        roles.append((id, role(draft, names), remarks(draft)))
        roles += [(f"{id}Policy{number}", managed, []) for number, managed in managed_policies(id, draft, names)]
    if as_json:
        return to_json({**top, "Resources": {id: resource for id, resource, _ in roles}}) + "\n"
    return document(roles, top, ("Resources",))


def role_ids(made: Sequence[Draft], analyses: Sequence[Analysis]) -> list[str]:
    """Return a logical id for the role of each draft, which nothing else in the templates has.

    SAM calls a role that it makes itself `MACHINERole`, so ours is called otherwise.
    """
    taken = {name for one in analyses if one.found is not None for name in one.found.depends}
    ids: list[str] = []
    for draft in made:
        ids.append(unique(f"{pascal(draft.machine or draft.title)}ExecutionRole", {*taken, *ids}))
    return ids


def role(draft: Draft, names: Mapping[Reference, str]) -> dict[str, Json]:
    """Return the resource of a role. IAM takes no policy without a statement, so there is none where nothing is needed."""
    properties = {"AssumeRolePolicyDocument": intrinsics(draft.trust, names)}
    if draft.statements:
        properties["Policies"] = [{"PolicyName": POLICY_NAME, "PolicyDocument": policy(draft, names)}]
    return {"Type": "AWS::IAM::Role", "Properties": properties}


def managed_policies(role_id: str, draft: Draft, names: Mapping[Reference, str]) -> Iterator[tuple[int, dict[str, Json]]]:
    """Yield the resources of the documents that do not fit inline, with their numbers: managed policies of the role.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-iam-managedpolicy.html
    """
    for number in range(2, len(draft.documents) + 1):
        properties = {"Roles": [{"Ref": role_id}], "PolicyDocument": policy(draft, names, number)}
        yield number, {"Type": "AWS::IAM::ManagedPolicy", "Properties": properties}


def policy(draft: Draft, names: Mapping[Reference, str], number: int = 1) -> dict[str, Json]:
    """Return a document of the policy of a role; the first one is inline."""
    statements = draft.documents[number - 1]
    return {"Version": POLICY_VERSION, "Statement": [intrinsics(statement, names) for statement in statements]}
