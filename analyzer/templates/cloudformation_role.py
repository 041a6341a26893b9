"""Roles as CloudFormation and SAM templates declare them: their policies, wherever they stand, and who may take them on.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-iam-role.html
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from math import prod

from analyzer.templates.conditions import condition_of, conditions_of
from analyzer.templates.expressions import NOTHING, taken, texts, value
from analyzer.templates.loops import Loops
from analyzer.templates.model import PSEUDO, Role, Texts, only_where
from analyzer.templates.placeholders import OPEN, Template, meaning, referred
from analyzer.text import Json, Pointer

_SEVERAL = ("Action", "Resource")

MOST_PARTS = 256
"""Statements that one statement is taken apart into: beyond that, the whole of it hangs on a condition."""

Conditional = tuple[Json, str]
"""Something of a role, and the condition of the template under which it is there; none where it always is."""


def declared_role(holder: str, template: Template, machine: str = "") -> Role:
    """Return the role that is the resource *holder*, with the policies that are resources of their own and name it.

    Those that are there only where a condition holds are said to be so, unless *machine*, whose role it is, is there only then.
    """
    properties = template.resources[holder].get("Properties") or {}
    own = policies(holder, ("Resources", holder), properties.get("Policies"), template)
    managed = policies(holder, ("Resources", holder), properties.get("ManagedPolicyArns"), template)
    beside = list(_attached(holder, template, conditions_of((holder, machine), template)))
    return replace(
        own,
        statements=(*own.statements, *managed.statements, *beside),
        managed=(*own.managed, *managed.managed),
        others=(*own.others, *managed.others),
        trust=value(_with_choices(properties.get("AssumeRolePolicyDocument"), template), template),
        boundary=boundary_of(properties, template),
    )


def _with_choices(trust: Json, template: Template) -> Json:
    """Return a trust policy with nothing but an empty object where a condition may leave a part of it out."""
    if isinstance(trust, list):
        return [_with_choices(one, template) for one in trust]
    if not isinstance(trust, dict):
        return trust
    made = {key: _with_choices(one, template) for key, one in trust.items()}
    choice = made.get("Fn::If")
    if len(made) == 1 and isinstance(choice, list) and len(taken(choice, template)) == 2:
        return {"Fn::If": [choice[0], *({} if one == {"Ref": NOTHING} else one for one in choice[1:])]}
    return made


def boundary_of(properties: Mapping[str, Json], template: Template) -> str | None:
    """Return the permissions boundary of a role, as a text with placeholders."""
    found = value(properties.get("PermissionsBoundary"), template)
    return found if isinstance(found, str) else None


def roles_in(document: Mapping[str, Json]) -> tuple[dict[str, Role], dict[str, Texts]]:
    """Return the roles of a template, and what their placeholders stand for where the template says it."""
    template = Template.of(Loops.of(document).document)
    roles = {str(name): declared_role(str(name), template) for name, resource in template.resources.items() if is_role(resource)}
    waiting = referred(
        [json.dumps([role.statements, role.managed, role.others, role.trust], default=str) for role in roles.values()]
    )
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


def _attached(role: str, template: Template, around: frozenset[str]) -> Iterator[Json]:
    """Yield the statements of policies that are resources of their own and name the role, by a reference or by its name."""
    names = _names(template.resources[role]["Properties"].get("RoleName"), template)
    for resource in template.resources.values():
        if not isinstance(resource, dict) or resource.get("Type") not in (
            "AWS::IAM::Policy",
            "AWS::IAM::ManagedPolicy",
            "AWS::IAM::RolePolicy",
        ):
            continue
        properties = resource.get("Properties")
        condition = condition_of(resource, template, around)
        if not isinstance(properties, dict) or condition is None:
            continue
        roles = value(properties.get("Roles", [properties.get("RoleName")]), template)
        named = [one for one in (roles if isinstance(roles, list) else [roles]) if isinstance(one, str)]
        if any(role in referred([one]) or one in names for one in named):
            yield from _statements(properties.get("PolicyDocument"), template, condition)


def _names(written: Json, template: Template) -> frozenset[str]:
    """Return what a name is written as, where it is the same in every deployment of the template."""
    found = texts(written, template) if written is not None else ()
    return frozenset(found) if len(found) == 1 else frozenset()


def policies(name: str, pointer: Pointer, given: Json, template: Template) -> Role:
    """Sort a list of policies: documents, names of managed policies, and the templates of SAM.

    One that is there only where a condition holds is among the statements or the others as `{"Fn::If": [condition, it, null]}`.
    """
    statements: list[Json] = []
    managed: list[str] = []
    others: list[Json] = []
    for policy, condition in _each(given, template):
        if isinstance(policy, dict) and ("Statement" in policy or "PolicyDocument" in policy):
            statements += _statements(policy.get("PolicyDocument", policy), template, condition)
            continue
        one = value(policy, template)
        own = _own_managed(one, template)
        if own is not None:
            statements += _statements(own.get("PolicyDocument"), template, condition)
        elif isinstance(one, str) and not condition:
            managed.append(one)
        elif one is not None:
            others.append(only_where(one, condition))
    return Role(name, pointer, tuple(statements), tuple(managed), tuple(others))


def _own_managed(named: Json, template: Template) -> Mapping[str, Json] | None:
    """Return the properties of the managed policy of the template that *named* refers to, when it is one."""
    names = referred([named]) if isinstance(named, str) else []
    resource = template.resources.get(names[0].partition(".")[0]) if len(names) == 1 and named == OPEN % names[0] else None
    if not isinstance(resource, dict) or resource.get("Type") != "AWS::IAM::ManagedPolicy":
        return None
    properties = resource.get("Properties")
    return properties if isinstance(properties, dict) else {}


def _statements(document: Json, template: Template, condition: str = "") -> Iterator[Json]:
    """Yield the statements of a document, each as often as it may be another one; a text for what cannot be read."""
    for one, around in _each(document, template, condition):
        if not isinstance(one, dict) or "Statement" not in one:
            yield only_where(_in_words(one), around)
            continue
        for statement, beside in _each(one["Statement"], template, around):
            if not isinstance(statement, dict) or (len(statement) == 1 and "Effect" not in statement):
                yield only_where(_in_words(statement), beside)
                continue
            under = beside or next((found for _, found in _each(statement.get("Condition"), template)), "")
            effects = list(_each(statement.get("Effect"), template, under))
            found = [[one for _, one in _each(statement.get(key), template) if one] for key in _SEVERAL]
            if len(effects) * prod(1 + len(one) for one in found) > MOST_PARTS:
                some = next(one for one in (*(one for _, one in effects), *found[0], *found[1]) if one)
                yield only_where(value({**statement, "Effect": effects[0][0]}, template), some)
                continue
            for effect, inner in effects:
                for part, innermost in _parts({**statement, "Effect": effect}, template, inner):
                    yield only_where(value(part, template), innermost)


def _in_words(written: Json) -> str:
    return f"a part that is made by `{next(iter(written))}`" if isinstance(written, dict) and written else "a part"


def _parts(
    statement: Mapping[str, Json], template: Template, condition: str, keys: tuple[str, ...] = _SEVERAL
) -> Iterator[Conditional]:
    """Yield a statement, and once more for each action and resource that it has only where a condition holds."""
    if not keys:
        yield statement, condition
        return
    key, *others = keys
    found = list(_each(statement.get(key), template))
    surely = [one for one, under in found if not under]
    groups = (
        [(statement, condition)] if len(surely) == len(found) else [({**statement, key: surely}, condition)] if surely else []
    )
    groups += [({**statement, key: one}, condition or under) for one, under in found if under]
    for one, under in groups:
        yield from _parts(one, template, under, tuple(others))


def _each(expression: Json, template: Template, condition: str = "") -> Iterator[Conditional]:
    """Yield what a list, or a single thing, may have in it, and the condition under which it does; none where it always does."""
    if isinstance(expression, list):
        for item in expression:
            yield from _each(item, template, condition)
    elif isinstance(expression, dict) and expression.keys() == {"Fn::If"}:
        branches = taken(expression["Fn::If"], template)
        for branch in branches:
            yield from _each(branch, template, condition if len(branches) == 1 else condition or str(expression["Fn::If"][0]))
    elif expression is not None and expression != {"Ref": NOTHING}:
        yield expression, condition
