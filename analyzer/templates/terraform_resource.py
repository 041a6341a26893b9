"""A resource or a data source of Terraform: what its arguments are, and what its attributes give.

https://developer.hashicorp.com/terraform/language/resources
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING
from urllib.parse import quote

from analyzer.templates.hcl import Block
from analyzer.templates.hcl_functions import rendered, settled
from analyzer.templates.hcl_values import Ref, Scope, Value, as_text, placeholder
from analyzer.templates.model import Texts
from analyzer.templates.terraform_documents import policy_document
from analyzer.templates.types import TerraformType, fill, terraform_type
from analyzer.text import Json

if TYPE_CHECKING:
    from analyzer.templates.terraform_module import Module

MOST_INSTANCES = 32
"""The most instances of one resource that are told apart."""

_IN_KEYS = " !#&()*+,/:;<=>?@^`|~."
"""What a key of an instance keeps in the name of a placeholder, beside letters and digits."""

_SURROUNDINGS = {
    ("aws_caller_identity", "account_id"): "AWS::AccountId",
    ("aws_caller_identity", "id"): "AWS::AccountId",
    ("aws_region", "name"): "AWS::Region",
    ("aws_region", "region"): "AWS::Region",
    ("aws_region", "id"): "AWS::Region",
    ("aws_partition", "partition"): "AWS::Partition",
    ("aws_partition", "id"): "AWS::Partition",
    ("aws_partition", "dns_suffix"): "AWS::URLSuffix",
}
"""Data sources that say where the configuration is deployed."""

_PSEUDO = {"partition": "AWS::Partition", "region": "AWS::Region", "account": "AWS::AccountId", "suffix": "AWS::URLSuffix"}


@dataclass(frozen=True, slots=True, eq=False)
class Resource:
    """A resource or a data source of a module: the only one, or the instance that `key` says; `bound` is what that binds."""

    module: Module
    block: Block
    key: str = ""
    bound: Mapping[str, Value] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        """Its type, as Terraform calls it."""
        return self.block.labels[0]

    @property
    def address(self) -> str:
        """What it is referred to by, from the top module."""
        data = "data." if self.block.kind == "data" else ""
        return f"{self.module.prefix}{data}{self.kind}.{self.block.labels[1]}{self.key}"

    @property
    def title(self) -> str:
        """What it is called among others of its type: its label, with the module that it is in."""
        return f"{self.module.prefix}{self.block.labels[1]}{self.key}".replace("'", '"')

    def scope(self) -> Scope:
        """Return the scope of its arguments: what the instance is, where that is known."""
        return self.module.scope(**(self.bound if self.key or not is_repeated(self.block) else any_of(self.block)))

    def instance(self, index: Value) -> Resource:
        """Return one instance, where it is not known which there are."""
        written = is_repeated(self.block)
        return self if self.key or not written else replace(self, key=key_of(index), bound=bound_by(self.block, index))

    def spread(self) -> list[Value]:
        """Return what `[*]` gives, where it is not known which instances there are."""
        return [self.instance(0) if not self.key and is_optional(self.module, self.block, self.address) else self]

    def argument(self, name: str, scope: Scope | None = None) -> Value:
        """Return an argument as it is written; nothing when it is not there."""
        expression = self.block.body.attributes.get(name)
        if expression is None:
            return None
        return self.module.once(f"{self.address}.{name} (argument)", expression, scope or self.scope())

    def attribute(self, name: str) -> Value:
        """Return an attribute: what the provider's documentation says of it, else the argument of that name."""
        if self.block.kind == "data":
            made = self._data(name)
            if made is not None:
                return made
        kind = terraform_type(self.kind)
        pattern = kind.attributes.get(name) if kind else None
        if kind is None or pattern is None:
            if name in self.block.body.attributes:
                return self.argument(name)
            if self.kind.startswith("random_"):
                self.module.configuration.known.names.add(f"{self.address}.{name}")
            return self._reference(name)
        own = self.own_name(kind)
        return self._reference(
            own if pattern == "{name}" else name, "" if pattern == "{name}" else self.filled(kind, pattern, name)
        )

    def _reference(self, attribute: str, text: str = "") -> Ref:
        address = f"{self.address}.{attribute}"
        self.module.configuration.resources[address] = self
        if text:
            self.module.configuration.known.texts[address] = (text,)
        return Ref(address)

    def filled(self, kind: TerraformType, pattern: str, attribute: str) -> str:
        """Write a template of the type table with placeholders."""

        def give(hole: str, absent: str | None) -> str:
            if hole in _PSEUDO:
                return f"${{{_PSEUDO[hole]}}}"
            if hole == "name":
                return f"${{{self.address}.{self.own_name(kind)}}}"
            written = self.block.body.attributes.get(hole)
            if written is not None:
                return as_text(self.argument(hole), written, self.scope())
            return absent if absent is not None else f"${{{self.address}.{attribute} {hole}}}"

        return fill(pattern, give)

    def own_name(self, kind: TerraformType) -> str:
        """Return the attribute that gives the bare name, and learn what the name is where it is written."""
        bare = [attribute for attribute, pattern in kind.attributes.items() if pattern == "{name}"]
        own = kind.name if kind.name in bare else "id" if "id" in bare else (bare or ["name"])[0]
        address = f"{self.address}.{own}"
        known = self.module.configuration.known
        if address not in known.names:
            known.names.add(address)
            self.module.configuration.resources[address] = self
            texts = self._name_texts(kind.name) if kind.name else ()
            if texts:
                known.texts[address] = texts
        return own

    def _name_texts(self, argument: str) -> Texts:
        attributes = self.block.body.attributes
        if argument in attributes:
            value = self.argument(argument)
            return () if value is None else (as_text(value, attributes[argument], self.scope()),)
        if f"{argument}_prefix" in attributes:
            prefix = as_text(self.argument(f"{argument}_prefix"), attributes[f"{argument}_prefix"], self.scope())
            return (f"{prefix}${{{self.address}.{argument} suffix}}",)
        return ()

    def _data(self, name: str) -> Value:
        """Return what a data source gives that can be told without asking anyone."""
        known = _SURROUNDINGS.get((self.kind, name))
        if known is not None:
            return Ref(known)
        attributes = self.block.body.attributes
        if self.kind == "aws_iam_policy_document" and name in ("json", "minified_json"):
            address = f"{self.address}.{name}"
            if address in self.module.configuration.working:
                return Ref(address)
            self.module.configuration.working.add(address)
            try:
                return json.dumps(policy_document(self.block.body, self.scope()), ensure_ascii=False)
            finally:
                self.module.configuration.working.discard(address)
        if self.kind == "template_file" and name == "rendered" and "template" in attributes:
            text, given = self.argument("template"), self.argument("vars") or {}
            return (
                rendered(text, given if isinstance(given, dict) else {}, attributes["template"], self.scope())
                if isinstance(text, str)
                else text
            )
        if self.kind == "local_file" and name == "content":
            path = self.argument("filename")
            return self.module.file(path) if isinstance(path, str) and "${" not in path else None
        return self.argument(name) if name in attributes else None

    def json(self, name: str, scope: Scope | None = None) -> Json:
        """Return an argument as JSON: references are texts."""
        expression = self.block.body.attributes.get(name)
        return None if expression is None else settled(self.argument(name, scope), expression, scope or self.scope())


