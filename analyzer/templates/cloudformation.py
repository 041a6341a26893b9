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
from analyzer.diagnostics import Diagnostic, diagnostic
from analyzer.errors import SourceError
from analyzer.templates.cloudformation_role import boundary_of, declared_role, is_role, policies
from analyzer.templates.conditions import conditional
from analyzer.templates.connectors import connections
from analyzer.templates.depends import dependencies
from analyzer.templates.expressions import texts, value
from analyzer.templates.facts import Facts, facts_of, meant
from analyzer.templates.model import PSEUDO, Found, Role, Texts
from analyzer.templates.placeholders import (
    OPEN,
    STACKS,
    Template,
    expand,
    is_arn,
    is_given,
    is_plain,
    meaning,
    referred,
)
from analyzer.templates.project import Project
from analyzer.templates.references import arns_in, followed
from analyzer.templates.stacks import Stack, path_of, read_stacks
from analyzer.templates.substitutions import parse, settle, texts_of, with_table
from analyzer.templates.written import references
from analyzer.text import Json, Pointer, Source

MACHINE, SAM_MACHINE = "AWS::StepFunctions::StateMachine", "AWS::Serverless::StateMachine"
TYPES = (MACHINE, SAM_MACHINE)

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
class Machine:
    """A resource that is a state machine, where it stands and what it is read with."""

    name: str
    kind: str
    properties: Mapping[str, Json]
    source: Source
    template: Template
    project: Project
    facts: Facts
    pointer: Pointer
    title: str = ""
    """What it is called in messages, when that is not its name."""

    def at(self, *steps: str | int) -> Pointer:
        """Return the place of a property in the template."""
        return (*self.pointer, "Properties", *steps)

    def get(self, key: str) -> Json:
        """Return the property that is called *key* in either type."""
        return self.properties.get(_FIELDS[self.kind].get(key, ""))


def is_template(document: Json) -> bool:
    """Tell whether *document* is a template with a state machine in it."""
    resources = document.get("Resources") if isinstance(document, dict) else None
    return isinstance(resources, dict) and any(map(_has_machine, resources.values()))


def _has_machine(resource: Json) -> bool:
    """Tell whether a resource is a machine or a stack, or a loop with one in it."""
    if isinstance(resource, dict):
        return resource.get("Type") in (*TYPES, *STACKS)
    body = resource[2] if isinstance(resource, list) and len(resource) == 3 else None
    return isinstance(body, dict) and any(map(_has_machine, body.values()))


def machines(source: Source, document: Mapping[str, Json], project: Project) -> Iterator[Found | SourceError]:
    """Yield every state machine of the template *document*, which *source* holds; an error for one that cannot be read.

    Those of nested stacks, whose templates lie in the project, are called `Stack/Machine`.
    """
    yield from _machines(read_stacks(source, document, project), project)


def _machines(stack: Stack, project: Project) -> Iterator[Found | SourceError]:
    yield from stack.errors
    for inner in stack.inner:
        for found in _machines(inner, project):
            yield replace(found, name=f"{inner.name}/{found.name}") if isinstance(found, Found) else found
    source, loops, template = stack.source, stack.loops, stack.template
    facts = facts_of(template)
    written, depends = references(template), dependencies(template.resources)
    for name, loop in loops.open.items():
        if _has_machine(loop):
            why = f"state machine `{name}`: it is made once for each of a list that only the deployment knows"
            yield SourceError(why, name=source.name, help="write the list out, or give the parameter that holds it a Default")
    for name, resource in template.resources.items():
        properties = resource.get("Properties") if isinstance(resource, dict) else None
        properties = properties if isinstance(properties, dict) else {}
        if not isinstance(resource, dict) or resource.get("Type") not in TYPES:
            continue
        properties = {**_globals(stack.document, resource["Type"]), **properties}
        pointer = loops.places.get(str(name), ("Resources", str(name)))
        machine = Machine(str(name), resource["Type"], properties, source, template, project, facts, pointer)
        try:
            found = read(machine)
        except SourceError as error:
            yield error
            continue
        around = conditional(template, str(name))
        said = tuple(_over_a_default(loop, loops.usual[loop]) for loop in loops.usual if loop in pointer)
        role = found.role and replace(found.role, machines=sharing(found.role, template))
        said = (*found.diagnostics, *said)
        yield replace(found, role=role, written=written, depends=depends, conditional=around, diagnostics=said)


