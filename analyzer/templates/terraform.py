"""State machines in Terraform sources: every `aws_sfn_state_machine` of a module, and of the modules that it calls.

https://developer.hashicorp.com/terraform/language
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from analyzer.dataflow.values import PLACEHOLDER
from analyzer.errors import NotADefinition, SourceError
from analyzer.sources import parse_any
from analyzer.sources.limits import too_deep
from analyzer.templates.hcl import Block, Body
from analyzer.templates.hcl_evaluate import evaluate
from analyzer.templates.hcl_functions import quoted
from analyzer.templates.hcl_values import Choice, Ref, Scope, as_text
from analyzer.templates.model import PSEUDO, Found, Role, Texts
from analyzer.templates.project import Project
from analyzer.templates.references import arns_in, followed
from analyzer.templates.terraform_documents import expanded
from analyzer.templates.terraform_facts import facts_of
from analyzer.templates.terraform_module import Configuration, Module, read_module
from analyzer.templates.terraform_names import spelled
from analyzer.templates.terraform_resource import Resource, is_repeated, resources_of
from analyzer.templates.terraform_role import MACHINE, ROLE, declared_role, role_of
from analyzer.templates.types import terraform_type
from analyzer.text import Json, Pointer, Source

_DECLARED = re.compile(rf'^[ \t]*resource[ \t]+"?{MACHINE}"?[ \t]', re.MULTILINE)
_CALLS = re.compile(r'^[ \t]*module[ \t]+"?[\w-]+"?[ \t\r\n]*\{', re.MULTILINE)


_PLAN = "give the output of `terraform show -json` for a plan or a state in which the definition is known"


def is_terraform(source: Source) -> bool:
    """Tell whether *source* is HCL: by what it declares, or, where it declares no machine itself, by its name too."""
    return bool(_DECLARED.search(source.text)) or source.name.endswith(".tf")


def machines(source: Source, project: Project) -> Iterator[Found | SourceError]:
    """Yield the state machines that *source*, one file of a module, declares, and those of the modules that it calls."""
    if not _DECLARED.search(source.text) and not _CALLS.search(source.text):
        message = "no state machine inside: it declares none, and calls no module"
        yield NotADefinition(message, name=source.name, help=f"a machine is a resource of the type `{MACHINE}`")
        return
    folder = os.path.dirname(os.path.realpath(source.name))
    configuration = Configuration(project, folder)
    try:
        module = read_module(configuration, folder, own=source)
        if module is None:
            return
        body = next(body for one, body in module.sources if one is source)
        yield from _declared(module, source, body, source, ())
        yield from _called(module, body, source, ())
    except SourceError as error:
        yield error
    yield from configuration.problems


def machines_of_folder(folder: str, project: Project, variables: Mapping[str, Json]) -> Iterator[Found | SourceError]:
    """Yield the state machines of the module in *folder*, whose variables have the values *variables*."""
    configuration = Configuration(project, folder)
    try:
        module = read_module(configuration, folder)
        if module is None:
            return
        module.fixed = variables
        for source, body in module.sources:
            yield from _declared(module, source, body, source, ())
            yield from _called(module, body, source, ())
    except SourceError as error:
        yield error
    yield from configuration.problems


def roles_in(source: Source, project: Project) -> tuple[dict[str, Role], dict[str, Texts]]:
    """Return the roles that the module of the file *source* declares, by their addresses, and what their placeholders mean.

    Raises `SourceError` for a module that cannot be read.
    """
    folder = os.path.dirname(os.path.realpath(source.name))
    configuration = Configuration(project, folder)
    module = read_module(configuration, folder, own=source)
    roles: dict[str, Role] = {}
    for resource in module.resources() if module is not None else ():
        if resource.kind == ROLE:
            roles[resource.address] = declared_role(resource)
    beside = json.dumps([[one.statements, one.managed, one.trust] for one in roles.values()], ensure_ascii=False, default=str)
    known, _ = texts_of([beside], configuration.known.texts, configuration.known.names)
    return roles, known


def _declared(module: Module, source: Source, body: Body, top: Source, pointer: Pointer) -> Iterator[Found | SourceError]:
    """Yield the machines of one file: of one with `for_each` every instance."""
    for block in body.named("resource"):
        if block.labels[:1] != (MACHINE,) or len(block.labels) != 2:
            continue
        try:
            for resource in resources_of(module, block):
                yield _read(_Machine(resource, source, top, (*pointer, "resource", *block.labels)))
        except SourceError as error:
            yield error
        except RecursionError:
            yield too_deep(source, block.line)


def _called(module: Module, body: Body, top: Source, pointer: Pointer) -> Iterator[Found | SourceError]:
    """Yield the machines of the modules that *body* calls, and of those that they call."""
    for block in body.named("module"):
        if len(block.labels) != 1:
            continue
        try:
            children = list(module.children(block))
        except SourceError as error:
            yield error
            continue
        if not children and "definition" in block.body.attributes and not is_repeated(block):
            why = f"state machine of `{module.prefix}module.{block.labels[0]}`: its module is not in the project"
            yield SourceError(why, name=module.where, line=block.line, help=f"run `terraform init`, or {_PLAN}")
        place = (*pointer, "module", block.labels[0])
        for child in children:
            for source, inner in child.sources:
                yield from _declared(child, source, inner, top, place)
                yield from _called(child, inner, top, place)


@dataclass(frozen=True, slots=True)
class _Machine:
    """A resource that is a state machine: one instance of it, where it stands, and the file that the reading began with."""

    resource: Resource
    source: Source
    top: Source
    pointer: Pointer

    @property
    def name(self) -> str:
        """What the machine is called among the others: its label, with the module that it is in."""
        return self.resource.title

    @property
    def scope(self) -> Scope:
        """The scope of its arguments."""
        return self.resource.scope()

    def text(self, body: Body, name: str, scope: Scope | None = None) -> str | None:
        """Return an argument as a text; nothing when it is not there, or not set."""
        expression = body.attributes.get(name)
        value = None if expression is None else evaluate(expression, scope or self.scope)
        return None if value is None or expression is None else as_text(value, expression, scope or self.scope)


def _read(machine: _Machine) -> Found:
    configuration = machine.resource.module.configuration
    document, source = _definition(machine)
    role = role_of(machine.resource)
    options = _options(machine)
    kind = terraform_type(MACHINE)
    own = f"{machine.resource.address}.{machine.resource.own_name(kind)}" if kind else None
    facts = facts_of(configuration)
    declared = (role.statements, role.managed) if role else ()
    told = [text for (_, arn), values in facts.items() for text in (arn, *values)]
    beside = json.dumps([document, list(options.values()), declared, told], ensure_ascii=False)
    texts, names = texts_of([beside, f"${{{own}}}"], configuration.known.texts, configuration.known.names)
    written = _written(configuration)
    arns, unsure = _shaped({*texts, *_named([beside, *(text for found in texts.values() for text in found)])}, texts)
    arns |= {name for name in arns_in(document, texts) if name not in texts and _GIVEN.fullmatch(name)}
    kept = (names | unsure) - arns
    open_ = followed([document], texts) - kept - arns
    usual = frozenset(name for name in open_ if _VARIABLE.fullmatch(name) and len(texts.get(name, ())) == 1)
    told_by = [text for found in texts.values() for text in found]
    files = {one.name for one in configuration.files.values()}
    if machine.resource.module.prefix:
        files |= {one.name for one, _ in machine.resource.module.sources}
    return Found(
        name=machine.name,
        dialect="terraform",
        template=machine.top.name,
        pointer=machine.pointer,
        source=source,
        document=document,
        options=options,
        texts=texts,
        names=kept,
        arns=arns,
        unsure=unsure - names,
        usual=usual,
        written=written,
        spelled=spelled({*texts, *written.values(), *_named([beside, *written, *told_by])}, machine.resource.module, written),
        home=machine.resource.module.prefix,
        own_name=own,
        role=role,
        files=tuple(sorted(files)),
        facts=facts,
    )


def _definition(machine: _Machine) -> tuple[Json, Source]:
    """Return the definition, and the text that shows where in it something stands."""
    configuration = machine.resource.module.configuration
    expression = machine.resource.block.body.attributes.get("definition")
    if expression is None:
        raise _unread(machine, "it has no definition", "give it a `definition`")
    value = evaluate(expression, machine.scope)
    found = configuration.known.texts.get(value.name, ()) if isinstance(value, Ref) else ()
    if isinstance(value, Choice) or len(found) > 1:
        raise _unread(machine, "its definition may be one of several, by a condition", "write the condition into the definition")
    value = found[0] if found and not value.why else value
    if not isinstance(value, str) or PLACEHOLDER.fullmatch(value.strip()):
        why = value.why if isinstance(value, Ref) else ""
        message = f"its definition cannot be read: {why}" if why else "its definition is a text that only the deployment knows"
        raise _unread(machine, message, "check the path" if why.startswith("there is no") else _PLAN)
    shown = Source(value, f"{machine.source.name} ({machine.name})")
    document, _ = parse_any(replace(shown, text=quoted(value, configuration.known.numbers)))
    origin = [one for one in configuration.files.values() if one.text == value or _is_template_of(one.text, value)]
    return document, origin[0] if len(origin) == 1 else shown


def _is_template_of(template: str, text: str) -> bool:
    """Tell whether *text* may come from *template* by filling its holes: the same lines, with the same beginnings."""
    lines, made = template.splitlines(), text.splitlines()
    return len(lines) == len(made) and all(
        one.partition("${")[0] == two[: len(one.partition("${")[0])] for one, two in zip(lines, made, strict=True)
    )


def _unread(machine: _Machine, why: str, help: str) -> SourceError:
    line = machine.resource.block.line
    return SourceError(f"state machine `{machine.name}`: {why}", name=machine.source.name, line=line, help=help)


def _options(machine: _Machine) -> dict[str, Any]:
    """Return what is said around the machine; what is written in parts stays a text with placeholders."""
    body = machine.resource.block.body
    made: dict[str, Any] = {}
    for name in ("name", "type"):
        text = machine.text(body, name)
        if text is not None:
            made[name] = text
    for block, scope in expanded(body, "logging_configuration", machine.scope):
        made["logging"] = (machine.text(block.body, "level", scope) or "OFF").upper() != "OFF"
    for block, scope in expanded(body, "tracing_configuration", machine.scope):
        made["tracing"] = machine.text(block.body, "enabled", scope) not in ("false", None)
    for block, scope in expanded(body, "encryption_configuration", machine.scope):
        key = machine.text(block.body, "kms_key_id", scope)
        if key is not None:
            made["kms_key"] = key
    return {**made, **_provider(machine)}


def _provider(machine: _Machine) -> dict[str, str]:
    """Return the Region and the account that the provider of the machine says, where it is one that says it."""
    module = machine.resource.module
    named = machine.resource.block.body.attributes.get("provider")
    alias = named.written.partition(".")[2] if named else ""
    top = next((one for one in module.configuration.modules if not one.prefix), module)
    made: dict[str, str] = {}
    region = machine.text(machine.resource.block.body, "region")
    for block in top.blocks("provider") if not module.prefix or not alias else ():
        if block.labels == ("aws",) and _alias(block, top.scope()) == alias:
            region = region or machine.text(block.body, "region", top.scope())
            accounts = block.body.attributes.get("allowed_account_ids")
            allowed = None if accounts is None else evaluate(accounts, top.scope())
            if isinstance(allowed, list) and len(allowed) == 1 and isinstance(allowed[0], str):
                made["account"] = allowed[0]
    if region is not None:
        made["region"] = region
    return made


def _alias(block: Block, scope: Scope) -> str:
    written = block.body.attributes.get("alias")
    value = "" if written is None else evaluate(written, scope)
    return value if isinstance(value, str) else ""


_ARN = re.compile(r"(?:^|[._-])arns?(?:\[[0-9]+\])?$", re.IGNORECASE)
_OWN_NAME = re.compile(r"[\w.\[\]'-]+")
_VARIABLE = re.compile(r"var\.[\w-]+")
_GIVEN = re.compile(r"(?:.*\.)?(?:var|module\.[^.]+)\.[\w-]+")
"""What comes from outside of a module: a variable, the output of another one."""

_CALLED = re.compile(r"(?:^|[._-])name$")


def _shaped(names: Iterable[str], known: Mapping[str, Texts]) -> tuple[frozenset[str], frozenset[str]]:
    """Return which of *names* stand for whole ARNs of which nothing is known, and which for names, by what they are called."""
    own = [name for name in names if _OWN_NAME.fullmatch(name)]
    open_ = [name for name in own if name not in known]
    arns = {name for name in open_ if _ARN.search(name)}
    arns |= {name for name in own if name.startswith("var.") and any(text.startswith("arn:") for text in known.get(name, ()))}
    return frozenset(arns), frozenset(name for name in open_ if _CALLED.search(name))


def _named(texts: Iterable[str]) -> Iterator[str]:
    """Yield the placeholders of *texts* that are not those of every template."""
    yield from (name for text in texts for name in PLACEHOLDER.findall(text) if name not in PSEUDO)


def texts_of(beside: Iterable[str], known: Mapping[str, Texts], names: Iterable[str]) -> tuple[dict[str, Texts], frozenset[str]]:
    """Return what the placeholders of *beside* stand for, and those of what they stand for; and which of them are plain names."""
    made: dict[str, Texts] = {}
    waiting = [name for text in beside for name in PLACEHOLDER.findall(text)]
    seen: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name in seen or name in PSEUDO:
            continue
        seen.add(name)
        if known.get(name):
            made[name] = known[name]
            waiting.extend(inner for text in known[name] for inner in PLACEHOLDER.findall(text))
    return made, frozenset(seen & set(names))


def _written(configuration: Configuration) -> dict[str, str]:
    """Return how Terraform refers to the texts that its resources have: ``arn:...`` → `aws_sqs_queue.q.arn`."""
    made = configuration.written
    for module in configuration.modules[configuration.told :]:
        for mode in ("resource", "data"):
            for resource in module.resources(mode):
                kind = terraform_type(resource.kind)
                for attribute, pattern in kind.attributes.items() if kind is not None else ():
                    if kind is not None and pattern != "{name}":
                        made.setdefault(resource.filled(kind, pattern, attribute), f"{resource.address}.{attribute}")
    configuration.told = len(configuration.modules)
    return dict(made)
