"""Whether an IAM policy allows a request: a small evaluator of Allow statements, written from IAM's own pages.

It shares no code with `analyzer`, whose policies it judges. What it does not know it refuses, so that no statement is passed
over in silence. `iam_cases.txt` beside it says by example what it decides.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

Json = Any


Keys = tuple[tuple[str, str | tuple[str, ...]], ...]
"""Condition keys with their value, or their values where a key has several."""


@dataclass(frozen=True)
class Request:
    """What Step Functions asks IAM for: an action on a resource, with the values of the condition keys it carries."""

    action: str
    resource: str
    context: Keys = ()

    def __str__(self) -> str:
        """Return the request on one line."""
        return " ".join([f"{self.action} on {self.resource}", *(f"{key}={value}" for key, value in self.context)])


class UndecidedError(Exception):
    """A statement has something that this evaluator does not know."""


def allows(policy: Mapping[str, Json], request: Request) -> bool:
    """Tell whether a statement of *policy* allows *request*. What no statement allows is denied."""
    return any(_allows(statement, request) for statement in listed(policy["Statement"]))


def listed(value: Json) -> list[Json]:
    """Return *value* as a list: a single one may stand without."""
    return value if isinstance(value, list) else [value]


def _allows(statement: Mapping[str, Json], request: Request) -> bool:
    if unknown := statement.keys() - {"Sid", "Effect", "Action", "Resource", "Condition"}:
        raise UndecidedError(f"elements {sorted(unknown)}")
    if statement["Effect"] != "Allow":
        raise UndecidedError(f"effect {statement['Effect']}")
    return (
        any(matches(action.lower(), request.action.lower()) for action in listed(statement["Action"]))
        and any(matches(resource, request.resource) for resource in listed(statement["Resource"]))
        and all(_holds(*test, request.context) for test in _tests(statement.get("Condition", {})))
    )


def _tests(block: Mapping[str, Json]) -> Iterator[tuple[str, str, list[str]]]:
    for operator, keys in block.items():
        for key, values in keys.items():
            yield operator, key, [str(value) for value in listed(values)]


def _holds(operator: str, key: str, wanted: list[str], context: Keys) -> bool:
    """Tell whether one key of a condition holds: one of the values wanted is the one that the request carries.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
    """
    there = {name.lower(): value for name, value in context}.get(key.lower())
    quantifier, _, name = operator.rpartition(":")
    test = _OPERATORS.get(name.removesuffix("IfExists"))
    if test is None or quantifier not in ("", "ForAnyValue", "ForAllValues"):
        raise UndecidedError(f"operator {operator}")
    if there is None:
        return quantifier == "ForAllValues" or name.endswith("IfExists")
    several = (there,) if isinstance(there, str) else there
    if not quantifier and len(several) != 1:
        raise UndecidedError(f"{operator} on several values of {key}")
    answers = [any(test(value, one) for value in wanted) for one in several]
    return all(answers) if quantifier == "ForAllValues" else any(answers)


def _equal_arns(wanted: str, found: str) -> bool:
    """Compare ARNs as `ArnLike` and `ArnEquals` do, which are the same: each of the six parts by itself."""
    patterns, parts = wanted.split(":", 5), found.split(":", 5)
    if len(patterns) != 6 or len(parts) != 6:
        return False
    return all(matches(pattern, part) for pattern, part in zip(patterns, parts, strict=True))


_VARIABLE = re.compile(r"\$\{([^}]*)\}")


def _filled(text: str) -> str:
    """Fill the variables of *text*: only those that stand for a character as it is."""
    return _VARIABLE.sub(lambda match: _character(match[1]), text)


def _character(name: str) -> str:
    if name not in ("*", "?", "$"):
        raise UndecidedError(f"variable {name}")
    return name


def matches(pattern: str, text: str) -> bool:
    """Tell whether *pattern*, with `*` for any text and `?` for one character, matches all of *text*."""
    return _compiled(pattern).fullmatch(text) is not None


@lru_cache(maxsize=16384)
def _compiled(pattern: str) -> re.Pattern[str]:
    made, at = [], 0
    for token in re.finditer(r"\$\{([^}]*)\}|[*?]", pattern):
        made.append(re.escape(pattern[at : token.start()]))
        made.append(re.escape(_character(token[1])) if token[1] is not None else {"*": ".*", "?": "."}[token[0]])
        at = token.end()
    return re.compile("".join([*made, re.escape(pattern[at:])]), re.DOTALL)


_OPERATORS = {
    "StringEquals": lambda wanted, found: _filled(wanted) == found,
    "StringEqualsIgnoreCase": lambda wanted, found: _filled(wanted).lower() == found.lower(),
    "StringLike": matches,
    "ArnEquals": _equal_arns,
    "ArnLike": _equal_arns,
}
