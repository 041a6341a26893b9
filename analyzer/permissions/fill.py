"""Templates of the maps × arguments of a call → texts with holes: how a parameter becomes part of an ARN.

A template is text with `{holes}`: `{partition}`, `{region}`, `{account}` and `{machine}` come from the context,
a capitalised hole is a parameter of the call (`{Cluster|default}` with what stands for an absent one), any other
hole is a group captured by the form that read a parameter.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import islice

from analyzer.dataflow.values import HOLE, ONE, Flow, Presence, Text, Value, look, texts
from analyzer.maps import Case, Template
from analyzer.permissions.grant import Certainty

LIMIT = 64
"""At most so many ARNs from one template. More would not fit any policy; the rest widens to the unknown."""

NOTHING = ""
"""The text of a resource that there is not: the form of a parameter says that its value names none of this kind."""

NOT_GIVEN = "is not given"
NOT_UNDERSTOOD = "has a text that is not understood"

Items = tuple[tuple[str, int], ...]
"""Which item of each array a reading is from: (path of the array, place)."""

_TOKEN = re.compile(r"\{((?:[^{}|:]|\{\})+)(?::(\w+))?(?:\|([^{}]*))?\}|([*?])")


@dataclass(frozen=True, slots=True)
class Filled:
    """One text a template makes: with holes where values are not known, and where the known ones came from.

    `holes` says why each unknown parameter is not known, `unreadable` which literal did not fit its form.
    """

    text: str
    certainty: Certainty
    flow: tuple[Flow, ...] = ()
    holes: tuple[tuple[str, str], ...] = ()
    unreadable: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class _Reading:
    """What one text of one parameter contributes: variables to set, or a whole text that replaces the template's."""

    variables: Mapping[str, str]
    whole: str | None
    certainty: Certainty
    flow: tuple[Flow, ...] = ()
    hole: tuple[str, str] | None = None
    unreadable: tuple[str, str] | None = None
    items: Items = ()


def fill(
    template: Template, arguments: Value, variables: Mapping[str, str], forms: Mapping[str, tuple[Case, ...]]
) -> tuple[Filled, ...]:
    """Fill *template* for every combination of what its parameters may be, in a stable order, without repeats.

    Parameters that stand in one array are taken from one item of it.
    """
    parameters = _parameters(template)
    readings = [list(_read(template, name, default, arguments, variables, forms)) for name, default in parameters]
    made: dict[str, Filled] = {}
    for chosen in islice(_combinations(readings, {}), LIMIT):
        for filled in _combine(template, chosen, variables):
            made.setdefault(filled.text, filled)
    return tuple(made.values())


def _combinations(readings: list[list[_Reading]], items: Mapping[str, int]) -> Iterator[tuple[_Reading, ...]]:
    """Yield one reading of each parameter, in every way in which no two are of different items of one array."""
    if not readings:
        yield ()
        return
    for first in readings[0]:
        if all(items.get(array, place) == place for array, place in first.items):
            for rest in _combinations(readings[1:], {**items, **dict(first.items)}):
                yield (first, *rest)


def absent(template: Template, arguments: Value) -> bool:
    """Tell whether a parameter that *template* needs is certainly not there."""
    return any(
        default is None and all(entry.presence is Presence.NO for entry in look(arguments, name))
        for name, default in _parameters(template)
    )


def _parameters(template: Template) -> list[tuple[str, str | None]]:
    """List the parameters a template reads, with the default its hole gives; those only a form uses come last."""
    found = {name: default for name, _, default, _ in _tokens(template.text) if name and name[0].isupper()}
    return [*found.items(), *((name, None) for name in template.read if name not in found)]


@lru_cache(maxsize=2048)
def _tokens(text: str) -> tuple[tuple[str | None, str | None, str | None, str], ...]:
    """Split a template: (hole name, filter, default, text before it); the wildcards of a map are holes called `*` and `?`."""
    parts: list[tuple[str | None, str | None, str | None, str]] = []
    at = 0
    for match in _TOKEN.finditer(text):
        parts.append((match[1] or match[4], match[2], match[3], text[at : match.start()]))
        at = match.end()
    return (*parts, (None, None, None, text[at:]))


