"""What a template says of its resources that no definition shows: the key of a queue, the roles of a task definition."""

from __future__ import annotations

from collections.abc import Iterator

from analyzer.templates.expressions import DEPTH, NOTHING, Template, filled, named, taken, texts
from analyzer.templates.model import Texts
from analyzer.text import Json

Facts = dict[tuple[str, str], Texts]


def facts_of(template: Template) -> Facts:
    """Return the facts that the properties of resources tell: (kind, ARN of the resource) → what it has, or nothing."""
    made: Facts = {}
    for name, resource in template.resources.items():
        kind = template.type_of(name)
        if kind is None or kind.arn is None or not kind.facts:
            continue
        properties = resource.get("Properties")
        arn = filled(kind.arn, named(name, kind))
        for fact, paths in kind.facts.items():
            written = [one for path in paths for one in _at(properties, _steps(path), template)]
            made[fact, arn] = tuple(dict.fromkeys(text for one in written for text in texts(one, template) if text))
    return made


def _steps(path: str) -> list[str]:
    return path.replace("[]", ".[]").split(".")


def _at(value: Json, steps: list[str], template: Template, depth: int = 0) -> Iterator[Json]:
    """Yield what stands at a path below *value*, in each branch; another function on the way stands for all below it."""
    function = next(iter(value)) if isinstance(value, dict) and len(value) == 1 else ""
    if depth > DEPTH or value is None:
        return
    if not steps or (function != "Fn::If" and function.startswith(("Fn::", "Ref"))):
        if value != {"Ref": NOTHING}:
            yield value
    elif function == "Fn::If":
        for branch in taken(value[function], template):
            yield from _at(branch, steps, template, depth + 1)
    elif steps[0] == "[]":
        for item in value if isinstance(value, list) else ():
            yield from _at(item, steps[1:], template, depth + 1)
    elif isinstance(value, dict) and steps[0] in value:
        yield from _at(value[steps[0]], steps[1:], template, depth + 1)
