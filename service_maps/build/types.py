"""What CloudFormation gives for a reference to a resource, as far as published data settle it: the base of `templates.yaml`.

A resource schema says which property identifies the resource, which AWS makes (read-only), and which IAM actions create and
read it; the authorization data say what ARN the resource of such an action has. Nobody publishes what `Ref` gives. It is the
identifier with few exceptions; those are in `templates.yaml`, and a type that the data leave in doubt is left out here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from service_maps.build.bind import VARIABLE
from service_maps.build.candidates import fold, stem
from service_maps.build.published import IAM
from service_maps.build.schemas import properties, schema, types

_PLACES = {1: "{partition}", 3: "{region}", 4: "{account}"}
NAME = "{name}"
"""What only the deployment knows: the name that is written or made up, or the id that the service gives."""


def base(prefixes: set[str]) -> dict[str, dict[str, Any]]:
    """Return a row for each type whose IAM service is one of *prefixes* and of which the data say enough."""
    rows = ((name, row(name, prefixes)) for name in types())
    return {name: found for name, found in rows if found is not None}


def row(name: str, prefixes: set[str]) -> dict[str, Any] | None:
    """Return the row of a type as `templates.yaml` would have it, or `None` when in doubt."""
    formats = list({bound[0]: bound for text in _formats(name, prefixes) if (bound := _bound(text, name))}.values())
    identifiers = properties(name, "primaryIdentifier")
    if len(formats) != 1 or len(identifiers) != 1:
        return None
    arn, variable = formats[0]
    made = properties(name, "readOnlyProperties")
    [identifier] = identifiers
    names = [one for one in _written(name) if _names(one, variable, name)]
    named = [one for one in made if _names(one, variable, name)]
    if _is_arn(identifier, name):
        ref = "arn"
    elif identifier in (*names[:1], *named[:1]):
        ref = "name"
    else:
        return None
    attributes = {one: "arn" for one in made if _is_arn(one, name)} | dict.fromkeys(named[:1], "name")
    return {"arn": arn, **({"name": names[0]} if names else {}), "ref": ref, "attributes": attributes}


def _is_arn(name: str, kind: str) -> bool:
    """Tell whether an attribute is the ARN of the resource itself, and not of something that it has."""
    words, end = stem(name)
    return end == "arn" and words in ("", fold(kind.rpartition("::")[2]))


def _names(name: str, variable: str, kind: str) -> bool:
    """Tell whether a property is what the last variable of an ARN stands for: the same word, and the same sort of name."""
    own = fold(kind.rpartition("::")[2])
    mine, theirs = stem(name), stem(variable)
    alike = mine[0] == theirs[0] or {mine[0], theirs[0]} <= {"", own, "resource"}
    return fold(name) == fold(variable) or (alike and _sort(mine[1]) == _sort(theirs[1]) != "arn")


def _sort(ending: str) -> str:
    return "id" if ending == "identifier" else ending


def _written(name: str) -> list[str]:
    """Return the properties of text that a template may write and that no update changes."""
    fixed = properties(name, "createOnlyProperties")
    made = set(properties(name, "readOnlyProperties"))
    known = schema(name)["properties"]
    return [one for one in fixed if one not in made and one in known]


def _formats(name: str, prefixes: set[str]) -> Iterator[str]:
    """Yield the ARN formats of the resource types that are called like the type, in the services that create and read it."""
    handlers = schema(name).get("handlers", {})
    actions = {action for key in ("create", "read") for action in handlers.get(key, {}).get("permissions", ())}
    own = fold(name.rpartition("::")[2])
    for prefix in sorted({action.partition(":")[0].lower() for action in actions} & prefixes):
        for kind, text in kinds(prefix):
            variables = VARIABLE.findall(text)
            if own in (fold(kind), fold(kind) + "s") or (variables and stem(variables[-1])[0] == own):
                yield text


@cache
def kinds(prefix: str) -> tuple[tuple[str, str], ...]:
    """Return the ARN formats of an IAM service: (resource type, format)."""
    if not IAM.services.service_exists(prefix):
        return ()
    return tuple(
        (kind, text)
        for kind in IAM.resources.get_resource_types_for_service(prefix)
        for text in IAM.resources.get_resource_type_details(prefix, kind)["arn"].split(", ")
    )


def _bound(text: str, name: str) -> tuple[str, str] | None:
    """Return an ARN format in our variables and its last variable; `None` when another one has no property of its name.

    A hole with the name of a property is that property: `table/{DatabaseName}/{name}`.
    """
    fields = text.split(":", 5)
    if len(fields) != 6 or not VARIABLE.search(fields[5]) or "*" in fields[5]:
        return None
    head = [_PLACES.get(at, field) if VARIABLE.fullmatch(field) else field for at, field in enumerate(fields[:5])]
    *outer, last = VARIABLE.findall(fields[5])
    known = {fold(one): one for one in _written(name)}
    if any(fold(one) not in known for one in outer) or len(set(outer)) != len(outer):
        return None
    holes = {one: f"{{{known[fold(one)]}}}" for one in outer} | {last: NAME}
    return ":".join([*head, VARIABLE.sub(lambda match: holes[match[1]], fields[5])]), re.sub(r"\W", "", last)
