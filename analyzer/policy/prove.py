"""A policy → for each pair of action and resource in it, a request that some state makes and nothing else allows.

What has no such witness could be taken out, so a minimal policy has one for everything.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import product
from string import ascii_lowercase, digits

from analyzer.permissions import EXECUTION, Action, Condition, Grant, Reason
from analyzer.permissions.patterns import as_pattern, filled, knows_wildcards, matches
from analyzer.policy.model import Policy, Statement, is_any_of
from analyzer.policy.packing import Wide, alike, by_ends

_WORDS = ("example", "another", "one-more", "0")
"""What stands under the wildcards of a request; one that some other pattern asks for may be of no use."""

_PLACES = {3: "us-east-1", 4: "111122223333"}
"""What stands for a Region and an account in a request, by the field of the ARN."""

_ONE = re.compile(r"(?<!\$\{)\?")

_VALUES = 64
"""Combinations of values of several keys that are tried."""


@dataclass(frozen=True, slots=True)
class Request:
    """A call as IAM sees it: the action, the resource, and the keys that conditions ask for."""

    action: Action
    resource: str
    context: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Witness:
    """Why a pair is in a policy: the request that fails without it, and the reasons of the grants that allow it.

    `condition` is that of the statement, with one of the values where several mean any of them. Without a request, nothing
    fails when the pair is taken out.
    """

    statement: str
    action: Action
    resource: str
    condition: Condition
    request: Request | None
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class _Allowed:
    """What a policy allows for one action."""

    same: dict[str, list[Condition]]
    wide: Wide
    odd: list[tuple[str, Condition]]
    """Patterns with a `?`, which have no fixed ends."""
    unused: str
    """A text that no pattern asks for: only a wildcard matches it."""


def prove(documents: Iterable[Policy], grants: Iterable[Grant], role: str = EXECUTION) -> list[Witness]:
    """Return a witness for each pair in the *documents* that were made of the *grants* of *role*, in their order."""
    statements = [statement for document in documents for statement in document.statements]
    needed: dict[tuple[str, str], list[Grant]] = {}
    for grant in grants:
        if grant.role == role:
            needed.setdefault((grant.action, grant.resource), []).append(grant)
    allowed = _by_action(statements)
    return [
        _witness(statement.sid, action, resource, condition, allowed[action], needed.get((action, resource), []))
        for statement in statements
        for action, resource, condition in _pairs(statement)
    ]


def _pairs(statement: Statement) -> Iterator[tuple[Action, str, Condition]]:
    """Yield what *statement* allows, one by one; each value of its only key is one for itself."""
    conditions = [statement.condition]
    if len(statement.condition) == 1:
        [(operator, key, values)] = statement.condition
        conditions = [((operator, key, (value,)),) for value in values] if is_any_of(operator) else conditions
    yield from product(statement.actions, statement.resources, conditions)


def _by_action(statements: Iterable[Statement]) -> dict[Action, _Allowed]:
    entries: dict[Action, list[tuple[str, Condition]]] = {}
    for statement in statements:
        for action, resource, condition in _pairs(statement):
            entries.setdefault(action, []).append((resource, condition))
    made = {}
    for action, own in entries.items():
        same: dict[str, list[Condition]] = {}
        for resource, condition in own:
            same.setdefault(resource, []).append(condition)
        odd = [entry for entry in own if _ONE.search(entry[0])]
        made[action] = _Allowed(same, by_ends(own), odd, _unused([entry for entry in own if "*" in entry[0] or "?" in entry[0]]))
    return made


def _witness(sid: str, action: Action, resource: str, condition: Condition, allowed: _Allowed, needed: list[Grant]) -> Witness:
    for request in _requests(action, resource, condition, allowed.unused):
        context = dict(request.context)
        reasons = dict.fromkeys(reason for grant in needed if _lets_through(grant.condition, context) for reason in grant.reasons)
        if reasons and not _is_allowed_otherwise(request, resource, condition, allowed):
            return Witness(sid, action, resource, condition, request, tuple(reasons))
    return Witness(sid, action, resource, condition, None, ())


def _unused(entries: list[tuple[str, Condition]]) -> str:
    """Return a letter that stands nowhere in *entries*, so often that each `?` of them is used up."""
    texts = {
        text for resource, condition in entries for text in (resource, *(value for _, _, values in condition for value in values))
    }
    letters = set().union(*texts)
    letter = next((one for one in ascii_lowercase + digits if one not in letters), "~")
    return letter * (1 + max((text.count("?") for text in texts), default=0))


def _requests(action: Action, resource: str, condition: Condition, unused: str) -> Iterator[Request]:
    """Yield requests that the pair allows, the most readable ones first."""
    for word in (*_WORDS, unused):
        keys = [key for _, key, _ in condition]
        values = [[_value(operator, value, word) for value in values] for operator, _, values in condition]
        for number, chosen in enumerate(product(*values)):
            if number < _VALUES:
                yield Request(action, _place(resource, word), tuple(zip(keys, chosen, strict=True)))


def _place(resource: str, word: str) -> str:
    """Return a resource that the pattern *resource* matches; where there is no resource at all, `*` is what a request has."""
    if resource == "*":
        return resource
    fields = resource.split(":", 5)
    if len(fields) == 6 and word in _WORDS:
        fields = [_PLACES.get(number, field) if field == "*" else field for number, field in enumerate(fields)]
    return filled(":".join(fields), word)


def _value(operator: str, value: str, word: str) -> str:
    return filled(value, word) if knows_wildcards(operator) else value.replace("${$}", "$")


def _is_allowed_otherwise(request: Request, resource: str, condition: Condition, allowed: _Allowed) -> bool:
    """Tell whether anything allows *request* but the pair of *resource* under *condition*."""
    context = dict(request.context)
    literal = as_pattern(request.resource)
    others = [
        *((pattern, other) for pattern in {resource, literal} for other in allowed.same.get(pattern, ())),
        *alike(literal, allowed.wide),
        *allowed.odd,
    ]
    return any(
        (pattern, other) != (resource, condition)
        and _lets_through(other, context)
        and (pattern == resource or matches(pattern, request.resource))
        for pattern, other in others
    )


def _lets_through(condition: Condition, context: dict[str, str]) -> bool:
    """Tell whether *condition* may let through a request; what is not understood of it may."""
    for operator, key, values in condition:
        if not is_any_of(operator) or operator.endswith("IfExists") or operator == "Null":
            continue
        if key not in context or not any(_fits(operator, value, context[key]) for value in values):
            return False
    return True


def _fits(operator: str, value: str, found: str) -> bool:
    return matches(value, found) if knows_wildcards(operator) else value.replace("${$}", "$") == found
