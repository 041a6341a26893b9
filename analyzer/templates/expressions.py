"""CloudFormation expressions → texts with placeholders: what the functions of a template give, as far as it can be read.

`Ref`, `Fn::GetAtt` and `Fn::Sub` are placeholders already; the other functions are worked out where their arguments are known.
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice, product
from typing import Any

from analyzer.dataflow.values import PLACEHOLDER
from analyzer.templates.model import PSEUDO, Texts
from analyzer.templates.types import ResourceType, fill, resource_type
from analyzer.text import Json

MOST = 8
"""The most texts that one expression is told apart into."""

LONGEST = 4_000_000
"""The most characters that an expression comes to: a definition of 1 MB, for each of a few."""

TRIED = 64
"""The most combinations of texts that are looked at: more of them are too many, whatever they come to."""

DEPTH = 40
"""The deepest nesting of functions that is worked out."""

OPEN = "${%s}"
_BARE = re.compile(r"[^${}]{1,256}")
NO_NAME = re.compile(r"(Arn|ARN|Url|URL|Uri|URI|Endpoint)s?$")
"""How a parameter is called that holds more than a name."""

_ARN_NAME = re.compile(r"(?:Arn|ARN|[-_:]arn)$")
"""How something is called that holds an ARN: a parameter, an export, an attribute of a resource nobody knows."""

NOTHING = "AWS::NoValue"

SAME = "same"
"""The fact that a resource only names another one, as an alias names a key. Its own name is no plain one: it has a form."""


@dataclass(frozen=True, slots=True)
class Template:
    """The parts of a template that its expressions speak of."""

    resources: Mapping[str, Json]
    parameters: Mapping[str, Json] = field(default_factory=dict)
    mappings: Mapping[str, Json] = field(default_factory=dict)
    conditions: Mapping[str, Json] = field(default_factory=dict)

    @staticmethod
    def of(document: Mapping[str, Json]) -> Template:
        """Take the parts of *document*; whatever is no object counts as absent."""
        parts = (document.get(name) for name in ("Resources", "Parameters", "Mappings", "Conditions"))
        return Template(*(part if isinstance(part, dict) else {} for part in parts))

    def type_of(self, name: str) -> ResourceType | None:
        """Return the type of the resource *name*, when there is one and its type is known."""
        resource = self.resources.get(name)
        return resource_type(str(resource.get("Type"))) if isinstance(resource, dict) else None


def named(name: str, kind: ResourceType) -> str:
    """Return the placeholder that stands for the bare name of the resource *name*."""
    if kind.ref == "{name}":
        return name
    return f"{name}.{kind.named}" if kind.named else f"{name}#name"


def filled(pattern: str, name: str, template: Template, depth: int = 0) -> str:
    """Write a text of the type table with placeholders, for the resource *name*.

    `${Secret#made}` stands for what the deployment makes up, which nothing can name.
    """
    kind = template.type_of(name)
    properties = template.resources[name].get("Properties")

    def give(hole: str, default: str | None) -> str:
        if hole in _PSEUDO:
            return OPEN % _PSEUDO[hole]
        if hole == "name" and kind is not None:
            return OPEN % named(name, kind)
        if hole in ("*", "?"):
            return OPEN % f"{name}{MADE}"
        written = property_of(properties, hole) if depth < CHAIN else None
        found = texts(written, template) if written is not None else ()
        if not found and default is not None:
            return default
        return _within(expand(found[0], template, depth + 1)) if len(found) == 1 else OPEN % f"{name}#{hole}"

    return fill(pattern, give)


CHAIN = 6
"""The most resources that are named by one another: a version of a function by its function, and so on."""

MADE = "#made"
"""What ends the placeholder of what a deployment makes up beside a name."""

_PSEUDO = {"partition": "AWS::Partition", "region": "AWS::Region", "account": "AWS::AccountId", "suffix": "AWS::URLSuffix"}


def _within(text: str) -> str:
    """Return what an ARN names, without the type of resource before it; another text as it stands."""
    fields = _split(text, ":")
    if len(fields) < 6 or fields[0] != "arn":
        return text
    rest = ":".join(fields[5:])
    return re.sub(r"^[^:/${]*[:/]", "", rest)


def property_of(properties: Json, path: str) -> Json:
    """Return the property at *path*, names joined by dots."""
    found = properties
    for step in path.split("."):
        found = found.get(step) if isinstance(found, dict) else None
    return found


def value(expression: Json, template: Template, depth: int = 0) -> Json:
    """Return *expression* with every function in it worked out: a text where it can be one, else the placeholder of its name."""
    if depth > DEPTH:
        return OPEN % "Fn"
    if isinstance(expression, list):
        made = [value(item, template, depth + 1) for item in expression]
        return [item for item in made if item is not None or item in expression]
    if not isinstance(expression, dict):
        return expression
    function = next(iter(expression)) if len(expression) == 1 else ""
    if function in ("Ref", "Condition") or function.startswith("Fn::"):
        if function == "Fn::If":
            return _branch(expression[function], template, depth)
        found = texts(expression, template, depth)
        return found[0] if len(found) == 1 else OPEN % function
    return {str(key): value(item, template, depth + 1) for key, item in expression.items()}


def texts(expression: Json, template: Template, depth: int = 0) -> Texts:
    """Return the texts that *expression* may give: none when it gives nothing, one placeholder when it cannot be read."""
    if depth > DEPTH:
        return (OPEN % "Fn",)
    if isinstance(expression, str):
        return (expression,)
    if isinstance(expression, bool):
        return ("true" if expression else "false",)
    if isinstance(expression, int | float):
        return (str(expression),)
    if not isinstance(expression, dict) or len(expression) != 1:
        return (OPEN % "Fn",)
    [(function, argument)] = expression.items()
    found = list(dict.fromkeys(islice(_FUNCTIONS.get(function, _unread)(function, argument, template, depth + 1), TRIED)))
    return tuple(found) if len(found) <= MOST and sum(map(len, found)) <= LONGEST else (OPEN % function,)


def _unread(function: str, _argument: Json, _template: Template, _depth: int) -> Iterator[str]:
    yield OPEN % function


def _ref(_function: str, argument: Json, _template: Template, _depth: int) -> Iterator[str]:
    if argument != NOTHING:
        yield OPEN % argument if isinstance(argument, str) and _BARE.fullmatch(argument) else OPEN % "Ref"


def _get_att(_function: str, argument: Json, _template: Template, _depth: int) -> Iterator[str]:
    path = argument if isinstance(argument, str) else ".".join(map(str, argument)) if isinstance(argument, list) else ""
    yield OPEN % path if _BARE.fullmatch(path) else OPEN % "Fn::GetAtt"


def _sub(_function: str, argument: Json, template: Template, depth: int) -> Iterator[str]:
    text, given = argument if isinstance(argument, list) and len(argument) == 2 else (argument, {})
    if not isinstance(text, str) or not isinstance(given, dict):
        yield OPEN % "Fn::Sub"
        return
    used = [name for name in dict.fromkeys(PLACEHOLDER.findall(text)) if name in given]
    for chosen in product(*(texts(given[name], template, depth) for name in used)):
        known = dict(zip(used, chosen, strict=True))
        if sum(len(value) * text.count(OPEN % name) for name, value in known.items()) > LONGEST:
            yield OPEN % "Fn::Sub"
            return
        filled_in = PLACEHOLDER.sub(lambda match, known=known: known.get(match[1], match[0]), text)  # type: ignore[misc]
        yield filled_in.replace("${!", "${")  # how a text says that it means no placeholder of the template


def _join(_function: str, argument: Json, template: Template, depth: int) -> Iterator[str]:
    if not (isinstance(argument, list) and len(argument) == 2 and isinstance(argument[0], str)):
        yield OPEN % "Fn::Join"
        return
    items = _items(argument[1], template, depth)
    if items is None:
        yield OPEN % "Fn::Join"
        return
    for chosen in product(*items):
        if sum(map(len, chosen)) + len(argument[0]) * len(chosen) > LONGEST:
            yield OPEN % "Fn::Join"
            return
        yield argument[0].join(chosen)


def _items(expression: Json, template: Template, depth: int) -> list[Texts] | None:
    """Return what each item of a list may be; nothing when it is not known how many there are."""
    if isinstance(expression, list):
        return [found for item in expression if (found := texts(item, template, depth + 1))]
    if isinstance(expression, dict) and len(expression) == 1 and "Fn::Split" in expression:
        argument = expression["Fn::Split"]
        if isinstance(argument, list) and len(argument) == 2 and isinstance(argument[0], str) and argument[0]:
            whole = [expand(text, template) for text in texts(argument[1], template, depth + 1)]
            if len(whole) == 1:
                return [(part,) for part in _split(whole[0], argument[0])]
    return None


def _split(text: str, separator: str) -> list[str]:
    """Split *text*, but not inside its placeholders."""
    pieces = PLACEHOLDER.sub(lambda match: "\ue010" + match[1].replace(separator, "\ue011") + "\ue012", text).split(separator)
    return [piece.replace("\ue010", "${").replace("\ue012", "}").replace("\ue011", separator) for piece in pieces]


def _select(_function: str, argument: Json, template: Template, depth: int) -> Iterator[str]:
    if isinstance(argument, list) and len(argument) == 2 and str(argument[0]).isdigit():
        items = _items(argument[1], template, depth)
        if items is not None and int(argument[0]) < len(items):
            yield from items[int(argument[0])]
            return
    yield OPEN % "Fn::Select"


def _if(_function: str, argument: Json, template: Template, depth: int) -> Iterator[str]:
    if not (isinstance(argument, list) and len(argument) == 3):
        yield OPEN % "Fn::If"
        return
    for branch in taken(argument, template):
        yield from texts(branch, template, depth)


def _branch(argument: Json, template: Template, depth: int) -> Json:
    """Return the branch of an `Fn::If` that is not a text: the one that is taken, else the first that gives something."""
    if not (isinstance(argument, list) and len(argument) == 3):
        return OPEN % "Fn::If"
    branches = [value(branch, template, depth + 1) for branch in taken(argument, template)]
    found = [branch for branch in branches if branch is not None]
    if len(found) > 1 and all(isinstance(branch, str) for branch in found) and found[0] != found[1]:
        return OPEN % f"Fn::If {argument[0]}"
    return found[0] if found else None


def taken(argument: Json, template: Template) -> list[Json]:
    """Return the branches of an `Fn::If` that may be taken."""
    if not (isinstance(argument, list) and len(argument) == 3):
        return []
    holds = condition(template.conditions.get(str(argument[0])), template)
    return [argument[1]] if holds is True else [argument[2]] if holds is False else argument[1:]


def condition(expression: Json, template: Template, depth: int = 0) -> bool | None:
    """Tell whether a condition of the template holds, whatever the parameters are; `None` when it depends on them."""
    if depth > DEPTH or not isinstance(expression, dict) or len(expression) != 1:
        return None
    [(function, argument)] = expression.items()
    if function == "Condition":
        return condition(template.conditions.get(str(argument)), template, depth + 1)
    parts = argument if isinstance(argument, list) else []
    if function == "Fn::Equals" and len(parts) == 2:
        left, right = (texts(part, template, depth + 1) for part in parts)
        known = len(left) == len(right) == 1 and "${" not in left[0] + right[0]
        return left == right if known else None
    answers = [condition(part, template, depth + 1) for part in parts]
    if function == "Fn::Not" and len(answers) == 1:
        return None if answers[0] is None else not answers[0]
    if function == "Fn::And":
        return False if False in answers else None if None in answers else True
    if function == "Fn::Or":
        return True if True in answers else None if None in answers else False
    return None


def _find_in_map(_function: str, argument: Json, template: Template, depth: int) -> Iterator[str]:
    keys = [expand(found[0], template) if len(found := texts(key, template, depth)) == 1 else "${}" for key in _three(argument)]
    table = template.mappings.get(keys[0]) if keys else None
    rows = _rows(table, keys[1]) if keys else []
    found_texts = [text for row in rows for cell in _rows(row, keys[2]) for text in texts(cell, template, depth)]
    yield from found_texts or [OPEN % "Fn::FindInMap"]


def _three(argument: Json) -> list[Json]:
    return argument[:3] if isinstance(argument, list) and len(argument) >= 3 else []


def _rows(table: Json, key: str) -> list[Json]:
    """Return the entry *key* of a mapping, or every entry when the key is only known when the template is deployed."""
    if not isinstance(table, dict):
        return []
    return list(table.values()) if "${" in key else [table[key]] if key in table else []


def _import_value(_function: str, argument: Json, template: Template, depth: int) -> Iterator[str]:
    for text in texts(argument, template, depth):
        bare = text.replace("${", "").replace("}", "").replace("{", "").replace("$", "")
        yield OPEN % f"Fn::ImportValue {bare}"[:256]


def _to_json(_function: str, argument: Json, template: Template, depth: int) -> Iterator[str]:
    yield json.dumps(value(argument, template, depth))


_FUNCTIONS: dict[str, Any] = {
    "Ref": _ref,
    "Fn::GetAtt": _get_att,
    "Fn::Sub": _sub,
    "Fn::Join": _join,
    "Fn::Select": _select,
    "Fn::If": _if,
    "Fn::FindInMap": _find_in_map,
    "Fn::ImportValue": _import_value,
    "Fn::ToJsonString": _to_json,
}


def expand(text: str, template: Template, depth: int = 0) -> str:
    """Write what the placeholders of *text* that have exactly one meaning stand for."""

    def fill(match: re.Match[str]) -> str:
        meant = meaning(match[1], template, depth)
        return meant[0] if len(meant) == 1 else match[0]

    return PLACEHOLDER.sub(fill, text)


def meaning(name: str, template: Template, depth: int = 0) -> Texts:
    """Return what the placeholder *name* stands for; nothing when only the deployment knows."""
    head, dot, attribute = name.partition(".")
    if name in template.parameters:
        return _parameter(template.parameters[name])
    kind = template.type_of(head.removesuffix("#name"))
    if kind is None:
        return ()
    head = head.removesuffix("#name")
    if name == named(head, kind):
        return _own_name(head, kind, template)
    pattern = kind.attributes.get(attribute) if dot else kind.ref
    return () if pattern is None else (filled(pattern, head, template, depth),)


def _own_name(name: str, kind: ResourceType, template: Template) -> Texts:
    """Return the name that the template itself gives to a resource."""
    written = property_of(template.resources[name].get("Properties"), kind.name) if kind.name else None
    found = () if written is None else texts(written, template)
    if any(OPEN % name in text for text in found):
        return ()
    return tuple(text.lower() if kind.lower and "${" not in text else text for text in found)


def _parameter(parameter: Json) -> Texts:
    """Return what a parameter may be: one of the values it allows, else its default."""
    if not isinstance(parameter, dict) or str(parameter.get("Type", "")).startswith("AWS::SSM::Parameter::"):
        return ()
    allowed = parameter.get("AllowedValues")
    if isinstance(allowed, list) and 0 < len(allowed) <= MOST:
        return tuple(dict.fromkeys(str(one) for one in allowed))
    default = parameter.get("Default")
    return () if default is None or default == "" else (str(default),)


def is_plain(name: str, template: Template) -> bool:
    """Tell whether the placeholder *name* stands for a plain name, and for no ARN, address or list."""
    if name in template.parameters:
        parameter = template.parameters[name]
        if not isinstance(parameter, dict) or str(parameter.get("Type", "String")) not in ("String", "Number"):
            return False
        shapes = [PLACEHOLDER.sub("", str(parameter.get(key, ""))) for key in ("Default", "AllowedPattern")]
        return not NO_NAME.search(name) and not any(":" in shape or "/" in shape for shape in shapes)
    head = name.partition(".")[0].removesuffix("#name")
    kind = template.type_of(head)
    return kind is not None and name == named(head, kind) and SAME not in kind.facts


def is_arn(name: str, template: Template) -> bool:
    """Tell whether the placeholder *name* stands for a whole ARN of which the template shows no part."""
    if name in template.parameters:
        parameter = template.parameters[name]
        shapes = (
            [str(parameter.get(key, "")).lstrip("^") for key in ("Default", "AllowedPattern")]
            if isinstance(parameter, dict)
            else []
        )
        return any(shape.startswith("arn:") for shape in shapes) or (_ARN_NAME.search(name) is not None and not any(shapes))
    return _ARN_NAME.search(name) is not None and not meaning(name, template)


def referred(texts_: Iterator[str] | list[str]) -> list[str]:
    """Return the placeholders of *texts_*, each once."""
    return list(dict.fromkeys(name for text in texts_ for name in PLACEHOLDER.findall(text)))


PSEUDO_NAMES = frozenset(PSEUDO)
