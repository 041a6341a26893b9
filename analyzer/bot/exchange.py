"""A review as a document of its own, `asl-iam/review-v1`, for a run that may not comment to hand to one that may.

The reader does not trust the writer, which may be a pull request of a stranger: a document is held to its schema before anything
is made of it. What it says is escaped like everything else; what it links to can only be a path in the repository.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path
from typing import Any

from analyzer.bot.review import Block, Edit, Machine, Permission, Remark, Review, Spot, Why
from analyzer.errors import SyntaxProblem
from analyzer.sources.limits import MAX_BYTES
from analyzer.text import Json

SCHEMA = "asl-iam/review-v1"

_TYPES: Mapping[str, Callable[[Json], bool]] = {
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "boolean": lambda value: isinstance(value, bool),
    "null": lambda value: value is None,
}


def review_document(review: Review) -> dict[str, Json]:
    """Return the document of *review*."""
    return {"schema": SCHEMA, **json.loads(json.dumps(asdict(review)))}


def read_review(text: str, name: str) -> Review:
    """Read a document. Raises `SyntaxProblem` for one that the schema refuses, and says where."""
    if len(text) > MAX_BYTES:
        raise SyntaxProblem(f"larger than {MAX_BYTES:,} characters", name=name)
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise SyntaxProblem(f"no JSON: {type(error).__name__}", name=name) from None
    wrong = refused(document, schema())
    if wrong is not None:
        raise SyntaxProblem(f"no review: {wrong}", name=name, help=f"write it with --review, schema {SCHEMA}")
    return Review(tuple(map(_machine, document["machines"])), document["total"], document["incomplete"])


def review_schema_text() -> str:
    """Return the JSON Schema of the document."""
    return (Path(__file__).parent / "review-v1.json").read_text(encoding="utf-8")


@lru_cache(maxsize=1)
def schema() -> Json:
    """Return the JSON Schema of the document, as data."""
    return json.loads(review_schema_text())


def refused(value: Json, rule: Mapping[str, Any], where: str = "") -> str | None:
    """Return what of *value* the *rule* refuses, nothing when it takes it: of JSON Schema, what the one schema here uses."""
    if "$ref" in rule:
        return refused(value, schema()["$defs"][rule["$ref"].rpartition("/")[2]], where)
    if "oneOf" in rule:
        answers = [refused(value, each, where) for each in rule["oneOf"]]
        return None if None in answers else answers[-1]
    place = where or "the document"
    kinds = rule.get("type", ())
    if kinds and not any(_TYPES[kind](value) for kind in ([kinds] if isinstance(kinds, str) else kinds)):
        return f"{place} is of another type"
    if ("const" in rule and value != rule["const"]) or ("enum" in rule and value not in rule["enum"]):
        return f"{place} has another value"
    if isinstance(value, str):
        # `$` of the schema is the end of the text; that of Python's also stands before a last line end.
        pattern = rule.get("pattern", "").replace("$", r"\Z") if rule.get("pattern", "").endswith("$") else ""
        wrong = len(value) > rule["maxLength"] if "maxLength" in rule else False
        return f"{place} has another form" if wrong or (pattern and re.search(pattern, value) is None) else None
    if isinstance(value, list):
        if len(value) > rule["maxItems"]:
            return f"{place} has too many entries"
        each = (refused(one, rule["items"], f"{where}/{number}") for number, one in enumerate(value))
        return next((answer for answer in each if answer is not None), None)
    if isinstance(value, dict):
        if value.keys() != set(rule["required"]):
            return f"{place} has other fields"
        each = (refused(value[key], inner, f"{where}/{key}") for key, inner in rule["properties"].items())
        return next((answer for answer in each if answer is not None), None)
    outside = isinstance(value, int) and not isinstance(value, bool) and not rule["minimum"] <= value <= rule["maximum"]
    return f"{place} is out of range" if outside else None


def _machine(one: Json) -> Machine:
    return Machine(
        name=one["name"],
        path=one["path"],
        kind=one["kind"],
        permissions=tuple(map(_permission, one["permissions"])),
        differences=tuple(Block(**each) for each in one["differences"]),
        suggestion=tuple(Block(**each) for each in one["suggestion"]),
        remarks=tuple(Remark(**{**each, "spot": each["spot"] and Spot(**each["spot"])}) for each in one["remarks"]),
        wildcards=one["wildcards"],
        diagram=one["diagram"],
        edits=tuple(Edit(**each) for each in one["edits"]),
        place=one["place"],
    )


def _permission(one: Json) -> Permission:
    reasons = tuple(Why(each["state"], Spot(**each["spot"]), each["page"]) for each in one["reasons"])
    return Permission(**{**one, "reasons": reasons})
