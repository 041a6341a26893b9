"""Loops of a CloudFormation template: `Fn::ForEach` written out, as the transform `AWS::LanguageExtensions` does it.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference-foreach.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from analyzer.text import Json, Pointer

LOOP = "Fn::ForEach::"
_PARTS = ("Conditions", "Resources", "Outputs")

MOST_VALUES = 100_000
"""Values that the loops of one template are written out into: a loop may stand in a loop, and each may be long."""


@dataclass(slots=True)
class Loops:
    """A template with its loops written out: it lives for the reading of the template, and counts what it makes.

    `places` say where what a loop makes is written, by its name; `usual` are the loops over the default of a parameter, and what
    that is called; `open` are those that only the deployment can write out, with what stands in them. `left` is how many more
    values may be made.
    """

    document: dict[str, Json]
    places: dict[str, Pointer] = field(default_factory=dict)
    usual: dict[str, str] = field(default_factory=dict)
    open: dict[str, Json] = field(default_factory=dict)
    left: int = MOST_VALUES

    @staticmethod
    def of(document: Mapping[str, Json], left: int = MOST_VALUES) -> Loops:
        """Write out the loops of *document*, into no more values than are *left*."""
        made = Loops(dict(document), left=left)
        for part in _PARTS:
            if isinstance(document.get(part), dict) and _has_loop(document[part]):
                made.document[part] = made._object(document[part], (part,), names=True)
        return made

    def _object(self, given: Mapping[str, Json], pointer: Pointer, *, names: bool = False) -> dict[str, Json]:
        """Return an object with what its loops make in their place; *names* is whether its keys are names of the template."""
        made: dict[str, Json] = {}
        for key, value in given.items():
            if not str(key).startswith(LOOP):
                made[key] = self._value(value)
                continue
            for body in self._bodies(str(key), value):
                here = (*pointer, key, 2)
                if names:
                    self.places.update({name: (*here, own) for name, own in zip(body, value[2], strict=False)})
                made.update(self._object(body, here, names=names))
        return made

    def _value(self, value: Json) -> Json:
        if isinstance(value, dict):
            return self._object(value, ())
        return [self._value(item) for item in value] if isinstance(value, list) else value

    def _bodies(self, key: str, loop: Json) -> Iterator[Mapping[str, Json]]:
        """Yield what stands in a loop for each thing it goes over; nothing where these are not known."""
        if not (isinstance(loop, list) and len(loop) == 3 and isinstance(loop[0], str) and isinstance(loop[2], dict)):
            self.open[key] = loop
            return
        identifier, collection, body = loop
        items = self._items(key, collection)
        size = _size(body)
        if items is None or size * len(items) > self.left:
            self.open[key] = loop
            return
        self.left -= size * len(items)
        yield from (_filled(body, identifier, item) for item in items)

    def _items(self, key: str, collection: Json) -> list[str] | None:
        if isinstance(collection, list):
            known = [str(item) for item in collection if isinstance(item, str | int) and not isinstance(item, bool)]
            return known if len(known) == len(collection) and not any("${" in item for item in known) else None
        name = collection.get("Ref") if isinstance(collection, dict) and len(collection) == 1 else None
        parameters = self.document.get("Parameters")
        parameter = parameters.get(name) if isinstance(parameters, dict) and isinstance(name, str) else None
        if not isinstance(parameter, dict) or str(parameter.get("Type", "")).startswith("AWS::SSM::"):
            return None  # the default of such a one is what the list is called
        usual = parameter.get("Default")
        if not isinstance(usual, str) or not usual:
            return None
        if parameter.get("AllowedValues") != [usual]:
            self.usual[key] = str(name)
        return [item.strip() for item in usual.split(",")]


def _has_loop(value: Json) -> bool:
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            if any(str(key).startswith(LOOP) for key in one):
                return True
            waiting += one.values()
        elif isinstance(one, list):
            waiting += one
    return False


def _size(value: Json) -> int:
    """Return how much there is in *value*: each thing in it, and a long text as several."""
    size, waiting = 0, [value]
    while waiting:
        one = waiting.pop()
        size += 1 + (len(one) // 100 if isinstance(one, str) else 0)
        waiting += one.values() if isinstance(one, dict) else one if isinstance(one, list) else ()
    return size


def _filled(value: Json, identifier: str, item: str) -> Json:
    """Return *value* with *item* for each `${identifier}`, and with what may stand in a logical id for each `&{identifier}`."""
    if isinstance(value, str):
        return value.replace(f"${{{identifier}}}", item).replace(f"&{{{identifier}}}", re.sub(r"[^A-Za-z0-9]", "", item))
    if isinstance(value, list):
        return [_filled(one, identifier, item) for one in value]
    if not isinstance(value, dict):
        return value
    if value == {"Ref": identifier}:
        return item
    return {_filled(str(key), identifier, item): _filled(one, identifier, item) for key, one in value.items()}
