"""YAML texts: composed by PyYAML's C loader, then built into plain values by the rules of YAML 1.2.

PyYAML speaks YAML 1.1, where `Next: Yes` is true, `on` is a boolean and `2012-10-17` a date. Here only the scalars of
the YAML 1.2 core schema have a type, everything else is text. The short tags of CloudFormation become their long form.
https://yaml.org/spec/1.2.2/#103-core-schema
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/intrinsic-function-reference.html
"""

from __future__ import annotations

import re
from functools import lru_cache
from math import inf, isfinite
from typing import Any, ClassVar

from analyzer.diagnostics import Diagnostic
from analyzer.errors import SyntaxProblem
from analyzer.sources.limits import MAX_ALIASED, MAX_DEPTH, MAX_DIGITS, duplicate_key, too_deep
from analyzer.text import Json, Pointer, Source

Node = Any
"""A node of `yaml.compose`; PyYAML has no types."""

_CORE = "tag:yaml.org,2002:"
SCALARS: tuple[tuple[str, str, str], ...] = (
    ("null", r"(?:~|null|Null|NULL|)", "~nN\0"),
    ("bool", r"(?:true|True|TRUE|false|False|FALSE)", "tTfF"),
    # A number with a leading zero stays text: it is an account id or a code more often than it is a number.
    ("int", r"(?:[-+]?(?:0|[1-9][0-9]*)|0o[0-7]+|0x[0-9a-fA-F]+)", "-+0123456789"),
    ("float", r"[-+]?(?:\.[0-9]+|(?:0|[1-9][0-9]*)(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?", "-+0123456789."),
    ("float", r"(?:[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))", "-+."),
    ("merge", r"(?:<<)", "<"),
)
"""What a plain scalar is read as: a type of the core schema, its form, and the characters that it may begin with."""

SHORT_TAGS = frozenset(
    (
        *("And", "Base64", "Cidr", "Equals", "FindInMap", "ForEach", "GetAZs", "GetAtt", "If", "ImportValue", "Join"),
        *("Length", "Not", "Or", "Select", "Split", "Sub", "ToJsonString", "Transform"),
    )
)
"""CloudFormation functions that `!Name` may stand for, `Fn::Name` in the long form."""


@lru_cache(maxsize=1)
def _loader() -> Any:
    """Return a loader class that resolves plain scalars by the YAML 1.2 core schema."""
    import yaml

    class Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
        yaml_implicit_resolvers: ClassVar[dict[str, list[tuple[str, re.Pattern[str]]]]] = {}

    for name, pattern, first in SCALARS:
        starts = ["" if character == "\0" else character for character in first]
        Loader.add_implicit_resolver(_CORE + name, re.compile(pattern + r"\Z"), starts)
    return Loader


def compose(text: str) -> Node:
    """Compose *text* into YAML nodes. Raises `ValueError` when it cannot be."""
    import yaml

    try:
        return yaml.compose(text.removeprefix("\ufeff"), Loader=_loader())
    except (yaml.YAMLError, RecursionError) as error:
        raise ValueError(str(error)) from error


def read_yaml(source: Source) -> tuple[Json, tuple[Diagnostic, ...]]:
    """Return the value of the YAML text *source* and a diagnostic for each key a mapping has twice.

    Raises `SyntaxProblem` for what is not YAML, for nesting beyond 200 levels, and for aliases that would grow the
    text beyond reason.
    """
    import yaml

    try:
        node = yaml.compose(source.text.removeprefix("\ufeff"), Loader=_loader())
    except yaml.MarkedYAMLError as error:
        raise _from_yaml(source, error) from None
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        message = f"not YAML: {str(error).splitlines()[0]}"
        raise SyntaxProblem(message, name=source.name, help="remove what is not text") from None
    if node is None:
        return None, ()
    builder = _Builder(source)
    return builder.build(node, (), 0), tuple(builder.diagnostics)


