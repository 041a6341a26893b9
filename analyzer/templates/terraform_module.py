"""A Terraform module and the modules that it calls: what the names in their expressions mean.

https://developer.hashicorp.com/terraform/language/expressions/references
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from analyzer.errors import SyntaxProblem
from analyzer.templates.hcl import Block, Body, Expression, parts, read_hcl
from analyzer.templates.hcl_evaluate import evaluate
from analyzer.templates.hcl_values import MOST, Known, Ref, Scope, Step, Value, as_text, placeholder
from analyzer.templates.model import Texts
from analyzer.templates.project import Project
from analyzer.templates.terraform_call import Call
from analyzer.templates.terraform_installed import installed
from analyzer.templates.terraform_resource import (
    Resource,
    any_of,
    instances,
    is_repeated,
    key_of,
    resources_of,
)
from analyzer.text import Json, Source

MOST_MODULES = 100
"""Calls of modules in one configuration, those of modules that are called in turn among them."""

DEEPEST_CALL = 5
"""Modules that call modules that call modules."""

NO_NAME = re.compile(r"(arn|url|uri|endpoint|json)s?$", re.IGNORECASE)
"""How a variable is called that holds more than a name."""


@dataclass(slots=True)
class Configuration:
    """What is read once for all modules of a run: files, what was learned, and the modules.

    `written` has what the resources of the first modules, as many as `told`, are referred to by.
    """

    project: Project
    folder: str
    known: Known = field(default_factory=Known)
    modules: list[Module] = field(default_factory=list)
    resources: dict[str, Resource] = field(default_factory=dict)
    written: dict[str, str] = field(default_factory=dict)
    told: int = 0
    files: dict[str, Source] = field(default_factory=dict)
    problems: list[SyntaxProblem] = field(default_factory=list)
    working: set[str] = field(default_factory=set)

    def read(self, path: str) -> str | None:
        """Return the text of a file of the project: Terraform looks from the folder that it is started in."""
        found = self.project.read(path, self.folder)
        if found is None:
            return None
        self.files.setdefault(found.text, found)
        return found.text


@dataclass(slots=True)
class Module:
    """One call of a module: what its files declare, and what it was given."""

    configuration: Configuration
    folder: str
    prefix: str
    sources: tuple[tuple[Source, Body], ...]
    given: Mapping[str, tuple[Expression, Scope]] = field(default_factory=dict)
    above: tuple[str, ...] = ()
    called: dict[str, Module | None] = field(default_factory=dict)
    repeated: dict[int, Value] = field(default_factory=dict)
    locals: dict[str, Value] = field(default_factory=dict)
    settings: Mapping[str, Expression] = field(default_factory=dict)
    fixed: Mapping[str, Json] = field(default_factory=dict)

    @property
    def where(self) -> str:
        """The name of its first file, for what is wrong with no single one."""
        return self.sources[0][0].name

    def scope(self, **bound: Value) -> Scope:
        """Return the scope of the module's own expressions."""
        return Scope(self, self.configuration.known, self.where, bound, self.prefix)

    def blocks(self, kind: str) -> Iterator[Block]:
        """Yield the blocks of one kind of all files."""
        for _, body in self.sources:
            yield from body.named(kind)

    def file(self, path: str) -> str | None:
        """Return the text of a file of the project."""
        return self.configuration.read(path)

    # ------------------------------------------------------------------------------------------------ what names mean

    def root(self, name: str, steps: list[Step]) -> tuple[Value, list[Step]] | None:
        """Return what *name* and the first steps after it are, and the other steps."""
        labels = [str(step) for kind, step in steps[:2] if kind == "attribute"]
        if name == "path" and labels:
            path = os.path.relpath(self.folder, self.configuration.folder)
            return {"module": path, "root": "."}.get(labels[0], Ref(placeholder(f"path.{labels[0]}"))), steps[1:]
        if name in ("local", "var") and labels:
            value = self._local(labels[0]) if name == "local" else self.variable(labels[0])
            return value, steps[1:]
        if name == "module" and labels:
            block = next((one for one in self.blocks("module") if one.labels == (labels[0],)), None)
            return (Call(self, None, labels[0]) if block is None else self.instances_of(block)), steps[1:]
        if name == "data" and len(labels) == 2:
            block = next((one for one in self.blocks("data") if one.labels == (labels[0], labels[1])), None)
            return (Ref(f"{self.prefix}data.{labels[0]}.{labels[1]}") if block is None else self.instances_of(block)), steps[2:]
        if labels:
            block = next((one for one in self.blocks("resource") if one.labels == (name, labels[0])), None)
            return None if block is None else (self.instances_of(block), steps[1:])
        return None

    def instances_of(self, block: Block) -> Value:
        """Return a resource or a called module: its instances by their keys or in order, where it is known which there are."""
        whole: Resource | Call = Call(self, block, block.labels[0]) if block.kind == "module" else Resource(self, block)
        if not is_repeated(block):
            return whole
        if id(block) not in self.repeated:
            found = instances(self, block, whole.address)
            if found is not None and len(found) > MOST and block.kind == "module":
                found = None  # so many calls of a module are one that stands for any of them
            if isinstance(found, dict):
                made: Value = {key: replace(whole, key=key_of(key), bound=bound) for key, bound in found.items()}
            elif found is not None:
                made = [replace(whole, key=key_of(index), bound=bound) for index, bound in enumerate(found)]
            else:
                made = whole
            if f"{whole.address} (instances)" in self.configuration.working:
                return made
            self.repeated[id(block)] = made
        return self.repeated[id(block)]

    def resources(self, mode: str = "resource") -> Iterator[Resource]:
        """Yield every instance of every resource or, where *mode* is `data`, data source."""
        for block in self.blocks(mode):
            if len(block.labels) == 2:
                yield from resources_of(self, block)

    def _local(self, name: str) -> Value:
        """Return a local value, worked out once. One that needs itself is open."""
        if name in self.locals:
            return self.locals[name]
        address = f"{self.prefix}local.{name}"
        found = next((one.body.attributes[name] for one in self.blocks("locals") if name in one.body.attributes), None)
        value = Ref(address) if found is None else self.once(address, found, self.scope())
        if address not in self.configuration.working:
            self.locals[name] = value
        return value

    def once(self, address: str, expression: Expression, scope: Scope) -> Value:
        """Work out an expression that has an address; one that is being worked out already is open."""
        working = self.configuration.working
        if address in working or len(working) > MOST_MODULES:
            return Ref(address, f"`{address}` is made of itself")
        working.add(address)
        try:
            return evaluate(expression, scope)
        finally:
            working.discard(address)

    def variable(self, name: str) -> Value:
        """Return a variable: what the caller gives, what a file of settings gives, else a placeholder for its default."""
        address = f"{self.prefix}var.{name}"
        if name in self.given:
            expression, scope = self.given[name]
            return self.once(address, expression, scope)
        if self.fixed.get(name) is not None:
            return self.fixed[name]
        block = next((one for one in self.blocks("variable") if one.labels == (name,)), None)
        default = self.settings.get(name) or (block.body.attributes.get("default") if block else None)
        value = None if default is None else evaluate(default, self.scope())
        if self.prefix and default is not None:
            return value  # nobody but the caller could give a called module another one
        if isinstance(value, list | dict) and default is not None:
            return self._parts(address, value, default)
        known = self.configuration.known
        if self._is_plain(name, block, value):
            known.names.add(address)
        allowed = _allowed(name, block, self.scope()) if block else ()
        if isinstance(value, int | float):
            known.numbers[address] = value
        texts = () if value in (None, "") else (as_text(value, default, self.scope()),)  # type: ignore[arg-type]
        known.texts.update({address: allowed or texts} if allowed or texts else {})
        return Ref(address)

    def _parts(self, address: str, value: Value, default: Expression) -> Value:
        """Return a list or an object that is a default: each text in it may be another one, as that of a variable may."""
        known = self.configuration.known
        known.spend(self.where)
        if isinstance(value, list):
            return [self._parts(f"{address}[{place}]", item, default) for place, item in enumerate(value)]
        if isinstance(value, dict):
            return {key: self._parts(f"{address}{_step(key)}", item, default) for key, item in value.items()}
        if not isinstance(value, str) or not value or "${" in value or "%" in address:
            return value
        if not NO_NAME.search(address) and not re.search("[:/]", value):
            known.names.add(address)
        return known.stands_for(address, (value,))

    def _is_plain(self, name: str, block: Block | None, value: Value) -> bool:
        """Tell whether a variable holds a plain name, and no ARN, address or list."""
        kind = block.body.attributes.get("type") if block else None
        text = value if isinstance(value, str) else ""
        return (kind is None or kind.written in ("string", "number")) and not NO_NAME.search(name) and not re.search("[:/]", text)

    def output(self, name: str) -> Value:
        """Return an output of the module, for its caller."""
        block = next((one for one in self.blocks("output") if one.labels == (name,)), None)
        value = None if block is None else block.body.attributes.get("value")
        address = f"{self.prefix}{name}"
        return Ref(address) if value is None else self.once(f"{address} (output)", value, self.scope())

    # ------------------------------------------------------------------------------------------------- called modules

    def children(self, block: Block) -> Iterator[Module]:
        """Yield the modules that *block* calls, one for each instance, as far as they lie in the project."""
        found = self.instances_of(block)
        calls = found.spread() if isinstance(found, Call) else found.values() if isinstance(found, dict) else found
        yield from (child for one in calls if (child := one.child()) is not None)

    def child(self, call: Call) -> Module | None:
        """Return the module that a call is of; nothing for one that lies elsewhere than in the project."""
        name = f"{call.name}{call.key}"
        if name not in self.called:
            self.called[name] = None
            self.called[name] = None if call.block is None else self._child(call.block, name, call.bound)
        return self.called[name]

    def _child(self, block: Block, name: str, bound: Mapping[str, Value]) -> Module | None:
        written = block.body.attributes.get("source")
        source = None if written is None else evaluate(written, self.scope())
        configuration = self.configuration
        if isinstance(source, str) and source.startswith(("./", "../")):
            folder: str | None = os.path.realpath(os.path.join(self.folder, source))
        else:
            folder = installed(configuration.project, configuration.folder, f"{self.prefix}module.{name}")
        if folder is None:
            return None
        if folder in self.above or len(self.above) >= DEEPEST_CALL or len(configuration.modules) >= MOST_MODULES:
            what = "calls itself" if folder in self.above else "is called too deep or too often"
            message = f"the module `{self.prefix}{name}` {what}"
            configuration.problems.append(SyntaxProblem(message, name=self.where, line=block.line, help="it is left out"))
            return None
        if is_repeated(block) and not bound:
            bound = any_of(block)
        given = {key: (value, self.scope(**bound)) for key, value in block.body.attributes.items()}
        return read_module(configuration, folder, f"{self.prefix}module.{name}.", given, self.above)