def _over_a_default(loop: str, parameter: str) -> Diagnostic:
    message = f"`{loop}` goes over the default of `{parameter}`: another list makes other machines"
    return diagnostic("unresolved-substitution", message, help="write the list out, or analyse what is deployed")


def sharing(role: Role, template: Template) -> frozenset[str]:
    """Return the machines that take on *role*, or that it is a part of."""
    holder = role.pointer[1]
    made = set()
    for name, resource in template.resources.items():
        properties = resource.get("Properties") if isinstance(resource, dict) else None
        if isinstance(properties, dict) and resource.get("Type") in TYPES:
            written = properties.get(_FIELDS[resource["Type"]]["role"])
            made |= {str(name)} if name == holder or (written is not None and holder in _roles(written, template)) else set()
    return frozenset(made)


def _globals(document: Mapping[str, Json], kind: str) -> Mapping[str, Json]:
    given = document.get("Globals")
    own = given.get("StateMachine") if isinstance(given, dict) and kind == SAM_MACHINE else None
    return own if isinstance(own, dict) else {}


def read(machine: Machine, role: Role | None = None) -> Found:
    """Read one state machine, whose *role* is the declared one unless it is given.

    Raises `SourceError` when its definition cannot be had.
    """
    given = texts_of(machine.properties.get("DefinitionSubstitutions"), machine.template)
    definition, base, source, files, left = _definition(machine, given)
    definition, substitutions = settle(definition, {**given, **left}, machine.template)
    role = role or _role(machine)
    known, names, arns = _texts(machine, substitutions, definition, role)
    told = frozenset(name for name in names if not is_given(name, machine.template))
    own_name = f"{machine.name}.Name"
    own = meaning(own_name, machine.template)
    if len(own) > 1:
        known[own_name] = own
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
        arns=arns,
        unsure=frozenset(name for name in names if _is_unsure(name, known, definition, machine.template)),
        usual=frozenset(name for name in followed([definition], known) - names - arns if _is_usual(name, machine.template)),
        settled=frozenset(name for name in told if name in known),
        generated=frozenset(name for name in told if name not in known),
        own_name=own_name,
        role=role,
        files=files,
        functions={name: function.written for name, function in machine.template.functions.items()},
        facts=machine.facts,
    )


def _is_unsure(name: str, known: Mapping[str, Texts], definition: Json, template: Template) -> bool:
    """Tell whether *name* is given elsewhere, stands for a whole value, and no template shows anything of it."""
    if name in template.hidden:
        return False
    alone = f"${{{name}}}"
    whole = any(alone in found for found in known.values()) or json.dumps(alone) in json.dumps(definition)
    return is_given(name, template) and not known.get(name) and whole


def _is_usual(name: str, template: Template) -> bool:
    """Tell whether *name* is a parameter of which the default is known, and nothing of what else it may be."""
    parameter = template.parameters.get(name)
    return isinstance(parameter, dict) and "Default" in parameter and "AllowedValues" not in parameter


def _definition(
    machine: Machine, given: Mapping[str, Texts]
) -> tuple[Json, Pointer, Source, tuple[str, ...], Mapping[str, Texts]]:
    """Return the definition, where it stands in which text, the files it was read from, and more names that it has."""
    inline = machine.properties.get("Definition")
    if isinstance(inline, dict) and not _includes(inline):
        made = value(inline, machine.template)
        if isinstance(made, dict) and made.keys() == {"Fn::If"}:
            raise _unread(machine, *_SEVERAL)
        return made, (*machine.source.base, *machine.at("Definition")), machine.source, (), {}
    written = machine.get("text")
    if written is not None and not _includes(written):
        return _from_text(machine, written, given)
    location = machine.get("location") or _includes(inline) or _includes(written)
    if location is None:
        raise _unread(machine, "it has no definition", "give it a Definition, a DefinitionString or a DefinitionUri")
    path = path_of(location, machine.template)
    if path is None:
        raise _unread(machine, "its definition lies where only the deployment knows", "name a file of the project")
    folder = os.path.dirname(os.path.realpath(machine.source.name))
    found = machine.project.read(path, folder) or machine.project.read(f"asset.{os.path.basename(path)}", folder)
    if found is None:
        raise _unread(machine, f"there is no file `{path}` inside the project", "check the path")
    document, source = parse(found, given, machine.template)
    return document, (), source, (found.name,), {}


