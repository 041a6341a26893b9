"""A plan or a state of Terraform as JSON: its resources, their values, and what their expressions refer to.

https://developer.hashicorp.com/terraform/internals/json-format
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from analyzer.templates.project import Project
from analyzer.templates.terraform_resource import key_of
from analyzer.text import Json, Pointer, Source

_INDEX = re.compile(r'\[(?:[0-9]+|"(?:[^"\\]|\\.)*")\]')

_LAST = re.compile(rf"module\.([\w-]+)({_INDEX.pattern})?$")
"""The last module of an address, and which instance of it."""

_STEPS = 10
"""The most modules that a value is followed through."""


@dataclass(frozen=True, slots=True)
class Planned:
    """One instance of a resource in a plan: its values, its expressions, and where it stands.

    `index` says which instance it is, and `keys` which instance of each module that it is in.
    """

    module: tuple[str, ...]
    mode: str
    kind: str
    name: str
    index: str
    values: Mapping[str, Json]
    expressions: Mapping[str, Json]
    provider: str
    pointer: Pointer
    keys: tuple[str, ...] = ()

    @property
    def prefix(self) -> str:
        """What its address begins with: the modules that it is in."""
        return "".join(f"module.{name}{key}." for name, key in zip(self.module, self.keys, strict=True))

    @property
    def address(self) -> str:
        """What it is referred to by."""
        return f"{self.prefix}{self.called}{_key(self.index)}"

    @property
    def called(self) -> str:
        """What its module calls it, whichever instance it is."""
        return f"{'data.' if self.mode == 'data' else ''}{self.kind}.{self.name}"


class Followed(NamedTuple):
    """What an expression refers to in the end: as it is written, in which module, and in which instance where that is written."""

    written: str
    module: tuple[str, ...]
    key: str = ""


@dataclass(frozen=True)
class Plan:
    """A plan, with its parts looked up once."""

    source: Source
    document: Mapping[str, Json]
    project: Project

    @cached_property
    def configuration(self) -> Mapping[str, Json]:
        """The configuration of the top module: expressions, where the values are not known yet."""
        return as_object(as_object(self.document.get("configuration")).get("root_module"))

    @cached_property
    def resources(self) -> list[Planned]:
        """Every resource that is planned or there, and the data that was read for it."""
        key = "planned_values" if "planned_values" in self.document else "values"
        top = as_object(as_object(self.document.get(key)).get("root_module"))
        found = list(self._inside(top, self.configuration, (), (), (key, "root_module")))
        before = as_object(as_object(as_object(self.document.get("prior_state")).get("values")).get("root_module"))
        read = self._inside(before, self.configuration, (), (), ("prior_state", "values", "root_module"))
        return [*found, *(one for one in read if one.mode == "data")]

    def _inside(
        self, module: Json, configured: Json, path: tuple[str, ...], keys: tuple[str, ...], pointer: Pointer
    ) -> Iterator[Planned]:
        written = {
            (str(one.get("mode")), str(one.get("type")), str(one.get("name"))): one
            for one in as_list(as_object(configured).get("resources"))
            if isinstance(one, dict)
        }
        for number, one in enumerate(as_list(as_object(module).get("resources"))):
            if not isinstance(one, dict):
                continue
            mode, kind, name = (str(one.get(key)) for key in ("mode", "type", "name"))
            own = as_object(written.get((mode, kind, name)))
            index = f"[{json.dumps(one['index'])}]" if "index" in one else ""
            values, expressions = as_object(one.get("values")), as_object(own.get("expressions"))
            provider = str(own.get("provider_config_key", ""))
            yield Planned(path, mode, kind, name, index, values, expressions, provider, (*pointer, "resources", number), keys)
        for number, child in enumerate(as_list(as_object(module).get("child_modules"))):
            found = _LAST.search(str(as_object(child).get("address")))
            name, index = (found[1], found[2] or "") if found else ("", "")
            call = as_object(as_object(as_object(configured).get("module_calls")).get(name))
            place = (*pointer, "child_modules", number)
            yield from self._inside(child, call.get("module"), (*path, name), (*keys, _key(index)), place)

    def module(self, path: tuple[str, ...]) -> Mapping[str, Json]:
        """Return the configuration of a module."""
        module = self.configuration
        for name in path:
            module = as_object(as_object(as_object(module.get("module_calls")).get(name)).get("module"))
        return module

    def variable(self, name: str) -> Json:
        """Return the value that the plan has for a variable of the top module."""
        return as_object(as_object(self.document.get("variables")).get(name)).get("value")

    def followed(self, expression: Json, path: tuple[str, ...], steps: int = 0) -> Followed | None:
        """Return the reference that *expression* is: it is followed through variables and outputs."""
        found = [str(one) for one in as_list(as_object(expression).get("references"))]
        whole = [one for one in found if not any(other != one and other.startswith((f"{one}.", f"{one}[")) for other in found)]
        if len(whole) != 1 or steps > _STEPS:
            return None
        written = _INDEX.sub("", whole[0])
        head, *rest = written.split(".")
        if head == "var" and rest and path:
            call = as_object(as_object(self.module(path[:-1]).get("module_calls")).get(path[-1]))
            return self.followed(as_object(call.get("expressions")).get(rest[0]), path[:-1], steps + 1) or Followed(written, path)
        if head == "module" and len(rest) == 2:
            inner = (*path, rest[0])
            output = as_object(as_object(self.module(inner).get("outputs")).get(rest[1]))
            found_inside = self.followed(output.get("expression"), inner, steps + 1)
            index = _INDEX.search(whole[0])
            key = _key(index[0]) if index else ""
            return Followed(written, path) if found_inside is None else found_inside._replace(key=found_inside.key or key)
        return Followed(whole[0], path)

    def resource(self, expression: Json, by: Planned) -> tuple[Planned, str] | None:
        """Return the resource that *expression*, one of *by*, refers to, and the attribute; nothing where several may be."""
        reference = self.followed(expression, by.module)
        if reference is None:
            return None
        written = _INDEX.sub("", reference.written)
        index = _INDEX.search(reference.written)
        found: list[Planned] = []
        for one in self.resources:
            if one.module != reference.module or not (written == one.called or written.startswith(f"{one.called}.")):
                continue
            if _is_beside(one, by) and (not index or index[0] == one.index) and (not reference.key or reference.key in one.keys):
                found.append(one)
        return (found[0], written.removeprefix(found[0].called).removeprefix(".")) if len(found) == 1 else None


def _is_beside(one: Planned, by: Planned) -> bool:
    """Tell whether two resources are in the same instance of every module that both are in."""
    for name, other, key, its in zip(one.module, by.module, one.keys, by.keys, strict=False):
        if name != other:
            break
        if key != its:
            return False
    return True


def _key(index: str) -> str:
    """Return an index as the name of a placeholder has it."""
    return key_of(json.loads(index[1:-1])) if index else ""


def as_object(value: Json) -> Mapping[str, Json]:
    """Return *value* when it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def as_list(value: Json) -> list[Json]:
    """Return *value* when it is a list, else an empty one."""
    return value if isinstance(value, list) else []
