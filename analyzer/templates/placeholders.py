"""Placeholders of a CloudFormation template: what each stands for, and what the template shows of it.

Beside those for resources, their attributes and parameters there are some for functions that only the deployment can work out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice, product

from analyzer.dataflow.values import PLACEHOLDER
from analyzer.templates.functions import Function
from analyzer.templates.model import Texts
from analyzer.templates.types import ResourceType, fill, resource_type
from analyzer.text import Json

MOST = 8
"""The most texts that one expression is told apart into."""

TRIED = 64
"""The most combinations of texts that are looked at: more of them are too many, whatever they come to."""

LONGEST = 4_000_000
"""The most characters that an expression comes to: a definition of 1 MB, for each of a few."""

OPEN = "${%s}"

NO_NAME = re.compile(r"(Arn|ARN|Url|URL|Uri|URI|Endpoint|[-_:/.](arn|url|uri|endpoint))s?$")
"""How a parameter is called that holds more than a name."""

_ARN_NAME = re.compile(r"(?:Arn|ARN|[-_:/.]arn)$")
"""How something is called that holds an ARN: a parameter, an export, an attribute of a resource nobody knows."""

_LOOKED_UP = "AWS::SSM::Parameter::Value<String>"
"""The type of a parameter that is given where its value is to be had, and stands for that value."""

SAME = "same"
"""The fact that a resource only names another one, as an alias names a key. Its own name is no plain one: it has a form."""


@dataclass(frozen=True, slots=True)
class Template:
    """The parts of a template that its expressions speak of.

    `functions` are those met so far that only the deployment can work out, by the placeholders that stand for them. `outputs` are
    the texts that nested stacks give, and `hidden` the names of other templates in such texts, with what each usually is.
    """

    resources: Mapping[str, Json]
    parameters: Mapping[str, Json] = field(default_factory=dict)
    mappings: Mapping[str, Json] = field(default_factory=dict)
    conditions: Mapping[str, Json] = field(default_factory=dict)
    functions: dict[str, Function] = field(default_factory=dict, compare=False)
    outputs: dict[str, Texts] = field(default_factory=dict, compare=False)
    hidden: dict[str, Texts] = field(default_factory=dict, compare=False)

    @staticmethod
    def of(document: Mapping[str, Json]) -> Template:
        """Take the parts of *document*; whatever is no object counts as absent."""
        given = (document.get(name) for name in ("Resources", "Parameters", "Mappings", "Conditions"))
        resources, parameters, mappings, conditions = (part if isinstance(part, dict) else {} for part in given)
        return Template(resources, parameters, mappings, conditions)

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
    from analyzer.templates.expressions import texts  # an expression is made of placeholders, and the properties of expressions

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
        known = expand(found[0], template, depth + 1, usual=False) if len(found) == 1 else ""
        whole = PLACEHOLDER.fullmatch(known)
        is_open = not known or (whole is not None and is_arn(whole[1], template))
        return OPEN % f"{name}#{hole}" if is_open else _within(known)

    return fill(pattern, give)


PARENT = "parent-stack"
"""What the names of its parent begin with in a nested stack, as those of a nested stack do with its name: `parent-stack#Stage`.

