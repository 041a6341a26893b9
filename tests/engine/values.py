"""Strategies: abstract values, together with JSON values that they describe."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from analyzer.dataflow.join import one_of
from analyzer.dataflow.values import HOLE, Literal, OneOf, Record, Sequence, Text, Unknown, Value

Json = Any

NAMES = ("a", "b", "c")
"""What the fields of a record are called; those that only `rest` describes have the names of `OTHERS`."""

OTHERS = ("d", "e")
SCALARS = ("x", "y", "", "x-y", "x-", 0, 1, 1.5, True, False, None)


def plain() -> st.SearchStrategy[Json]:
    """Small JSON values."""

    def nested(inner: st.SearchStrategy[Json]) -> st.SearchStrategy[Json]:
        return st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from((*NAMES, *OTHERS)), inner, max_size=3)

    return st.recursive(st.sampled_from(SCALARS), nested, max_leaves=6)


def values() -> st.SearchStrategy[Value]:
    """Abstract values of every kind."""
    texts = st.sampled_from((HOLE, "x" + HOLE, HOLE + "y", "x" + HOLE + "y", "x" + HOLE + "-" + HOLE))
    single = st.sampled_from(SCALARS).map(Literal) | texts.map(Text) | st.just(Unknown("nothing known"))
    return st.recursive(single, lambda inner: records(inner) | sequences(inner) | choices(inner), max_leaves=6)


def records(inner: st.SearchStrategy[Value]) -> st.SearchStrategy[Value]:
    """Draw records of *inner*, open and closed, with fields that are optional."""

    def record(fields: dict[str, Value], rest: Value | None, optional: frozenset[str]) -> Value:
        return Record(fields, rest, optional & frozenset(fields))

    fields = st.dictionaries(st.sampled_from(NAMES), inner, max_size=3)
    return st.builds(record, fields, st.none() | inner, st.frozensets(st.sampled_from(NAMES), max_size=2))


def sequences(inner: st.SearchStrategy[Value]) -> st.SearchStrategy[Value]:
    """Draw sequences of *inner*, of a known length and of an unknown one."""
    return st.builds(Sequence, st.lists(inner, max_size=2).map(tuple), st.none() | inner)


def choices(inner: st.SearchStrategy[Value]) -> st.SearchStrategy[Value]:
    """Any of several of *inner*."""
    return st.lists(inner, min_size=2, max_size=3).map(one_of)


@st.composite
def described_by(draw: st.DrawFn, value: Value) -> Json:
    """Draw a JSON value that *value* describes."""
    if isinstance(value, Literal):
        return value.value
    if isinstance(value, Text):
        pieces = value.text.split(HOLE)
        return pieces[0] + "".join(draw(st.sampled_from(("", "x", "-", "yy"))) + piece for piece in pieces[1:])
    if isinstance(value, OneOf):
        return draw(described_by(draw(st.sampled_from(value.choices))))
    if isinstance(value, Record):
        there = [name for name in value.fields if name not in value.optional or draw(st.booleans())]
        made = {name: draw(described_by(value.fields[name])) for name in there}
        if value.rest is not None:
            made |= {name: draw(described_by(value.rest)) for name in draw(st.lists(st.sampled_from(OTHERS), unique=True))}
        return made
    if isinstance(value, Sequence):
        items = [draw(described_by(item)) for item in value.items]
        more = 0 if value.element is None else draw(st.integers(0, 2))
        return items + [draw(described_by(value.element)) for _ in range(more) if value.element is not None]
    return draw(plain())


@st.composite
def pairs(draw: st.DrawFn) -> tuple[Value, Json]:
    """Draw an abstract value and a JSON value that it describes."""
    value = draw(values())
    return value, draw(described_by(value))
