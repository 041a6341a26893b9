"""Strategies: JSONPath definitions that shape data in every way the language knows.

The data is always made of the few fields of `worlds.py`, so that paths find something; the states of a scope are a chain
with branches and loops. Names of states are unique, those of variables are of their scope.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from engine.tasks import roles, tasks
from engine.worlds import scalars
from hypothesis import strategies as st

Json = Any

# ---------------------------------------------------------------------------------------------------------------- paths

PATHS = (
    *("$.a", "$.a", "$.b", "$.k", "$.n", "$.l", "$.o", "$.o.a", "$.o.b", "$.o.l", "$.r", "$.r.a", "$['a']", "$.l[0]", "$.l[1].a"),
    *(
        "$",
        "$.l[*]",
        "$.l[*].a",
        "$..a",
        "$.l[0:1]",
        "$.l[-1]",
        "$.l[?(@.a == 'x')]",
        "$.o.*",
        "$.o[*]",
        "$..l[0]",
        "$['o']['a']",
    ),
)
CONTEXT_PATHS = ("$$.Execution.Id", "$$.Execution.Input.a", "$$.State.Name", "$$.StateMachine.Name", "$$.Execution.RoleArn", "$$")
ITEM_PATHS = ("$$.Map.Item.Value", "$$.Map.Item.Index", "$$.Map.Item.Value.a")


@dataclass(frozen=True)
class Inside:
    """Where something is drawn: how deep the scope is, its variables and the outer ones, whether items of a Map are there."""

    depth: int = 0
    item: bool = False
    assigns: bool = True

    def deeper(self, *, item: bool = False) -> Inside:
        """Return where the states of a scope inside are drawn; with *item*, of a Map."""
        return Inside(self.depth + 1, self.item or item, self.assigns)

    def variables(self) -> tuple[str, ...]:
        """Return the names of the variables that the scope assigns."""
        return (f"v{self.depth}", f"w{self.depth}")

    def paths(self) -> st.SearchStrategy[str]:
        """Draw a path."""
        names = [name for depth in range(self.depth + 1) for name in Inside(depth).variables()]
        variables = [f"${name}{end}" for name in names for end in ("", ".a", ".l[0]", ".o")]
        return st.one_of(
            st.sampled_from(PATHS[:7]),
            st.sampled_from(PATHS),
            st.sampled_from((*CONTEXT_PATHS, *(ITEM_PATHS * 2 if self.item else ()))),
            st.sampled_from(variables if self.assigns else PATHS[:7]),
        )


TEXTS = ("'x'", "'x,y'", "'eA=='", "'a-b'", "''", '\'{"a": "x"}\'', "'[1, \"x\"]'")
FORMATS = ("'t-{}'", "'{}'", "'{}-x'", "$.a", "'p/{}/q'")


@st.composite
def calls(draw: st.DrawFn, inside: Inside, depth: int = 0) -> str:
    """Draw a call of an intrinsic function."""

    def argument(*usual: str) -> str:
        kind = draw(st.integers(0, 11))
        if kind == 7 and depth < 2:
            return draw(calls(inside, depth + 1))
        return draw(inside.paths().filter(lambda path: "*" not in path)) if kind == 5 else draw(st.sampled_from(usual))

    function = draw(st.sampled_from(FUNCTIONS))
    if function == "Format":
        template = draw(st.sampled_from(FORMATS))
        count = template.count("{}") if template.startswith("'") else draw(st.integers(0, 1))
        return f"States.Format({', '.join((template, *(argument(*ANYTHING) for _ in range(count))))})"
    if function == "Array":
        return f"States.Array({', '.join(argument(*ANYTHING) for _ in range(draw(st.integers(0, 3))))})"
    return f"States.{function}({', '.join(argument(*usual) for usual in ARGUMENTS[function])})"


WORD, NUMBER, LIST = (
    ("$.a", "$.o.a", "$.k", *TEXTS),
    ("$.n", "0", "1", "2", "-1"),
    ("$.l", "$.o.l", "States.Array('x', 'y', 'x')"),
)
THING = ("$.o", "$.r", "$")
ANYTHING = (*WORD, *NUMBER, *LIST, *THING, "true")
ARGUMENTS = {
    "ArrayPartition": (LIST, ("1", "2", "$.n")),
    "ArrayGetItem": (LIST, ("0", "1", "2", "$.n")),
    "ArrayLength": (LIST,),
    "ArrayUnique": (LIST,),
    "ArrayContains": (LIST, ("'x'", "'z'", "$.a")),
    "ArrayRange": (("0", "1", "$.n"), ("3", "7"), ("1", "2")),
    "Hash": (WORD, ("'MD5'", "'SHA-256'")),
    "JsonMerge": (THING, THING, ("false",)),
    "MathAdd": (NUMBER, ("1", "-1", "$.n")),
    "MathRandom": (("1",), ("3",)),
    "StringSplit": (("'x,y'", "'x-y,z'", *WORD), ("','", "',-'")),
    "UUID": (),
    "StringToJson": (TEXTS[-2:],),
    "JsonToString": (ANYTHING[:-1],),
    "Base64Encode": (WORD,),
    "Base64Decode": (("'eA=='", "States.Base64Encode($.a)"),),
}
"""The arguments that each function is mostly called with; now and then any path, or another call, stands there instead."""

FUNCTIONS = ("Format", "Format", "Format", "Format", "Array", *ARGUMENTS)
NAMES = ("a", "b", "k", "l", "o", "r", "n")


@st.composite
def templates(draw: st.DrawFn, inside: Inside, depth: int = 0, *, keep: bool = False) -> Json:
    """Draw a payload template; with *keep* it passes on most of what is there."""
    made: dict[str, Json] = {}
    if keep:
        made.update({f"{name}.$": f"$.{name}" for name in ("a", "n", "l", "o")})
    for name in draw(st.lists(st.sampled_from(NAMES), unique=True, min_size=0 if keep else 1, max_size=3)):
        kind = draw(st.integers(0, 5 if depth < 1 else 4))
        if kind <= 1:
            made.pop(name, None)
            made[f"{name}.$"] = draw(inside.paths())
        elif kind <= 3:
            made[f"{name}.$"] = draw(calls(inside))
        elif kind == 4:
            made.pop(f"{name}.$", None)
            made[name] = draw(constants())
        else:
            made.pop(f"{name}.$", None)
            made[name] = draw(st.just([draw(constants()), draw(templates(inside, 1))]) | templates(inside, 1))
    return made


def written(form: str, places: list[str]) -> tuple[str, Json]:
    """Write a text with places as JSONPath does: a place alone as it is, and a call of `States.Format` for any other."""
    return ".$", places[0] if form == "{}" else f"States.Format('{form}', {', '.join(places)})"


def _sources(inside: Inside) -> st.SearchStrategy[str]:
    """Draw what the name of a resource comes from: mostly a path at which a text is expected, at times any, or a call."""
    usual = st.sampled_from(
        ("$.a", "$.a", "$.k", "$.o.a", "$.r.a", *(f"${name}" for name in inside.variables() if inside.assigns), "$.l[0]")
    )
    return st.integers(0, 9).flatmap(
        lambda kind: calls(inside) if kind == 3 else inside.paths().filter(lambda path: "*" not in path) if kind == 6 else usual
    )


def constants() -> st.SearchStrategy[Json]:
    """Constants of a definition."""
    return st.one_of(
        scalars(), st.lists(scalars(), max_size=3), st.fixed_dictionaries({"a": scalars()}, optional={"b": scalars()})
    )


# ---------------------------------------------------------------------------------------------------------------- rules

COMPARISONS = ("Equals", "LessThan", "GreaterThan", "LessThanEquals", "GreaterThanEquals")
KINDS = {"String": ("x", "y", "", "xy"), "Numeric": (0, 1, 2, 1.5), "Timestamp": ("2026-01-01T00:00:00Z",)}
PATTERNS = ("*", "x*", "*y", "a-*", "x\\*", "*", "x", "x*y*")
TYPES = ("IsNull", "IsString", "IsNumeric", "IsBoolean", "IsTimestamp", "IsPresent")


@st.composite
def rules(draw: st.DrawFn, variables: st.SearchStrategy[str], depth: int = 0) -> dict[str, Json]:
    """Draw what a rule of a Choice tests, every operator of the language among it."""
    kind = draw(st.integers(0, 8 if depth < 2 else 5))
    if kind >= 6:
        if draw(st.booleans()):
            return {"Not": draw(rules(variables, depth + 1))}
        parts = draw(st.lists(rules(variables, depth + 1), min_size=1, max_size=3))
        return {draw(st.sampled_from(("And", "Or"))): parts}
    test: dict[str, Json] = {"Variable": draw(variables)}
    if kind == 0:
        return {**test, draw(st.sampled_from(TYPES)): draw(st.booleans())}
    if kind == 1:
        return {**test, "StringMatches": draw(st.sampled_from(PATTERNS))}
    if kind == 2:
        return {**test, "BooleanEquals": draw(st.booleans())}
    if kind == 3:
        return {**test, "StringEquals": draw(st.sampled_from(KINDS["String"]))}
    name = draw(st.sampled_from(tuple(KINDS)))
    operator = draw(st.sampled_from(COMPARISONS))
    if draw(st.integers(0, 3)) == 0:
        return {**test, f"{name}{operator}Path": draw(st.sampled_from(("$.a", "$.n", "$.o.a")))}
    return {**test, f"{name}{operator}": draw(st.sampled_from(KINDS[name]))}


def tested() -> st.SearchStrategy[str]:
    """Paths that a rule tests."""
    return st.sampled_from(("$.a", "$.k", "$.k", "$.n", "$.b", "$.f", "$.o.a", "$.o.b", "$.r", "$.r.a", "$.l[0]", "$.l"))


# --------------------------------------------------------------------------------------------------------------- states


@st.composite
def definitions(draw: st.DrawFn, *, assigns: bool = True) -> Json:
    """Draw a JSONPath definition, with variables if it *assigns* any."""
    return draw(scopes(Inside(assigns=assigns), iter(range(1000))))


@st.composite
def scopes(draw: st.DrawFn, inside: Inside, counter: Iterator[int]) -> Json:
    """Draw a scope: a chain of states that may branch, go back, or leave early."""
    size = draw(st.integers(2, 6) if inside.depth == 0 else st.integers(1, 3))
    names = [f"S{next(counter)}" for _ in range(size)]
    # First of all the variables of the scope get a value, nearly always.
    first = f"S{next(counter)}"
    opening: dict[str, Json] = {"Type": "Pass", "ResultPath": None, "Next": names[0]}
    if draw(st.integers(0, 7)) and inside.assigns:
        name, other = inside.variables()
        read = ("$", "$.a", "$.l", "$.o", "$") if inside.depth == 0 else ("$", "$v0", "$w0", "$$.Execution.Input.a")
        opening["Assign"] = {f"{name}.$": draw(st.sampled_from(read)), other: draw(constants())}
    states: dict[str, Json] = {first: opening}
    for at, name in enumerate(names):
        others = names[at + 1 :] or names
        states[name] = draw(states_of(inside, counter, names[at + 1 : at + 2], others, names))
    return {"StartAt": first, "States": states}


@st.composite
def states_of(
    draw: st.DrawFn, inside: Inside, counter: Iterator[int], following: list[str], later: list[str], every: list[str]
) -> Json:
    """Draw one state that leads on to *following*; a branch leads to any of *later*, and at times back to any of *every*."""
    types = ["Task", "Task", "Task", "Pass", "Pass", "Pass", "Wait"]
    types += ["Choice", "Choice"] if following else ["Succeed", "Fail"]
    types += ["Map", "Parallel"] if inside.depth < 2 else []
    kind = draw(st.sampled_from(types))
    state: dict[str, Json] = {"Type": kind}
    if kind == "Fail":
        return state
    targets = st.sampled_from(later) | st.sampled_from(later) | st.sampled_from(every)
    state.update(draw(_paths_of(inside)))
    if kind == "Choice":
        return {**state, **draw(_rules_of(inside, targets, following[0])), **draw(_assign(inside))}
    if kind == "Succeed":
        return state
    state.update({"Next": following[0]} if following else {"End": True})
    state.update(draw(_assign(inside)))
    if kind == "Wait":
        return {**state, "Seconds": 1}
    if draw(st.integers(0, 2)):
        state["ResultPath"] = draw(st.sampled_from(("$.r", "$.r", None, "$", "$.o.b", "$.r.a", "$.o", "$.a", "$.l[0]", "$.n")))
    if kind == "Pass":
        return {**state, **draw(_data_of_a_pass(inside))}
    if draw(st.integers(0, 3)) == 0:
        state["ResultSelector"] = draw(templates(inside))
    if draw(st.integers(0, 2)) == 0:
        state["Catch"] = [
            {"ErrorEquals": [error], "Next": draw(targets), **draw(_rest_of_a_catch(inside))}
            for error in draw(st.sampled_from((("States.ALL",), ("Boom", "States.ALL"))))
        ]
    return {**state, **draw(_work_of(kind, inside, counter))}


@st.composite
def _rules_of(draw: st.DrawFn, inside: Inside, targets: st.SearchStrategy[str], default: str) -> Json:
    made: dict[str, Json] = {"Choices": []}
    for _ in range(draw(st.integers(1, 3))):
        test = draw(rules(inside.paths() if draw(st.integers(0, 3)) == 2 else tested()))
        made["Choices"].append({**test, "Next": draw(targets), **draw(_assign(inside))})
    return {**made, **({"Default": default} if draw(st.integers(0, 7)) else {})}


@st.composite
def _data_of_a_pass(draw: st.DrawFn, inside: Inside) -> Json:
    shaped = draw(st.integers(0, 3))
    if shaped == 0:
        return {"Result": draw(constants() | st.sampled_from(({"a": "x", "l": ["x", "y"], "o": {"a": "y"}, "n": 0},)))}
    return {"Parameters": draw(templates(inside, keep=shaped == 3))} if shaped >= 2 else {}


@st.composite
def _work_of(draw: st.DrawFn, kind: str, inside: Inside, counter: Iterator[int]) -> Json:
    made: dict[str, Json] = {}
    if kind == "Task":
        made["Resource"], parameters = draw(tasks(written, _sources(inside), templates(inside)))
        if draw(st.integers(0, 11)) != 11:
            made["Parameters"] = parameters
        if draw(st.integers(0, 5)) == 5:
            made["Credentials"] = draw(roles(written, _sources(inside)))
        return made
    if kind == "Parallel":
        if draw(st.integers(0, 2)) == 0:
            made["Parameters"] = draw(templates(inside, keep=True))
        deeper = inside.deeper()
        made["Branches"] = [draw(scopes(deeper, counter)) for _ in range(draw(st.integers(1, 2)))]
        return made
    made["ItemsPath"] = draw(st.sampled_from(("$.l", "$.l", "$.l", "$.o.l", "$.l[*].a", "$")) | st.just("$.l"))
    deeper = inside.deeper(item=True)
    if draw(st.integers(0, 2)):
        selector = draw(templates(replace(inside, item=True), keep=draw(st.booleans())))
        made[draw(st.sampled_from(("ItemSelector", "Parameters")))] = selector
    scope = draw(scopes(deeper, counter))
    if "Parameters" in made:
        return {**made, "Iterator": scope}
    mode = draw(st.sampled_from(("INLINE", "INLINE", "INLINE", "DISTRIBUTED")))
    config = {"Mode": mode, **({"ExecutionType": "STANDARD"} if mode == "DISTRIBUTED" else {})}
    return {**made, "ItemProcessor": {"ProcessorConfig": config, **scope}}


@st.composite
def _paths_of(draw: st.DrawFn, inside: Inside) -> Mapping[str, Json]:
    """Draw an InputPath and an OutputPath, seldom."""
    made: dict[str, Json] = {}
    for name in ("InputPath", "OutputPath"):
        if draw(st.integers(0, 9)) == 0:
            made[name] = draw(
                st.sampled_from(
                    (
                        "$",
                        "$.o",
                        "$.l",
                        None,
                        "$.r",
                        *(f"${name}" for name in inside.variables()[:1] if inside.assigns),
                        "$$.Execution.Input",
                    )
                )
            )
    return made


@st.composite
def _assign(draw: st.DrawFn, inside: Inside) -> Mapping[str, Json]:
    if draw(st.integers(0, 2)) or not inside.assigns:
        return {}
    made: dict[str, Json] = {}
    for name in draw(st.lists(st.sampled_from(inside.variables()), unique=True, min_size=1)):
        kind = draw(st.integers(0, 3))
        if kind == 0:
            made[name] = draw(constants())
        elif kind == 1:
            made[f"{name}.$"] = draw(calls(inside))
        else:
            made[f"{name}.$"] = draw(inside.paths())
    return {"Assign": made}


@st.composite
def _rest_of_a_catch(draw: st.DrawFn, inside: Inside) -> Mapping[str, Json]:
    made: dict[str, Json] = {}
    if draw(st.booleans()):
        made["ResultPath"] = draw(st.sampled_from(("$.r", "$", "$.o.b", "$.r.a")))
    return {**made, **draw(_assign(inside))}