def _includes(expression: Json) -> Json:
    """Return the location of an `AWS::Include`, when *expression* is one."""
    transform = expression.get("Fn::Transform") if isinstance(expression, dict) and len(expression) == 1 else None
    if isinstance(transform, dict) and transform.get("Name") == "AWS::Include":
        parameters = transform.get("Parameters")
        return parameters.get("Location") if isinstance(parameters, dict) else None
    return None


def _from_text(
    machine: Machine, written: Json, given: Mapping[str, Texts]
) -> tuple[Json, Pointer, Source, tuple[str, ...], Mapping[str, Texts]]:
    found, left = with_table(written, machine.template)
    if len(found) > 1:
        raise _unread(machine, *_SEVERAL)
    [text] = found if len(found) == 1 else [OPEN % "text"]
    text = expand(text, machine.template) if PLACEHOLDER.fullmatch(text.strip()) else text
    if PLACEHOLDER.fullmatch(text.strip()):
        raise _unread(machine, "its definition is a text that only the deployment knows", "write the definition out")
    inner = Source(text, f"{machine.source.name} ({machine.title or machine.name})")
    document, inner = parse(inner, {**given, **left}, machine.template)
    return document, (), inner, (), left


_SEVERAL = ("its definition may be one of several", "write what differs into the definition, or a machine for each")


def _unread(machine: Machine, why: str, help: str) -> SourceError:
    return SourceError(f"state machine `{machine.title or machine.name}`: {why}", name=machine.source.name, help=help)


def _options(machine: Machine) -> dict[str, Any]:
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
        found = tuple(other for text in texts(encryption["KmsKeyId"], template) for other in meant(text, template))
        if len(found) == 1:
            made["kms_key"] = found[0]
    return made


def _texts(
    machine: Machine, substitutions: Mapping[str, Texts], definition: Json, role: Role | None
) -> tuple[dict[str, Texts], frozenset[str], frozenset[str]]:
    """Return what every placeholder stands for that the definition, or what its placeholders mean, may have."""
    template = machine.template
    known: dict[str, Texts] = {}
    names: set[str] = set()
    arns: set[str] = set()
    options = [str(text) for text in _options(machine).values()]
    declared = (role.statements, role.managed, role.others, role.trust) if role else ()
    facts = [text for (_, arn), values in machine.facts.items() for text in (arn, *values)]
    beside = json.dumps([definition, options, declared, facts], ensure_ascii=False, default=str)
    waiting = [*substitutions, *referred([beside])]
    while waiting:
        name = waiting.pop()
        if name in known or name in PSEUDO:
            continue
        known[name] = substitutions[name] if name in substitutions else meaning(name, template)
        if name not in substitutions:
            names |= {name} if is_plain(name, template) else set()
            arns |= {name} if is_arn(name, template) else set()
        waiting.extend(referred(list(known[name])))
    told = {name: found for name, found in known.items() if found}
    whole = {name for name in arns_in(definition, told) if name in names and name not in told and is_given(name, template)}
    return told, frozenset(names - whole), frozenset(arns | whole)


def _role(machine: Machine) -> Role | None:
    """Return the execution role as the template declares it: a role of its own, or policies in the machine (SAM)."""
    template = machine.template
    written = machine.get("role")
    if written is None:
        if machine.kind != SAM_MACHINE:
            return None
        made = policies(machine.name, machine.at("Policies"), machine.properties.get("Policies"), template)
        others = (*made.others, *connections(machine.name, template))
        return replace(made, others=others, made=True, boundary=boundary_of(machine.properties, template))
    holder = next(iter(_roles(written, template)), None)
    if holder is None:
        return None
    own = declared_role(holder, template, machine.name)
    return replace(own, others=(*own.others, *connections(machine.name, template)))


def _roles(written: Json, template: Template) -> list[str]:
    """Return the roles of the template that *written*, the property of a machine, names: one, or one of several.

    A machine has a role of its own account, and there is one of a name: so it may be named by an ARN that is written out.
    """
    found = texts(written, template)
    names = [name for name in (one.partition(".")[0] for one in referred(list(found))) if is_role(template.resources.get(name))]
    called = {expand(text, template).rpartition("/")[2] for text in found if ":role/" in text}
    return names or [
        name for name, one in template.resources.items() if is_role(one) and not called.isdisjoint(_called(one, template))
    ]


def _called(role: Mapping[str, Json], template: Template) -> list[str]:
    """Return the names that a role is given by its template."""
    name = role["Properties"].get("RoleName")
    return [expand(text, template) for text in texts(name, template)] if name is not None else []