def read_module(
    configuration: Configuration,
    folder: str,
    prefix: str = "",
    given: Mapping[str, tuple[Expression, Scope]] | None = None,
    above: tuple[str, ...] = (),
    own: Source | None = None,
) -> Module | None:
    """Return the module in *folder*: its `.tf` files, and *own*, which was read already. Nothing when there is none."""
    sources = {} if own is None else {os.path.realpath(own.name): own}
    for name in configuration.project.listed(folder, ".tf"):
        path = os.path.join(folder, name)
        found = None if os.path.realpath(path) in sources else configuration.project.read(path, folder)
        if found is not None:
            sources[os.path.realpath(path)] = found
    if not sources:
        return None
    read = tuple((source, read_hcl(source)) for source in sources.values())
    module = Module(configuration, folder, prefix, read, given or {}, (*above, folder))
    module.settings = {} if given is not None else _settings(configuration, folder)
    configuration.modules.append(module)
    return module


def _step(key: str) -> str:
    return f".{key}" if re.fullmatch(r"[A-Za-z_][\w-]*", key) else key_of(key)


def _settings(configuration: Configuration, folder: str) -> dict[str, Expression]:
    """Return what the files give to variables that Terraform reads by itself.

    https://developer.hashicorp.com/terraform/language/values/variables#variable-definitions-tfvars-files
    """
    made: dict[str, Expression] = {}
    listed = configuration.project.listed(folder, ".tfvars")
    for name in ["terraform.tfvars", *(one for one in listed if one.endswith(".auto.tfvars"))]:
        found = configuration.project.read(name, folder) if name in listed else None
        made.update(read_hcl(found).attributes if found is not None else {})
    return made


def _allowed(name: str, block: Block, scope: Scope) -> Texts:
    """Return the values that a variable may have: `condition = contains(["dev", "prod"], var.env)`."""
    for one in block.body.named("validation"):
        condition = one.body.attributes.get("condition")
        match = re.fullmatch(rf"contains\((\[.*\]), ?var\.{re.escape(name)} ?\)", condition.written if condition else "")
        call = parts(condition.tree)[0] if match and condition and parts(condition.tree) else None
        if condition is None or call is None or call.data != "function_call":
            continue
        values = evaluate(condition.of(parts(parts(call)[-1])[0]), scope)
        if isinstance(values, list) and 0 < len(values) <= MOST and all(isinstance(value, str) for value in values):
            return tuple(values)
    return ()
