"""JSONata over abstract values: pairs of expressions and values, and the library itself as the judge.

The property draws an expression and what it reads, hides parts of that, and evaluates both: what the library makes of the
whole has to be described by what is said of the parts. `HYPOTHESIS_PROFILE=thorough` tries thirty times as many.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analyzer.dataflow.evaluate import Environment
from analyzer.dataflow.join import describes, join, join_all
from analyzer.dataflow.jsonata.expression import outcome_of
from analyzer.dataflow.jsonata.tree import NotModelled
from analyzer.dataflow.values import HOLE, Literal, Record, Sequence, Text, Unknown, Value

LIMIT = sys.getrecursionlimit()
from jsonata import Jsonata  # noqa: E402
from jsonata.utils import Utils  # noqa: E402

sys.setrecursionlimit(LIMIT)  # which the library raises for everybody

Json = Any
THOROUGH = os.environ.get("HYPOTHESIS_PROFILE") == "thorough"


def examples(count: int) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Try a law on *count* generated cases, and under the thorough profile on many more."""
    return settings(
        max_examples=count * 30 if THOROUGH else count,
        derandomize=not THOROUGH,
        deadline=None,
        database=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )


# ----------------------------------------------------------------------------------------------------------- expressions

NAMES = ("a", "b", "kind", "items")
STRINGS = ("a", "b", "a:b:c", "a b", "", "x-1", "7", "ab", " a ")


def forms_of(text: str) -> dict[str, tuple[str, ...]]:
    """Read the forms of each kind of expression."""
    forms: dict[str, tuple[str, ...]] = {}
    for line in text.splitlines():
        kind, _, form = line.partition("  ")
        if form and not line.startswith("#"):
            forms[kind] = (*forms.get(kind, ()), form)
    return forms


DATA = Path(__file__).parent / "dataflow"
GRAMMAR, LEAVES = (forms_of(part) for part in (DATA / "jsonata_grammar.txt").read_text("utf-8").split("\nleaves\n"))


# ------------------------------------------------------------------------------------------------ cases, by plain choices

Pick = Callable[[tuple[Any, ...]], Any]
"""Picks one of several. Everything is drawn by it: a strategy made for each draw would take most of the time."""

