"""Roles as CloudFormation and SAM templates declare them: their policies, wherever they stand, and who may take them on.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-iam-role.html
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace

from analyzer.templates.expressions import value
from analyzer.templates.model import PSEUDO, Role, Texts
from analyzer.templates.placeholders import Template, meaning, referred
from analyzer.text import Json, Pointer


def declared_role(holder: str, template: Template) -> Role:
    """Return the role that is the resource *holder*, with the policies that are resources of their own and name it."""
    properties = template.resources[holder].get("Properties") or {}
    own = policies(holder, ("Resources", holder), properties.get("Policies"), template)
    attached = [str(one) for one in value(properties.get("ManagedPolicyArns") or [], template) if isinstance(one, str)]
    beside = list(_attached(holder, template))
    return replace(
        own,
        statements=(*own.statements, *beside),
        managed=(*own.managed, *attached),
        trust=value(properties.get("AssumeRolePolicyDocument"), template),
        boundary=boundary_of(properties, template),
    )


def boundary_of(properties: Mapping[str, Json], template: Template) -> str | None:
    """Return the permissions boundary of a role, as a text with placeholders."""
    found = value(properties.get("PermissionsBoundary"), template)
    return found if isinstance(found, str) else None


def roles_in(document: Mapping[str, Json]) -> tuple[dict[str, Role], dict[str, Texts]]:
    """Return the roles of a template, and what their placeholders stand for where the template says it."""
    template = Template.of(document)
    roles = {str(name): declared_role(str(name), template) for name, resource in template.resources.items() if is_role(resource)}
    waiting = referred([json.dumps([role.statements, role.managed, role.trust], default=str) for role in roles.values()])
    known: dict[str, Texts] = {}
    while waiting:
        name = waiting.pop()
        if name not in known and name not in PSEUDO:
            known[name] = meaning(name, template)
            waiting.extend(referred(list(known[name])))
    return roles, {name: found for name, found in known.items() if found}


def is_role(resource: Json) -> bool:
    """Tell whether a resource is a role."""
    return (
        isinstance(resource, dict) and resource.get("Type") == "AWS::IAM::Role" and isinstance(resource.get("Properties"), dict)
    )


def _attached(role: str, template: Template) -> Iterator[Json]:
    """Yield the statements of policies that are resources of their own and name the role."""
    for resource in template.resources.values():
        if not isinstance(resource, dict) or resource.get("Type") not in (
            "AWS::IAM::Policy",
            "AWS::IAM::ManagedPolicy",
            "AWS::IAM::RolePolicy",
        ):
            continue
        properties = resource.get("Properties")
        if not isinstance(properties, dict):
            continue
        roles = value(properties.get("Roles", [properties.get("RoleName")]), template)
        if any(isinstance(one, str) and role in referred([one]) for one in (roles if isinstance(roles, list) else [])):
            yield from _statements(value(properties.get("PolicyDocument"), template))


def policies(name: str, pointer: Pointer, given: Json, template: Template) -> Role:
    """Sort a list of policies: documents, names of managed policies, and the templates of SAM."""
    listed = given if isinstance(given, list) else [] if given is None else [given]
    statements: list[Json] = []
    managed: list[str] = []
    others: list[Json] = []
    for policy in listed:
        one = value(policy, template)
        if isinstance(one, str):
            managed.append(one)
        elif isinstance(one, dict) and ("Statement" in one or "PolicyDocument" in one):
            statements.extend(_statements(one.get("PolicyDocument", one)))
        elif one is not None:
            others.append(one)
    return Role(name, pointer, tuple(statements), tuple(managed), tuple(others))


def _statements(document: Json) -> list[Json]:
    found = document.get("Statement") if isinstance(document, dict) else None
    return found if isinstance(found, list) else [found] if isinstance(found, dict) else []
