"""Grants → the smallest policy that grants exactly their pairs.

No statement ever grants a pair of action and resource, under a condition, that no grant has.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from analyzer.permissions import EXECUTION, Action, Condition, Grant
from analyzer.permissions.patterns import covers, fixed_ends, knows_wildcards
from analyzer.policy.model import Packed, Policy, condition_block, is_any_of, policy_size
from analyzer.policy.names import named
from analyzer.policy.rectangles import Pair, pack

_FRAME = len('{"Sid":"NameOfTheStatement","Effect":"Allow","Action":,"Resource":},')
"""Characters of a statement beside its lists and its condition."""


def minimise(grants: Iterable[Grant], role: str = EXECUTION) -> Policy:
    """Pack the grants of *role* into statements.

    A grant that another one contains is dropped: the same action on a resource pattern that covers its own, under a
    condition that lets through whatever its own does. Every pair that is left stands in exactly one statement of its
    condition. The result depends on the set of grants alone, not on their order.
    """
    pairs = _without_contained({(grant.action, grant.resource, grant.condition) for grant in grants if grant.role == role})
    chosen: dict[Condition, list[Pair]] = {}
    for action, resource, condition in pairs:
        chosen.setdefault(condition, []).append((action, resource))
    packed = [(*rectangle, condition) for condition, own in sorted(chosen.items()) for rectangle in pack(own, _frame(condition))]
    return Policy(named(sorted(_join_values(packed))))


def _frame(condition: Condition) -> int:
    return _FRAME + (len(',"Condition":') + policy_size(condition_block(condition)) if condition else 0)


def _without_contained(pairs: set[tuple[Action, str, Condition]]) -> list[tuple[Action, str, Condition]]:
    """Drop every pair that another one of the same action contains."""
    by_action: dict[Action, list[tuple[str, Condition]]] = {}
    for action, resource, condition in sorted(
        {(action, resource, _canonical(condition)) for action, resource, condition in pairs}
    ):
        by_action.setdefault(action, []).append((resource, condition))
    kept: list[tuple[Action, str, Condition]] = []
    for action, entries in by_action.items():
        if len(entries) == 1:
            kept.append((action, *entries[0]))
            continue
        same: dict[str, list[Condition]] = {}
        for resource, condition in entries:
            same.setdefault(resource, []).append(condition)
        wide = by_ends(entries)
        kept.extend(
            (action, resource, condition)
            for resource, condition in entries
            if not any(other != condition and _is_looser(other, condition) for other in same[resource])
            and not _is_contained(resource, condition, wide)
        )
    return kept


def _canonical(condition: Condition) -> Condition:
    """Write *condition* without the values that others of it cover, so that no two can each be looser than the other."""
    return tuple(
        (operator, key, _widest(operator, values) if is_any_of(operator) else values) for operator, key, values in condition
    )


def _is_looser(wide: Condition, narrow: Condition) -> bool:
    """Tell whether *wide* lets through whatever *narrow* lets through: each of its keys asks for no more than there."""
    asked = {(operator, key): values for operator, key, values in narrow}
    return all(
        values == asked[operator, key]
        or (is_any_of(operator) and all(_is_among(value, values, operator) for value in asked[operator, key]))
        if (operator, key) in asked
        else False
        for operator, key, values in wide
    )


def _is_among(value: str, values: tuple[str, ...], operator: str) -> bool:
    return value in values or (knows_wildcards(operator) and any(covers(other, value) for other in values))


Wide = dict[tuple[int, int], dict[tuple[str, str], list[tuple[str, Condition]]]]
"""Patterns with wildcards by the lengths of the text before the first and after the last one, then by the texts."""


def by_ends(entries: list[tuple[str, Condition]]) -> Wide:
    """Sort the patterns with wildcards by their ends.

    A pattern can only contain what begins and ends like it, so that ten thousand names need no hundred million
    comparisons.
    """
    wide: Wide = {}
    for resource, condition in entries:
        if (ends := fixed_ends(resource)) is not None:
            same = wide.setdefault((len(ends[0]), len(ends[1])), {})
            same.setdefault(ends, []).append((resource, condition))
    return wide


def _is_contained(resource: str, condition: Condition, wide: Wide) -> bool:
    """Tell whether another pattern of *wide* covers *resource*, under a condition that is no stricter."""
    return any(
        other != resource and _is_looser(own, condition) and covers(other, resource) for other, own in alike(resource, wide)
    )


def alike(resource: str, wide: Wide) -> Iterator[tuple[str, Condition]]:
    """Yield what there is of *wide* that begins and ends like *resource*, and so may cover it."""
    start, end = fixed_ends(resource) or (resource, resource)
    for (before, after), entries in wide.items():
        if before <= len(start) and after <= len(end):
            yield from entries.get((start[:before], end[len(end) - after :]), ())


def _join_values(packed: list[Packed]) -> list[Packed]:
    """Join statements that differ in the values of their only condition key: several values mean any of them."""
    joined: dict[tuple[object, ...], Packed] = {}
    for actions, resources, condition in packed:
        # Only conditions of one key are joined: with several keys, joining the values of one would have to be tried for
        # each, and the answer would depend on the order.
        if len(condition) == 1 and is_any_of(condition[0][0]):
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
