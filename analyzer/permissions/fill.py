"""Templates of the maps × arguments of a call → texts with holes: how a parameter becomes part of an ARN.

A template is text with `{holes}`: `{partition}`, `{region}`, `{account}` and `{machine}` come from the context,
a capitalised hole is a parameter of the call (`{Cluster|default}` with what stands for an absent one), any other
hole is a group captured by the form that read a parameter.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from itertools import islice
from typing import NamedTuple

from analyzer.dataflow.values import HOLE, ONE, PLACEHOLDER, Flow, Presence, Text, Value, look, texts
from analyzer.maps import LONGEST, Case, Template
from analyzer.permissions.grant import Certainty
from analyzer.permissions.patterns import in_partition, is_arn
from analyzer.symbols import begins_with_arn, has_arn_symbol, is_arn_symbol, spell
from analyzer.text import Pointer

LIMIT = 1_000
"""At most so many combinations of the values of several parameters. More would not fit any policy: they are widened."""

NOTHING = ""
"""The text of a resource that there is not: the form of a parameter says that its value names none of this kind."""

NOT_GIVEN = "is not given"
NOT_UNDERSTOOD = "has a text that is not understood"
TOO_MANY = "has too many values to tell apart"

Items = tuple[tuple[str, int], ...]
"""Which item of each array a reading is from: (path of the array, place)."""

_WIDTH = {certainty: width for width, certainty in enumerate(Certainty)}
"""How little each certainty says of a value."""

_TOKEN = re.compile(r"\{((?:[^{}|:]|\{\})+)(?::(\w+))?(?:\|([^{}]*))?\}|([*?])")


class Filled(NamedTuple):
    """One text a template makes: with holes where values are not known, and where the known ones came from.

    `holes` says why each unknown parameter is not known, `unreadable` which literal did not fit its form, `written` where
    the parameter stands that is to be looked at.
    """

    text: str
    certainty: Certainty
    flow: tuple[Flow, ...] = ()
    holes: tuple[tuple[str, str], ...] = ()
    unreadable: tuple[tuple[str, str], ...] = ()
    written: Pointer = ()


class _Reading(NamedTuple):
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
    parameters = _parameters(template.text, tuple(template.read))
    readings = [list(_read(template, name, default, arguments, variables, forms)) for name, default in parameters]
    made: dict[str, Filled] = {}
    for chosen in _choices(readings, [name for name, _ in parameters]):
        for filled in _combine(template, chosen, variables):
            made.setdefault(filled.text, filled)
    return tuple(made.values())


def _choices(readings: list[list[_Reading]], names: list[str]) -> list[tuple[_Reading, ...]]:
    """Return every way to choose one reading of each parameter, or fewer with holes where they are too many."""
    if len(readings) == 1:
        return [(own,) for own in readings[0]]
    # The values of one parameter are no more than what is written; only a product can explode.
    limit = LIMIT + 1 if sum(len(own) > 1 for own in readings) > 1 else None
    combinations = list(islice(_combinations(readings, {}), limit))
    return combinations if len(combinations) != limit else list(_widened(readings, names))


def _combinations(readings: list[list[_Reading]], items: Mapping[str, int]) -> Iterator[tuple[_Reading, ...]]:
    """Yield one reading of each parameter, in every way in which no two are of different items of one array."""
    if not readings:
        yield ()
        return
    for first in readings[0]:
        if all(items.get(array, place) == place for array, place in first.items):
            for rest in _combinations(readings[1:], {**items, **dict(first.items)}):
                yield (first, *rest)


def _widened(readings: list[list[_Reading]], names: list[str]) -> Iterator[tuple[_Reading, ...]]:
    """Yield readings that cover every combination of *readings*: whole texts one by one, for all others one with holes."""
    yield from ((reading,) for own in readings for reading in own if reading.whole is not None)
    parts = [[reading for reading in own if reading.whole is None] for own in readings]
    if all(parts):
        yield tuple(own[0] if len(own) == 1 else _any_of(own, name) for own, name in zip(parts, names, strict=True))


def _any_of(readings: list[_Reading], name: str) -> _Reading:
    """Return one reading of the parameter *name* that stands for all of *readings*."""
    open_ends = dict.fromkeys((name, *(key for reading in readings for key in reading.variables if key != "partition")), HOLE)
    return _Reading(open_ends, None, Certainty.PATTERN, readings[0].flow, hole=(name, TOO_MANY))


def absent(template: Template, arguments: Value) -> bool:
    """Tell whether a parameter that *template* needs is certainly not there."""
    return any(
        default is None and all(entry.presence is Presence.NO for entry in look(arguments, name))
        for name, default in _parameters(template.text, tuple(template.read))
    )


@lru_cache(maxsize=2048)
def _parameters(text: str, read: tuple[str, ...]) -> tuple[tuple[str, str | None], ...]:
    """List the parameters a template reads, with the default its hole gives; those only a form uses (*read*) come last."""
    found = {name: default for name, _, default, _ in _tokens(text) if name and name[0].isupper()}
    return (*found.items(), *((name, None) for name in read if name not in found))


@lru_cache(maxsize=2048)
def _tokens(text: str) -> tuple[tuple[str | None, str | None, str | None, str], ...]:
    """Split a template: (hole name, filter, default, text before it), the last without a name; wildcards of a map are text."""
    parts: list[tuple[str | None, str | None, str | None, str]] = []
    before, at = "", 0
    for match in _TOKEN.finditer(text):
        before += text[at : match.start()]
        at = match.end()
        if match[4]:
            before += HOLE if match[4] == "*" else ONE
        else:
            parts.append((match[1], match[2], match[3], before))
            before = ""
    return (*parts, (None, None, None, before + text[at:]))


def _render(text: str, variables: Mapping[str, str]) -> str:
    out = []
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
    if default is None and len(found) > 1 and any(entry.value is not None for entry in found):
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
                if has_arn_symbol(text.text):
                    yield _read_symbol(name, text, template)._replace(items=entry.items)
                    continue
                for reading in _read_text(name, text, cases, variables):
                    yield reading._replace(items=entry.items) if entry.items else reading


def _read_symbol(name: str, text: Text, template: Template) -> _Reading:
    """Read an ARN of which nothing is known, or only how it ends: it takes the place of a template that ends with it alone."""
    alone = _parameters(template.text, tuple(template.read)) == ((name, None),)
    whole = is_arn_symbol(text.text) or begins_with_arn(text.text)
    if whole and alone and template.text.endswith(f"{{{name}}}"):
        certainty = Certainty.PATTERN if HOLE in text.text else Certainty.EXACT
        hole = (name, ", ".join(text.reasons)) if HOLE in text.text else None
        return _Reading({}, text.text, certainty, text.flow, hole)
    return _Reading({name: HOLE}, None, Certainty.UNKNOWN, text.flow, hole=(name, f"part of the ARN `{spell(text.text)}`"))


def _read_text(name: str, text: Text, cases: tuple[Case, ...], variables: Mapping[str, str]) -> Iterator[_Reading]:
    reason = ", ".join(text.reasons)
    if text.text == HOLE:
        yield _Reading({name: HOLE}, None, Certainty.UNKNOWN, text.flow, hole=(name, reason))
        return
    written = in_partition(text.text, variables.get("partition", HOLE))
    certainty = Certainty.PATTERN if HOLE in written else Certainty.EXACT
    hole = (name, reason) if HOLE in written else None
    for case in cases if len(written) <= LONGEST else ():
        match = case.match.fullmatch(written)
        if match is None:
            continue
        captured = {key: value for key, value in match.groupdict().items() if value}
        inner = {**variables, **captured, "0": written}
        wholes = [_render(whole, inner) for whole in case.arn]
        if not all(map(is_arn, wholes)):
            break
        if not case.give and not case.arn:
            yield _Reading({}, NOTHING, Certainty.UNKNOWN, text.flow)
        for give in case.give:
            yield _Reading({**captured, name: _render(give, inner)}, None, certainty, text.flow, hole)
        for whole in wholes:
            yield _Reading(captured, whole, certainty, text.flow, hole)
        return
    if hole is None and PLACEHOLDER.fullmatch(spell(written)):  # a reference, to something else than what is asked for
        hole = (name, f"placeholder `{spell(written)}`")
    if hole is not None:
        yield _Reading({name: HOLE}, None, Certainty.UNKNOWN, text.flow, hole)
    else:
        yield _Reading({name: HOLE}, None, Certainty.UNKNOWN, text.flow, (name, NOT_UNDERSTOOD), (name, text.text))


def _combine(template: Template, readings: tuple[_Reading, ...], variables: Mapping[str, str]) -> Iterator[Filled]:
    merged = dict(variables)
    flow: dict[Flow, None] = {}
    certainty = Certainty.PATTERN if "{machine}" in template.text and variables.get("machine") == HOLE else Certainty.EXACT
    for reading in readings:
        merged.update(reading.variables)
        flow.update(dict.fromkeys(reading.flow))
        if _WIDTH[reading.certainty] > _WIDTH[certainty]:
            certainty = reading.certainty
    holes = tuple([reading.hole for reading in readings if reading.hole is not None])
    unreadable = tuple([reading.unreadable for reading in readings if reading.unreadable is not None])
    # What is to be shown is where a parameter that is not known is written, else where any of them is.
    ordered = sorted(readings, key=lambda one: one.hole is None) if holes else readings
    written = next((step.pointer for reading in ordered for step in reading.flow if step.pointer), ())
    wholes = [reading.whole for reading in readings if reading.whole is not None]
    if NOTHING in wholes:
        texts_ = [NOTHING]
    elif certainty is Certainty.UNKNOWN and template.unknown is not None:
        texts_ = [_render(text, merged) for text in template.unknown]
    else:
        texts_ = wholes or [_render(template.text, merged)]
    for text in texts_:
        yield Filled(text, certainty, tuple(flow), holes, unreadable, written)
