"""What is promised about the execution's input: a JSON Schema, and single values that somebody vouches for.

Of JSON Schema (draft 2020-12) it reads what says something about names: const, enum, type, pattern, properties, required,
additionalProperties, items, prefixItems, allOf, anyOf, oneOf, if/then/else as either, and $ref within the document.
Anything else narrows nothing. https://json-schema.org/draft/2020-12
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from analyzer.dataflow.functions import abstract
from analyzer.dataflow.inject import inject
from analyzer.dataflow.join import DEPTH, join_all, one_of
from analyzer.dataflow.paths import Unsupported, split
from analyzer.dataflow.values import HOLE, INPUT, Flow, Literal, Record, Sequence, Text, Unknown, Value
from analyzer.errors import OptionError
from analyzer.text import Json

_ALLOWED = (Flow((), "value the input schema allows"),)
_VOUCHED = "value given with --assume"
_SIMPLE = re.compile(
    r"\^?(?P<body>(?:[\w\-/:@=,#%~ ]|\\[.\-/+*?$^|()\[\]{}]|\.[*+]|\[[^\[\]]*\][*+]?|\([\w|\-]*\)|\{\d+(?:,\d*)?\})*)\$?"
)
_PIECE = re.compile(r"\\(?P<escaped>.)|(?P<hole>(?:\.|\[[^\[\]]*\]|\([\w|\-]*\))(?:[*+]|\{\d+(?:,\d*)?\})?)|(?P<plain>.)")


def from_schema(schema: Json) -> Value:
    """Return the value that describes every input the JSON Schema *schema* allows."""
    return _read(schema, schema, 0)


def vouched(value: Value, assumptions: Mapping[str, tuple[str, ...]]) -> Value:
    """Put what is assumed into *value*: at each path any of its texts.

    Raises `OptionError` for a path that is not a plain one from `$`.
    """
    for path, texts in assumptions.items():
        try:
            root, steps = split(path)
        except Unsupported:
            root, steps = "", None
        if root != "$" or not steps:
            raise OptionError(f"`{path}` is not a path into the input: write it like `$.order.table`")
        value = inject(value, path, one_of(Literal(text, (Flow((), _VOUCHED),)) for text in texts))
    return value


def _read(schema: Json, document: Json, depth: int) -> Value:
    if not isinstance(schema, Mapping) or depth > DEPTH:
        return INPUT
    parts: list[Value] = [_own(schema, document, depth)]
    if isinstance(reference := schema.get("$ref"), str):
        parts.append(_read(_resolve(reference, document), document, depth + 1))
    parts += [_read(part, document, depth + 1) for part in _list(schema.get("allOf"))]
    for name in ("anyOf", "oneOf"):
        choices = [_read(part, document, depth + 1) for part in _list(schema.get(name))]
        if (joined := join_all(choices)) is not None:
            parts.append(joined)
    value = parts[0]
    for part in parts[1:]:
        value = meet(value, part)
    return value


def _own(schema: Mapping[str, Json], document: Json, depth: int) -> Value:
    """Read what one schema says itself."""
    if "const" in schema:
        return abstract(schema["const"], _ALLOWED)
    if isinstance(schema.get("enum"), list) and schema["enum"]:
        return one_of(abstract(value, _ALLOWED) for value in schema["enum"])
    if "properties" in schema or schema.get("type") == "object":
        return _object(schema, document, depth)
    if "items" in schema or "prefixItems" in schema:
        items = tuple(_read(part, document, depth + 1) for part in _list(schema.get("prefixItems")))
        rest = schema.get("items", True)
        # `prefixItems` promises nothing about how many there are, so only their join is known.
        every = join_all((*items, *([] if rest is False else [_read(rest, document, depth + 1)])))
        return Sequence((), every) if every is not None else Sequence(())
    if isinstance(pattern := schema.get("pattern"), str) and (text := as_text(pattern)) is not None:
        return text
    return INPUT


def _object(schema: Mapping[str, Json], document: Json, depth: int) -> Value:
    properties = schema.get("properties")
    properties = properties if isinstance(properties, Mapping) else {}
    fields = {str(name): _read(part, document, depth + 1) for name, part in properties.items()}
    required = {name for name in _list(schema.get("required")) if isinstance(name, str)}
    closed = schema.get("additionalProperties") is False
    return Record(fields, None if closed else INPUT, frozenset(set(fields) - required))


def as_text(pattern: str) -> Value | None:
    """Return the text with holes that a regular expression describes, `None` when it is not plain enough.

    Only what both ends are anchored to tells anything: `^orders-.*$` is text that begins with `orders-`.
    """
    match = _SIMPLE.fullmatch(pattern)
    if match is None or not (pattern.startswith("^") and pattern.endswith("$") and not pattern.endswith("\\$")):
        return None
    parts = [HOLE if piece["hole"] else piece["escaped"] or piece["plain"] or "" for piece in _PIECE.finditer(match["body"])]
    text = re.sub(f"{HOLE}+", HOLE, "".join(parts))
    if text == HOLE or "{" in text:
        return None
    if HOLE not in text:
        return Literal(text, _ALLOWED)
    return Text(text, (f"text that the schema's pattern `{pattern[:60]}` allows",), _ALLOWED)


def meet(left: Value, right: Value) -> Value:
    """Return what both describe, or at least no more than one of them does."""
    if isinstance(left, Unknown):
        return right
    if isinstance(right, Unknown) or not (isinstance(left, Record) and isinstance(right, Record)):
        return left
    names = sorted({*left.fields, *right.fields})
    fields = {}
    for name in names:
        sides = [side.fields.get(name, side.rest) for side in (left, right)]
        known = [side for side in sides if side is not None]
        fields[name] = known[0] if len(known) == 1 else meet(known[0], known[1])
    rest = None if left.rest is None or right.rest is None else meet(left.rest, right.rest)
    required = (set(left.fields) - left.optional) | (set(right.fields) - right.optional)
    return Record(fields, rest, frozenset(set(fields) - required))


def _resolve(reference: str, document: Json) -> Json:
    """Find what a `$ref` within the document names; a reference elsewhere says nothing."""
    if not reference.startswith("#"):
        return None
    found = document
    for step in reference[1:].split("/")[1:]:
        name = step.replace("~1", "/").replace("~0", "~")
        found = found.get(name) if isinstance(found, Mapping) else None
    return found


def _list(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []
