"""The execution role of a machine as Terraform declares it, with the policies that are attached to it anywhere.

https://docs.aws.amazon.com/step-functions/latest/dg/procedure-create-iam-role.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from analyzer.dataflow.values import PLACEHOLDER
from analyzer.errors import SourceError
from analyzer.templates.hcl_evaluate import evaluate
from analyzer.templates.hcl_functions import parsed
from analyzer.templates.hcl_values import Choice, Ref, Scope, Value, as_text
from analyzer.templates.model import Role, only_where
from analyzer.templates.terraform_documents import repeated, statements_of
from analyzer.templates.terraform_resource import Resource, hangs_on
from analyzer.templates.types import terraform_type
from analyzer.text import Json

MACHINE, ROLE, POLICY, OWN_POLICY = "aws_sfn_state_machine", "aws_iam_role", "aws_iam_policy", "aws_iam_role_policy"
ATTACHMENTS = {"aws_iam_role_policy_attachment": "role", "aws_iam_policy_attachment": "roles"}
"""The resources that attach a policy, and the argument that says to which roles."""


_ROLE_ARN = re.compile(r"arn:[^:]*(?:\$\{AWS::Partition\})?:iam::(?:[^:]*|\$\{[^}]*\}):role/(?:.*/)?([^/]+)")

_INSTANCE = re.compile(r"(\[.*\])?\.\w+")
_KNOWN_KEY = re.compile(r"\[(?:[0-9]+|'[^']*')\]")


def role_of(machine: Resource) -> Role | None:
    """Return the role that the machine has, with all that share it; nothing for one that is declared elsewhere."""
    role = _taken_on(machine)
    return None if role is None else replace(declared_role(role, machine), machines=frozenset(_sharing(role)))


def _sharing(role: Resource) -> Iterator[str]:
    """Yield the machines that take on *role*, whether their definitions can be read or not."""
    for one in _everywhere(role):
        if one.kind == MACHINE:
            try:
                own = _taken_on(one)
            except SourceError:
                continue
            if own is not None and own.address == role.address:
                yield one.title


def _taken_on(machine: Resource) -> Resource | None:
    """Return the role of the configuration that the machine has."""
    written = machine.block.body.attributes.get("role_arn")
    value = None if written is None else evaluate(written, machine.scope())
    role = _declared(value, machine)
    if role is None or role.kind != ROLE or role.block.kind != "resource":
        role = _named(value, machine)
    return role


def _named(value: Value, machine: Resource) -> Resource | None:
    """Return the role that an ARN names. A name is one role of the account, and no machine has a role of another account."""
    texts = machine.module.configuration.known.texts
    found = texts.get(value.name, ()) if isinstance(value, Ref) else (value,)
    match = _ROLE_ARN.fullmatch(found[0]) if len(found) == 1 and isinstance(found[0], str) else None
    if match is None:
        return None
    held = PLACEHOLDER.fullmatch(match[1])
    names = {match[1], *(texts.get(held[1], ()) if held and len(texts.get(held[1], ())) == 1 else ())}
    roles = [one for one in _everywhere(machine) if one.kind == ROLE and names & _names(one)]
    return roles[0] if len(roles) == 1 else None


def _names(role: Resource) -> set[str]:
    """Return what the name of a role is written as."""
    kind, written = terraform_type(ROLE), role.block.body.attributes.get("name")
    own = {f"${{{role.address}.{role.own_name(kind)}}}"} if kind else set()
    value = role.argument("name")
    return own | ({as_text(value, written, role.scope())} if written is not None and value is not None else set())


def declared_role(role: Resource, *others: Resource) -> Role:
    """Return what a role is allowed by the policies that are in it, and by those that other resources attach to it.

    One that may be left out hangs on its `count` or `for_each`, unless the role or one of *others* hangs on the same.
    """
    made = _Policies(role)
    body = role.block.body
    around = {hangs_on(one) for one in (role, *others)}
    for block, inner, under in repeated(body, "inline_policy", role.scope()):
        made.add_document(_text(block.body.attributes.get("policy"), inner), role, under)
    managed = role.json("managed_policy_arns")
    for arn in managed if isinstance(managed, list) else []:
        made.add_policy(arn, role)
    for one in _everywhere(role):
        named = "role" if one.kind == OWN_POLICY else ATTACHMENTS.get(one.kind)
        is_of = named is not None and _is_of(one.argument(named), role)
        condition = "" if is_of is False or (found := hangs_on(one)) in around else found
        if is_of is None:
            made.others.append({"Unread": one.address})
        elif is_of and one.kind == OWN_POLICY:
            made.add_document(_text(one.block.body.attributes.get("policy"), one.scope()), one, condition)
        elif is_of:
            made.add_policy(one.json("policy_arn"), one, condition)
    trust = _parsed(_text(body.attributes.get("assume_role_policy"), role.scope()), role.scope())
    pointer = (*role.module.prefix.split(".")[:-1], "resource", *role.block.labels)
    boundary = _text(body.attributes.get("permissions_boundary"), role.scope())
    rest = tuple(made.others)
    return Role(role.address, pointer, tuple(made.statements), tuple(made.managed), rest, trust, boundary=boundary or None)


class _Policies:
    """What is gathered of the policies of one role."""

    def __init__(self, role: Resource) -> None:
        self.role = role
        self.statements: list[Json] = []
        self.managed: list[str] = []
        self.others: list[Json] = []

    def add_document(self, text: str | None, by: Resource, condition: str = "") -> None:
        """Add the statements of a policy document of *by*, which is there only where a condition holds when one is given."""
        document = _parsed(text, self.role.scope())
        written = document.get("Statement") if isinstance(document, dict) else None
        found = [one for one in statements_of(document) if one is not None]
        if not isinstance(written, list | dict) or not all(isinstance(one, dict) for one in found):
            self.others.append({"Unread": by.address})
        self.statements.extend(only_where(one, condition) for one in found if isinstance(one, dict))

    def add_policy(self, arn: Json, by: Resource, condition: str = "") -> None:
        """Add what the policy with an ARN says, where it is declared here; else the ARN."""
        if not isinstance(arn, str):
            return
        policy = _declared(arn, by)
        if policy is not None and policy.kind == POLICY and "policy" in policy.block.body.attributes:
            self.add_document(_text(policy.block.body.attributes["policy"], policy.scope()), policy, condition)
        elif condition:
            self.others.append(only_where(arn, condition))
        else:
            self.managed.append(arn)


def _everywhere(role: Resource) -> Iterator[Resource]:
    """Yield the resources of all modules that are read."""
    for module in list(role.module.configuration.modules):
        yield from module.resources()


def _declared(value: Value, by: Resource) -> Resource | None:
    """Return the resource that a reference to an attribute of it is of."""
    text = value.name if isinstance(value, Ref) else value
    if not isinstance(text, str):
        return None
    match = PLACEHOLDER.fullmatch(text)
    return by.module.configuration.resources.get(match[1] if match else text)


def _is_of(value: Value, role: Resource) -> bool | None:
    """Tell whether *value* names the role: by a reference to it, or by the name that it is given. Nothing where it may."""
    if isinstance(value, list):
        found = [_is_of(one, role) for one in value]
        return True if True in found else None if None in found else False
    if isinstance(value, Choice):
        return None if any(_is_of(one, role) is not False for one in value.values) else False
    kind = terraform_type(ROLE)
    name = f"{role.address}.{role.own_name(kind)}" if kind else f"{role.address}.name"
    if not isinstance(value, Ref):
        return isinstance(value, str) and value in (f"${{{name}}}", role.argument("name"))
    if value.name == name:
        return True
    every = role.address.removesuffix(role.key)
    match = _INSTANCE.fullmatch(value.name.removeprefix(every)) if value.name.startswith(every) else None
    if match:
        return False if all(_KNOWN_KEY.fullmatch(key or "") for key in (match[1], role.key)) else None
    may_be = role.module.configuration.known.texts.get(value.name, ())
    return None if len(may_be) > 1 and f"${{{name}}}" in may_be else False


def _text(expression: object, scope: Scope) -> str | None:
    from analyzer.templates.hcl import Expression

    if not isinstance(expression, Expression):
        return None
    value = evaluate(expression, scope)
    return None if value is None else as_text(value, expression, scope)


def _parsed(text: str | None, scope: Scope) -> Json:
    """Return what a policy says; nothing when only the deployment knows."""
    if text is None or PLACEHOLDER.fullmatch(text.strip()):
        return None
    try:
        document = parsed(text, scope)
    except SourceError:
        return None
    return document if isinstance(document, dict) else None
