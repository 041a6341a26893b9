"""Payload templates → abstract values.

In this room a parameter is known when it is written as a constant, or as text round `${placeholders}`; whatever a
path, an intrinsic function or a JSONata expression computes is `Unknown` with the expression as its reason.
https://docs.aws.amazon.com/step-functions/latest/dg/input-output-inputpath-params.html
https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from itertools import product
from math import prod
from types import MappingProxyType
from typing import NamedTuple

from analyzer.asl.check import is_expression
from analyzer.asl.model import QueryLanguage
from analyzer.dataflow.intrinsics import call, is_intrinsic
from analyzer.dataflow.join import DEPTH, LIMIT, join, one_of
from analyzer.dataflow.paths import Unsupported, came_from, follow
from analyzer.dataflow.values import HOLE, INPUT, PLACEHOLDER, Flow, Literal, Record, Sequence, Text, Unknown, Value
from analyzer.text import Json, Pointer

Substitutions = Mapping[str, str | tuple[str, ...]]
"""What placeholders stand for: a text, or one of several. A text may have placeholders in turn."""

MOST_FILLED = 8_192
"""The most characters that are filled into one text: a template may have a placeholder stand for two of the next, and so on."""

_INTRINSIC = re.compile(r"\s*States\.[A-Z]\w*\(")
"""An intrinsic function under a key without `.$`: by the language a constant, in practice a forgotten `.$`."""

_SPECIAL = re.compile(r"\{%|%\}|\$\{|States\.")
"""What a text has that is more than itself: an expression, a placeholder, an intrinsic function."""

_REFERENCES = ("Ref", "Condition")


_CONTEXT = Unknown("context object")


class Environment(NamedTuple):
    """What the templates of a state can read: its input, the context object, the variables, and what it gave.

    `result` is there for what reads a result (`ResultSelector`, `Output`, `Assign`), `error` in a `Catch`. *substitutions*
    maps placeholder names to their text; a placeholder without one becomes a hole.
    """

    input: Value = INPUT
    context: Value = _CONTEXT
    variables: Mapping[str, Value] = MappingProxyType({})
    substitutions: Substitutions = MappingProxyType({})
    result: Value | None = None
    error: Value | None = None

    def roots(self) -> Mapping[str, Value]:
        """Return where the paths of a JSONPath state start."""
        return {"$": self.input, "$$": self.context, **{f"${name}": value for name, value in self.variables.items()}}


def evaluate(raw: Json, language: QueryLanguage, pointer: Pointer, environment: Environment) -> Value:
    """Read the payload template *raw*, written at *pointer*, as the value it evaluates to in *environment*."""
    if isinstance(raw, str):
        if not _SPECIAL.search(raw):
            return Literal(raw, (Flow(pointer, "constant"),))
        if language is QueryLanguage.JSONATA and is_expression(raw):
            return expression(raw[2:-2].strip(), pointer, environment)
        if "{%" in raw or "%}" in raw:
            # In a JSONPath state, or with only one delimiter, this is a mistake that the language room reports. No name
            # looks like it, so it never becomes part of an ARN.
            return _unknown(raw.strip().strip("{}%").strip(), "expression", pointer)
        if _INTRINSIC.match(raw):
            return _unknown(raw, "text of an intrinsic function", pointer)
        return substitute(raw, pointer, environment.substitutions)
    if isinstance(raw, dict):
        if (reference := template_reference(raw)) is not None:
            name, argument = reference
            if name == "Fn::If" and isinstance(argument, list) and len(argument) == 3:
                branches = [evaluate(argument[at], language, (*pointer, name, at), environment) for at in (1, 2)]
                return join(*branches)
            return _reference(reference, pointer, environment.substitutions)
        return Record(_fields(raw, language, pointer, environment))
    if isinstance(raw, list):
        return Sequence(tuple(evaluate(item, language, (*pointer, at), environment) for at, item in enumerate(raw)))
    return Literal(raw, (Flow(pointer, "constant"),))


def path(text: str, pointer: Pointer, environment: Environment) -> Value:
    """Return what the path or intrinsic function call *text*, written at *pointer*, gives."""
    kind = "function" if is_intrinsic(text) else "path"
    try:
        found = call(text, environment.roots()) if kind == "function" else follow(text.strip(), environment.roots())
    except Unsupported:
        return _unknown(text, kind, pointer)
    return _unknown(text, kind, pointer) if found is None else came_from(found, pointer, _said(text, kind))


def expression(text: str, pointer: Pointer, environment: Environment) -> Value:
    """Return what the JSONata expression *text*, written at *pointer*, gives."""
    from analyzer.dataflow.jsonata import evaluate_expression

    try:
        found = evaluate_expression(text, environment)
    except Unsupported:
        return _unknown(text, "expression", pointer)
    return came_from(found, pointer, _said(text, "expression"))


def assume_expression(text: str, environment: Environment, *, holds: bool) -> Environment | None:
    """Return *environment* when the JSONata condition *text* holds, or does not; `None` when it cannot be so."""
    from analyzer.dataflow.jsonata import narrow

    return narrow(text[2:-2].strip(), environment, holds=holds) if is_expression(text) else environment


def substitute(text: str, pointer: Pointer, substitutions: Substitutions) -> Value:
    """Fill the `${placeholders}` of *text*; the ones without a value become holes.

    What one stands for may have placeholders in turn, and may be one of several texts.
    """
    if "${" not in text:
        return Literal(text, (Flow(pointer, "constant"),))
    several = {name: given for name in _names(text, substitutions) if isinstance(given := substitutions.get(name), tuple)}
    if prod(len(given) for given in several.values()) > LIMIT:
        several = {}
    filled = [
        _filled(text, pointer, {**substitutions, **dict(zip(several, chosen, strict=True))} if several else substitutions)
        for chosen in product(*several.values())
    ]
    return one_of(filled)


def _names(text: str, substitutions: Substitutions) -> list[str]:
    """Return the placeholders of *text*, and those of what they stand for."""
    found = list(dict.fromkeys(PLACEHOLDER.findall(text)))
    for name in found:
        given = substitutions.get(name, ())
        for value in (given,) if isinstance(given, str) else given:
            found += [inner for inner in dict.fromkeys(PLACEHOLDER.findall(value)) if inner not in found]
    return found


def _filled(text: str, pointer: Pointer, substitutions: Substitutions) -> Literal | Text | Unknown:
    open_names: list[str] = []
    used: list[str] = []

    def fill(match: re.Match[str]) -> str:
        name = match[1]
        value = substitutions.get(name)
        if isinstance(value, str) and name not in inside and len(inside) < DEPTH and paid(value):
            if not inside:  # what it stands for in turn is the template's business
                used.append(name)
            inside.append(name)
            whole = PLACEHOLDER.sub(fill, value) if "${" in value else value
            inside.pop()
            return whole
        open_names.append(name)
        return HOLE

    inside: list[str] = []
    paid = purse()
    filled = PLACEHOLDER.sub(fill, text)
    flow = (Flow(pointer, "constant"), *(Flow(pointer, f"substitution `${{{name}}}`") for name in dict.fromkeys(used)))
    if not open_names:
        return Literal(filled, flow)
    own = [name for name in open_names if not name.startswith("AWS::")]  # the surroundings are told of once
    reasons = tuple(f"placeholder `${{{name}}}`" for name in dict.fromkeys(own or open_names))
    if filled == HOLE:
        return Unknown(reasons[0], (Flow(pointer, reasons[0]),))
    return Text(filled, reasons, (*flow, *(Flow(pointer, reason) for reason in reasons)))


def purse() -> Callable[[str], bool]:
    """Return what says of each text to fill in whether it still fits into `MOST_FILLED`; a short one costs a little too."""
    left = MOST_FILLED

    def pays(value: str) -> bool:
        nonlocal left
        left -= max(len(value), 8)
        return left >= 0

    return pays


def template_reference(raw: Mapping[str, Json]) -> tuple[str, Json] | None:
    """Return (function, argument) when *raw* is a CloudFormation intrinsic such as `{"Fn::Sub": ...}`, else `None`.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/intrinsic-function-reference.html
    """
    if len(raw) != 1:
        return None
    [(name, argument)] = raw.items()
    return (name, argument) if name in _REFERENCES or name.startswith("Fn::") else None


def _reference(reference: tuple[str, Json], pointer: Pointer, substitutions: Substitutions) -> Value:
    name, argument = reference
    if name == "Fn::Sub" and isinstance(argument, str):
        return substitute(argument, (*pointer, name), substitutions)
    if name == "Ref" and isinstance(argument, str):
        return substitute(f"${{{argument}}}", (*pointer, name), substitutions)
    return _unknown(name, "template function", pointer)


def _fields(raw: Mapping[str, Json], language: QueryLanguage, pointer: Pointer, environment: Environment) -> dict[str, Value]:
    fields: dict[str, Value] = {}
    for key, value in raw.items():
        name, here = key, (*pointer, key)
        if "${" in key:
            # A key may be a name too, that of a table to read. What no placeholder gives stays as it is written.
            name = PLACEHOLDER.sub(lambda match: _alone(environment.substitutions.get(match[1]), match[0]), key)
        if language is QueryLanguage.JSONPATH and name.endswith(".$"):
            fields[name[:-2]] = path(str(value), here, environment)
        else:
            fields[name] = evaluate(value, language, here, environment)
    return fields


def _alone(given: str | tuple[str, ...] | None, written: str) -> str:
    """Return what a placeholder in a key stands for, when that is one text."""
    return given if isinstance(given, str) and "${" not in given else written


@lru_cache(maxsize=4096)
def _said(text: str, kind: str) -> str:
    shown = " ".join(text.split())
    shown = shown if len(shown) <= 80 else shown[:77] + "..."
    return f"{kind} `{shown.replace('`', chr(39))}`"


def _unknown(text: str, kind: str, pointer: Pointer) -> Unknown:
    reason = _said(text, kind)
    return Unknown(reason, (Flow(pointer, reason),))
