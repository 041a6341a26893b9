"""State machines in CloudFormation and SAM templates, and in what CDK synthesizes.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-stepfunctions-statemachine.html
https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-resource-statemachine.html
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from analyzer.dataflow.values import PLACEHOLDER
from analyzer.errors import SourceError
from analyzer.sources import parse_any
from analyzer.templates.connectors import connections
from analyzer.templates.expressions import OPEN, Template, expand, filled, is_plain, meaning, named, referred, texts, value
from analyzer.templates.model import PSEUDO, Found, Role, Texts
from analyzer.templates.project import Project
from analyzer.text import Json, Pointer, Source

MACHINE, SAM_MACHINE = "AWS::StepFunctions::StateMachine", "AWS::Serverless::StateMachine"
TYPES = (MACHINE, SAM_MACHINE)

_STACKS = {"AWS::CloudFormation::Stack": "TemplateURL", "AWS::Serverless::Application": "Location"}
"""Resources that are stacks of their own, and the property that says where their template is."""

NESTED = 5
"""The deepest stack in a stack that is read."""

_FIELDS = {
    MACHINE: {
        "name": "StateMachineName", "type": "StateMachineType", "logging": "LoggingConfiguration",
        "tracing": "TracingConfiguration", "role": "RoleArn", "location": "DefinitionS3Location", "text": "DefinitionString",
    },
    SAM_MACHINE: {
        "name": "Name", "type": "Type", "logging": "Logging", "tracing": "Tracing", "role": "Role", "location": "DefinitionUri",
    },
}  # fmt: skip
"""What the same thing is called in the two types of resource."""


@dataclass(frozen=True, slots=True)
class _Machine:
    """A resource that is a state machine, where it stands and what it is read with."""

    name: str
    kind: str
    properties: Mapping[str, Json]
    source: Source
    template: Template
    project: Project

    @property
    def pointer(self) -> Pointer:
        return ("Resources", self.name)

    def at(self, *steps: str | int) -> Pointer:
        """Return the place of a property in the template."""
        return (*self.pointer, "Properties", *steps)

    def get(self, key: str) -> Json:
        """Return the property that is called *key* in either type."""
        return self.properties.get(_FIELDS[self.kind].get(key, ""))


def is_template(document: Json) -> bool:
    """Tell whether *document* is a template with a state machine in it."""
    resources = document.get("Resources") if isinstance(document, dict) else None
    return isinstance(resources, dict) and any(
        isinstance(resource, dict) and resource.get("Type") in (*TYPES, *_STACKS) for resource in resources.values()
    )


def machines(source: Source, document: Mapping[str, Json], project: Project, depth: int = 0) -> Iterator[Found | SourceError]:
    """Yield every state machine of the template *document*, which *source* holds; an error for one that cannot be read.

    Those of nested stacks, whose templates lie in the project, are called `Stack/Machine`.
    """
    template = Template.of(document)
    for name, resource in template.resources.items():
        properties = resource.get("Properties") if isinstance(resource, dict) else None
        properties = properties if isinstance(properties, dict) else {}
        if isinstance(resource, dict) and resource.get("Type") in _STACKS and depth < NESTED:
            yield from _nested(str(name), properties, resource["Type"], source, template, project, depth)
        if not isinstance(resource, dict) or resource.get("Type") not in TYPES:
            continue
        properties = {**_globals(document, resource["Type"]), **properties}
        machine = _Machine(str(name), resource["Type"], properties, source, template, project)
        try:
            yield _read(machine)
        except SourceError as error:
            yield error


def _nested(
    name: str, properties: Mapping[str, Json], kind: str, source: Source, template: Template, project: Project, depth: int
) -> Iterator[Found | SourceError]:
    """Yield the machines of a nested stack; what its parameters are given is known there when it is a text."""
    path = _path(properties.get(_STACKS[kind]), template)
    inner = None if path is None else project.read(path, os.path.dirname(os.path.realpath(source.name)))
    if inner is None:
        return
    try:
        document, _ = parse_any(inner)
    except SourceError as error:
        yield error
        return
    if not isinstance(document, dict) or not isinstance(document.get("Resources"), dict):
        return
    given = properties.get("Parameters")
    bound = _bound(document.get("Parameters"), given if isinstance(given, dict) else {}, template)
    for found in machines(inner, {**document, "Parameters": bound}, project, depth + 1):
        yield replace(found, name=f"{name}/{found.name}") if isinstance(found, Found) else found


def _bound(parameters: Json, given: Mapping[str, Json], template: Template) -> dict[str, Json]:
    """Return the parameters of a nested template with what its parent gives them, where that is one text."""
    made: dict[str, Json] = {}
    for name, parameter in parameters.items() if isinstance(parameters, dict) else ():
        found = tuple(expand(text, template) for text in texts(given[name], template)) if name in given else ()
        known = len(found) == 1 and "${" not in found[0]
        made[name] = {"Type": "String", "Default": found[0]} if known else {"Type": "String"} if name in given else parameter
    return made


def _globals(document: Mapping[str, Json], kind: str) -> Mapping[str, Json]:
    given = document.get("Globals")
    own = given.get("StateMachine") if isinstance(given, dict) and kind == SAM_MACHINE else None
    return own if isinstance(own, dict) else {}


def _read(machine: _Machine) -> Found:
    definition, base, source, files = _definition(machine)
    given = value(machine.properties.get("DefinitionSubstitutions"), machine.template)
    substitutions = (
        {
            str(name): texts(written, machine.template)
            for name, written in (machine.properties.get("DefinitionSubstitutions") or {}).items()
        }
        if isinstance(given, dict)
        else {}
    )
    definition, told_apart = _told_apart(definition, substitutions, machine.template)
    role = _role(machine)
    known, names = _texts(machine, told_apart, definition, role)
    return Found(
        name=machine.name,
        dialect="sam" if machine.kind == SAM_MACHINE else "cloudformation",
        template=machine.source.name,
        pointer=machine.pointer,
        source=replace(source, base=base),
        document=definition,
        options=_options(machine),
        texts=known,
        names=names,
        settled=frozenset(name for name in names if name not in machine.template.parameters and name in known),
        generated=frozenset(name for name in names if name not in machine.template.parameters and name not in known),
        written=_written(machine.template),
        own_name=f"{machine.name}.Name",
        role=role,
        files=files,
    )


def _told_apart(definition: Json, substitutions: Mapping[str, Texts], template: Template) -> tuple[Json, Mapping[str, Texts]]:
    """Rename the substitutions that are called like something else in the template: `${Send}` may be given `!GetAtt Send.Arn`.

    One that is given just what it is called, `!Ref Send`, is the thing itself.
    """
    called = {*template.resources, *template.parameters}
    substitutions = {name: found for name, found in substitutions.items() if found != (OPEN % name,) or name not in called}
    alike = {name: f"{name}#given" for name in substitutions if name in called}
    if not alike:
        return definition, substitutions

    def renamed(value: Json) -> Json:
        if isinstance(value, str):
            return PLACEHOLDER.sub(lambda match: OPEN % alike.get(match[1], match[1]), value)
        if isinstance(value, dict):
            return {renamed(key): renamed(item) for key, item in value.items()}
        return [renamed(item) for item in value] if isinstance(value, list) else value

    return renamed(definition), {alike.get(name, name): found for name, found in substitutions.items()}


def _definition(machine: _Machine) -> tuple[Json, Pointer, Source, tuple[str, ...]]:
    """Return the definition, where it stands in which text, and the files it was read from."""
    inline = machine.properties.get("Definition")
    if isinstance(inline, dict) and not _includes(inline):
        return value(inline, machine.template), (*machine.source.base, *machine.at("Definition")), machine.source, ()
    written = machine.get("text")
    if written is not None and not _includes(written):
        return _from_text(machine, written)
    location = machine.get("location") or _includes(inline) or _includes(written)
    if location is None:
        raise _unread(machine, "it has no definition", "give it a Definition, a DefinitionString or a DefinitionUri")
    path = _path(location, machine.template)
    if path is None:
        raise _unread(machine, "its definition lies where only the deployment knows", "name a file of the project")
    folder = os.path.dirname(os.path.realpath(machine.source.name))
    found = machine.project.read(path, folder) or machine.project.read(f"asset.{os.path.basename(path)}", folder)
    if found is None:
        raise _unread(machine, f"there is no file `{path}` inside the project", "check the path")
    document, _ = parse_any(found)
    return document, (), found, (found.name,)


def _includes(expression: Json) -> Json:
    """Return the location of an `AWS::Include`, when *expression* is one."""
    transform = expression.get("Fn::Transform") if isinstance(expression, dict) and len(expression) == 1 else None
    if isinstance(transform, dict) and transform.get("Name") == "AWS::Include":
        parameters = transform.get("Parameters")
        return parameters.get("Location") if isinstance(parameters, dict) else None
    return None


def _path(location: Json, template: Template) -> str | None:
    """Return the path in the project that a location names; of an object in a bucket, the path that its key is."""
    if isinstance(location, dict) and ("Key" in location or "Bucket" in location):
        location = location.get("Key")
    found = [text for text in texts(location, template) if text]
    if len(found) != 1 or "${" in found[0] or "://" in found[0]:
        return None
    return found[0]


def _from_text(machine: _Machine, written: Json) -> tuple[Json, Pointer, Source, tuple[str, ...]]:
    found = texts(written, machine.template)
    if len(found) != 1 or found[0].startswith("${Fn::"):
        raise _unread(machine, "its definition is a text that only the deployment knows", "write the definition out")
    inner = Source(found[0], f"{machine.source.name} ({machine.name})")
    document, _ = parse_any(inner)
    return document, (), inner, ()


def _unread(machine: _Machine, why: str, help: str) -> SourceError:
    return SourceError(f"state machine `{machine.name}`: {why}", name=machine.source.name, help=help)


def _options(machine: _Machine) -> dict[str, Any]:
    """Return what the template says around the machine; what is written in parts stays a text with placeholders."""
    template = machine.template
    made: dict[str, Any] = {}
    for key in ("name", "type"):
        found = texts(machine.get(key), template) if machine.get(key) is not None else ()
        if len(found) == 1:
            made[key] = found[0]
    logging, tracing = value(machine.get("logging"), template), value(machine.get("tracing"), template)
    if isinstance(logging, dict):
        made["logging"] = str(logging.get("Level", "OFF")).upper() != "OFF"
    if isinstance(tracing, dict):
        made["tracing"] = tracing.get("Enabled") not in (False, "false", None)
    encryption = machine.properties.get("EncryptionConfiguration")
    if isinstance(encryption, dict) and encryption.get("KmsKeyId") is not None:
        found = texts(encryption["KmsKeyId"], template)
        if len(found) == 1:
            made["kms_key"] = found[0]
    return made


def _texts(
    machine: _Machine, substitutions: Mapping[str, Texts], definition: Json, role: Role | None
) -> tuple[dict[str, Texts], frozenset[str]]:
    """Return what every placeholder stands for that the definition, or what its placeholders mean, may have."""
    template = machine.template
    known: dict[str, Texts] = {}
    names: set[str] = set()
    options = [str(text) for text in _options(machine).values()]
    declared = [role.statements, role.managed, role.others, role.trust] if role else []
    beside = json.dumps([definition, options, declared], ensure_ascii=False, default=str)
    waiting = [*substitutions, *referred([beside])]
    while waiting:
        name = waiting.pop()
        if name in known or name in PSEUDO:
            continue
        known[name] = substitutions[name] if name in substitutions else meaning(name, template)
        if name not in substitutions and is_plain(name, template):
            names.add(name)
        waiting.extend(referred(list(known[name])))
    return {name: found for name, found in known.items() if found}, frozenset(names)


def _written(template: Template) -> dict[str, str]:
    """Return how CloudFormation refers to the texts that its resources have: ``arn:...`` → `Orders.Arn`, `Topic`."""
    made: dict[str, str] = {}
    for name in template.resources:
        kind = template.type_of(name)
        if kind is None:
            continue
        for attribute, pattern in kind.attributes.items():
            if pattern != "{name}":
                made.setdefault(filled(pattern, named(name, kind)), f"{name}.{attribute}")
        if kind.ref != "{name}":
            made[filled(kind.ref, named(name, kind))] = name
    return made


def _role(machine: _Machine) -> Role | None:
    """Return the execution role as the template declares it: a role of its own, or policies in the machine (SAM)."""
    template = machine.template
    written = machine.get("role")
    if written is None:
        if machine.kind != SAM_MACHINE:
            return None
        policies = machine.properties.get("Policies")
        made = _policies(machine.name, machine.at("Policies"), policies, template)
        others = (*made.others, *connections(machine.name, template))
        return replace(made, others=others, made=True, boundary=_boundary(machine.properties, template))
    found = texts(written, template)
    names = [name for text in found for name in referred([text])]
    holder = next((name for name in names if _is_role(template.resources.get(name.partition(".")[0]))), None)
    if holder is None:
        return None
    own = _declared_role(holder.partition(".")[0], template)
    return replace(own, others=(*own.others, *connections(machine.name, template)))


def _declared_role(holder: str, template: Template) -> Role:
    """Return the role that is the resource *holder*, with the policies that are resources of their own and name it."""
    properties = template.resources[holder].get("Properties") or {}
    own = _policies(holder, ("Resources", holder), properties.get("Policies"), template)
    attached = [str(one) for one in value(properties.get("ManagedPolicyArns") or [], template) if isinstance(one, str)]
    beside = list(_attached(holder, template))
    return replace(
        own,
        statements=(*own.statements, *beside),
        managed=(*own.managed, *attached),
        trust=value(properties.get("AssumeRolePolicyDocument"), template),
        boundary=_boundary(properties, template),
    )


def _boundary(properties: Mapping[str, Json], template: Template) -> str | None:
    found = value(properties.get("PermissionsBoundary"), template)
    return found if isinstance(found, str) else None


def roles_in(document: Mapping[str, Json]) -> tuple[dict[str, Role], dict[str, Texts]]:
    """Return the roles of a template, and what their placeholders stand for where the template says it."""
    template = Template.of(document)
    roles = {
        str(name): _declared_role(str(name), template) for name, resource in template.resources.items() if _is_role(resource)
    }
    waiting = referred([json.dumps([role.statements, role.managed, role.trust], default=str) for role in roles.values()])
    known: dict[str, Texts] = {}
    while waiting:
        name = waiting.pop()
        if name not in known and name not in PSEUDO:
            known[name] = meaning(name, template)
            waiting.extend(referred(list(known[name])))
    return roles, {name: found for name, found in known.items() if found}


def _is_role(resource: Json) -> bool:
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


def _policies(name: str, pointer: Pointer, policies: Json, template: Template) -> Role:
    """Sort a list of policies: documents, names of managed policies, and the templates of SAM."""
    listed = policies if isinstance(policies, list) else [] if policies is None else [policies]
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
