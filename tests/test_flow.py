"""The flow of values: the laws of its domain, and the tables of its language. `test_proof.py` runs whole definitions."""

from __future__ import annotations

from functools import reduce
from pathlib import Path
from typing import Any

import pytest
from engine.definitions import rules
from engine.interpreter import extract, inject
from engine.tables import Case, cases
from engine.values import pairs, values
from hypothesis import HealthCheck, event, example, given, settings
from hypothesis import strategies as st

from analyzer.asl.model import QueryLanguage
from analyzer.dataflow.evaluate import Environment, evaluate
from analyzer.dataflow.inject import inject as inject_value
from analyzer.dataflow.join import bounded, describes, join, shape, widen
from analyzer.dataflow.paths import Unsupported, follow
from analyzer.dataflow.refine import assume as suppose
from analyzer.dataflow.values import HOLE, Literal, Record, Sequence, Text, Unknown, Value

Json = Any

few = settings(max_examples=150, suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow])

# ------------------------------------------------------------------------------------------------- laws of the domain


@few
@given(values(), values(), values())
@example(Sequence((Literal("x"),), Literal("y")), Literal("x"), Literal("x"))
def test_join_does_not_depend_on_the_order(one: Value, two: Value, three: Value) -> None:
    """Joining is commutative, associative and idempotent, as far as what is described goes."""
    assert shape(join(one, two)) == shape(join(two, one))
    assert shape(join(join(one, two), three)) == shape(join(one, join(two, three)))
    assert shape(join(one, one)) == shape(one)
    assert shape(join(one, join(one, two))) == shape(join(one, two))


@few
@given(pairs(), values())
@example((Sequence((Literal("x"),), Literal("y")), ["x", "y", "y"]), Sequence((Literal("z"),)))
def test_a_value_describes_what_is_drawn_from_it_and_a_join_no_less(pair: tuple[Value, Json], other: Value) -> None:
    """What one side describes the join describes, the widening of it too, and so does the value cut to size."""
    value, concrete = pair
    assert describes(value, concrete)
    assert describes(join(value, other), concrete)
    assert describes(widen(value, other), concrete)
    assert describes(widen(other, value), concrete)
    assert describes(bounded(value), concrete)


@few
@given(st.lists(values(), min_size=2, max_size=6))
def test_a_chain_of_widenings_ends(chain: list[Value]) -> None:
    """However often the same values come back, widening settles after a few rounds."""
    known = reduce(widen, chain)
    for _ in range(6):
        known = reduce(widen, chain, known)
    assert shape(reduce(widen, chain, known)) == shape(known)


def test_a_value_that_doubles_or_deepens_at_every_state_is_cut() -> None:
    """A chain of states each of which puts what it gets into itself twice neither takes for ever nor overflows."""
    value: Value = Literal("x")
    for _ in range(200):
        value = bounded(Record({"left": value, "right": Sequence((value,))}))
        assert isinstance(value, (Record, Unknown))
    deep: Value = Literal("x")
    concrete: Json = "x"
    for _ in range(200):
        deep, concrete = bounded(Record({"deeper": deep})), {"deeper": concrete}
    assert describes(deep, concrete)


# ------------------------------------------------------------------------------------------------ paths, results, tests

STEPS = ("$.a", "$.b.a", "$.a[0]", "$[0].a", "$['a']['b']", "$[1]", "$.d")
OTHERS = ("$[*]", "$.*", "$..a", "$.a[*].b", "$[0:2]", "$[-1]", "$.a[-1]", "$..a[0]", "$[?(@.a == 'x')]", "$.a[?(@ == 'x')]")


@few
@given(pairs(), st.sampled_from(STEPS + OTHERS))
def test_a_path_finds_what_it_finds_in_each_value(pair: tuple[Value, Json], path: str) -> None:
    """What a path finds in a JSON value is described by what it finds in the value that describes it."""
    value, concrete = pair
    try:
        found = extract(path, concrete)
    except Exception:  # noqa: BLE001 - jsonpath-ng raises whatever comes of asking a number for a field
        return
    try:
        followed = follow(path, {"$": value})
    except Unsupported:
        return
    event("found")
    assert followed is not None
    assert describes(followed, found)