def is_repeated(block: Block) -> bool:
    """Tell whether *block*, a resource or a call of a module, makes instances."""
    return any(name in block.body.attributes for name in ("for_each", "count"))


def instances(module: Module, block: Block, address: str) -> dict[str, Value] | list[Value] | None:
    """Return what each instance of *block* binds, by key or in order; nothing when it is not known which there are.

    https://developer.hashicorp.com/terraform/language/meta-arguments/for_each
    """
    attributes = block.body.attributes
    written = attributes.get("for_each", attributes.get("count"))
    if written is None:
        return None
    over = module.once(f"{address} (instances)", written, module.scope())
    if "for_each" not in attributes:
        known = isinstance(over, int) and not isinstance(over, bool) and 0 <= over <= MOST_INSTANCES
        return [bound_by(block, index) for index in range(over)] if known else None
    pairs = [(_text_of(one, module), one, one) for one in over] if isinstance(over, list) else []
    if isinstance(over, dict):
        pairs = [(key, key, value) for key, value in over.items()]
    if not isinstance(over, list | dict) or len(pairs) > MOST_INSTANCES or any("${" in text for text, _, _ in pairs):
        return None
    return {text: {"each": {"key": key, "value": value}} for text, key, value in pairs}


def _text_of(value: Value, module: Module) -> str:
    """Return the text that a member of a set is: of a variable, its default."""
    found = module.configuration.known.texts.get(value.name, ()) if isinstance(value, Ref) else (value,)
    return found[0] if len(found) == 1 and isinstance(found[0], str) else "${}"


def is_optional(module: Module, block: Block, address: str) -> bool:
    """Tell whether *block* makes one instance or none, by a condition that only the deployment knows."""
    written = block.body.attributes.get("count")
    over = None if written is None else module.once(f"{address} (instances)", written, module.scope())
    found = module.configuration.known.texts.get(over.name, ()) if isinstance(over, Ref) else ()
    return {*found} == {"0", "1"}


def hangs_on(resource: Resource) -> str:
    """Return the expression that says whether *resource* is there at all; nothing where it surely is."""
    attributes = resource.block.body.attributes
    written = attributes.get("for_each", attributes.get("count"))
    known = written is None or isinstance(resource.module.instances_of(resource.block), list | dict)
    return "" if written is None or known else placeholder(written.written, resource.module.prefix)


def resources_of(module: Module, block: Block) -> Iterator[Resource]:
    """Yield each instance of a resource: of one whose instances are not known, the one that stands for any of them."""
    found = module.instances_of(block)
    if isinstance(found, Resource):
        yield from found.spread()
    else:
        yield from found.values() if isinstance(found, dict) else found


def key_of(index: Value) -> str:
    """Return the key of an instance as an address has it: `[0]`, `['a']`, or the name of what only the deployment knows."""
    if isinstance(index, Ref):
        return f"[{index.name[:128]}]"
    return f"['{quote(index, _IN_KEYS)}']" if isinstance(index, str) else f"[{index}]" if isinstance(index, int) else "[*]"


def any_of(block: Block) -> dict[str, Value]:
    """Return what any instance of *block* binds: those that are made over the same are made with the same keys."""
    attributes = block.body.attributes
    name = "each.key" if "for_each" in attributes else "count.index"
    written = attributes["for_each" if "for_each" in attributes else "count"].written
    return bound_by(block, Ref(placeholder(f"{name} of {written}")))


def bound_by(block: Block, index: Value) -> dict[str, Value]:
    """Return what the instance *index* of *block* binds, as far as the index says it."""
    if "for_each" not in block.body.attributes:
        return {"count": {"index": index}}
    is_set = block.body.attributes["for_each"].written.startswith("toset(")
    return {"each": {"key": index, "value": index if is_set else Ref(f"each.value of {key_of(index)}")}}
