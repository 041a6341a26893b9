"""JSONata over abstract values: pairs of expressions and values, and the library itself as the judge.

The property draws an expression and what it reads, hides parts of that, and evaluates both: what the library makes of the
whole has to be described by what is said of the parts. `HYPOTHESIS_PROFILE=thorough` tries thirty times as many.
"""

from __future__ import annotations

import json
import os
import re
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analyzer.dataflow.evaluate import Environment
from analyzer.dataflow.join import describes, join, join_all
from analyzer.dataflow.jsonata.expression import evaluate_expression, outcome_of
from analyzer.dataflow.jsonata.narrow import narrow
from analyzer.dataflow.jsonata.tree import NotModelled
from analyzer.dataflow.paths import Unsupported
from analyzer.dataflow.values import HOLE, Literal, OneOf, Record, Sequence, Text, Unknown, Value

LIMIT = sys.getrecursionlimit()
from jsonata import Jsonata  # noqa: E402
from jsonata.utils import Utils  # noqa: E402

sys.setrecursionlimit(LIMIT)  # which the library raises for everybody

Json = Any
DATA = Path(__file__).parent / "dataflow"
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


# ------------------------------------------------------------------------------------------------------- what is written


def decoded(raw: Json) -> Value:
    """Read the notation of the text files."""
    if isinstance(raw, str) and raw.startswith("?"):
        return Unknown(raw[1:].strip() or "hidden")
    if isinstance(raw, str):
        return Text(raw.replace("*", HOLE), ("hidden",)) if "*" in raw else Literal(raw)
    if isinstance(raw, list):
        more = raw[-1]["..."] if raw and isinstance(raw[-1], dict) and list(raw[-1]) == ["..."] else None
        items = tuple(decoded(item) for item in (raw if more is None else raw[:-1]))
        return Sequence(items, None if more is None else decoded(more))
    if isinstance(raw, dict) and list(raw) == ["|"]:
        return OneOf(tuple(decoded(choice) for choice in raw["|"]))
    if isinstance(raw, dict):
        fields = {name.removesuffix("?"): decoded(field) for name, field in raw.items() if name != "..."}
        rest = decoded(raw["..."]) if "..." in raw else None
        return Record(fields, rest, frozenset(name[:-1] for name in raw if name.endswith("?")))
    return Literal(raw)


def encoded(value: Value) -> Json:
    """Write a value in that notation."""
    if isinstance(value, Unknown):
        return f"? {value.reason}"
    if isinstance(value, OneOf):
        return {"|": [encoded(choice) for choice in value.choices]}
    if isinstance(value, Record):
        fields = {name + "?" * (name in value.optional): encoded(field) for name, field in sorted(value.fields.items())}
        return fields if value.rest is None else {**fields, "...": encoded(value.rest)}
    if isinstance(value, Sequence):
        items = [encoded(item) for item in value.items]
        return items if value.element is None else [*items, {"...": encoded(value.element)}]
    return value.text.replace(HOLE, "*") if isinstance(value, Text) else value.value


def environment_of(raw: Json) -> Environment:
    """Read what an expression reads: `input`, `context`, `result`, `error`, variables and placeholders."""
    known = {name: decoded(value) for name, value in raw.items() if not name.startswith("$")}
    variables = {name[1:]: decoded(value) for name, value in raw.items() if name.startswith("$") and name[1] != "{"}
    return Environment(**known, variables=variables, substitutions={name[2:-1]: raw[name] for name in raw if name[1] == "{"})


def rewritten(text: str, answers: Callable[[str, Json], list[str]]) -> str:
    """Return the text of a file of cases with the *answers* that come out now in the place of those that are written."""
    blocks, known = [], {}
    for block in text.split("\n\n"):
        lines = block.strip("\n").splitlines()
        given = [line for line in lines if line.startswith("    {")]
        known = json.loads(given[0]) if given else known
        code = [line for line in lines if not line.startswith("    ")]
        is_case = len(code) < len(lines) and not block.startswith("#")
        blocks.append(
            "\n".join([*code, *given, *(f"    {line}" for line in answers("\n".join(code), known))]) if is_case else block
        )
    return "\n\n".join(blocks).strip("\n") + "\n"


def shown(value: Json) -> str:
    """Return the notation on one line."""
    return json.dumps(value, ensure_ascii=False)


def test_each_expression_gives_its_value(expect: Callable[[Path, str], None]) -> None:
    """Each expression of tests/dataflow/jsonata.txt gives, in what stands below it, the value that stands there."""

    def answers(code: str, known: Json) -> list[str]:
        try:
            return [f"= {shown(encoded(evaluate_expression(code, environment_of(known))))}"]
        except Unsupported:
            return ["refused"]

    path = DATA / "jsonata.txt"
    expect(path, rewritten(path.read_text("utf-8"), answers))


def test_each_condition_leaves_what_it_says(expect: Callable[[Path, str], None]) -> None:
    """Each condition of tests/dataflow/jsonata_conditions.txt leaves, of what stands below it, what stands there."""

    def answers(code: str, known: Json) -> list[str]:
        return [f"{word}: {left_of(code, environment_of(known), holds=word == 'holds')}" for word in ("holds", "fails")]

    path = DATA / "jsonata_conditions.txt"
    expect(path, rewritten(path.read_text("utf-8"), answers))


