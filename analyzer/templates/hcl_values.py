"""What an HCL expression may be: plain JSON where everything is known, and what stands for what only the deployment knows.

Beside JSON there is a `Ref`, a text that is a placeholder; a `Choice` of several values; a `Thing` that has attributes, such as a
whole resource.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from analyzer.errors import SyntaxProblem
from analyzer.templates.hcl import Expression
from analyzer.templates.model import Texts
from analyzer.text import Json

MOST = 8
"""The most values that one expression is told apart into."""

DEPTH = 90
"""The deepest nesting of expressions, through locals, variables and modules, that is worked out."""

MAX_TEXT = 2 * 1024 * 1024
"""Characters of one text: twice what Step Functions takes as a definition."""

MOST_STEPS = 300_000
"""Expressions worked out for one configuration: small ones can name each other so that they never end."""

Value = Any
Step = tuple[str, Value]
"""One step from a value into it: an attribute, an index, or a splat."""


@dataclass(frozen=True, slots=True)
class Ref:
    """A text that only the deployment knows: the name of its placeholder, and why it cannot be read when it should have been."""

    name: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several values, which are not all texts."""

    values: tuple[Value, ...]


class Thing(Protocol):
    """Something that is no value itself and has attributes: a resource, a module."""

    def attribute(self, name: str) -> Value:
        """Return the attribute *name*."""

    def instance(self, index: Value) -> Thing:
        """Return the instance with an index, of something of which it is not known which instances it has."""

    def spread(self) -> list[Value]:
        """Return its instances as a list."""


class Names(Protocol):
    """What gives the names of a configuration their meaning."""

    def root(self, name: str, steps: list[Step]) -> tuple[Value, list[Step]] | None:
        """Return what the name and the first of the steps lead to, and the other steps; nothing when it is no name."""

    def file(self, path: str) -> str | None:
        """Return the text of a file of the project."""


@dataclass(slots=True)
class Known:
    """What is learned while expressions are worked out.

    `texts` says what a placeholder stands for, `names` which stand for one plain name, `numbers` which for a number or a boolean;
    `written` are expressions as their module writes them.
    """

    texts: dict[str, Texts] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)
    numbers: dict[str, Json] = field(default_factory=dict)
    written: dict[str, str] = field(default_factory=dict)
    steps: int = 0
    active: int = 0

    def spend(self, where: str, steps: int = 1) -> None:
        """Count steps. Raises `SyntaxProblem` when there were too many."""
        self.steps += steps
        if self.steps > MOST_STEPS:
            message = f"its values take more than {MOST_STEPS} steps to work out"
            raise SyntaxProblem(message, name=where, help="no state machine needs that many")

    def stands_for(self, name: str, texts: Texts) -> Ref:
        """Return the placeholder *name* that stands for *texts*; under another name where that one stands for others."""
        free, number = name, 1
        while self.texts.get(free, texts) != texts:
            number += 1
            free = f"{name} #{number}"
        if texts:
            self.texts[free] = texts
        return Ref(free)


@dataclass(frozen=True, slots=True)
class Scope:
    """Where an expression is worked out: what its names mean, and what was learned so far."""

    names: Names
    known: Known
    where: str
    bound: Mapping[str, Value] = field(default_factory=dict)
    prefix: str = ""

    def with_(self, **bound: Value) -> Scope:
        """Return the scope with some names bound."""
        return replace(self, bound={**self.bound, **bound})


def placeholder(written: str, prefix: str = "") -> str:
    """Return the name of the placeholder for an expression: as it is written, as far as a placeholder can have that."""
    name = re.sub(r'(?<=[\w\])])\["([\w-]+)"\]', r".\1", written)
    name = re.sub(r"[${}\\\x00-\x1f]", "", name).replace('"', "'")
    return f"{prefix}{name}"[:256] or "expression"


def open_ref(expression: Expression, scope: Scope, why: str = "") -> Ref:
    """Return the open placeholder for an expression, and why it cannot be read where that matters."""
    return Ref(placeholder(expression.written, scope.prefix), why)


def bounded(text: str, expression: Expression, scope: Scope) -> Value:
    """Return *text*, unless it is longer than any definition may be."""
    scope.known.spend(scope.where, len(text) // 100)
    return text if len(text) <= MAX_TEXT else open_ref(expression, scope)


def as_text(value: Value, expression: Expression, scope: Scope) -> str:
    """Return the text that *value* is inside a template: an open placeholder for what is no text."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    if not isinstance(value, Ref):
        value = Ref(placeholder(expression.written, scope.prefix))
    return f"${{{value.name}}}"


def choice(values: list[Value], expression: Expression, scope: Scope, name: str = "") -> Value:
    """Return one of several values: a placeholder that stands for each, where they are texts. What is not set is left out."""
    flat = [one for value in values for one in (value.values if isinstance(value, Choice) else (value,)) if one is not None]
    found = distinct(flat)
    if len(found) <= 1:
        return found[0] if found else None
    name = name or placeholder(expression.written, scope.prefix)
    if len(found) > MOST:
        return Ref(name)
    if all(isinstance(one, str | int | float | Ref) for one in found):
        return scope.known.stands_for(name, tuple(as_text(one, expression, scope) for one in found))
    return Choice(tuple(found))


def distinct(values: list[Value]) -> list[Value]:
    """Return each of *values* once. Lists and objects are the same only when they are one: comparing them can take long."""
    keys = [(type(one), one) if isinstance(one, str | int | float | Ref) else id(one) for one in values]
    return list(dict(zip(keys, values, strict=True)).values())