def _from_yaml(source: Source, error: Any) -> SyntaxProblem:
    """Say what PyYAML says, in one line and with the place apart."""
    mark = error.problem_mark or error.context_mark
    line, column = (mark.line + 1, mark.column + 1) if mark else (None, None)
    if "maximum nesting depth" in str(error.problem):
        return too_deep(source, line, column)
    if "expected a single document" in str(error.context):
        message, fix = "more than one YAML document", "keep one document in one file"
        return SyntaxProblem(message, name=source.name, line=line, column=column, help=fix)
    said = " ".join(part for part in (error.context, error.problem) if part)
    return SyntaxProblem(f"not YAML: {said}", name=source.name, line=line, column=column, help="correct the YAML text")


class _Builder:
    """Builds one document. It lives for one call: it counts what aliases add and gathers repeated keys."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.diagnostics: list[Diagnostic] = []
        self.seen: set[int] = set()
        self.aliased = 0

    def build(self, node: Node, pointer: Pointer, depth: int) -> Json:
        """Return the plain value of *node*, its tag applied."""
        if depth > MAX_DEPTH:
            raise too_deep(self.source, node.start_mark.line + 1, node.start_mark.column + 1)
        if id(node) in self.seen:
            self.aliased += 1
            if self.aliased > MAX_ALIASED:
                message = f"YAML aliases that grow the text by more than {MAX_ALIASED} nodes"
                raise self.problem(node, message, "write the values out")
        self.seen.add(id(node))
        tag = node.tag
        if tag[0] != "!" or tag == "!":
            return self.plain(node, pointer, depth)
        name = tag[1:]
        if name in ("Ref", "Condition"):
            return {name: self.plain(node, pointer, depth + 1)}
        if name not in SHORT_TAGS:
            raise self.problem(node, f"the YAML tag `{tag}` has no meaning in a definition", "remove it")
        value = self.plain(node, pointer, depth + 1)
        if name == "GetAtt" and isinstance(value, str):
            value = value.split(".", 1)
        return {f"Fn::{name}": value}

    def plain(self, node: Node, pointer: Pointer, depth: int) -> Json:
        """Return the value of *node* without regard to a short tag."""
        if node.id == "scalar":
            return self.scalar(node)
        if node.id == "sequence":
            return [self.build(child, (*pointer, index), depth + 1) for index, child in enumerate(node.value)]
        return self.mapping(node, pointer, depth)

    def mapping(self, node: Node, pointer: Pointer, depth: int) -> dict[str, Json]:
        """Return a mapping with text keys. A merge key (`<<`) gives what the mapping does not say itself."""
        made: dict[str, Json] = {}
        merged: list[Json] = []
        for key_node, child in node.value:
            if key_node.id != "scalar":
                raise self.problem(key_node, "a key that is not a text", "write a plain key")
            if key_node.tag == _CORE + "merge":
                value = self.build(child, pointer, depth + 1)
                given = value if isinstance(value, list) else [value]
                merged += given
                if not all(isinstance(item, dict) for item in given):
                    raise self.problem(child, "a merge key (`<<`) that gives no mapping", "merge a mapping or a list of them")
                continue
            key = key_node.value
            if key in made:
                self.diagnostics.append(duplicate_key(pointer, key))
            made[key] = self.build(child, (*pointer, key), depth + 1)
        for item in merged:
            for key, value in item.items():
                made.setdefault(key, value)
        return made

    def scalar(self, node: Node) -> Json:
        """Return the value of a scalar by its resolved tag; what has no type in the core schema is text."""
        text: str = node.value
        match node.tag.removeprefix(_CORE):
            case "null":
                return None
            case "bool" if text.lower() in ("true", "false"):
                return text.lower() == "true"
            case "int" if len(text) > MAX_DIGITS:
                raise self.problem(node, f"a number of {len(text)} digits", f"use at most {MAX_DIGITS} digits")
            case "int" | "float" as kind:
                try:  # ValueError: an explicit `!!int` on something else, or `.inf`, which JSON cannot write
                    value = int(text, 0) if kind == "int" else float(text)
                except ValueError:
                    value = inf
                if not isinstance(value, int) and not isfinite(value):
                    raise self.problem(node, f"`{text[:40]}` is not a JSON number", "write a number, or a text in quotes")
                return value
            case _:
                return text

    def problem(self, node: Node, message: str, help: str) -> SyntaxProblem:
        """Return an error at the place of *node*."""
        mark = node.start_mark
        return SyntaxProblem(message, name=self.source.name, line=mark.line + 1, column=mark.column + 1, help=help)