No resource can be called so."""

STACKS = {"AWS::CloudFormation::Stack": "TemplateURL", "AWS::Serverless::Application": "Location"}
"""Resources that are stacks of their own, and the property that says where their template is."""

CHAIN = 6
"""The most resources that are named by one another: a version of a function by its function, and so on."""

MADE = "#made"
"""What ends the placeholder of what a deployment makes up beside a name."""

_PSEUDO = {"partition": "AWS::Partition", "region": "AWS::Region", "account": "AWS::AccountId", "suffix": "AWS::URLSuffix"}


def _within(text: str) -> str:
    """Return what an ARN names, without the type of resource before it; another text as it stands."""
    fields = split(text, ":")
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


def split(text: str, separator: str) -> list[str]:
    """Split *text*, but not inside its placeholders."""
    pieces = PLACEHOLDER.sub(lambda match: "\ue010" + match[1].replace(separator, "\ue011") + "\ue012", text).split(separator)
    return [piece.replace("\ue010", "${").replace("\ue012", "}").replace("\ue011", separator) for piece in pieces]


def expand(text: str, template: Template, depth: int = 0, *, usual: bool = True) -> str:
    """Write what the placeholders of *text* that have exactly one meaning stand for.

    That a parameter has a default is what it *usual*ly means, and no more: whoever deploys may say something else.
    """

    def fill(match: re.Match[str]) -> str:
        meant = meaning(match[1], template, depth, usual=usual)
        return meant[0] if len(meant) == 1 else match[0]

    return PLACEHOLDER.sub(fill, text)


def spread(text: str, template: Template) -> Texts:
    """Return each text that *text* may be, whatever is deployed: what a placeholder in it may be is filled in, no default is.

    Where that would be too many, it is *text* itself.
    """
    found = {text: None}
    for _ in range(CHAIN):
        made = dict.fromkeys(other for one in found for other in _filled_once(one, template))
        if len(made) > TRIED:
            return (text,)
        if made == found:
            break
        found = made
    return tuple(found)


def _filled_once(text: str, template: Template) -> Iterator[str]:
    choices = {name: found for name in referred([text]) if (found := meaning(name, template, usual=False))}
    longest = {name: max(map(len, found)) for name, found in choices.items()}
    if len(text) + sum(text.count(OPEN % name) * length for name, length in longest.items()) > LONGEST:
        yield text
        return
    for chosen in islice(product(*choices.values()), TRIED + 1):
        known = dict(zip(choices, chosen, strict=True))
        yield PLACEHOLDER.sub(lambda match, known=known: known.get(match[1], match[0]), text)  # type: ignore[misc]


def meaning(name: str, template: Template, depth: int = 0, *, usual: bool = True) -> Texts:
    """Return what the placeholder *name* stands for; nothing when only the deployment knows."""
    head, dot, attribute = name.partition(".")
    if name in template.parameters:
        return _parameter(template.parameters[name], usual=usual)
    if name in template.functions:
        return template.functions[name].texts
    if name in template.outputs:
        return template.outputs[name]
    if name in template.hidden:
        return template.hidden[name] if usual else ()
    kind = template.type_of(head.removesuffix("#name"))
    if kind is None:
        return ()
    head = head.removesuffix("#name")
    if name == named(head, kind):
        return _own_name(head, kind, template)
    pattern = kind.attributes.get(attribute, kind.refs.get(attribute)) if dot else kind.ref
    return () if pattern is None else (filled(pattern, head, template, depth),)


def _own_name(name: str, kind: ResourceType, template: Template) -> Texts:
    """Return the name that the template itself gives to a resource."""
    from analyzer.templates.expressions import texts

    written = property_of(template.resources[name].get("Properties"), kind.name) if kind.name else None
    found = () if written is None else texts(written, template)
    if any(OPEN % name in text for text in found):
        return ()
    return tuple(text.lower() if kind.lower and "${" not in text else text for text in found)


def _parameter(parameter: Json, *, usual: bool) -> Texts:
    """Return what a parameter may be: one of the values it allows, else what it *usual*ly is, its default."""
    if not isinstance(parameter, dict) or str(parameter.get("Type", "")).startswith("AWS::SSM::Parameter::"):
        return ()
    allowed = parameter.get("AllowedValues")
    if isinstance(allowed, list) and 0 < len(allowed) <= MOST:
        return tuple(dict.fromkeys(str(one) for one in allowed))
    default = parameter.get("Default")
    return () if default is None or default == "" or not usual else (str(default),)


def is_plain(name: str, template: Template) -> bool:
    """Tell whether the placeholder *name* stands for a plain name, and for no ARN, address or list."""
    if name in template.parameters:
        parameter = template.parameters[name]
        if not isinstance(parameter, dict) or str(parameter.get("Type", "String")) not in ("String", "Number", _LOOKED_UP):
            return False
        return not NO_NAME.search(name) and not any(":" in shape or "/" in shape for shape in _shapes(parameter))
    bare = not NO_NAME.search(name) and not _ARN_NAME.search(name)
    if name in template.hidden or name in template.outputs:
        shown = "".join(PLACEHOLDER.sub("", text) for text in template.outputs.get(name, ()))
        return name in template.hidden or (bare and ":" not in shown and "/" not in shown)
    if is_given(name, template):
        function = template.functions.get(name)
        return bare and (function is None or function.may_name)
    head = name.partition(".")[0].removesuffix("#name")
    kind = template.type_of(head)
    return kind is not None and name == named(head, kind) and SAME not in kind.facts


def _shapes(parameter: Mapping[str, Json]) -> list[str]:
    """Return what the template shows of a parameter's value: nothing when its default is what the value is looked up by."""
    allowed = parameter.get("AllowedValues")
    told = [parameter.get("Default", ""), parameter.get("AllowedPattern", ""), *(allowed if isinstance(allowed, list) else ())]
    return [PLACEHOLDER.sub("", str(shape)) for shape in (() if parameter.get("Type") == _LOOKED_UP else told)]


def is_given(name: str, template: Template) -> bool:
    """Tell whether *name* stands for what comes from elsewhere: a parameter, the output of a stack, a custom resource."""
    if name in template.parameters or name in template.functions or name.startswith(f"{PARENT}#"):
        return True
    head, _, attribute = name.partition(".")
    resource = template.resources.get(head)
    kind = str(resource.get("Type")) if isinstance(resource, dict) else ""
    if kind in STACKS:
        return attribute.startswith("Outputs.") and name not in template.outputs
    return bool(attribute) and (kind.startswith("Custom::") or kind == "AWS::CloudFormation::CustomResource")


def is_arn(name: str, template: Template) -> bool:
    """Tell whether the placeholder *name* stands for a whole ARN of which the template shows no part."""
    if name in template.parameters:
        parameter = template.parameters[name]
        shapes = [shape.lstrip("^") for shape in _shapes(parameter)] if isinstance(parameter, dict) else []
        return any(shape.startswith("arn:") for shape in shapes) or (_ARN_NAME.search(name) is not None and not any(shapes))
    return _ARN_NAME.search(name) is not None and not meaning(name, template)


def referred(texts_: Iterable[str]) -> list[str]:
    """Return the placeholders of *texts_*, each once."""
    return list(dict.fromkeys(name for text in texts_ for name in PLACEHOLDER.findall(text)))