INDEXES = tuple(st.integers(0, size) for size in range(64))


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Draw a case."""
    return case(lambda options: options[draw(INDEXES[len(options) - 1])])


@dataclass(frozen=True)
class Case:
    """An expression, the values of the variables it reads, and what is known of them."""

    text: str
    bindings: dict[str, Json]
    environment: Environment


def case(pick: Pick) -> Case:
    """Make a case."""
    known, result, v, w = input_of(pick), json_value(pick, 2), json_value(pick, 2), input_of(pick)
    bindings = {"states": {"input": known, "context": {}, "result": result}, "v": v, "w": w}
    variables = {"v": hidden(pick, v), "w": hidden(pick, w)}
    environment = Environment(hidden(pick, known), Record({}), variables, {}, hidden(pick, result))
    return Case(expression(pick), bindings, environment)


def expression(pick: Pick) -> str:
    """Make an expression, mostly of the kinds that the grammar hints at, a few levels deep."""

    def grown(kind: str, depth: int) -> str:
        form = pick(GRAMMAR[kind] if depth > 0 else LEAVES.get(kind, GRAMMAR[kind]))
        return re.sub(r"\{([A-Z])\}", lambda match: grown(match[1], depth - 1), form)

    return grown("E", pick((1, 2, 3)))


def json_value(pick: Pick, depth: int) -> Json:
    """Make a JSON value with few names and texts, so that what an expression looks for is often there."""
    kind = pick(("scalar", "scalar", "list", "object")) if depth > 0 else "scalar"
    if kind == "list":
        return [json_value(pick, depth - 1) for _ in range(pick((0, 1, 2, 3)))]
    if kind == "object":
        return {name: json_value(pick, depth - 1) for name in NAMES if pick((True, False))}
    return pick((*STRINGS, *STRINGS, 0, 1, 2, 1.5, -3, True, False, None))


def input_of(pick: Pick) -> Json:
    """Make the input of a state: mostly an object with a kind and a list of items."""
    if pick((False, False, False, True)):
        return json_value(pick, 3)
    count = pick((0, 1, 2, 3))
    items = [{"a": json_value(pick, 1), "b": pick(STRINGS)} if pick((True, False)) else json_value(pick, 2) for _ in range(count)]
    return {"a": json_value(pick, 2), "kind": pick(STRINGS), "items": items}


def hidden(pick: Pick, value: Json) -> Value:
    """Make an abstract value that describes *value*: parts of it are not known, open, optional, or one of several."""
    how = pick(tuple(range(12)))
    if how == 11:
        return Unknown("hidden")
    if how == 10:
        return join(hidden(pick, value), hidden(pick, json_value(pick, 2)))
    if isinstance(value, str) and how in (8, 9):
        start, end = sorted((pick(tuple(range(len(value) + 1))), pick(tuple(range(len(value) + 1)))))
        return Text(value[:start] + HOLE + value[end:], ("hidden",))
    if isinstance(value, list):
        items = [hidden(pick, item) for item in value]
        kept = pick(tuple(range(len(items) + 1))) if how in (8, 9) else len(items)
        return Sequence(tuple(items[:kept]), join_all(items[kept:] + ([Literal("other")] if how == 9 else [])))
    if isinstance(value, dict):
        fields = {name: hidden(pick, field) for name, field in value.items()}
        taken = [name for name in fields if how in (8, 9) and pick((True, False))]
        rest = Unknown("hidden") if how == 8 else join_all([fields[name] for name in taken])
        fields = {name: field for name, field in fields.items() if name not in taken}
        optional = {name for name in fields if how == 7 and pick((True, False))}
        absent = [name for name in NAMES if how == 6 and name not in value]
        fields.update({name: hidden(pick, json_value(pick, 2)) for name in absent})
        return Record(fields, rest, frozenset(optional | set(absent)))
    return Literal(value)


# -------------------------------------------------------------------------------------------------------------- the judge


class Undefined(Exception):
    """The library found nothing."""


class NoJudgement(Exception):
    """The library failed, or gave what is no JSON value."""


def judged(text: str, bindings: dict[str, Json]) -> Json:
    """Return what the library makes of an expression."""
    try:
        expression = Jsonata(text, timeout=2000, stack=300)
        expression.set_output_convert_nulls(False)
        found = expression.evaluate(None, {name: with_nulls(value) for name, value in bindings.items()})
    except Exception as error:
        raise NoJudgement from error
    if found is None:
        raise Undefined
    return without_nulls(found)


def with_nulls(value: Json) -> Json:
    """Return a copy of *value* with the library's own null, since it takes `None` for nothing."""
    if isinstance(value, dict):
        return {name: with_nulls(field) for name, field in value.items()}
    if isinstance(value, list):
        return [with_nulls(item) for item in value]
    return Utils.NULL_VALUE if value is None else value


def without_nulls(value: Json) -> Json:
    """Return what the library gave as a JSON value."""
    if isinstance(value, dict):
        return {name: without_nulls(field) for name, field in value.items()}
    if isinstance(value, list):
        return [without_nulls(item) for item in value]
    if value is not Utils.NULL_VALUE and (value is None or not isinstance(value, (str, int, float, bool))):
        raise NoJudgement
    return None if value is Utils.NULL_VALUE else value


@examples(2_000)
@given(cases())
def test_what_is_said_of_the_parts_describes_the_whole(drawn: Case) -> None:
    """Whatever the library makes of an expression is described by its abstract value, of whatever parts are hidden."""
    hold(drawn)


def hold(drawn: Case) -> None:
    """Fail unless the outcome of a case describes what the library gives."""
    try:
        outcome = outcome_of(drawn.text, drawn.environment)
    except NotModelled:
        return
    try:
        found = judged(drawn.text, drawn.bindings)
    except NoJudgement:
        return
    except Undefined:
        assert outcome.undefined, (drawn, outcome)
        return
    assert outcome.value is not None, (drawn, outcome, found)
    assert describes(outcome.value, found), (drawn, outcome, found)
