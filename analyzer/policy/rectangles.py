"""Pairs → rectangles: the few lists of actions and of resources that say all pairs in the fewest characters.

Every pair is in exactly one rectangle, so that a reader who takes it away has one place to change.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations

from analyzer.permissions import Action

Pair = tuple[Action, str]
"""An action and a resource pattern."""

Rectangle = tuple[tuple[Action, ...], tuple[str, ...]]
"""Actions × resources, each sorted."""

_SEARCHED = 12
"""Kinds of rows, and of columns, up to which better rectangles are looked for: the work grows with the fourth power."""

_Block = tuple[int, int]
"""A rectangle as two sets of bits: kinds of rows × kinds of columns."""


def pack(pairs: Iterable[Pair], fixed: int) -> list[Rectangle]:
    """Cover *pairs*, and nothing else, with rectangles that take few characters.

    *fixed* is what a rectangle takes beside its lists. Rectangles of pairs that share neither action nor resource do not
    concern each other, so each such group is packed alone.
    """
    return [rectangle for group in _groups(pairs) for rectangle in _pack_group(group, fixed)]


def _groups(pairs: Iterable[Pair]) -> Iterator[dict[str, set[str]]]:
    """Yield the resources of each action, for one group after the other of actions linked by a resource."""
    rows: dict[str, set[str]] = {}
    columns: dict[str, list[str]] = {}
    for action, resource in pairs:
        rows.setdefault(action, set()).add(resource)
        columns.setdefault(resource, []).append(action)
    while rows:
        waiting = [next(iter(rows))]
        group: dict[str, set[str]] = {}
        while waiting:
            name = waiting.pop()
            if name in rows:
                group[name] = rows.pop(name)
                waiting.extend(linked for resource in group[name] for linked in columns.pop(resource, ()))
        yield group


def _pack_group(rows: dict[str, set[str]], fixed: int) -> list[Rectangle]:
    """Return the best of one rectangle for each kind of row, one for each kind of column, and what is found from there.

    Rows that are equal are one kind: no good packing tells them apart.
    """
    columns: dict[str, set[str]] = {}
    for action, resources in rows.items():
        for resource in resources:
            columns.setdefault(resource, set()).add(action)
    kinds_of_rows, kinds_of_columns = _kinds(rows), _kinds(columns)
    found = [
        [_rectangle(same, rows[same[0]]) for same in kinds_of_rows],
        [_rectangle(columns[same[0]], same) for same in kinds_of_columns],
    ]
    if 1 < max(len(kinds_of_rows), len(kinds_of_columns)) <= _SEARCHED:
        found += _search(rows, kinds_of_rows, kinds_of_columns, fixed)
    return min(found, key=lambda packed: sum(fixed + list_size(one) + list_size(other) for one, other in packed))


def _rectangle(actions: Iterable[str], resources: Iterable[str]) -> Rectangle:
    return tuple(Action(action) for action in sorted(actions)), tuple(sorted(resources))


def list_size(texts: Sequence[str]) -> int:
    """Count the characters of *texts* in a policy, where a single one stands without brackets."""
    inside = sum(map(len, texts)) + 3 * len(texts) - 1
    return inside if len(texts) == 1 else inside + 2


def _kinds(lines: dict[str, set[str]]) -> list[list[str]]:
    """Group the keys of *lines* that have the same set, in the order of their first keys."""
    same: dict[frozenset[str], list[str]] = {}
    for name, line in sorted(lines.items()):
        same.setdefault(frozenset(line), []).append(name)
    return list(same.values())


def _bits(numbers: Iterable[int]) -> int:
    found = 0
    for number in numbers:
        found |= 1 << number
    return found


def _search(
    rows: dict[str, set[str]], kinds_of_rows: list[list[str]], kinds_of_columns: list[list[str]], fixed: int
) -> Iterator[list[Rectangle]]:
    """Yield what regrouping makes of the rectangles of the rows, and of those of the columns."""
    place = {resource: number for number, same in enumerate(kinds_of_columns) for resource in same}
    by_row = [(1 << number, _bits(place[one] for one in rows[same[0]])) for number, same in enumerate(kinds_of_rows)]
    by_column = [
        (_bits(row for row, (_, found) in enumerate(by_row) if found >> number & 1), 1 << number)
        for number in range(len(kinds_of_columns))
    ]
    lengths = _lengths(kinds_of_rows), _lengths(kinds_of_columns)
    for start in (by_row, by_column):
        yield [
            _rectangle(_members(actions, kinds_of_rows), _members(resources, kinds_of_columns))
            for actions, resources in _better(start, *lengths, fixed)
        ]


def _lengths(kinds: list[list[str]]) -> list[int]:
    return [sum(len(name) + 3 for name in same) for same in kinds]


def _members(bits: int, kinds: list[list[str]]) -> Iterator[str]:
    return (name for number, same in enumerate(kinds) if bits >> number & 1 for name in same)


def _better(blocks: list[_Block], actions: list[int], resources: list[int], fixed: int) -> list[_Block]:
    """Regroup two rectangles at a time, always by what saves most, until nothing saves any more."""

    def cost(found: list[_Block]) -> int:
        return sum(fixed + _weight(one, actions) + _weight(other, resources) for one, other in found)

    least = cost(blocks)
    while True:
        nearby = min(_regrouped(blocks), key=cost, default=blocks)
        if cost(nearby) >= least:
            return blocks
        blocks, least = nearby, cost(nearby)


def _weight(bits: int, lengths: list[int]) -> int:
    return sum(length for number, length in enumerate(lengths) if bits >> number & 1)


def _regrouped(blocks: list[_Block]) -> Iterator[list[_Block]]:
    """Yield *blocks* with two of them regrouped: what both have in common apart, then what is left of each."""
    for one, other in combinations(blocks, 2):
        rest = [block for block in blocks if block not in (one, other)]
        shared_rows, shared_columns = one[0] & other[0], one[1] & other[1]
        if shared_columns:
            parts = [
                (one[0] | other[0], shared_columns),
                (one[0], one[1] & ~shared_columns),
                (other[0], other[1] & ~shared_columns),
            ]
        elif shared_rows:
            parts = [(shared_rows, one[1] | other[1]), (one[0] & ~shared_rows, one[1]), (other[0] & ~shared_rows, other[1])]
        else:
            continue
        yield _joined([*rest, *(part for part in parts if part[0] and part[1])])


def _joined(blocks: list[_Block]) -> list[_Block]:
    """Join the rectangles that have the same columns, and those that have the same rows, as long as there are any."""
    before = 0
    while len(blocks) != before:
        before = len(blocks)
        for side in (0, 1):
            same: dict[int, int] = {}
            for block in blocks:
                same[block[1 - side]] = same.get(block[1 - side], 0) | block[side]
            blocks = [(bits, key) if side == 0 else (key, bits) for key, bits in same.items()]
    return blocks
