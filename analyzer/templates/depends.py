"""What the resources of a template refer to: the edges by which CloudFormation decides what it makes first.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-dependson.html
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping

from analyzer.text import Json

_NAMED = re.compile(r"\$\{([^!${}][^${}]*)\}")


def dependencies(resources: Mapping[str, Json]) -> dict[str, frozenset[str]]:
    """Return, for each of *resources*, which others it refers to, in its properties or by `DependsOn`."""
    return {name: frozenset(_named(resource, resources)) for name, resource in resources.items()}


def named_in(expression: Json, resources: Collection[str]) -> frozenset[str]:
    """Return which of *resources* an expression refers to."""
    return frozenset(_named({"": expression}, resources))


def _named(resource: Json, resources: Collection[str]) -> Iterator[str]:
    if isinstance(resource, dict):
        after = resource.get("DependsOn")
        for name in after if isinstance(after, list) else [after]:
            if isinstance(name, str) and name in resources:
                yield name
    waiting = [resource]
    while waiting:
        one = waiting.pop()
        if isinstance(one, list):
            waiting += one
        elif isinstance(one, dict):
            waiting += one.values()
            for name in _references(one):
                head = name.partition(".")[0]
                if head in resources:
                    yield head


def _references(expression: Mapping[str, Json]) -> Iterator[str]:
    """Yield what *expression* names, when it is a function that names something."""
    if len(expression) != 1:
        return
    [(function, argument)] = expression.items()
    if isinstance(argument, list) and argument and function in ("Fn::GetAtt", "Fn::Sub"):
        argument = argument[0]
    if not isinstance(argument, str):
        return
    if function in ("Ref", "Fn::GetAtt"):
        yield argument
    elif function == "Fn::Sub":
        yield from _NAMED.findall(argument)
