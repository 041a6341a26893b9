"""A review as a document of its own, `asl-iam/review-v1`, for a run that may not comment to hand to one that may.

The reader does not trust the writer, which may be a pull request of a stranger: a document is held to its schema before anything
is made of it. What it says is escaped like everything else; what it links to can only be a path in the repository.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from analyzer.bot.review import Block, Edit, Machine, Permission, Remark, Review, Spot, Why
from analyzer.errors import SyntaxProblem
from analyzer.sources.limits import MAX_BYTES
from analyzer.text import Json

if TYPE_CHECKING:
    from jsonschema import ValidationError
    from jsonschema.protocols import Validator

SCHEMA = "asl-iam/review-v1"


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
    wrong = refused(document)
    if wrong is not None:
        raise SyntaxProblem(f"no review: {wrong}", name=name, help=f"write it with --review, schema {SCHEMA}")
    return Review(tuple(map(_machine, document["machines"])), document["total"], document["incomplete"], document["settings"])


def review_schema_text() -> str:
    """Return the JSON Schema of the document."""
    return (Path(__file__).parent / "review-v1.json").read_text(encoding="utf-8")


@lru_cache(maxsize=1)
def schema() -> Json:
    """Return the JSON Schema of the document, as data."""
    return json.loads(review_schema_text())


def refused(value: Json, part: str = "") -> str | None:
    """Return what of *value* the schema refuses, nothing when it takes it; *part* names the definition that *value* is one of.

    What is refused is not repeated, only where it stands: it may be anything.
    """
    try:
        error = next(_validator(part).iter_errors(value), None)
    except RecursionError:
        return "it is nested too deep"
    return None if error is None else f"the schema's `{error.validator}` refuses {error.json_path}"


@lru_cache(maxsize=2)
def _validator(part: str) -> Validator:
    """Return what holds values to the schema, or to one definition of it: stricter than JSON Schema where Python is laxer."""
    from jsonschema import Draft202012Validator
    from jsonschema.validators import extend

    kinds = Draft202012Validator.TYPE_CHECKER.redefine("integer", _is_integer)
    strict: type[Validator] = extend(Draft202012Validator, {"pattern": _pattern}, type_checker=kinds)  # type: ignore[no-untyped-call]
    return strict(schema() if not part else {"$defs": schema()["$defs"], "$ref": f"#/$defs/{part}"})


def _is_integer(_checker: object, value: Json) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _pattern(_validator: Validator, pattern: str, value: Json, _rule: Json) -> Iterator[ValidationError]:
    """Hold a text to a pattern whose `$` is its end. That of Python also stands before a last line end."""
    from jsonschema import ValidationError

    if isinstance(value, str) and _to_the_end(pattern).search(value) is None:
        yield ValidationError("another form")


@lru_cache(maxsize=32)
def _to_the_end(pattern: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\$\Z", r"\\Z", pattern))


def _machine(one: Json) -> Machine:
    return Machine(
        name=one["name"],
        path=one["path"],
        kind=one["kind"],
        permissions=tuple(map(_permission, one["permissions"])),
        differences=tuple(Block(**each) for each in one["differences"]),
        suggestion=tuple(Block(**each) for each in one["suggestion"]),
        remarks=tuple(Remark(**{**each, "spot": each["spot"] and Spot(**each["spot"])}) for each in one["remarks"]),
        older=one["older"],
        wildcards=one["wildcards"],
        diagram=one["diagram"],
        edits=tuple(Edit(**each) for each in one["edits"]),
        place=one["place"],
    )


def _permission(one: Json) -> Permission:
    reasons = tuple(Why(each["state"], Spot(**each["spot"]), each["page"]) for each in one["reasons"])
    return Permission(**{**one, "reasons": reasons})
