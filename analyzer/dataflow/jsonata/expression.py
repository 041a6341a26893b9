"""An expression as it stands in a definition: its placeholders filled, parsed, evaluated, its result made a value."""

from __future__ import annotations

import re

from analyzer.dataflow.evaluate import Environment, purse
from analyzer.dataflow.join import DEPTH
from analyzer.dataflow.jsonata.evaluate import evaluate_tree
from analyzer.dataflow.jsonata.outcome import Outcome, unknown
from analyzer.dataflow.jsonata.strings import made
from analyzer.dataflow.jsonata.tree import NotModelled, Tree, parse
from analyzer.dataflow.paths import Unsupported
from analyzer.dataflow.values import HOLE, PLACEHOLDER, Literal, Text, Unknown, Value

_NAME = re.compile(r"[\w.-]+(?:::[\w.-]+)*")
"""The name of a placeholder. Anything else between `${` and `}` is JSONata: the object constructor after `$`."""


def evaluate_expression(text: str, environment: Environment) -> Value:
    """Return what the JSONata expression *text*, without its delimiters, gives in *environment*.

    What is not followed is `Unknown` with a reason that names it. Raises `Unsupported` for text that cannot be parsed or
    exceeds the bounds.
    """
    try:
        found = outcome_of(text, environment)
    except NotModelled as error:
        return Unknown(str(error))
    if found.function is not None:
        return Unknown("function")
    # An expression that gives nothing fails the state before it calls anything.
    return Unknown("expression that gives nothing") if found.value is None else found.value


def outcome_of(text: str, environment: Environment) -> Outcome:
    """Return what *text* gives, be it nothing or a function. Raises `Unsupported` and `NotModelled`."""
    filled, open_names = fill(text, environment)
    return outcome_of_tree(parse(filled), environment, open_names)


def fill(text: str, environment: Environment) -> tuple[str, tuple[str, ...]]:
    """Fill the placeholders of *text*; one without a value becomes a hole, which only a constant text may have."""
    open_names: list[str] = []
    inside: list[str] = []
    paid = purse()

    def filled(match: re.Match[str]) -> str:
        name = match[1]
        value = environment.substitutions.get(name)
        if isinstance(value, str) and name not in inside and len(inside) < DEPTH and paid(value):
            inside.append(name)
            whole = PLACEHOLDER.sub(filled, value) if "${" in value else value
            inside.pop()
            return whole
        if not _NAME.fullmatch(name):
            return match[0]
        open_names.append(name)
        return HOLE

    return (PLACEHOLDER.sub(filled, text), tuple(dict.fromkeys(open_names))) if "${" in text else (text, ())


def outcome_of_tree(tree: Tree, environment: Environment, open_names: tuple[str, ...]) -> Outcome:
    """Return what *tree* gives in *environment*; *open_names* are the placeholders without a value."""
    reasons = tuple(f"placeholder `${{{name}}}`" for name in open_names)

    def constant(text: str) -> Value:
        return made(text, Text(text, reasons)) if HOLE in text else Literal(text)

    if tree.holes:
        return unknown(reasons[0] if reasons else "placeholder")
    try:
        return evaluate_tree(tree, environment, constant)
    except RecursionError as error:
        raise Unsupported("expression that is nested too deeply") from error
