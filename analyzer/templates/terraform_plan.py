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
from dataclasses import replace
from typing import Any

from analyzer.dataflow.values import PLACEHOLDER
from analyzer.errors import NotADefinition, SourceError
from analyzer.sources import parse_any
from analyzer.templates.facts import Facts
from analyzer.templates.model import Found, Role, Texts
from analyzer.templates.project import Project
from analyzer.templates.terraform import texts_of
from analyzer.templates.terraform_documents import statements_of
from analyzer.templates.terraform_facts import OF, at, paths_of
from analyzer.templates.terraform_names import spelled_plainly
from analyzer.templates.terraform_planned import Plan, Planned, as_list, as_object
from analyzer.templates.terraform_role import ATTACHMENTS, MACHINE, OWN_POLICY, POLICY, ROLE
from analyzer.templates.types import facts as facts_table
from analyzer.templates.types import fill, terraform_type
from analyzer.text import Json, Source

_ARN = re.compile(r"arn:(?P<partition>aws[a-z-]*):[^:]*:(?P<region>[^:]*):(?P<account>[0-9]{12}):")


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
    plan = Plan(source, document, project)
    for one in plan.resources:
        if one.kind == MACHINE and one.mode == "managed":
            try:
                yield _read(plan, one)
            except SourceError as error:
                yield error


def _read(plan: Plan, machine: Planned) -> Found:
    texts: dict[str, Texts] = {}
    names: set[str] = set()
    name = _title(machine)
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
            spelled={**spelled_plainly({*texts, *names, *_named(texts)}, found.home), **(found.spelled or {})},
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
        spelled=spelled_plainly(
            {*known, *plain, *_written(plan).values(), *_named(known), *PLACEHOLDER.findall(beside[0])}, machine.prefix
        ),
        home=machine.prefix,
        own_name=own,
        role=_role(plan, machine),
        files=sources,
        facts=facts,
    )


def _title(machine: Planned) -> str:
    """Return what a machine is called among the others: its label, with the module that it is in."""
    return f"{machine.prefix}{machine.name}".replace("'", '"') + machine.index


def _facts(plan: Plan, texts: dict[str, Texts], names: set[str]) -> Facts:
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
                written = [_reference(plan, expression, one, texts, names) for expression in at(one.expressions, path)]
                found += values or [text for text in written if text is not None]
            for arn in arns:
                made[fact, arn] = tuple(dict.fromkeys((*made.get((fact, arn), ()), *found)))
    return made


def _holder(plan: Plan, one: Planned) -> Planned | None:
    named = facts_table(one.kind).get(OF)
    if named is None:
        return one
    found = plan.resource(one.expressions.get(str(named)), one)
    return found[0] if found else None


def _arns(one: Planned, texts: dict[str, Texts], names: set[str]) -> Iterator[str]:
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


def _sources(plan: Plan, machine: Planned) -> tuple[str, ...]:
    """Return the files beside the plan that declare the machine: it is read once."""
    folder = os.path.dirname(os.path.realpath(plan.source.name))
    declared = re.compile(rf'^[ \t]*resource[ \t]+"{MACHINE}"[ \t]+"{re.escape(machine.name)}"', re.MULTILINE)
    found = [plan.project.read(name, folder) for name in plan.project.listed(folder, ".tf")] if not machine.module else []
    return tuple(one.name for one in found if one is not None and declared.search(one.text))


def _from_sources(plan: Plan, machine: Planned, name: str) -> Found:
    from analyzer.templates import terraform

    folder = os.path.dirname(os.path.realpath(plan.source.name))
    values = {key: as_object(one).get("value") for key, one in as_object(plan.document.get("variables")).items()}
    names = {name, name.removesuffix(machine.index), f"{''.join(f'module.{one}.' for one in machine.module)}{machine.name}"}
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


def _options(plan: Plan, machine: Planned, texts: dict[str, Texts], names: set[str]) -> dict[str, Any]:
    values, made = machine.values, dict[str, Any]()
    for name in ("name", "type"):
        if isinstance(values.get(name), str):
            made[name] = values[name]
    for block in as_list(values.get("logging_configuration")):
        made["logging"] = str(as_object(block).get("level") or "OFF").upper() != "OFF"
    for block in as_list(values.get("tracing_configuration")):
        made["tracing"] = as_object(block).get("enabled") is True
    for number, block in enumerate(as_list(values.get("encryption_configuration"))):
        key = as_object(block).get("kms_key_id")
        written = as_object(next(iter(as_list(machine.expressions.get("encryption_configuration"))[number:]), None)).get(
            "kms_key_id"
        )
        key = key if isinstance(key, str) else _reference(plan, written, machine, texts, names)
        if key is not None:
            made["kms_key"] = key
    provider = as_object(as_object(as_object(plan.document.get("configuration")).get("provider_config")).get(machine.provider))
    region = as_object(as_object(provider.get("expressions")).get("region"))
    given = values.get("region") or region.get("constant_value") or _variable(plan, region)
    if isinstance(given, str):
        made["region"] = given
    for arn in (values.get("role_arn"), values.get("arn")):
        match = _ARN.match(arn) if isinstance(arn, str) else None
        made.update({key: text for key, text in match.groupdict().items() if text} if match else {})
    return made


def _variable(plan: Plan, expression: Json) -> Json:
    reference = plan.followed(expression, ())
    head, _, name = reference.written.partition(".") if reference else ("", "", "")
    return plan.variable(name) if head == "var" else None


