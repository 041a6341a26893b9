"""What IAM decides by the documents of a role, for tests only: Allow statements, wildcards, conditions of any value.

Shares no code with `analyzer`, whose policies it judges.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

Context = Mapping[str, str]
"""The keys of a request with their values."""


def allows(documents: Iterable[Any], action: str, resource: str, context: Context) -> bool:
    """Tell whether one of the statements of *documents* allows the request."""
    return any(
        any(matches(pattern, action) for pattern in listed(statement["Action"]))
        and any(matches(pattern, resource) for pattern in listed(statement["Resource"]))
        and holds(statement.get("Condition", {}), context)
        for document in documents
        for statement in document["Statement"]
    )


def holds(block: Mapping[str, Mapping[str, Any]], context: Context) -> bool:
    """Tell whether every key of a condition block has one of its values. Raises `KeyError` for an operator not known here."""
    return all(
        key in context and any(TESTS[operator.removeprefix("ForAnyValue:")](value, context[key]) for value in listed(values))
        for operator, keys in block.items()
        for key, values in keys.items()
    )


def listed(value: Any) -> list[str]:
    """Return one text or a list of them as a list."""
    return [value] if isinstance(value, str) else list(value)


def matches(pattern: str, text: str) -> bool:
    """Match as IAM does: `*` is any text, `?` one character, `${*}`, `${?}` and `${$}` are characters."""
    return _regex(pattern).fullmatch(text) is not None


@cache
def _regex(pattern: str) -> re.Pattern[str]:
    parts = re.findall(r"\$\{[*?$]\}|.", pattern, re.DOTALL)
    return re.compile(
        "".join({"*": ".*", "?": "."}.get(part) or re.escape(part[2] if len(part) == 4 else part) for part in parts), re.DOTALL
    )


TESTS = {
    "StringEquals": lambda value, found: re.sub(r"\$\{([*?$])\}", r"\1", value) == found,
    "StringLike": matches,
    "ArnEquals": matches,
    "ArnLike": matches,
}
"""Operator → whether a value of the policy fits that of the request.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html"""
