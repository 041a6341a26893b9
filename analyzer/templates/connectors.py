"""Connectors of SAM that lead from a machine to other resources: what they connect it to, and for what.

https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/managing-permissions-connectors.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from analyzer.templates.conditions import condition_of, conditions_of
from analyzer.templates.expressions import texts
from analyzer.templates.model import only_where
from analyzer.templates.placeholders import Template, filled, named
from analyzer.text import Json

CONNECTOR = "AWS::Serverless::Connector"


def connections(machine: str, template: Template) -> Iterator[Json]:
    """Yield what connectors lead to from *machine*: `{"Connector": {"Id": ..., "Type": ..., "Arn": ..., ...}}`.

    One that is there only where a condition holds, and the machine not only then, is `{"Fn::If": [condition, it, null]}`.
    """
    resource = template.resources.get(machine)
    embedded = resource.get("Connectors") if isinstance(resource, Mapping) else None
    for connector in embedded.values() if isinstance(embedded, Mapping) else ():
        properties = connector.get("Properties") if isinstance(connector, Mapping) else None
        if isinstance(properties, Mapping):
            yield from _to(properties, template)
    for each in template.resources.values():
        properties = each.get("Properties") if isinstance(each, Mapping) and each.get("Type") == CONNECTOR else None
        source = properties.get("Source") if isinstance(properties, Mapping) else None
        if isinstance(properties, Mapping) and isinstance(source, Mapping) and source.get("Id") == machine:
            condition = condition_of(each, template, conditions_of((machine,), template))
            if condition is not None:
                yield from (only_where(one, condition) for one in _to(properties, template))


def _to(properties: Mapping[str, Json], template: Template) -> Iterator[dict[str, Json]]:
    destinations = properties.get("Destination")
    permissions = properties.get("Permissions")
    for one in destinations if isinstance(destinations, list) else [destinations]:
        if not isinstance(one, Mapping):
            continue
        yield {
            "Connector": {
                **_destination(one, template),
                "Permissions": [each for each in permissions if isinstance(each, str)] if isinstance(permissions, list) else [],
            }
        }


def _destination(one: Mapping[str, Json], template: Template) -> dict[str, Json]:
    name = one.get("Id")
    if not isinstance(name, str):
        return {
            "Id": "",
            "Type": one.get("Type"),
            "Arn": _text(one.get("Arn"), template),
            "Name": _text(one.get("Name"), template),
        }
    resource = template.resources.get(name)
    kind = template.type_of(name)
    made: dict[str, Json] = {"Id": name, "Type": resource.get("Type") if isinstance(resource, Mapping) else None}
    if kind is None:
        return {**made, "Arn": f"${{{name}.Arn}}", "Name": f"${{{name}}}"}
    bare = named(name, kind)
    return {**made, "Arn": filled(kind.arn or "", name, template) or f"${{{name}.Arn}}", "Name": f"${{{bare}}}"}


def _text(expression: Json, template: Template) -> str:
    found = texts(expression, template) if expression is not None else ()
    return found[0] if len(found) == 1 else "${Fn}"
