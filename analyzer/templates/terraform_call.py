"""Calls of modules in Terraform: what a module is to its caller.

https://developer.hashicorp.com/terraform/language/modules/syntax
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from analyzer.templates.hcl import Block
from analyzer.templates.hcl_values import Ref, Value
from analyzer.templates.terraform_resource import bound_by, is_optional, is_repeated, key_of

if TYPE_CHECKING:
    from analyzer.templates.terraform_module import Module


@dataclass(frozen=True, slots=True, eq=False)
class Call:
    """A module that is called, as the caller sees it: the only one, or the instance `key`; `bound` is what that binds."""

    caller: Module
    block: Block | None
    name: str
    key: str = ""
    bound: Mapping[str, Value] = field(default_factory=dict)

    @property
    def address(self) -> str:
        """What it is referred to by, from the top module."""
        return f"{self.caller.prefix}module.{self.name}{self.key}"

    def child(self) -> Module | None:
        """Return the module; nothing for one that is not read."""
        return self.caller.child(self)

    def attribute(self, name: str) -> Value:
        """Return an output of the module."""
        module = self.child()
        return Ref(f"{self.address}.{name}") if module is None else module.output(name)

    def instance(self, index: Value) -> Call:
        """Return one instance, where it is not known which there are."""
        repeated = not self.key and (self.block is None or is_repeated(self.block))
        bound = {} if self.block is None else bound_by(self.block, index)
        return replace(self, key=key_of(index), bound=bound) if repeated else self

    def spread(self) -> list[Value]:
        """Return what `[*]` gives, where it is not known which instances there are."""
        single = self.block is not None and not self.key and is_optional(self.caller, self.block, self.address)
        return [self.instance(0) if single else self]
