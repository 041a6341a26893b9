"""Grants → the smallest policy that grants exactly their pairs.

No statement ever grants a pair of action and resource, under a condition, that no grant has.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from analyzer.permissions import EXECUTION, Action, Condition, Grant
from analyzer.permissions.patterns import covers, fixed_ends, knows_wildcards
from analyzer.policy.model import Policy, Statement

_Rectangle = tuple[tuple[Action, ...], tuple[str, ...], Condition]
"""Actions × resources under a condition: what becomes one statement."""


def minimise(grants: Iterable[Grant], role: str = EXECUTION) -> Policy:
    """Pack the grants of *role* into statements.

    A grant that another one contains is dropped: the same action on a resource pattern that covers its own, under
    the same condition or none. The result depends on the set of grants alone, not on their order.
    """
    pairs = _without_contained({(grant.action, grant.resource, grant.condition) for grant in grants if grant.role == role})
    chosen: dict[Condition, list[tuple[Action, str]]] = {}
    for action, resource, condition in pairs:
        chosen.setdefault(condition, []).append((action, resource))
    packed = [(*rectangle, condition) for condition, own in sorted(chosen.items()) for rectangle in _pack(own)]
    return Policy(_named(sorted(_join_values(packed))))


def _without_contained(pairs: set[tuple[Action, str, Condition]]) -> list[tuple[Action, str, Condition]]:
    """Drop every pair that another one of the same action contains."""
    by_action: dict[Action, list[tuple[str, Condition]]] = {}
    for action, resource, condition in sorted(pairs):
        by_action.setdefault(action, []).append((resource, condition))
    kept: list[tuple[Action, str, Condition]] = []
    for action, entries in by_action.items():
        free = {resource for resource, condition in entries if not condition}
        wide = _by_ends(entries)
        kept.extend(
            (action, resource, condition)
            for resource, condition in entries
            if not (condition and resource in free) and not _is_contained(resource, condition, wide)
        )
    return kept


_Wide = dict[tuple[int, int], dict[tuple[str, str], list[tuple[str, Condition]]]]
"""Patterns with wildcards by the lengths of the text before the first and after the last one, then by the texts."""


def _by_ends(entries: list[tuple[str, Condition]]) -> _Wide:
    """Sort the patterns with wildcards by their ends.

    A pattern can only contain what begins and ends like it, so that ten thousand names need no hundred million
    comparisons.
    """
    wide: _Wide = {}
    for resource, condition in entries:
        if (ends := fixed_ends(resource)) is not None:
            alike = wide.setdefault((len(ends[0]), len(ends[1])), {})
            alike.setdefault(ends, []).append((resource, condition))
    return wide


def _is_contained(resource: str, condition: Condition, wide: _Wide) -> bool:
    """Tell whether another pattern of *wide* covers *resource*, under the same condition or none."""
    start, end = fixed_ends(resource) or (resource, resource)
    return any(
        other != resource and own in ((), condition) and covers(other, resource)
        for (before, after), alike in wide.items()
        if before <= len(start) and after <= len(end)
        for other, own in alike.get((start[:before], end[len(end) - after :]), ())
    )


def _pack(pairs: list[tuple[Action, str]]) -> list[tuple[tuple[Action, ...], tuple[str, ...]]]:
    """Group pairs into rectangles of actions × resources, by whichever side gives the shorter text."""
    rows: dict[Action, set[str]] = {}
    columns: dict[str, set[Action]] = {}
    for action, resource in pairs:
        rows.setdefault(action, set()).add(resource)
        columns.setdefault(resource, set()).add(action)
    by_resources: dict[tuple[str, ...], list[Action]] = {}
    for action, resources in rows.items():
        by_resources.setdefault(tuple(sorted(resources)), []).append(action)
    by_actions: dict[tuple[Action, ...], list[str]] = {}
    for resource, actions in columns.items():
        by_actions.setdefault(tuple(sorted(actions)), []).append(resource)
    first = [(tuple(sorted(actions)), resources) for resources, actions in by_resources.items()]
    second = [(actions, tuple(sorted(resources))) for actions, resources in by_actions.items()]
    return min(first, second, key=lambda packed: (_length(packed), packed is second))


def _join_values(packed: list[_Rectangle]) -> list[_Rectangle]:
    """Join statements that differ in the values of their only condition key: several values mean any of them."""
    joined: dict[tuple[object, ...], _Rectangle] = {}
    for actions, resources, condition in packed:
        # Only conditions of one key are joined: with several keys, joining the values of one would have to be tried for
        # each, and the answer would depend on the order.
        if len(condition) == 1:
            operator, key, values = condition[0]
            place = (actions, resources, operator, key)
            had = joined[place][2][0][2] if place in joined else ()
            joined[place] = (actions, resources, ((operator, key, _widest(operator, (*had, *values))),))
        else:
            joined[actions, resources, condition] = (actions, resources, condition)
    return list(joined.values())


def _widest(operator: str, values: tuple[str, ...]) -> tuple[str, ...]:
    """Drop the values that another one covers, where the operator knows wildcards."""
    globs = knows_wildcards(operator)
    unique = sorted(set(values))
    return tuple(one for one in unique if not (globs and any(other != one and covers(other, one) for other in unique)))


def _length(packed: Iterable[tuple[tuple[Action, ...], tuple[str, ...]]]) -> int:
    return sum(60 + sum(len(text) + 3 for text in (*actions, *resources)) for actions, resources in packed)


def _named(packed: list[_Rectangle]) -> tuple[Statement, ...]:
    """Give each statement a Sid that says what it is for: the service, and the action or the kind of resource."""
    taken: dict[str, int] = {}
    statements = []
    for actions, resources, condition in packed:
        name = _sid(actions, resources)
        taken[name] = taken.get(name, 0) + 1
        number = "" if taken[name] == 1 else f"{'N' if name[-1].isdigit() else ''}{taken[name]}"
        statements.append(Statement(name + number, actions, resources, condition))
    return tuple(statements)


def _sid(actions: tuple[Action, ...], resources: tuple[str, ...]) -> str:
    services = "".join(_pascal(prefix) for prefix in dict.fromkeys(action.partition(":")[0] for action in actions))
    if len(actions) == 1:
        return services + actions[0].partition(":")[2]
    kinds = {_kind(resource) for resource in resources}
    return services + (kinds.pop() if len(kinds) == 1 else "")


def _kind(resource: str) -> str:
    """Return the kind of resource an ARN names, `Job` of `arn:aws:glue:us-east-1:111122223333:job/load`, or nothing."""
    fields = resource.split(":", 5)
    if len(fields) < 6 or not fields[4]:
        return ""
    match = re.match(r"/?([A-Za-z-]+)[/:]", fields[5])
    return _pascal(match[1]) if match else ""


def _pascal(name: str) -> str:
    return "".join(word[:1].upper() + word[1:] for word in re.split(r"[^A-Za-z0-9]+", name))
