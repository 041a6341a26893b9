"""What a template says of its resources that no definition shows: the key of a queue, the roles of a task definition."""

from __future__ import annotations

import re
from collections.abc import Iterator

from analyzer.dataflow.values import PLACEHOLDER
from analyzer.templates.expressions import DEPTH, NOTHING, taken, texts
from analyzer.templates.model import Texts
from analyzer.templates.placeholders import SAME, Template, filled, meaning
from analyzer.text import Json

_MADE_UP = re.compile(r"(?::\*|-\?+)$")
"""The end of an ARN that a deployment makes up, which a name leaves out: a revision, the six characters of a secret."""

Facts = dict[tuple[str, str], Texts]


def facts_of(template: Template) -> Facts:
    """Return the facts that the properties of resources tell: (kind, ARN of the resource) → what it has, or nothing."""
    made: Facts = {}
    for name, resource in template.resources.items():
        kind = template.type_of(name)
        if kind is None or not kind.facts:
            continue
        properties = resource.get("Properties")
        patterns = {
            pattern for pattern in (kind.arn, kind.ref, *kind.attributes.values()) if pattern and pattern.startswith("arn:")
        }
        written_as = patterns | {_MADE_UP.sub("", pattern) for pattern in patterns}
        for fact, paths in kind.facts.items():
            if fact == SAME:
                continue
            written = [one for path in paths for one in _at(properties, _steps(path), template)]
            found = [text for one in written for text in texts(one, template) if text]
            values = tuple(dict.fromkeys(other for text in found for other in meant(text, template)))
            made.update({(fact, filled(pattern, name, template)): values for pattern in sorted(written_as)})
    return made


def meant(text: str, template: Template) -> Texts:
    """Return what a text means: of a resource that only names another one, as an alias does, its name when that is written out.

    Otherwise it is the other one.
    """
    match = PLACEHOLDER.fullmatch(text)
    kind = template.type_of(match[1]) if match else None
    if match is None or kind is None or SAME not in kind.facts:
        return (text,)
    own = meaning(match[1], template)
    if len(own) == 1 and "${" not in own[0]:
        return own
    properties = template.resources[match[1]].get("Properties")
    other = [one for path in kind.facts[SAME] for one in _at(properties, _steps(path), template)]
    return tuple(found for one in other for found in texts(one, template)) or (text,)


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
