"""The resource schemas that CloudFormation publishes, as cfn-lint ships them: one JSON file a type, read without importing it."""

from __future__ import annotations

import importlib.util
import json
from functools import cache
from pathlib import Path
from typing import Any

_REGION = "us-east-1"  # where every service is


@cache
def _root() -> Path:
    spec = importlib.util.find_spec("cfnlint")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("the resource schemas come with cfn-lint, which the test extra installs")
    return Path(spec.origin).parent / "data" / "schemas"


@cache
def _files() -> dict[str, str]:
    providers = (json.loads((_root() / "providers" / f"{name}.json").read_text(encoding="utf-8")) for name in (_REGION, "sam"))
    return {name: file for provider in providers for name, file in provider.items()}


def types() -> list[str]:
    """Return the names of the resource types of CloudFormation and AWS SAM: `AWS::SQS::Queue`."""
    return sorted(name for name in _files() if name.startswith("AWS::"))


@cache
def schema(name: str) -> Any:
    """Return the resource schema of a type, or `None` when CloudFormation has no such type."""
    file = _files().get(name)
    return json.loads((_root() / "resources" / f"{file}.json").read_text(encoding="utf-8")) if file else None


def properties(name: str, key: str) -> list[str]:
    """Return the names of the properties that the schema of a type lists under *key*, those of the resource itself."""
    listed = (schema(name) or {}).get(key, ())
    return [path.removeprefix("/properties/") for path in listed if path.count("/") == 2]


def has_property(name: str, path: str) -> bool:
    """Tell whether the schema of a type has the property *path*: `StreamEncryption.KeyId`, `Grants[].Key`."""
    whole = schema(name)
    found = [whole]
    for step in path.replace("[]", ".[]").split("."):
        inner = [_resolve(one, whole) for one in found]
        if step == "[]":
            found = [one["items"] for one in inner if "items" in one]
        else:
            found = [one["properties"][step] for one in _branches(inner, whole) if step in one.get("properties", {})]
    return bool(found)


def _branches(nodes: list[Any], whole: Any) -> list[Any]:
    """Return schemas with those that they offer as alternatives."""
    offered = [_resolve(one, whole) for node in nodes for key in ("anyOf", "oneOf", "allOf") for one in node.get(key, ())]
    return [*nodes, *offered]


def _resolve(node: Any, whole: Any) -> Any:
    while "$ref" in node:
        target = whole
        for step in node["$ref"].removeprefix("#/").split("/"):
            target = target[step]
        node = target
    return node
