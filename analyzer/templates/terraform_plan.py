"""State machines in what `terraform show -json` prints of a plan or of a state.

https://developer.hashicorp.com/terraform/internals/json-format

A plan has the values that are known already, and of the others only what their expressions refer to. Where a definition is
among the others, it is read in the sources that lie beside the plan, with the values that the plan has for their variables.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from analyzer.errors import NotADefinition, SourceError
from analyzer.sources import parse_any
from analyzer.templates.facts import Facts
from analyzer.templates.model import Found, Role, Texts
from analyzer.templates.project import Project
from analyzer.templates.terraform import MACHINE, texts_of
from analyzer.templates.terraform_documents import statements_of
from analyzer.templates.terraform_facts import OF, at, paths_of
from analyzer.templates.terraform_role import ATTACHMENTS, OWN_POLICY, POLICY, ROLE
from analyzer.templates.types import facts as facts_table
from analyzer.templates.types import fill, terraform_type
from analyzer.text import Json, Pointer, Source

_ARN = re.compile(r"arn:(?P<partition>aws[a-z-]*):[^:]*:(?P<region>[^:]*):(?P<account>[0-9]{12}):")
_STEPS = 10
"""The most modules that a value is followed through."""


def is_plan(document: Json) -> bool:
    """Tell whether *document* is the JSON of a plan or a state."""
    return (
        isinstance(document, dict)
        and "format_version" in document
        and any(key in document for key in ("planned_values", "values"))
    )


def machines(source: Source, document: Mapping[str, Json], project: Project) -> Iterator[Found | SourceError]:
    """Yield the state machines of the plan *document*, which *source* holds."""
    if str(document["format_version"]).partition(".")[0] not in ("0", "1"):
        yield NotADefinition(
            "the plan has a format of a version that is not known", name=source.name, help="use format version 1"
        )
        return
    plan = _Plan(source, document, project)
    for one in plan.resources:
        if one.kind == MACHINE and one.mode == "managed":
            try:
                yield _read(plan, one)
            except SourceError as error:
                yield error


@dataclass(frozen=True, slots=True)
class _Resource:
    """One instance of a resource in a plan: its values, its expressions, and where it stands."""

    module: tuple[str, ...]
    mode: str
    kind: str
    name: str
    index: str
    values: Mapping[str, Json]
    expressions: Mapping[str, Json]
    provider: str
    pointer: Pointer

    @property
    def prefix(self) -> str:
        return "".join(f"module.{name}." for name in self.module)

    @property
    def address(self) -> str:
        """What it is referred to by, without the index of the instance."""
        return f"{self.prefix}{'data.' if self.mode == 'data' else ''}{self.kind}.{self.name}"


@dataclass(frozen=True)
class _Plan:
    """A plan, with its parts looked up once."""

    source: Source
    document: Mapping[str, Json]
    project: Project

    @cached_property
    def configuration(self) -> Mapping[str, Json]:
        return _object(_object(self.document.get("configuration")).get("root_module"))

    @cached_property
    def resources(self) -> list[_Resource]:
        key = "planned_values" if "planned_values" in self.document else "values"
        top = _object(_object(self.document.get(key)).get("root_module"))
        found = list(self._inside(top, self.configuration, (), (key, "root_module")))
        before = _object(_object(_object(self.document.get("prior_state")).get("values")).get("root_module"))
        read = self._inside(before, self.configuration, (), ("prior_state", "values", "root_module"))
        return [*found, *(one for one in read if one.mode == "data")]

    def _inside(self, module: Json, configured: Json, path: tuple[str, ...], pointer: Pointer) -> Iterator[_Resource]:
        written = {
            (str(one.get("mode")), str(one.get("type")), str(one.get("name"))): one
            for one in _list(_object(configured).get("resources"))
            if isinstance(one, dict)
        }
        for number, one in enumerate(_list(_object(module).get("resources"))):
            if not isinstance(one, dict):
                continue
            mode, kind, name = (str(one.get(key)) for key in ("mode", "type", "name"))
            own = _object(written.get((mode, kind, name)))
            index = f"[{json.dumps(one['index'])}]" if "index" in one else ""
            values, expressions = _object(one.get("values")), _object(own.get("expressions"))
            provider = str(own.get("provider_config_key", ""))
            yield _Resource(path, mode, kind, name, index, values, expressions, provider, (*pointer, "resources", number))
        for number, child in enumerate(_list(_object(module).get("child_modules"))):
            name = re.sub(r"\[.*", "", str(_object(child).get("address")).rpartition("module.")[2])
            call = _object(_object(_object(configured).get("module_calls")).get(name))
            yield from self._inside(child, call.get("module"), (*path, name), (*pointer, "child_modules", number))

    def module(self, path: tuple[str, ...]) -> Mapping[str, Json]:
        """Return the configuration of a module."""
        module = self.configuration
        for name in path:
            module = _object(_object(_object(module.get("module_calls")).get(name)).get("module"))
        return module

    def variable(self, name: str) -> Json:
        """Return the value that the plan has for a variable of the top module."""
        return _object(_object(self.document.get("variables")).get(name)).get("value")

    def followed(self, expression: Json, path: tuple[str, ...], steps: int = 0) -> tuple[str, tuple[str, ...]] | None:
        """Return the reference that *expression* is, and its module: it is followed through variables and outputs."""
        found = [str(one) for one in _list(_object(expression).get("references"))]
        whole = [one for one in found if not any(other != one and other.startswith((f"{one}.", f"{one}[")) for other in found)]
        if len(whole) != 1 or steps > _STEPS:
            return None
        written = re.sub(r"\[[^]]*\]", "", whole[0])
        head, *rest = written.split(".")
        if head == "var" and rest and path:
            call = _object(_object(self.module(path[:-1]).get("module_calls")).get(path[-1]))
            return self.followed(_object(call.get("expressions")).get(rest[0]), path[:-1], steps + 1) or (written, path)
        if head == "module" and len(rest) == 2:
            inner = (*path, rest[0])
            output = _object(_object(self.module(inner).get("outputs")).get(rest[1]))
            return self.followed(output.get("expression"), inner, steps + 1) or (written, path)
        return written, path

    def resource(self, expression: Json, path: tuple[str, ...]) -> tuple[_Resource, str] | None:
        """Return the resource that *expression* refers to, and the attribute of it."""
        reference = self.followed(expression, path)
        if reference is None:
            return None
        written, where = reference
        for one in self.resources:
            own = one.address.removeprefix(one.prefix)
            if one.module == where and (written == own or written.startswith(f"{own}.")):
                return one, written.removeprefix(own).removeprefix(".")
        return None


def _object(value: Json) -> Mapping[str, Json]:
    return value if isinstance(value, dict) else {}


def _list(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []


def _read(plan: _Plan, machine: _Resource) -> Found:
    texts: dict[str, Texts] = {}
    names: set[str] = set()
    name = f"{machine.prefix}{machine.name}{machine.index}"
    options = _options(plan, machine, texts, names)
    text = machine.values.get("definition")
    sources = _sources(plan, machine)
    if not isinstance(text, str):
        found = _from_sources(plan, machine, name)
        return replace(
            found,
            dialect="terraform-plan",
            template=plan.source.name,
            pointer=machine.pointer,
            options={**found.options, **options},
            texts={**found.texts, **texts},
            names=found.names | names,
            files=tuple(sorted({*found.files, *sources})),
        )
    shown = Source(text, f"{plan.source.name} ({name})")
    document, _ = parse_any(shown)
    kind = terraform_type(MACHINE)
    own = f"{machine.address}.{kind.name}" if kind else None
    if own and isinstance(machine.values.get("name"), str):
        texts[own] = (machine.values["name"],)
    facts = _facts(plan, texts, names)
    told = [text for (_, arn), values in facts.items() for text in (arn, *values)]
    beside = [json.dumps([document, list(options.values()), told], ensure_ascii=False), f"${{{own}}}"]
    known, plain = texts_of(beside, texts, {*names, str(own)})
    return Found(
        name=name,
        dialect="terraform-plan",
        template=plan.source.name,
        pointer=machine.pointer,
        source=shown,
        document=document,
        options=options,
        texts=known,
        names=plain,
        written=_written(plan),
        own_name=own,
        role=_role(plan, machine),
        files=sources,
        facts=facts,
    )


def _facts(plan: _Plan, texts: dict[str, Texts], names: set[str]) -> Facts:
    """Return what the resources of a plan tell: its values, and its references where a value is not known yet."""
    made: Facts = {}
    for one in plan.resources:
        told = paths_of(one.kind) if one.mode == "managed" else {}
        if not told:
            continue
        holder = _holder(plan, one)
        arns = list(_arns(holder, texts, names)) if holder is not None else []
        for fact, paths in told.items():
            found: list[str] = []
            for path in paths:
                values = [text for text in at(one.values, path) if isinstance(text, str)]
                written = [_reference(plan, expression, one.module, texts, names) for expression in at(one.expressions, path)]
                found += values or [text for text in written if text is not None]
            for arn in arns:
                made[fact, arn] = tuple(dict.fromkeys((*made.get((fact, arn), ()), *found)))
    return made


def _holder(plan: _Plan, one: _Resource) -> _Resource | None:
    named = facts_table(one.kind).get(OF)
    if named is None:
        return one
    found = plan.resource(one.expressions.get(str(named)), one.module)
    return found[0] if found else None


def _arns(one: _Resource, texts: dict[str, Texts], names: set[str]) -> Iterator[str]:
    """Yield the ARN of a resource: as the plan knows it, and as its references give it."""
    kind = terraform_type(one.kind)
    if isinstance(one.values.get("arn"), str):
        yield one.values["arn"]
    for attribute, pattern in kind.attributes.items() if kind is not None else ():
        if pattern.startswith("arn:"):
            own = kind.name if kind is not None and kind.name and kind.attributes.get(kind.name) == "{name}" else "id"
            names.add(f"{one.address}.{own}")
            if isinstance(one.values.get(own), str):
                texts[f"{one.address}.{own}"] = (one.values[own],)
            yield _filled(one, pattern, own, attribute)


def _sources(plan: _Plan, machine: _Resource) -> tuple[str, ...]:
    """Return the files beside the plan that declare the machine: it is read once."""
    folder = os.path.dirname(os.path.realpath(plan.source.name))
    declared = re.compile(rf'^[ \t]*resource[ \t]+"{MACHINE}"[ \t]+"{re.escape(machine.name)}"', re.MULTILINE)
    found = [plan.project.read(name, folder) for name in plan.project.listed(folder, ".tf")] if not machine.module else []
    return tuple(one.name for one in found if one is not None and declared.search(one.text))


def _from_sources(plan: _Plan, machine: _Resource, name: str) -> Found:
    from analyzer.templates import terraform

    folder = os.path.dirname(os.path.realpath(plan.source.name))
    values = {key: _object(one).get("value") for key, one in _object(plan.document.get("variables")).items()}
    names = {name, name.removesuffix(machine.index)}
    failed: SourceError | None = None
    for one in terraform.machines_of_folder(folder, plan.project, values):
        if isinstance(one, SourceError):
            failed = failed or one
        elif one.name in names:
            return one
    if failed is not None:
        raise failed
    raise SourceError(
        f"state machine `{name}`: the plan does not know its definition before it is applied",
        name=plan.source.name,
        help="lay the plan beside its .tf files, or give the JSON of the state once it is applied",
    )


def _options(plan: _Plan, machine: _Resource, texts: dict[str, Texts], names: set[str]) -> dict[str, Any]:
    values, made = machine.values, dict[str, Any]()
    for name in ("name", "type"):
        if isinstance(values.get(name), str):
            made[name] = values[name]
    for block in _list(values.get("logging_configuration")):
        made["logging"] = str(_object(block).get("level") or "OFF").upper() != "OFF"
    for block in _list(values.get("tracing_configuration")):
        made["tracing"] = _object(block).get("enabled") is True
    for number, block in enumerate(_list(values.get("encryption_configuration"))):
        key = _object(block).get("kms_key_id")
        written = _object(next(iter(_list(machine.expressions.get("encryption_configuration"))[number:]), None)).get("kms_key_id")
        key = key if isinstance(key, str) else _reference(plan, written, machine.module, texts, names)
        if key is not None:
            made["kms_key"] = key
    provider = _object(_object(_object(plan.document.get("configuration")).get("provider_config")).get(machine.provider))
    region = _object(_object(provider.get("expressions")).get("region"))
    given = values.get("region") or region.get("constant_value") or _variable(plan, region)
    if isinstance(given, str):
        made["region"] = given
    for arn in (values.get("role_arn"), values.get("arn")):
        match = _ARN.match(arn) if isinstance(arn, str) else None
        made.update({key: text for key, text in match.groupdict().items() if text} if match else {})
    return made


def _variable(plan: _Plan, expression: Json) -> Json:
    reference = plan.followed(expression, ())
    head, _, name = reference[0].partition(".") if reference else ("", "", "")
    return plan.variable(name) if head == "var" else None


def _reference(plan: _Plan, expression: Json, path: tuple[str, ...], texts: dict[str, Texts], names: set[str]) -> str | None:
    """Return the placeholder of what *expression* refers to, and learn what it stands for."""
    found = plan.resource(expression, path)
    if found is None:
        return None
    resource, attribute = found
    kind = terraform_type(resource.kind)
    pattern = kind.attributes.get(attribute) if kind else None
    address = f"{resource.address}.{attribute}"
    if kind is not None and pattern is not None:
        own = kind.name if kind.name and kind.attributes.get(kind.name) == "{name}" else "id"
        names.add(f"{resource.address}.{own}")
        if isinstance(resource.values.get(own), str):
            texts[f"{resource.address}.{own}"] = (resource.values[own],)
        address = f"{resource.address}.{own}" if pattern == "{name}" else address
        if pattern != "{name}":
            texts[address] = (_filled(resource, pattern, own, attribute),)
    return f"${{{address}}}"


def _filled(resource: _Resource, pattern: str, own: str, attribute: str) -> str:
    pseudo = {"partition": "AWS::Partition", "region": "AWS::Region", "account": "AWS::AccountId", "suffix": "AWS::URLSuffix"}

    def give(hole: str, absent: str | None) -> str:
        if hole in pseudo or hole == "name":
            return f"${{{pseudo.get(hole, f'{resource.address}.{own}')}}}"
        value = resource.values.get(hole)
        return (
            value if isinstance(value, str) else absent if absent is not None else f"${{{resource.address}.{attribute} {hole}}}"
        )

    return fill(pattern, give)


def _written(plan: _Plan) -> dict[str, str]:
    """Return how the configuration refers to the ARNs that the plan knows: ``arn:aws:sns:...`` → `aws_sns_topic.t.arn`."""
    known = ((one.values.get("arn"), one) for one in plan.resources)
    return {arn: f"{one.address}{one.index}.arn" for arn, one in known if isinstance(arn, str) and arn.startswith("arn:")}


def _role(plan: _Plan, machine: _Resource) -> Role | None:
    """Return the role that the machine has, where it is in the plan too."""
    roles = [one for one in plan.resources if one.kind == ROLE and one.mode == "managed"]
    arn = machine.values.get("role_arn")
    found = plan.resource(machine.expressions.get("role_arn"), machine.module)
    role = next((one for one in roles if isinstance(arn, str) and one.values.get("arn") == arn), None) or (
        found[0] if found else None
    )
    if role is None or role.kind != ROLE or role.mode != "managed":
        return None
    statements: list[Json] = []
    managed: list[str] = [str(one) for one in _list(role.values.get("managed_policy_arns"))]
    others: list[Json] = []

    def add(text: Json, expression: Json) -> None:
        if isinstance(text, str):
            statements.extend(statements_of(_json(text)))
        else:
            others.append({"references": _list(_object(expression).get("references"))})

    for number, block in enumerate(_list(role.values.get("inline_policy"))):
        written = _object(next(iter(_list(role.expressions.get("inline_policy"))[number:]), None))
        add(_object(block).get("policy"), written.get("policy"))
    for one in plan.resources:
        argument = "role" if one.kind == OWN_POLICY else ATTACHMENTS.get(one.kind)
        if argument is None or not _is_of(plan, one, argument, role):
            continue
        if one.kind == OWN_POLICY:
            add(one.values.get("policy"), one.expressions.get("policy"))
            continue
        policy = _policy(plan, one)
        if policy is not None:
            add(policy.values.get("policy"), policy.expressions.get("policy"))
        elif isinstance(one.values.get("policy_arn"), str):
            managed.append(one.values["policy_arn"])
    trust = _json(role.values.get("assume_role_policy"))
    return Role(f"{role.address}{role.index}", role.pointer, tuple(statements), tuple(managed), tuple(others), trust)


def _is_of(plan: _Plan, one: _Resource, argument: str, role: _Resource) -> bool:
    value, expression = one.values.get(argument), one.expressions.get(argument)
    given = value if isinstance(value, list) else [value]
    if isinstance(role.values.get("name"), str) and role.values["name"] in given:
        return True
    found = plan.resource(expression, one.module)
    return found is not None and found[0].address == role.address


def _policy(plan: _Plan, attachment: _Resource) -> _Resource | None:
    arn = attachment.values.get("policy_arn")
    for one in plan.resources:
        if one.kind == POLICY and one.mode == "managed" and isinstance(arn, str) and one.values.get("arn") == arn:
            return one
    found = plan.resource(attachment.expressions.get("policy_arn"), attachment.module)
    return found[0] if found and found[0].kind == POLICY and found[0].mode == "managed" else None


def _json(text: Json) -> Json:
    try:
        return json.loads(text) if isinstance(text, str) else None
    except (ValueError, RecursionError):
        return None