def left_of(code: str, environment: Environment, *, holds: bool) -> str:
    """Return what a condition leaves, in the notation of the file."""
    left = narrow(code, environment, holds=holds)
    if left is None or left is environment:
        return "never" if left is None else "same"
    read = {"input": left.input, **{f"${name}": value for name, value in left.variables.items()}}
    known = {"input": environment.input, **{f"${name}": value for name, value in environment.variables.items()}}
    taken = {name: encoded(value) for name, value in read.items() if encoded(value) != encoded(known[name])}
    return shown(taken) if taken else "same"


HOSTILE = {
    "brackets without end": "(" * 5_000,
    "brackets in brackets": "[" * 55 + "]" * 55,
    "a sum of thousands": "1" + "+1" * 3_000,
    "a path of thousands": "a" + ".a" * 8_000,
    "filters of thousands": "a" + "[0]" * 4_000,
    "defaults in defaults": "(" * 9 + "a" + " ?: b)" * 9,
    "more defaults": "(" * 40 + "a" + " ?: b)" * 40,
    "a range of millions": "[1..10000000]",
    "maps in maps": "$map([1..1000], function($x){ $map([1..1000], function($y){ $x & $y }) })",
    "a function of itself": "($f := function($x){ $f($x) & $f($x) }; $f(1))",
    "text that doubles": '$reduce([1..200], function($a, $b){ $a & $a }, "x")',
    "a padded text": '$pad("a", 1e12)',
    "an array that doubles": "($x := [1, 2]; " + "$x := [[$x], [$x]]; " * 40 + "$x)",
    "an object that doubles": "($x := 1; " + '$x := {"a": $x, "b": $x}; ' * 40 + "$x)",
    "a regular expression that backtracks": '$match("' + "a" * 40 + '!", /(a+)+$/)',
    "no text": "",
    "a control character": "\x00",
    "half a character": "\ud800",
    "quotes": '"' * 101,
    "comments": "/*" * 3_000,
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_text_is_refused_or_read_at_once(text: str) -> None:
    """No expression crashes or hangs the evaluation, or makes a value that would hang its reader."""
    begun = time.process_time()
    try:
        found = evaluate_expression(text, Environment())
    except Unsupported:
        found = Literal(None)
    assert len(shown(encoded(found))) < 200_000
    assert narrow(text, Environment(), holds=True) is not None
    assert time.process_time() - begun < 10


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


GRAMMAR, LEAVES = (forms_of(part) for part in (DATA / "jsonata_grammar.txt").read_text("utf-8").split("\nleaves\n"))


# ------------------------------------------------------------------------------------------------ cases, by plain choices

Pick = Callable[[tuple[Any, ...]], Any]
"""Picks one of several. Everything is drawn by it: a strategy made for each draw would take most of the time."""

INDEXES = tuple(st.integers(0, size) for size in range(64))


@st.composite
def cases(draw: st.DrawFn, kind: str = "E") -> Case:
    """Draw a case."""
    return case(lambda options: options[draw(INDEXES[len(options) - 1])], kind)


@dataclass(frozen=True)
class Case:
    """An expression, the values of the variables it reads, and what is known of them."""

    text: str
    bindings: dict[str, Json]
    environment: Environment


def case(pick: Pick, kind: str = "E") -> Case:
    """Make a case of a kind of expression."""
    known, result, v, w = input_of(pick), json_value(pick, 2), json_value(pick, 2), input_of(pick)
    bindings = {"states": {"input": known, "context": {}, "result": result}, "v": v, "w": w}
    variables = {"v": hidden(pick, v), "w": hidden(pick, w)}
    environment = Environment(hidden(pick, known), Record({}), variables, {}, hidden(pick, result))
    return Case(expression(pick, kind), bindings, environment)


def expression(pick: Pick, kind: str) -> str:
    """Make an expression, mostly of the kinds that the grammar hints at, a few levels deep."""

    def grown(kind: str, depth: int) -> str:
        form = pick(GRAMMAR[kind] if depth > 0 else LEAVES.get(kind, GRAMMAR[kind]))
        return re.sub(r"\{([A-Z])\}", lambda match: grown(match[1], depth - 1), form)

    return grown(kind, pick((1, 2, 3)))


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


@examples(1_000)
@given(cases("C"))
def test_what_a_condition_leaves_describes_what_it_held_for(drawn: Case) -> None:
    """Where the library says that a condition holds, or does not, what is read is described by what is left of it."""
    hold_condition(drawn)


def hold_condition(drawn: Case) -> None:
    """Fail unless what a condition leaves describes what the library judged."""
    known = {"input": drawn.bindings["states"]["input"], "v": drawn.bindings["v"], "w": drawn.bindings["w"]}
    if any(isinstance(known[name], list) for name in ("input", "w")):
        # That a path leads through an object, not through an array of one, is taken for granted.
        return
    try:
        found = judged(drawn.text, drawn.bindings)
    except (NoJudgement, Undefined):
        return
    if not isinstance(found, bool):
        return
    left = narrow(drawn.text, drawn.environment, holds=found)
    assert left is not None, (drawn, found)
    for value, concrete in ((left.input, known["input"]), (left.variables["v"], known["v"]), (left.variables["w"], known["w"])):
        assert describes(value, concrete), (drawn, found, left)
