"""Stacks in a stack: the template of one, what its parent gives it, and what its outputs are to the parent.

A name of the one template means nothing in the other one, so it is called `Stack#name` or `parent#name` there: it is known to be
one name, and nothing can refer to it.
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-nested-stacks.html
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter

from analyzer.dataflow.values import PLACEHOLDER
from analyzer.errors import SourceError
from analyzer.sources import parse_any
from analyzer.templates.depends import dependencies
from analyzer.templates.expressions import texts
from analyzer.templates.loops import MOST_VALUES, Loops
from analyzer.templates.model import Texts
from analyzer.templates.placeholders import MOST, OPEN, PARENT, STACKS, Template, expand, is_plain, referred, spread
from analyzer.templates.project import Project
from analyzer.text import Json, Source

NESTED = 5
"""The deepest stack in a stack that is read."""

MOST_STACKS = 200
"""Stacks in the stacks of one template that are read: a template may be nested many times in one that is nested many times."""

_EVERYWHERE = ("AWS::Partition", "AWS::Region", "AWS::AccountId", "AWS::URLSuffix")
"""What is the same in a stack and in its parent."""

_SSM = "AWS::SSM::"
"""What the types of parameters begin with that are given the name of a value, not the value."""


@dataclass(frozen=True, slots=True)
class Stack:
    """A template with its loops written out, and the stacks in it whose templates lie in the project.

    `name` is what the template around it calls it, and `errors` say which stacks in it cannot be read.
    """

    name: str
    source: Source
    document: Mapping[str, Json]
    loops: Loops
    template: Template
    inner: tuple[Stack, ...]
    errors: tuple[SourceError, ...]


@dataclass(slots=True)
class _Reading:
    """The reading of one template with its stacks. It lives for one call, and counts what is read."""

    project: Project
    stacks: int = MOST_STACKS
    values: int = MOST_VALUES
    parsed: dict[str, Json] = field(default_factory=dict)

    def parse(self, source: Source) -> Json:
        if source.name not in self.parsed:
            self.parsed[source.name] = parse_any(source)[0]
        return self.parsed[source.name]


def read_stacks(source: Source, document: Mapping[str, Json], project: Project) -> Stack:
    """Read the template *document*, which *source* holds, and the stacks in it."""
    return _read("", source, document, {}, (), _Reading(project))


def path_of(location: Json, template: Template) -> str | None:
    """Return the path in the project that a location names; of an object in a bucket, the path that its key is."""
    if isinstance(location, dict) and ("Key" in location or "Bucket" in location):
        location = location.get("Key")
    found = [text for text in texts(location, template) if text]
    if len(found) != 1 or "${" in found[0] or "://" in found[0]:
        return None
    return found[0]


def _read(
    name: str,
    source: Source,
    document: Mapping[str, Json],
    hidden: Mapping[str, Texts],
    above: tuple[str, ...],
    reading: _Reading,
) -> Stack:
    loops = Loops.of(document, reading.values)
    reading.values = loops.left
    template = Template.of(loops.document)
    template.hidden.update(hidden)
    made: dict[str, Stack] = {}
    errors: list[SourceError] = []
    for own in _in_order(template.resources):
        try:
            stack = _nested(own, source, template, (*above, os.path.realpath(source.name)), reading)
        except SourceError as error:
            errors.append(error)
            continue
        if stack is not None:
            made[own] = stack
            _take_outputs(stack, template)
    inner = tuple(made[own] for own in template.resources if own in made)
    return Stack(name, source, document, loops, template, inner, tuple(errors))


def _in_order(resources: Mapping[str, Json]) -> list[str]:
    """Return the names of the stacks, those first whose outputs others are given."""
    edges = {name: sorted(others) for name, others in dependencies(resources).items()}
    try:
        names = list(TopologicalSorter(edges).static_order())
    except CycleError:
        names = list(resources)
    kinds = {name: resource.get("Type") for name, resource in resources.items() if isinstance(resource, dict)}
    return [name for name in names if isinstance(kinds.get(name), str) and kinds[name] in STACKS]


def _nested(name: str, source: Source, template: Template, above: tuple[str, ...], reading: _Reading) -> Stack | None:
    """Return the stack that the resource *name* is; nothing when its template is not in the project.

    *above* are the files of the templates that it is in. Raises `SourceError` when the stack is not read.
    """
    resource = template.resources[name]
    properties = resource.get("Properties")
    if not isinstance(properties, dict):
        return None
    path = path_of(properties.get(STACKS[resource["Type"]]), template) or _asset_of(resource)
    inner = None if path is None else reading.project.read(path, os.path.dirname(above[-1]))
    if inner is None:
        return None
    if os.path.realpath(inner.name) in above:
        raise _refused(name, source, "its template is one that it is itself in", "name another template")
    if len(above) > NESTED:
        raise _refused(name, source, f"it is more than {NESTED} stacks deep", "analyse its template on its own")
    if reading.stacks == 0:
        raise _refused(name, source, f"there are more than {MOST_STACKS} stacks in stacks", "analyse its template on its own")
    reading.stacks -= 1
    document = reading.parse(inner)
    if not isinstance(document, dict) or not isinstance(document.get("Resources"), dict):
        return None
    hidden: dict[str, Texts] = {}
    bound = _bound(document.get("Parameters"), properties.get("Parameters", {}), template, hidden)
    return _read(name, inner, {**document, "Parameters": bound}, hidden, above, reading)


def _asset_of(resource: Mapping[str, Json]) -> str | None:
    """Return the file that CDK names beside what it puts into a bucket."""
    metadata = resource.get("Metadata")
    path = metadata.get("aws:asset:path") if isinstance(metadata, dict) else None
    return path if isinstance(path, str) else None


def _refused(name: str, source: Source, why: str, help: str) -> SourceError:
    return SourceError(f"stack `{name}`: {why}", name=source.name, help=help)


def _take_outputs(stack: Stack, template: Template) -> None:
    """Put into *template* what the outputs of a stack in it are.

    What is an output by itself is called so wherever it is a part of another one: that is a name the template can refer to.
    """
    outputs = stack.loops.document.get("Outputs")
    made: dict[str, Texts] = {}
    for name, output in outputs.items() if isinstance(outputs, dict) else ():
        value = output.get("Value") if isinstance(output, dict) else None
        found = () if value is None else _carried(texts(value, stack.template), stack.template, stack.name, template.hidden)
        if found:
            made[f"{stack.name}.Outputs.{name}"] = found
    alone = {found[0]: name for name, found in made.items() if len(found) == 1 and PLACEHOLDER.fullmatch(found[0])}
    called = {text: OPEN % name for text, name in alone.items() if text.startswith(f"${{{stack.name}#")}
    for name, found in made.items():
        is_named = len(found) == 1 and found[0] in called
        template.outputs[name] = found if is_named else tuple(_renamed(text, called) for text in found)


def _renamed(text: str, called: Mapping[str, str]) -> str:
    return PLACEHOLDER.sub(lambda match: called.get(match[0], match[0]), text)


def _bound(parameters: Json, given: Json, template: Template, hidden: dict[str, Texts]) -> dict[str, Json]:
    """Return the parameters of a nested template: what its parent gives, and a default where it gives nothing."""
    is_open = not isinstance(given, dict) or any(str(name).startswith("Fn::") for name in given)
    made: dict[str, Json] = {}
    for name, parameter in parameters.items() if isinstance(parameters, dict) else ():
        usual = str(parameter.get("Type")) if isinstance(parameter, dict) else ""
        default = parameter.get("Default") if isinstance(parameter, dict) else None
        if usual.startswith(_SSM):
            made[name] = {"Type": usual}
            continue
        kind = "CommaDelimitedList" if usual == "CommaDelimitedList" or usual.startswith("List<") else "String"
        found: Texts = ()
        if not is_open and name in given:
            found = _carried(texts(given[name], template), template, PARENT, hidden)
        elif not is_open and default is not None:
            found = (str(default),)
        fixed = {"Default": found[0]} if len(found) == 1 and "${" not in found[0] else {}
        made[name] = {"Type": kind, "AllowedValues": list(found), **fixed} if found else {"Type": kind}
    return made


def _carried(found: Texts, template: Template, whose: str, hidden: dict[str, Texts]) -> Texts:
    """Return texts of *template* as they are in another one; nothing when there are too many, or not all of them is known.

    *whose* is what the other one calls *template*, and *hidden* takes the names in the texts. A name that *template* has from
    the other one is called there what it always was.
    """
    made: dict[str, None] = {}
    for text in (other for one in found for other in spread(one, template)):
        names: dict[str, str] = {}
        for name in referred([text]):
            if name in _EVERYWHERE:
                continue
            if not is_plain(name, template):
                return ()  # a whole ARN, or something else that may be anything
            if whose != PARENT and name.startswith(f"{PARENT}#"):
                names[name] = OPEN % name.removeprefix(f"{PARENT}#")
                continue
            names[name] = OPEN % f"{whose}#{name}"
            usually = expand(OPEN % name, template)
            hidden[f"{whose}#{name}"] = () if "${" in usually else (usually,)
        made[PLACEHOLDER.sub(lambda match, names=names: names.get(match[1], match[0]), text)] = None  # type: ignore[misc]
    return tuple(made) if len(made) <= MOST else ()
