"""A plan or a state of Terraform as JSON: its resources, their values, and what their expressions refer to.

https://developer.hashicorp.com/terraform/internals/json-format
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from analyzer.templates.project import Project
from analyzer.text import Json, Pointer, Source

_STEPS = 10
"""The most modules that a value is followed through."""


@dataclass(frozen=True, slots=True)
class Planned:
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
        """What its address begins with: the modules that it is in."""
        return "".join(f"module.{name}." for name in self.module)

    @property
    def address(self) -> str:
        """What it is referred to by, without the index of the instance."""
        return f"{self.prefix}{'data.' if self.mode == 'data' else ''}{self.kind}.{self.name}"


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
        found = list(self._inside(top, self.configuration, (), (key, "root_module")))
        before = as_object(as_object(as_object(self.document.get("prior_state")).get("values")).get("root_module"))
        read = self._inside(before, self.configuration, (), ("prior_state", "values", "root_module"))
        return [*found, *(one for one in read if one.mode == "data")]

    def _inside(self, module: Json, configured: Json, path: tuple[str, ...], pointer: Pointer) -> Iterator[Planned]:
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
            yield Planned(path, mode, kind, name, index, values, expressions, provider, (*pointer, "resources", number))
        for number, child in enumerate(as_list(as_object(module).get("child_modules"))):
            name = re.sub(r"\[.*", "", str(as_object(child).get("address")).rpartition("module.")[2])
            call = as_object(as_object(as_object(configured).get("module_calls")).get(name))
            yield from self._inside(child, call.get("module"), (*path, name), (*pointer, "child_modules", number))

    def module(self, path: tuple[str, ...]) -> Mapping[str, Json]:
        """Return the configuration of a module."""
        module = self.configuration
        for name in path:
            module = as_object(as_object(as_object(module.get("module_calls")).get(name)).get("module"))
        return module

    def variable(self, name: str) -> Json:
        """Return the value that the plan has for a variable of the top module."""
        return as_object(as_object(self.document.get("variables")).get(name)).get("value")

    def followed(self, expression: Json, path: tuple[str, ...], steps: int = 0) -> tuple[str, tuple[str, ...]] | None:
        """Return the reference that *expression* is, and its module: it is followed through variables and outputs."""
        found = [str(one) for one in as_list(as_object(expression).get("references"))]
        whole = [one for one in found if not any(other != one and other.startswith((f"{one}.", f"{one}[")) for other in found)]
        if len(whole) != 1 or steps > _STEPS:
            return None
        written = re.sub(r"\[[^]]*\]", "", whole[0])
        head, *rest = written.split(".")
        if head == "var" and rest and path:
            call = as_object(as_object(self.module(path[:-1]).get("module_calls")).get(path[-1]))
            return self.followed(as_object(call.get("expressions")).get(rest[0]), path[:-1], steps + 1) or (written, path)
        if head == "module" and len(rest) == 2:
            inner = (*path, rest[0])
            output = as_object(as_object(self.module(inner).get("outputs")).get(rest[1]))
            return self.followed(output.get("expression"), inner, steps + 1) or (written, path)
        return written, path

    def resource(self, expression: Json, path: tuple[str, ...]) -> tuple[Planned, str] | None:
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


def as_object(value: Json) -> Mapping[str, Json]:
    """Return *value* when it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def as_list(value: Json) -> list[Json]:
    """Return *value* when it is a list, else an empty one."""
    return value if isinstance(value, list) else []
