"""Strategies: definitions in which all goes well, in both languages, and the worlds they are run in.

The wild ones of `definitions.py` and `expressions.py` mostly fail after a few states, which is right for soundness. How loose a
policy is shows only where every task is called, many times and with many names: here paths always find something, and what
an execution is given differs from one to the next wherever the definition does not fix it.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from engine import definitions, expressions
from engine.tasks import tasks
from engine.worlds import World
from hypothesis import strategies as st

Json = Any

FIELDS = ("a", "k", "o.a", "p.t")
KINDS = ("red", "red-1", "blue", "blue-7")
"""What `k` may be: the choices ask for these."""


@dataclass(frozen=True)
class Inside:
    """Where something is drawn: how deep, in which language, and whether the scope has its variable yet."""

    jsonata: bool
    depth: int = 0

    def read(self, field: str) -> str:
        """Return the text that reads a field of the input."""
        return f"$states.input.{field}" if self.jsonata else f"$.{field}"

    def write(self, form: str, places: list[str]) -> tuple[str, Json]:
        """Write a text with places."""
        return expressions.written(form, places) if self.jsonata else definitions.written(form, places)

    def variables(self) -> list[str]:
        """Return the variables that are there."""
        return [f"$v{depth}" for depth in range(self.depth + 1)]


@st.composite
def names(draw: st.DrawFn, inside: Inside) -> str:
    """Draw what the name of a resource comes from: what the input holds, a variable, or what a function makes of them."""
    simple = st.sampled_from([*(inside.read(field) for field in (*FIELDS, "a", "r.a")), *inside.variables()])
    one, two = draw(simple), draw(simple)
    if inside.jsonata:
        forms = (
            *("'p-' & {0}", "{0} & '-' & {1}", "$lowercase({0})", "$uppercase('x-' & {0})", "{0} = 'red' ? 'a-red' : 'b-' & {0}"),
            *("['one', 'two'][0]", "$split('one,two', ',')[1]", "$join(['x', {0}], '-')", "$substringBefore('pre-' & {0}, '-')"),
            *(
                "$merge([{{'q': 'x'}}, {{'q': {0}}}]).q",
                "$string({0})",
                "$replace('a_b', '_', '-')",
                "$hash({0}, 'MD5')",
                "$trim({0})",
            ),
            *("$substring('pre-' & {0}, 0, 4)", "$states.context.Execution.Input.a", "$states.context.StateMachine.Name"),
            *("$map(['m'], function($i) {{ $i & '-' & {0} }})[0]", "$lookup({{'q': 'x-' & {0}}}, 'q')", "($t := 'x-' & {0}; $t)"),
            *("$filter(['fa', 'fb'], function($i) {{ $i = 'fa' }})[0]", "$base64decode('eA==')", '$parse(\'{{"q": "one"}}\').q'),
        )
    else:
        forms = (
            *("States.Format('p-{{}}', {0})", "States.Format('{{}}-{{}}', {0}, {1})", "States.Format('x/{{}}/y', {0})"),
            *("States.ArrayGetItem(States.Array('one', 'two'), 1)", "States.ArrayGetItem(States.StringSplit('one,two', ','), 0)"),
            *("States.Base64Decode('eA==')", "States.Base64Encode({0})", "States.Hash({0}, 'MD5')", "States.UUID()"),
            *("$$.Execution.Input.a", "$$.StateMachine.Name", "States.Format('n-{{}}', States.MathAdd($.n, 1))"),
            *("States.ArrayGetItem(States.StringSplit({0}, '-'), 0)", "States.JsonToString({0})"),
            "States.ArrayGetItem(States.Array({0}, 'two'), 0)",
        )
    return draw(st.sampled_from(forms)).format(one, two) if draw(st.integers(0, 2)) == 2 else one


@st.composite
def orderly_definitions(draw: st.DrawFn) -> Json:
    """Draw a definition."""
    inside = Inside(draw(st.booleans()))
    return {"QueryLanguage": "JSONata" if inside.jsonata else "JSONPath", **draw(_scopes(inside, iter(range(1000))))}


@st.composite
def _scopes(draw: st.DrawFn, inside: Inside, counter: Iterator[int]) -> Json:
    count = draw(st.integers(2, 5) if inside.depth == 0 else st.integers(1, 2))
    chain = [f"S{next(counter)}" for _ in range(count)]
    first = f"S{next(counter)}"
    # The variable of a scope begins as a text of its input, or as a constant.
    opening, variable = {"Type": "Pass", "Next": chain[0]}, inside.variables()[-1][1:]
    ending, value = inside.write("{}", [inside.read("a")]) if draw(st.booleans()) else ("", "fixed")
    states: dict[str, Json] = {first: {**opening, "Assign": {variable + ending: value}}}
    for at, name in enumerate(chain):
        following = chain[at + 1 : at + 2]
        states[name] = draw(_states(inside, counter, following))
        states.update(states[name].pop("also", {}))
    return {"StartAt": first, "States": states}


@st.composite
def _states(draw: st.DrawFn, inside: Inside, counter: Iterator[int], following: list[str]) -> Json:
    """Draw a state. A Choice brings the two states that it leads to, which go on where it stands (`also`)."""
    kinds = ["Task", "Task", "Task", "Pass", "Assign", *(["Map", "Parallel"] if inside.depth < 1 else [])]
    kind = draw(st.sampled_from([*kinds, "Choice", "Choice"] if following else kinds))
    on: dict[str, Json] = {"Next": following[0]} if following else {"End": True}
    if kind == "Task":
        return {**on, **draw(_task(inside))}
    if kind == "Assign":
        ending, value = inside.write("{}", [draw(names(inside))])
        return {"Type": "Pass", **on, "Assign": {inside.variables()[-1][1:] + ending: value}}
    if kind == "Pass":
        name = draw(names(inside))
        if inside.jsonata:
            return {"Type": "Pass", **on, "Output": "{% $merge([$states.input, {'p': {'t': " + name + "}}]) %}"}
        return {"Type": "Pass", **on, "Parameters": {"t.$": name}, "ResultPath": "$.p"}
    if kind == "Choice":
        yes, no = f"S{next(counter)}", f"S{next(counter)}"
        also = {name: {**on, **draw(_task(inside))} for name in (yes, no)}
        return {"Type": "Choice", "Choices": [{**draw(_rule(inside)), "Next": yes}], "Default": no, "also": also}
    deeper = Inside(inside.jsonata, inside.depth + 1)
    if kind == "Parallel":
        return {"Type": kind, **on, **_kept(inside, None), "Branches": [draw(_scopes(deeper, counter)) for _ in range(2)]}
    others = ("k", "n", "o", "p", "r", "l")
    if inside.jsonata:
        of_item = {"a": "{% $states.context.Map.Item.Value.a %}"}
        selector = {**of_item, **{name: f"{{% {inside.read(name)} %}}" for name in others}}
        made: dict[str, Json] = {"Items": "{% $states.input.l %}", "ItemSelector": selector}
    else:
        selector = {"a.$": "$$.Map.Item.Value.a", **{f"{name}.$": inside.read(name) for name in others}}
        made = {"ItemsPath": "$.l", "ItemSelector": selector}
    return {"Type": kind, **on, **_kept(inside, None), **made, "ItemProcessor": draw(_scopes(deeper, counter))}


@st.composite
def _task(draw: st.DrawFn, inside: Inside) -> Json:
    resource, parameters = draw(tasks(inside.write, names(inside), st.just("sent")))
    field = "Arguments" if inside.jsonata else "Parameters"
    return {"Type": "Task", "Resource": resource, field: parameters, **_kept(inside, "r")}


def _kept(inside: Inside, name: str | None) -> Json:
    """Return what keeps the input of a state, with its result as the field *name* of it."""
    if not inside.jsonata:
        return {"ResultPath": None if name is None else f"$.{name}"}
    return {"Output": "{% $states.input %}" if name is None else "{% $merge([$states.input, {'r': $states.result}]) %}"}


@st.composite
def _rule(draw: st.DrawFn, inside: Inside) -> Json:
    field, word = draw(st.sampled_from(("k", "k", "a", "p.t"))), draw(st.sampled_from(KINDS))
    read = inside.read(field)
    if inside.jsonata:
        forms = (
            f"{read} = '{word}'",
            f"{read} in ['red', 'blue']",
            f"{read} = 'red' or {read} = '{word}'",
            f"$not({read} = '{word}')",
        )
        return {"Condition": "{% " + draw(st.sampled_from(forms)) + " %}"}
    equal = {"Variable": read, "StringEquals": word}
    tests = (
        equal,
        {"Not": equal},
        {"Or": [equal, {"Variable": read, "StringEquals": "red"}]},
        {"Variable": read, "StringMatches": "red-*"},
    )
    return draw(st.sampled_from((*tests, {"And": [equal, {"Variable": read, "IsPresent": True}]})))


def world(chance: random.Random) -> World:
    """Return a world: every text in it is new, or one of those that the choices ask for."""

    def text() -> str:
        if chance.random() < 0.3:
            return chance.choice(KINDS)
        return "".join(chance.choices("abcdefghijklmnopqrstuvwxyz0123456789", k=chance.randint(3, 8)))

    def whole() -> dict[str, Json]:
        return {"a": text(), "k": chance.choice(KINDS), "n": chance.randint(0, 99), "o": {"a": text()}}

    given = {**whole(), "l": [{"a": text()}, {"a": text()}], "r": {"a": text()}, "p": {"t": text()}}
    return World(given, tuple(whole() for _ in range(7)))
