"""What an evaluation carries along: its variables, its functions, and how much it may still do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from analyzer.dataflow.jsonata.outcome import NOTHING, Outcome
from analyzer.dataflow.jsonata.tree import Node, Tree
from analyzer.dataflow.values import Unknown, Value

WORK = 6_000
"""The most nodes that one expression evaluates."""

ANYTHING = Outcome(Unknown("value of `$`"), undefined=True)
"""What `$` is where nothing is known of it."""

TOP = Outcome(Unknown("value of `$`"), undefined=True)
"""What `$` is at the top of an expression: not known either, but one thing, whose items a path does not go over."""


@dataclass(slots=True)
class Frame:
    """The variables of a block or of a call, and the frame around it."""

    bindings: dict[str, Outcome]
    parent: Frame | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Function:
    """A function of the language (`name`), or one the expression defines, with what it was defined in."""

    name: str = ""
    node: Node | None = None
    context: Outcome = NOTHING
    frame: Frame | None = None


class Evaluate(Protocol):
    """Evaluates a node where `$` is *context*."""

    def __call__(self, run: Run, node: Node, context: Outcome, frame: Frame) -> Outcome:
        """Return what *node* gives."""


class Apply(Protocol):
    """Applies a function; *raw* when another one takes its result as it is, *keeps* when it stays an array."""

    def __call__(
        self, run: Run, function: Function, arguments: list[Outcome], context: Outcome, *, raw: bool = False, keeps: bool = False
    ) -> Outcome:
        """Return what *function* gives."""


@dataclass(slots=True)
class Run:
    """One evaluation; it lives for one expression in one environment."""

    tree: Tree
    states: Value
    variables: Mapping[str, Value]
    text: Callable[[str], Value]
    """Reads a constant text, which may have placeholders."""
    evaluate: Evaluate
    apply: Apply
    work: int = WORK
    calls: int = 0
    """How deeply functions have called each other."""
    mapping: bool = False
    """Whether the function being run was called by another one, which takes sequences as they are."""