@few
@given(pairs(), st.sampled_from((*STEPS, "$", "$.a.b.c")), pairs())
@example((Record({"a": Record({"b": Literal("x")})}, None, frozenset({"a"})), {}), "$.a.c", (Literal("y"), "y"))
def test_a_result_is_put_into_each_value(pair: tuple[Value, Json], path: str, result: tuple[Value, Json]) -> None:
    """Where `ResultPath` can put a result into a JSON value, what comes out is described."""
    value, concrete = pair
    try:
        made = inject(concrete, path, result[1])
    except RuntimeError:
        return
    event("put")
    assert describes(inject_value(value, path, result[0]), made)


class _InvalidPathError(Exception):
    """The variable of a comparison is not there: the state fails."""


def holds(rule: dict[str, Json], given_: Json) -> bool:
    """Tell whether a rule of a Choice holds, by the guide: `And` and `Or` stop at the first part that settles it."""
    if "Not" in rule:
        return not holds(rule["Not"], given_)
    for name, settles in (("And", False), ("Or", True)):
        if name in rule:
            return settles if any(holds(part, given_) is settles for part in rule[name]) else not settles
    return compare(rule, given_)


def compare(rule: dict[str, Json], given_: Json) -> bool:
    """Tell whether a single comparison holds."""
    [(name, wanted)] = [(name, value) for name, value in rule.items() if name != "Variable"]
    kinds = {"IsNull": type(None), "IsString": str, "IsNumeric": (int, float), "IsBoolean": bool}
    try:
        found = extract(rule["Variable"], given_)
    except Exception as error:
        if name.startswith("Is"):
            return wanted is False
        raise _InvalidPathError from error
    if name == "IsPresent":
        return wanted is True
    if name in kinds:
        return (isinstance(found, kinds[name]) and (name == "IsBoolean" or not isinstance(found, bool))) is wanted
    if name == "StringMatches":
        return isinstance(found, str) and matches(found, wanted)
    if name.endswith("Path") or "Timestamp" in name:
        raise _InvalidPathError  # not narrowed at all: the interpreter looks at it
    kind = next(kind for kind in ("String", "Numeric", "Boolean") if name.startswith(kind))
    fits = {"String": isinstance(found, str), "Boolean": isinstance(found, bool)}
    numeric = isinstance(found, (int, float)) and not isinstance(found, bool)
    if not fits.get(kind, numeric):
        return False
    operator = name.removeprefix(kind)
    return (found == wanted and "Equals" in operator) or (
        (found < wanted and "Less" in operator) or (found > wanted and "Greater" in operator)
    )


def matches(text: str, pattern: str) -> bool:
    r"""Match *text* against a pattern with `*` for any text and `\*` for a star."""
    if not pattern:
        return not text
    if pattern[0] == "*":
        return any(matches(text[at:], pattern[1:]) for at in range(len(text) + 1))
    own, rest = (pattern[1], pattern[2:]) if pattern[0] == "\\" else (pattern[0], pattern[1:])
    return text[:1] == own and matches(text[1:], rest)


TESTED = st.sampled_from(("$.a", "$.a", "$.b", "$.b.a", "$.d", "$[0]", "$.a[0]", "$"))


@few
@given(pairs(), rules(TESTED))
@example((Record({"a": Unknown("?")}), {"a": 1.0}), {"Variable": "$.a", "NumericEquals": 1})
@example((Record({"a": Literal("x")}, None, frozenset({"a"})), {}), {"Variable": "$.a", "IsString": False})
@example((Record({"a": Text(HOLE)}), {"a": "x*"}), {"Variable": "$.a", "StringMatches": "x\\*"})
def test_a_choice_keeps_every_value_that_passes(pair: tuple[Value, Json], rule: dict[str, Json]) -> None:
    """Where a rule holds, or does not, what is left of the input describes the input that came this way."""
    value, concrete = pair
    try:
        outcome = holds(rule, concrete)
    except _InvalidPathError:
        return
    event(f"holds: {outcome}")
    left = suppose(rule, Environment(input=value), (), holds=outcome)
    assert left is not None
    assert describes(left.input, concrete)


# ----------------------------------------------------------------------------------------------------------- the tables


TABLES = [Path(__file__).parent / "dataflow" / f"{name}.txt" for name in ("paths", "intrinsics", "templates")]


@pytest.mark.parametrize("case", cases(*TABLES), ids=lambda case: case.name)
def test_table(case: Case) -> None:
    """Each template of the tables evaluates to exactly the value beside it, and a way to write it that is equal."""
    made = evaluate(case.template, QueryLanguage.JSONPATH, (), case.environment)
    assert shape(made) == shape(case.expected), f"{case.name}: {made}"
