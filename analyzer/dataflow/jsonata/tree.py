"""JSONata text → our own small syntax tree. The only module that imports jsonata-python.

The library's nodes are undocumented and mutable; they are converted once, and nothing else ever sees them. What has no
meaning here becomes an `other` node with a reason. Hostile text is refused before the library would hang on it.
https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from analyzer.dataflow.paths import Unsupported
from analyzer.dataflow.values import HOLE
from analyzer.text import Json

LONGEST = 16_384
"""The longest text that is parsed."""

NODES = 4_000
"""The most nodes of a tree."""

DEEPEST = 150
"""The deepest tree."""

NESTING = 60
"""The deepest nesting of brackets that is handed to the parser, which is recursive."""

DEFAULTS = 10
"""The most `??` and `?:`: the parser reads what stands before each of them twice."""

_SIMPLE = re.compile(r"[^\W\d]\w*")

_UNREAD = {
    "regex": "regular expression",
    "transform": "transform operator",
    "partial": "function with a placeholder for an argument",
    "parent": "parent operator `%`",
    "descendant": "descendants `**`",
    "sort": "sort `^(...)`",
    "group": "grouping `{...}`",
    "tuple": "position or context binding of a path",
}
_BINDING = ("transform", "partial", "sort", "group", "tuple")
"""Those of them that hold expressions, which might assign variables."""


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """One node: what it is, its name, operator or constant, and the nodes it is made of.

    `constant` value · `variable` name (empty for `$`) · `name` · `wildcard` · `path` of steps · `binary` operator of two ·
    `negate` · `array` of items · `object` of keys and values by turns · `condition` of test, then and at times else · `block`
    of statements · `bind` name to one · `call` of a procedure with arguments · `function` of parameters and a body · `apply`
    of two · `other` reason. `filters` are the predicates on its result, `stages` those on its result as a step of a path.
    """

    kind: str
    value: Any = None
    parts: tuple[Node, ...] = ()
    filters: tuple[Node, ...] = ()
    stages: tuple[Node, ...] = ()
    keeps: bool = False
    """An array stays one even when it holds a single item: `[]`."""
    whole: bool = False
    """An array constructor that is a step of a path: its arrays are not flattened."""
    tail: bool = False
    """A call that is the last thing a function does, which the language runs after the function is left."""


@dataclass(frozen=True, slots=True)
class Tree:
    """A parsed expression, and whether arrays that stay arrays are made anywhere in it."""

    root: Node
    keeps: bool
    whole: bool
    holes: bool = False
    """Whether a placeholder without a value stands outside a constant text."""


class NotModelled(Exception):
    """An expression whose meaning as a whole cannot be followed; the text says why."""


@lru_cache(maxsize=2048)
def parse(text: str) -> Tree:
    """Parse *text*. Raises `Unsupported` when it is no expression or exceeds the bounds, `NotModelled` where it says why."""
    if len(text) > LONGEST or _nesting(text) > NESTING or text.count("??") + text.count("?:") > DEFAULTS:
        raise Unsupported(text[:80])
    try:
        found = _library()(text)
        converter = _Converter(binds=":=" in text)
        root = converter.node(found, 0, statement=True)
    except NotModelled:
        raise
    except Exception as error:
        # The library raises its own exception, and others for text its parser did not think of.
        raise Unsupported(text[:80]) from error
    return Tree(root, converter.keeps, converter.whole, converter.holes)


@lru_cache(maxsize=2048)
def mistake(text: str) -> str | None:
    """Return what is wrong with *text* when it is no expression, in the library's words; nothing when it may be one."""
    if len(text) > LONGEST or _nesting(text) > NESTING or text.count("??") + text.count("?:") > DEFAULTS:
        return None
    try:
        _library()(text)
    except Exception as error:  # noqa: BLE001 - its own exception, and others for text its parser did not think of
        # Codes of its own begin with S for the syntax; S0217 is one about what an expression means.
        code = str(getattr(error, "error", ""))
        said = str(error).splitlines()[0].strip() if str(error).strip() else "it cannot be read"
        return f"{said[:1].lower()}{said[1:]}" if re.fullmatch(r"S0[12]\d\d", code) and code != "S0217" else None
    return None


def _library() -> Any:
    limit = sys.getrecursionlimit()
    try:
        from jsonata.jsonata import parser
    finally:
        # Importing the library raises the limit for the whole process.
        sys.setrecursionlimit(limit)
    return parser.Parser().parse


def _nesting(text: str) -> int:
    deepest = depth = 0
    for char in text:
        if char in "([{":
            depth += 1
            deepest = max(deepest, depth)
        elif char in ")]}":
            depth -= 1
    return deepest


