"""Strategies: JSONata definitions, made of the same fields and shapes as the JSONPath ones of `definitions.py`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from engine.definitions import Inside, constants
from engine.tasks import roles, tasks
from hypothesis import strategies as st

Json = Any

TEXTS = ("$states.input.a", "$states.input.a", "$states.input.k", "$states.input.o.a", "$states.input.r.a", "'x'", "'a-b'")
NUMBERS = ("$states.input.n", "0", "1", "2", "$count($states.input.l)")
LISTS = ("$states.input.l", "$states.input.o.l", "['x', 'y']", "[1..3]", "$split('x,y', ',')")
OBJECTS = ("$states.input.o", "$states.input.r", "$states.input", "{'a': 'x', 'l': ['y']}")
ANY = (*TEXTS, *NUMBERS, *LISTS, *OBJECTS, "$states.input.b", "true", "null")
CONTEXT = (
    "$states.context.Execution.Name",
    "$states.context.StateMachine.Name",
    "$states.context.State.Name",
    "$states.context.Execution.Input.a",
)
ITEM = ("$states.context.Map.Item.Value", "$states.context.Map.Item.Value.a", "$string($states.context.Map.Item.Index)")

FORMS: Mapping[str, tuple[str, ...]] = {
    "T": (
        *("{T} & '-' & {T}", "'t-' & {T}", "$string({A})", "$uppercase({T})", "$lowercase({T})", "$trim({T})", "$join({L}, '-')"),
        *("$substring({T}, 0, 2)", "$substringBefore({T}, '-')", "$substringAfter({T}, '-')", "$replace({T}, '-', '_')"),
        *("{C} ? {T} : {T}", "$type({A})", "$base64encode({T})", "$hash({T}, 'MD5')", "$pad({T}, 4, '0')", "{L}[0]"),
        *("$lookup({O}, 'a')", "$reduce(['x', {T}], function($p, $q) {{ $p & $q }})", "($t := {T}; $t & 'z')", "{O}.a"),
    ),
    "N": ("{N} + {N}", "$count({L})", "$length({T})", "$sum([{N}, {N}])", "{C} ? {N} : {N}", "$number('1')"),
    "L": (
        *("[{T}, {T}]", "$append({L}, {L})", "$filter({L}, function($i) {{ $i = 'x' }})", "$map({L}, function($i) {{ {T} }})"),
        *(
            "$distinct({L})",
            "$reverse({L})",
            "$keys({O})",
            "$split({T}, '-')",
            "$partition({L}, 1)[0]",
            "$range(0, 2, 1)",
            "{L}[$ != 'x']",
        ),
        *("{L}.{{'a': $}}", "$each({O}, function($v, $k) {{ $k }})", "$sort([{T}, {T}])", "[{O}.a]", "{L}[[0..1]]"),
    ),
    "O": (
        "{{'a': {T}, 'l': {L}}}",
        "$merge([{O}, {{'a': {T}}}])",
        "{C} ? {O} : {O}",
        "$parse($string({O}))",
        "{O} ~> |$|{{'b': 1}}|",
    ),
    "C": (
        *(
            "{T} = {T}",
            "{T} = 'x'",
            "{T} = 'x'",
            "{T} in ['x', 'y']",
            "$exists({A})",
            "{N} > 1",
            "{C} and {C}",
            "{C} or {C}",
            "$not({C})",
        ),
        *("$states.input.k = 'y'", "$contains({T}, 'x')", "$boolean({A})", "{T} != 'x'", "$type({A}) = 'string'"),
    ),
    "A": ("{T}", "{T}", "{N}", "{L}", "{O}"),
}
LEAVES = {
    "T": TEXTS,
    "N": NUMBERS,
    "L": LISTS,
    "O": OBJECTS,
    "A": ANY,
    "C": ("$states.input.k = 'x'", "true", "$states.input.n = 1"),
}


@st.composite
def expressions(draw: st.DrawFn, inside: Inside, kind: str = "A", depth: int = 2, *, result: str = "") -> str:
    """Draw the text of an expression that mostly gives a text, a number, a list, an object, a condition or anything.

    *result* is what an expression may read of what its state gave: `$states.result` or `$states.errorOutput`.
    """
    leaves = LEAVES[kind]
    if kind in "TA" and draw(st.integers(0, 3)) == 3:
        variables = [f"${name}" for deep in range(inside.depth + 1) for name in Inside(deep).variables()]
        extra = (*(ITEM if inside.item else ()), *CONTEXT, *variables, *(f"{one}.a" for one in variables))
        leaves = (*extra, result, f"{result}.a") if result else extra
    form = draw(st.sampled_from(FORMS[kind])) if depth > 0 and draw(st.integers(0, 2)) == 2 else draw(st.sampled_from(leaves))
    made = ""
    at = 0
    while at < len(form):
        if form[at : at + 2] in ("{{", "}}"):
            made, at = made + form[at], at + 2
        elif form[at] == "{" and form[at + 2 : at + 3] == "}" and form[at + 1] in FORMS:
            made += f"({draw(expressions(inside, form[at + 1], depth - 1, result=result))})"
            at += 3
        else:
            made, at = made + form[at], at + 1
    return made


def written(form: str, places: list[str]) -> tuple[str, Json]:
    """Write a text with places as JSONata does."""
    pieces = form.split("{}")
    parts = [f"'{pieces[0]}'"] if pieces[0] else []
    for place, piece in zip(places, pieces[1:], strict=True):
        parts += [f"({place})", f"'{piece}'"] if piece else [f"({place})"]
    return "", "{% " + " & ".join(parts) + " %}"


@st.composite
def templates(draw: st.DrawFn, inside: Inside, *, keep: bool = False, result: str = "", whole: bool = True) -> Json:
    """Draw what is written in `Arguments`, `Output` and the like: an expression, or an object with some in it.

    Without *whole* it is always an object: the interpreter cannot read an `ItemSelector` that is an expression.
    """
    if whole and draw(st.integers(0, 4)) == 4:
        return "{% " + draw(expressions(inside, "O", result=result)) + " %}"
    made: dict[str, Json] = {name: f"{{% $states.input.{name} %}}" for name in "anlo"} if keep else {}
    for name in draw(st.lists(st.sampled_from("abklorn"), unique=True, min_size=0 if keep else 1, max_size=3)):
        kind = draw(st.integers(0, 4))
        text = {"l": "L", "o": "O", "r": "O", "n": "N", "a": "T", "k": "T"}.get(name, "A")
        if kind == 4:
            made[name] = draw(constants())
        elif kind == 3:
            made[name] = [{"a": "{% " + draw(expressions(inside, "A", result=result)) + " %}"}]
        else:
            made[name] = "{% " + draw(expressions(inside, text, result=result)) + " %}"
    return made


@st.composite
def jsonata_definitions(draw: st.DrawFn) -> Json:
    """Draw a JSONata definition."""
    return {"QueryLanguage": "JSONata", **draw(_scopes(Inside(), iter(range(1000))))}


@st.composite
def _scopes(draw: st.DrawFn, inside: Inside, counter: Iterator[int]) -> Json:
    """Draw a scope: a chain of states that may branch, go back, or leave early."""
    names = [f"S{next(counter)}" for _ in range(draw(st.integers(2, 6) if inside.depth == 0 else st.integers(1, 3)))]
    first = f"S{next(counter)}"
    opening: dict[str, Json] = {"Type": "Pass", "Next": names[0]}
    if draw(st.integers(0, 7)) != 7:
        name, other = inside.variables()
        opening["Assign"] = {name: "{% $states.input %}", other: draw(constants())}
    states = {first: opening}
    for at, name in enumerate(names):
        states[name] = draw(_states(inside, counter, names[at + 1 : at + 2], names[at + 1 :] or names, names))
    return {"StartAt": first, "States": states}


@st.composite
def _states(
    draw: st.DrawFn, inside: Inside, counter: Iterator[int], following: list[str], later: list[str], every: list[str]
) -> Json:
    types = ["Task", "Task", "Task", "Pass", "Pass"]
    types += ["Choice", "Choice"] if following else ["Succeed"]
    types += ["Map", "Parallel"] if inside.depth < 2 else []
    kind = draw(st.sampled_from(types))
    targets = st.sampled_from(later) | st.sampled_from(later) | st.sampled_from(every)
    if kind == "Choice":
        return {"Type": kind, **draw(_rules(inside, targets, following[0]))}
    state: dict[str, Json] = {"Type": kind, **({"Next": following[0]} if following else {"End": True})}
    if kind == "Succeed":
        return {"Type": kind, "Output": draw(templates(inside))}
    result = "$states.result" if kind in ("Task", "Map", "Parallel") else ""
    if draw(st.integers(0, 3)) != 3:
        kept = draw(templates(inside, keep=True, result=result))
        state["Output"] = kept
    state.update(draw(_assign(inside, result)))
    if kind == "Pass":
        return state
    if draw(st.integers(0, 2)) == 2:
        caught = {"ErrorEquals": ["States.ALL"], "Next": draw(targets), **draw(_assign(inside, "$states.errorOutput"))}
        if draw(st.integers(0, 2)):
            caught["Output"] = draw(templates(inside, keep=True, result="$states.errorOutput"))
        state["Catch"] = [caught]
    return {**state, **draw(_work(kind, inside, counter))}


@st.composite
def _rules(draw: st.DrawFn, inside: Inside, targets: st.SearchStrategy[str], default: str) -> Json:
    choices = []
    for _ in range(draw(st.integers(1, 3))):
        rule = {"Condition": "{% " + draw(expressions(inside, "C")) + " %}", "Next": draw(targets), **draw(_assign(inside, ""))}
        if draw(st.integers(0, 3)) == 3:
            rule["Output"] = draw(templates(inside, keep=True))
        choices.append(rule)
    return {"Choices": choices, "Default": default}


@st.composite
def _work(draw: st.DrawFn, kind: str, inside: Inside, counter: Iterator[int]) -> Json:
    if kind == "Task":
        source = st.integers(0, 3).flatmap(lambda odd: expressions(inside, "A" if odd == 3 else "T"))
        resource, arguments = draw(tasks(written, source, templates(inside)))
        made = {"Resource": resource, "Arguments": arguments}
        return {**made, "Credentials": draw(roles(written, source))} if draw(st.integers(0, 5)) == 5 else made
    if kind == "Parallel":
        arguments = {"Arguments": draw(templates(inside, keep=True))} if draw(st.booleans()) else {}
        deeper = Inside(inside.depth + 1, inside.item)
        return {**arguments, "Branches": [draw(_scopes(deeper, counter)) for _ in range(draw(st.integers(1, 2)))]}
    made = (
        {"Items": "{% " + draw(expressions(inside, "L", 1)) + " %}"}
        if draw(st.integers(0, 3)) != 3
        else {"Items": ["x", {"a": "y"}]}
    )
    if draw(st.booleans()):
        made["ItemSelector"] = draw(templates(Inside(inside.depth, item=True), keep=draw(st.booleans()), whole=False))
    mode = draw(st.sampled_from(("INLINE", "INLINE", "INLINE", "DISTRIBUTED")))
    config = {"Mode": mode, **({"ExecutionType": "STANDARD"} if mode == "DISTRIBUTED" else {})}
    return {**made, "ItemProcessor": {"ProcessorConfig": config, **draw(_scopes(Inside(inside.depth + 1, item=True), counter))}}


@st.composite
def _assign(draw: st.DrawFn, inside: Inside, result: str) -> Mapping[str, Json]:
    if draw(st.integers(0, 2)) != 2:
        return {}
    names = draw(st.lists(st.sampled_from(inside.variables()), unique=True, min_size=1))
    return {"Assign": {name: "{% " + draw(expressions(inside, result=result)) + " %}" for name in names}}
