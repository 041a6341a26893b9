"""What a reference to a resource of a template gives, by the type of the resource: a compiled table, read once when it is needed.

Texts are templates. `{partition}`, `{region}`, `{account}` and `{suffix}` are those of the deployment, `{name}` is the one thing
that only the deployment knows, unless the property that sets it is written. Any other hole is a property of the same resource,
`{Path|/}` with what an absent one means; a property that has an ARN stands for what follows the resource type in it. Beside
`{name}`, a deployment makes up what `*` stands for, and the one character of each `?`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from analyzer.maps import read_compiled
from analyzer.text import Json

_HOLE = re.compile(r"\{([\w.]+)(?:\|([^{}]*))?\}|([*?])")


@dataclass(frozen=True, slots=True)
class ResourceType:
    """A resource type: its ARN, the property that sets `{name}`, what `Ref` and each attribute give.

    `named` is the attribute that gives exactly `{name}`, where a plain reference does not. `lower` says that the service
    keeps the name in lower case. What is `None`, or no attribute here, is not known.
    """

    arn: str | None
    name: str | None
    ref: str | None
    attributes: Mapping[str, str]
    named: str | None = None
    lower: bool = False
    facts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Kind of fact → paths of the properties that tell it; `[]` in a path means each item."""
    refs: Mapping[str, str] = field(default_factory=dict)
    """What `Ref` gives with something of the resource after a dot, as AWS SAM has it: `!Ref Function.Alias`."""


@dataclass(frozen=True, slots=True)
class TerraformType:
    """A resource type of the Terraform AWS provider: the type it makes, the argument that sets `{name}`, its attributes.

    Any hole but those of a deployment is an argument.
    """

    type: str
    name: str | None
    attributes: Mapping[str, str]


def fill(template: str, give: Callable[[str, str | None], str]) -> str:
    """Write *template* with what *give* returns for each hole, from its name and from the text that an absent property means.

    What the deployment makes up beside the name is a hole as well, called `*` or `?`.
    """
    return _HOLE.sub(lambda match: give(match[1] or match[3], match[2]), template)


@lru_cache(maxsize=1)
def _tables() -> Json:
    return read_compiled("templates.json")


@lru_cache(maxsize=256)
def resource_type(name: str) -> ResourceType | None:
    """Return what is known of a type of CloudFormation or AWS SAM, or `None`: of a custom resource nothing is."""
    row = _tables()["types"].get(name)
    if row is None:
        return None
    told = {kind: (path,) if isinstance(path, str) else tuple(path) for kind, path in facts(name).items()}
    return ResourceType(
        row.get("arn"),
        row.get("name"),
        row.get("ref"),
        row["attributes"],
        row.get("named"),
        row.get("lower", False),
        told,
        row.get("refs", {}),
    )


@lru_cache(maxsize=256)
def terraform_type(name: str) -> TerraformType | None:
    """Return what is known of a type of the Terraform AWS provider, or `None`."""
    row = _tables()["terraform"].get(name)
    return TerraformType(row["type"], row.get("name"), row["attributes"]) if row is not None else None


def facts(name: str) -> Mapping[str, Json]:
    """Return the paths of the properties of a type, or of its arguments in Terraform, that change what a workflow needs.

    `key` is the customer managed key of what it reads or writes, `roles` are those it passes on, `type` is that of a machine
    it starts, `results` the place where a service writes for it. `of` is the argument that names the resource this is about.
    """
    found: Mapping[str, Json] = _tables()["facts"].get(name, {})
    return found
