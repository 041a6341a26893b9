"""One operation of an SDK, and how the ARN formats of its action are bound to its parameters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from service_maps.build.bind import Bound, bind
from service_maps.build.candidates import fold
from service_maps.build.published import IAM


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation and what it takes to write its rule."""

    service: str
    name: str
    prefix: str | None
    shape: Any
    model: Any
    own: Mapping[str, Any]

    @property
    def full_name(self) -> str:
        """What it is called in a list of all operations: `sqs:SendMessage`."""
        return f"{self.service}:{self.name}"


def chosen(one: Operation, aliases: Mapping[str, Any]) -> dict[str, str]:
    """Return the aliases that hold for an operation: its own, else those of the service."""
    own = aliases.get(one.name, {})
    general = {key: value for key, value in aliases.items() if not isinstance(value, Mapping)}
    return general | (dict(own) if isinstance(own, Mapping) else {})


def bind_type(name: str, kind: str, one: Operation, known: Any, aliases: Mapping[str, Any], *, only: bool) -> list[Bound]:
    """Bind the ARN formats of type *kind* of action *name* to the *known* parameters; *only*: the action has no other type."""
    prefix = name.partition(":")[0]
    named = chosen(one, aliases)
    formats = IAM.resources.get_resource_type_details(prefix, kind)["arn"].split(", ")
    found = []
    special = one.own.get("arns", {}).get(kind, {})
    if one.name in special.get("except", ()):
        special = {}
    for arn in [special["arn"]] if special else formats:
        usable = {
            key: path
            for key, path in named.items()
            if f"${{{key}}}" in arn and (not path or _has(one, path.partition(" as ")[0]))
        }
        bound = bind(arn, kind, one.name, known, usable, only=only)
        forms = dict.fromkeys(bound.read, special["form"]) if "form" in special else one.own.get("reads", {})
        found.append(replace(bound, read={path: forms.get(path, form) for path, form in bound.read.items()}))
    return found


def _has(one: Operation, path: str) -> bool:
    shape = one.shape
    for step in path.partition("|")[0].replace("[]", "").split("."):
        while getattr(shape, "type_name", "") == "list":
            shape = shape.member
        if getattr(shape, "type_name", "") == "map":
            shape = shape.value
            continue
        members = {fold(name): member for name, member in getattr(shape, "members", {}).items()}
        shape = members.get(fold(step))
        if shape is None:
            return False
    return True


def resource(kind: str, bound: Bound) -> Any:
    """Write a bound format as the resource of a grant."""
    return {"type": kind, "arn": bound.arn, **({"read": dict(bound.read)} if bound.read else {})}