@dataclass(slots=True)
class _Converter:
    """Converts one tree of the library's; it lives for one call of `parse`."""

    binds: bool
    keeps: bool = False
    whole: bool = False
    holes: bool = False
    count: int = 0

    def node(self, raw: Any, depth: int, *, statement: bool = False, tail: bool = False, first: bool = False) -> Node:
        """Convert one node.

        A *statement* may assign a variable, a *tail* is run after its function is left, and a *first* step of a path makes the
        array that the next steps go over.
        """
        self.count += 1
        if self.count > NODES or depth > DEEPEST:
            raise Unsupported("expression")
        if raw.body is not None and raw.thunk:
            return self.node(raw.body, depth, tail=True)
        kind, value, parts = self._made(raw, depth + 1, statement=statement)
        self.holes = self.holes or (kind not in ("constant", "other") and HOLE in str(value))
        keeps = bool(raw.keep_array or raw.keep_singleton_array)
        whole = bool(raw.consarray)
        self.keeps, self.whole = self.keeps or keeps, self.whole or (whole and not first)
        filters = tuple(self.node(one.expr, depth + 1) for one in raw.predicate or ())
        stages = tuple(self.node(one.expr, depth + 1) for one in raw.stages or () if one.type == "filter")
        return Node(kind, value, parts, filters, stages, keeps, whole, tail)

    def _made(self, raw: Any, depth: int, *, statement: bool) -> tuple[str, Json, tuple[Node, ...]]:
        unread = _unread(raw)
        if unread is not None:
            if self.binds and unread in _BINDING:
                raise NotModelled(_UNREAD[unread])
            return "other", _UNREAD[unread], ()
        kind = raw.type
        value = None if kind in ("path", "block", "condition", "apply", "function") else raw.value
        if kind in ("string", "number", "value"):
            return "constant", raw.value, ()
        if kind == "unary":
            return self._unary(raw, depth)
        if kind == "bind":
            if not statement:
                # Whether and when it is run would have to be known: a variable is assigned in a block, or not at all.
                raise NotModelled("assignment inside an expression")
            return "bind", str(raw.lhs.value), (self.node(raw.rhs, depth, statement=True),)
        if kind == "block":
            return "block", None, tuple(self.node(one, depth, statement=True) for one in raw.expressions)
        if raw.body is not None:
            names = tuple(str(one.value) for one in raw.arguments)
            if raw.signature is not None:
                raise NotModelled("function with a signature")
            return "function", names, (self.node(raw.body, depth, statement=True),)
        on_path = kind == "path"
        children = tuple(self.node(one, depth, first=on_path and at == 0) for at, one in enumerate(_children(raw, kind)))
        return {"function": "call"}.get(kind, kind), value, children

    def _unary(self, raw: Any, depth: int) -> tuple[str, Json, tuple[Node, ...]]:
        if raw.value == "[":
            return "array", None, tuple(self.node(one, depth) for one in raw.expressions)
        if raw.value == "{":
            return "object", None, tuple(self.node(one, depth) for pair in raw.lhs_object for one in pair)
        return "negate", None, (self.node(raw.expression, depth),)


def _children(raw: Any, kind: str) -> Iterator[Any]:
    """Yield the nodes that a node of the library's is made of."""
    if kind == "path":
        yield from raw.steps
    elif kind in ("binary", "apply"):
        yield from (raw.lhs, raw.rhs)
    elif kind == "condition":
        yield from (raw.condition, raw.then)
        if raw._else is not None:  # noqa: SLF001
            yield raw._else  # noqa: SLF001
    elif kind == "function":
        yield from (raw.procedure, *(raw.arguments or ()))
    elif kind not in ("name", "wildcard", "variable"):
        raise NotModelled(f"syntax `{kind}`")


def _unread(raw: Any) -> str | None:
    """Return which construct that is not followed *raw* is or has."""
    steps = raw.steps if raw.type == "path" else ()
    if raw.type in _UNREAD:
        return str(raw.type)
    if any(step.type == "sort" for step in steps):
        return "sort"
    if raw.group is not None:
        return "group"
    tuples = (one.tuple or one.focus or one.index or one.ancestor or one.seeking_parent for one in (raw, *steps))
    return "tuple" if any(tuples) else None


def spell(node: Node) -> str | None:
    """Return how a path of names and variables is written, or `None` for anything else."""
    if node.filters or node.stages:
        return None
    if node.kind == "variable":
        return f"${node.value}" if str(node.value).isprintable() else None
    if node.kind == "name":
        name = str(node.value)
        return name if _SIMPLE.fullmatch(name) else f"'{name}'" if name.isprintable() and "`" not in name else None
    if node.kind == "path":
        steps = [spell(step) for step in node.parts]
        return ".".join(step for step in steps if step is not None) if None not in steps else None
    return None