def _render(text: str, variables: Mapping[str, str]) -> str:
    out = []
    variables = {**variables, "*": HOLE, "?": ONE}
    for name, filter_, default, before in _tokens(text):
        out.append(before)
        if name is None:
            break
        value = variables.get(name, default.replace("*", HOLE) if default is not None else HOLE)
        out.append(value.lower() if filter_ == "lower" else value)
    return "".join(out)


def _read(
    template: Template,
    name: str,
    default: str | None,
    arguments: Value,
    variables: Mapping[str, str],
    forms: Mapping[str, tuple[Case, ...]],
) -> Iterator[_Reading]:
    """Read one parameter through its form, once for each text it may be."""
    cases = forms[template.read.get(name, "name-or-arn")]
    found = look(arguments, name)
    if default is None and any(entry.value is not None for entry in found):
        found = tuple(entry for entry in found if entry.value is not None)  # an item without the field names no resource
    for entry in found:
        if entry.presence is Presence.NO:
            if default is not None:
                value = default.replace("*", HOLE)
                flow = (Flow((), f"default `{default}` of `{name}`"),)
                yield _Reading({name: value}, None, Certainty.EXACT, flow, items=entry.items)
            else:
                yield _Reading({name: HOLE}, None, Certainty.UNKNOWN, hole=(name, NOT_GIVEN), items=entry.items)
        if entry.value is not None:
            for text in texts(entry.value):
                yield from (replace(reading, items=entry.items) for reading in _read_text(name, text, cases, variables))


def _read_text(name: str, text: Text, cases: tuple[Case, ...], variables: Mapping[str, str]) -> Iterator[_Reading]:
    reason = ", ".join(text.reasons)
    if text.text == HOLE:
        yield _Reading({name: HOLE}, None, Certainty.UNKNOWN, text.flow, hole=(name, reason))
        return
    certainty = Certainty.PATTERN if HOLE in text.text else Certainty.EXACT
    hole = (name, reason) if HOLE in text.text else None
    for case in cases:
        match = case.match.fullmatch(text.text)
        if match is None:
            continue
        captured = {key: value for key, value in match.groupdict().items() if value}
        inner = {**variables, **captured, "0": text.text}
        if not case.give and not case.arn:
            yield _Reading({}, NOTHING, Certainty.UNKNOWN, text.flow)
        for give in case.give:
            yield _Reading({**captured, name: _render(give, inner)}, None, certainty, text.flow, hole)
        for whole in case.arn:
            yield _Reading(captured, _render(whole, inner), certainty, text.flow, hole)
        return
    if hole is not None:
        yield _Reading({name: HOLE}, None, Certainty.UNKNOWN, text.flow, hole)
    else:
        yield _Reading({name: HOLE}, None, Certainty.UNKNOWN, text.flow, (name, NOT_UNDERSTOOD), (name, text.text))


def _combine(template: Template, readings: tuple[_Reading, ...], variables: Mapping[str, str]) -> Iterator[Filled]:
    merged = dict(variables)
    for reading in readings:
        merged.update(reading.variables)
    unknown = any(reading.certainty is Certainty.UNKNOWN for reading in readings)
    least = Certainty.PATTERN if "{machine}" in template.text and variables.get("machine") == HOLE else Certainty.EXACT
    certainty = Certainty.UNKNOWN if unknown else max((least, *(reading.certainty for reading in readings)), key=_width)
    flow = tuple(dict.fromkeys(step for reading in readings for step in reading.flow))
    holes = tuple(reading.hole for reading in readings if reading.hole is not None)
    unreadable = tuple(reading.unreadable for reading in readings if reading.unreadable is not None)
    wholes = [reading.whole for reading in readings if reading.whole is not None]
    if NOTHING in wholes:
        texts_ = [NOTHING]
    elif unknown and template.unknown is not None:
        texts_ = [_render(text, merged) for text in template.unknown]
    else:
        texts_ = wholes or [_render(template.text, merged)]
    for text in texts_:
        yield Filled(text, certainty, flow, holes, unreadable)


def _width(certainty: Certainty) -> int:
    return (Certainty.EXACT, Certainty.PATTERN, Certainty.ASSUMED, Certainty.UNKNOWN).index(certainty)