def _reference(plan: Plan, expression: Json, by: Planned, texts: dict[str, Texts], names: set[str]) -> str | None:
    """Return the placeholder of what *expression*, one of *by*, refers to, and learn what it stands for."""
    found = plan.resource(expression, by)
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


def _filled(resource: Planned, pattern: str, own: str, attribute: str) -> str:
    pseudo = {"partition": "AWS::Partition", "region": "AWS::Region", "account": "AWS::AccountId", "suffix": "AWS::URLSuffix"}

    def give(hole: str, absent: str | None) -> str:
        if hole in pseudo or hole == "name":
            return f"${{{pseudo.get(hole, f'{resource.address}.{own}')}}}"
        value = resource.values.get(hole)
        return (
            value if isinstance(value, str) else absent if absent is not None else f"${{{resource.address}.{attribute} {hole}}}"
        )

    return fill(pattern, give)


def _named(texts: Mapping[str, Texts]) -> set[str]:
    return {name for found in texts.values() for text in found for name in PLACEHOLDER.findall(text)}


def _written(plan: Plan) -> dict[str, str]:
    """Return how the configuration refers to the ARNs that the plan knows: ``arn:aws:sns:...`` → `aws_sns_topic.t.arn`."""
    known = ((one.values.get("arn"), one) for one in plan.resources)
    return {arn: f"{one.address}.arn" for arn, one in known if isinstance(arn, str) and arn.startswith("arn:")}


def _resource_of_role(plan: Plan, machine: Planned) -> Planned | None:
    """Return the role that the machine has, where it is in the plan too: by what is known of its ARN, else by its reference."""
    arn, expression = machine.values.get("role_arn"), machine.expressions.get("role_arn")
    roles = [one for one in plan.resources if one.kind == ROLE and one.mode == "managed"]
    known = [one for one in roles if isinstance(arn, str) and _is_named(one, arn)]
    found = plan.resource(expression, machine) or plan.resource({"references": _of_roles(expression)}, machine)
    role = known[0] if len(known) == 1 else found[0] if found else None
    return role if role in roles else None


def _role(plan: Plan, machine: Planned) -> Role | None:
    """Return what the role of the machine is allowed, where it is in the plan too."""
    role = _resource_of_role(plan, machine)
    if role is None:
        return None
    statements: list[Json] = []
    managed: list[str] = [str(one) for one in as_list(role.values.get("managed_policy_arns"))]
    others: list[Json] = []

    def add(text: Json, by: Planned) -> None:
        document = _json(text)
        statements.extend(statements_of(document))
        if not isinstance(document, dict):
            others.append({"Unread": by.address})

    for block in as_list(role.values.get("inline_policy")):
        add(as_object(block).get("policy"), role)
    for one in plan.resources:
        argument = "role" if one.kind == OWN_POLICY else ATTACHMENTS.get(one.kind)
        if argument is None or not _is_of(plan, one, argument, role):
            continue
        if one.kind == OWN_POLICY:
            add(one.values.get("policy"), one)
            continue
        policy = _policy(plan, one)
        if policy is not None:
            add(policy.values.get("policy"), policy)
        elif isinstance(one.values.get("policy_arn"), str):
            managed.append(one.values["policy_arn"])
        else:
            others.append({"Unread": one.address})
    trust = _json(role.values.get("assume_role_policy"))
    boundary = _boundary(role)
    own = [one for one in plan.resources if one.kind == MACHINE and one.mode == "managed"]
    sharing = frozenset(_title(one) for one in own if _resource_of_role(plan, one) is role)
    declared = Role(role.address, role.pointer, tuple(statements), tuple(managed), tuple(others), trust, boundary=boundary)
    return replace(declared, machines=sharing)


def _is_named(role: Planned, arn: str) -> bool:
    """Tell whether an ARN is that of the role, whose name is one of the account; its own ARN may not be known yet."""
    return role.values.get("arn") == arn or (":role/" in arn and role.values.get("name") == arn.rpartition("/")[2])


def _of_roles(expression: Json) -> list[Json]:
    return [one for one in as_list(as_object(expression).get("references")) if str(one).startswith(f"{ROLE}.")]


def _boundary(role: Planned) -> str | None:
    """Return the permissions boundary of a role: what it refers to, where the plan does not know it yet."""
    value = role.values.get("permissions_boundary")
    written = as_list(as_object(role.expressions.get("permissions_boundary")).get("references"))
    return (
        value
        if isinstance(value, str) and value
        else str(written[0])
        if written and "permissions_boundary" not in role.values
        else None
    )


def _is_of(plan: Plan, one: Planned, argument: str, role: Planned) -> bool:
    value, expression = one.values.get(argument), one.expressions.get(argument)
    given = value if isinstance(value, list) else [value]
    if isinstance(role.values.get("name"), str) and role.values["name"] in given:
        return True
    found = plan.resource(expression, one)
    return found is not None and found[0].address == role.address


def _policy(plan: Plan, attachment: Planned) -> Planned | None:
    arn = attachment.values.get("policy_arn")
    for one in plan.resources:
        if one.kind == POLICY and one.mode == "managed" and isinstance(arn, str) and one.values.get("arn") == arn:
            return one
    found = plan.resource(attachment.expressions.get("policy_arn"), attachment)
    return found[0] if found and found[0].kind == POLICY and found[0].mode == "managed" else None


def _json(text: Json) -> Json:
    try:
        return json.loads(text) if isinstance(text, str) else None
    except (ValueError, RecursionError):
        return None
