"""What Terraform says of resources that no definition shows: the key of a queue, the roles of a task definition.

Of sources, the arguments of each resource; of a plan, its values, or the references where a value is not known yet.
"""

from __future__ import annotations

from collections.abc import Iterator

from analyzer.templates.facts import Facts
from analyzer.templates.hcl import Body
from analyzer.templates.hcl_evaluate import evaluate
from analyzer.templates.hcl_values import Ref, Scope, as_text
from analyzer.templates.terraform_documents import expanded
from analyzer.templates.terraform_module import Configuration
from analyzer.templates.terraform_resource import Resource, resources_of
from analyzer.templates.types import facts, terraform_type
from analyzer.text import Json

OF = "of"
"""The argument that names the resource a fact is about, where another resource tells it."""


def paths_of(kind: str) -> dict[str, list[str]]:
    """Return the paths of the arguments that tell each kind of fact of a type."""
    told = facts(kind)
    return {fact: [paths] if isinstance(paths, str) else list(paths) for fact, paths in told.items() if fact != OF}


def facts_of(configuration: Configuration) -> Facts:
    """Return the facts that the resources of all modules tell: (kind, ARN of the resource) → what it has, or nothing."""
    made: Facts = {}
    for module in list(configuration.modules):
        for block in module.blocks("resource"):
            told = paths_of(block.labels[0]) if len(block.labels) == 2 else {}
            for resource in resources_of(module, block) if told else ():
                _add(made, resource, told)
    return made


def _add(made: Facts, resource: Resource, told: dict[str, list[str]]) -> None:
    scope = resource.scope()
    holder = _holder(resource, resource.kind)
    for fact, paths in told.items():
        found = tuple(dict.fromkeys(text for path in paths for text in _at(resource.block.body, path.split("."), scope)))
        for arn in _arns(holder) if holder is not None else ():
            made[fact, arn] = (*made.get((fact, arn), ()), *found)


def _holder(resource: Resource, kind: str) -> Resource | None:
    """Return the resource that a fact is about: the one that tells it, or another one that it names."""
    named = facts(kind).get(OF)
    if named is None:
        return resource
    value = resource.argument(str(named))
    return resource.module.configuration.resources.get(value.name) if isinstance(value, Ref) else None


def _arns(resource: Resource) -> Iterator[str]:
    kind = terraform_type(resource.kind)
    for attribute, pattern in kind.attributes.items() if kind is not None else ():
        if pattern.startswith("arn:"):
            yield resource.filled(kind, pattern, attribute)  # type: ignore[arg-type]


def _at(body: Body, steps: list[str], scope: Scope) -> Iterator[str]:
    """Yield the texts at a path of arguments: each step but the last is a block, of which there may be several."""
    if len(steps) > 1:
        for block, inner in expanded(body, steps[0].removesuffix("[]"), scope):
            yield from _at(block.body, steps[1:], inner)
        return
    expression = body.attributes.get(steps[0].removesuffix("[]"))
    value = None if expression is None else evaluate(expression, scope)
    if value is not None and expression is not None:
        for one in value if isinstance(value, list) else [value]:
            yield as_text(one, expression, scope)


def at(values: Json, path: str) -> Iterator[Json]:
    """Yield what stands at a path of a plan's values, or of its expressions: blocks are lists in both."""
    head, _, rest = path.partition(".")
    found = values.get(head.removesuffix("[]")) if isinstance(values, dict) else None
    items = found if isinstance(found, list) else [] if found is None else [found]
    for item in items:
        yield from at(item, rest) if rest else (item,)
