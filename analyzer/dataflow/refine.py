"""What a Choice tells: on the branch of a rule its test holds, and on `Default` no test does.

`assume` narrows an environment by a rule of a JSONPath Choice; `None` means that the branch cannot be taken.
https://docs.aws.amazon.com/step-functions/latest/dg/state-choice.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import reduce
from typing import Any

from analyzer.dataflow.evaluate import Environment
from analyzer.dataflow.inject import inject
from analyzer.dataflow.join import describes, join, one_of
from analyzer.dataflow.paths import Step, Unsupported, child, split
from analyzer.dataflow.values import HOLE, Flow, Literal, OneOf, Record, Sequence, Text, Unknown, Value
from analyzer.text import Json, Pointer

Fits = Callable[[Json], bool]

_TYPES: Mapping[str, Fits] = {
    "IsNull": lambda value: value is None,
    "IsString": lambda value: isinstance(value, str),
    "IsBoolean": lambda value: isinstance(value, bool),
    "IsNumeric": lambda value: isinstance(value, (int, float)) and not isinstance(value, bool),
}
_ORDERS: Mapping[str, Callable[[Json, Json], bool]] = {
    "Equals": lambda left, right: bool(left == right),
    "LessThan": lambda left, right: bool(left < right),
    "GreaterThan": lambda left, right: bool(left > right),
    "LessThanEquals": lambda left, right: bool(left <= right),
    "GreaterThanEquals": lambda left, right: bool(left >= right),
}
_KINDS: Mapping[str, Fits] = {"String": _TYPES["IsString"], "Numeric": _TYPES["IsNumeric"], "Boolean": _TYPES["IsBoolean"]}
_OPERATORS = {f"{kind}{order}": (kind, order) for kind in _KINDS for order in _ORDERS}


def assume(rule: Mapping[str, Json], environment: Environment, pointer: Pointer, *, holds: bool) -> Environment | None:
    """Return *environment* when *rule*, written at *pointer*, *holds* (or does not); `None` when it cannot be so."""
    if isinstance(rule.get("Not"), Mapping):
        return assume(rule["Not"], environment, (*pointer, "Not"), holds=not holds)
    for name in ("And", "Or"):
        parts = rule.get(name)
        if isinstance(parts, list) and all(isinstance(part, Mapping) for part in parts):
            places = [((*pointer, name, at), part) for at, part in enumerate(parts)]
            return _all(places, environment, holds=holds) if (name == "And") == holds else _any(places, environment, holds=holds)
    return _compare(rule, environment, pointer, holds=holds)


def _all(parts: list[tuple[Pointer, Mapping[str, Json]]], environment: Environment, *, holds: bool) -> Environment | None:
    known: Environment | None = environment
    for pointer, part in parts:
        known = None if known is None else assume(part, known, pointer, holds=holds)
    return known


def _any(parts: list[tuple[Pointer, Mapping[str, Json]]], environment: Environment, *, holds: bool) -> Environment | None:
    found = [known for pointer, part in parts if (known := assume(part, environment, pointer, holds=holds)) is not None]
    return reduce(either, found) if found else None


def either(left: Environment, right: Environment) -> Environment:
    """Return the environment of which either may be the case."""
    names = {*left.variables, *right.variables}
    sides = {name: [side[name] for side in (left.variables, right.variables) if name in side] for name in sorted(names)}
    variables = {name: reduce(join, values) for name, values in sides.items()}
    return left._replace(input=join(left.input, right.input), variables=variables)


def _compare(rule: Mapping[str, Json], environment: Environment, pointer: Pointer, *, holds: bool) -> Environment | None:
    where = rule.get("Variable")
    test = next(
        (
            (name, wanted)
            for name, wanted in rule.items()
            if name in _TYPES or name in ("IsPresent", "StringMatches") or name in _OPERATORS
        ),
        None,
    )
    if not isinstance(where, str) or test is None:
        return environment
    try:
        root, steps = split(where)
    except Unsupported:
        return environment
    start = environment.roots().get(root)
    if steps is None or start is None or root == "$$":
        return environment
    found: Value | None = start
    for step in steps:
        found = None if found is None else child(found, step)
    name, wanted = test
    if name == "IsPresent":
        # That a field is absent is not a value of this domain; that it must be there takes nothing away.
        return None if found is None and wanted is holds else environment
    if found is None:
        return environment
    if name in _TYPES and (wanted is True) is not holds and not is_certain(start, steps):
        # What is not there is of no type: the test comes out as for a value of another type.
        return environment
    narrowed = _narrow(found, name, wanted, (*pointer, name), holds=holds)
    if narrowed is None:
        return None
    return _put(environment, root, where, narrowed) if narrowed is not found else environment


def is_certain(value: Value, steps: tuple[Step, ...]) -> bool:
    """Tell whether there is always something at *steps* below *value*."""
    for at, step in enumerate(steps):
        if isinstance(value, OneOf):
            return all(is_certain(choice, steps[at:]) for choice in value.choices)
        if isinstance(value, Record) and isinstance(step, str) and step in value.fields and step not in value.optional:
            value = value.fields[step]
        elif isinstance(value, Sequence) and isinstance(step, int) and step < len(value.items):
            value = value.items[step]
        else:
            return False
    return True


def _put(environment: Environment, root: str, where: str, value: Value) -> Environment:
    if root == "$":
        return environment._replace(input=inject(environment.input, where, value))
    name = root[1:]
    inside = inject(environment.variables[name], "$" + where[len(root) :], value)
    return environment._replace(variables={**environment.variables, name: inside})


def _narrow(value: Value, name: str, wanted: Json, pointer: Pointer, *, holds: bool) -> Value | None:
    """Keep of *value* what the test lets through; `None` when nothing is left."""
    fits = _predicate(name, wanted)
    if fits is None:
        return value
    choices = value.choices if isinstance(value, OneOf) else (value,)
    kept = [left for choice in choices if (left := _narrow_one(choice, name, wanted, fits, pointer, holds=holds)) is not None]
    if len(kept) == len(choices) and all(left is choice for left, choice in zip(kept, choices, strict=True)):
        return value
    return one_of(kept) if kept else None


def _narrow_one(choice: Value, name: str, wanted: Json, fits: Fits, pointer: Pointer, *, holds: bool) -> Value | None:
    if isinstance(choice, Literal):
        return choice if fits(choice.value) is holds else None
    if isinstance(choice, (Record, Sequence)):
        return choice if fits({}) is holds else None
    if not holds or (name in _TYPES and name != "IsNull"):
        return choice
    if name == "IsNull":
        return Literal(None) if wanted is True and isinstance(choice, Unknown) else choice
    return _as_tested(choice, name, wanted, pointer)


def _as_tested(choice: Value, name: str, wanted: Json, pointer: Pointer) -> Value | None:
    """Take what the test says for a text that is not known, or not wholly."""
    flow = (Flow(pointer, "choice rule"), *getattr(choice, "flow", ()))
    if name == "StringMatches" and isinstance(wanted, str):
        text = "".join(HOLE if part == "*" else part[-1] for part in _pieces(wanted))
        if HOLE not in text:
            return Literal(text, flow) if describes(choice, text) else None
        return Text(text, (f"text that matches `{wanted}`",), flow) if isinstance(choice, Unknown) else choice
    if name.endswith("Equals") and not name.endswith(("ThanEquals",)) and isinstance(wanted, (str, int, float, bool)):
        if not describes(choice, wanted):
            return None
        # A number that equals 1 may be written 1.0, and is not shown in a text as 1 is.
        return Literal(wanted, flow) if isinstance(wanted, (str, bool)) else choice
    return choice


def _pieces(pattern: str) -> list[str]:
    r"""Split the pattern of `StringMatches` into its characters: `*` is any text, `\*` is a star, `\\` a backslash."""
    return re.findall(r"\\.|.", pattern, re.DOTALL)


def _predicate(name: str, wanted: Json) -> Fits | None:
    """Return the test as a function on JSON values; `None` when it compares with something that is not written there."""
    if name in _TYPES:
        return lambda value: _TYPES[name](value) is (wanted is True)
    if name == "StringMatches" and isinstance(wanted, str):
        pattern = re.compile("".join(".*" if part == "*" else re.escape(part[-1]) for part in _pieces(wanted)), re.DOTALL)
        return lambda value: isinstance(value, str) and pattern.fullmatch(value) is not None
    of, how = _OPERATORS.get(name, ("", ""))
    if not of or not _KINDS[of](wanted):
        return None
    kind, order = _KINDS[of], _ORDERS[how]
    if of == "String":
        return lambda value: kind(value) and order(_units(value), _units(wanted))
    return lambda value: kind(value) and order(value, wanted)


def _units(text: Any) -> bytes:
    """Return text in the order in which it is compared there: by UTF-16 code units."""
    return str(text).encode("utf-16-be", "surrogatepass")
