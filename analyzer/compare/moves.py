"""Machines that are the same one in another place: a file that was renamed, a template that a machine was moved to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from analyzer.analyze import Analysis
from analyzer.asl.model import Task
from analyzer.compare.changes import Key

ALIKE = 0.5
"""The part of the states of two machines that both have, at least, where one is called like the other one."""

MOST = 10_000
"""Pairs of machines with one name that are compared. A request that moves more of them is no move that somebody reads."""


def moves(base: Mapping[Key, Analysis], head: Mapping[Key, Analysis]) -> dict[Key, Key]:
    """Return the machines of *head* that stood somewhere else in *base*: where they are → where they were.

    They have their name still and half of their states; a definition alone, which is called like its file, may have its text. No
    machine is taken for one of two.
    """
    gone = {key: base[key] for key in sorted(base.keys() - head.keys())}
    came = {key: head[key] for key in sorted(head.keys() - base.keys())}
    found = _only(_alike(gone, came))
    left = {key: one for key, one in gone.items() if key not in found.values()}
    return found | _only(_copied(left, {key: one for key, one in came.items() if key not in found}))


def _only(pairs: Iterable[tuple[Key, Key]]) -> dict[Key, Key]:
    """Return the *pairs* of which no other one has a part."""
    found = list(pairs)
    news, olds = Counter(new for new, _ in found), Counter(old for _, old in found)
    return {new: old for new, old in found if news[new] == olds[old] == 1}


def _alike(gone: Mapping[Key, Analysis], came: Mapping[Key, Analysis]) -> Iterator[tuple[Key, Key]]:
    named: dict[tuple[str, bool], list[tuple[Key, set[tuple[str, str, str]]]]] = {}
    for key, one in gone.items():
        named.setdefault((key[1], one.found is None), []).append((key, _states(one)))
    many = Counter((key[1], one.found is None) for key, one in came.items())
    for key, one in came.items():
        others = named.get((key[1], one.found is None), [])
        if others and many[key[1], one.found is None] * len(others) <= MOST:
            own = _states(one)
            yield from ((key, old) for old, other in others if len(own & other) >= ALIKE * len(own | other))


def _copied(gone: Mapping[Key, Analysis], came: Mapping[Key, Analysis]) -> Iterator[tuple[Key, Key]]:
    texts = Counter(one.machine.source.text for one in came.values() if one.found is None)
    alone = {one.machine.source.text: key for key, one in came.items() if one.found is None}
    for key, one in gone.items():
        text = one.machine.source.text
        if one.found is None and texts[text] == 1:
            yield alone[text], key


def _states(analysis: Analysis) -> set[tuple[str, str, str]]:
    """Return what tells the states of a machine from those of others."""
    states = analysis.machine.states()
    return {(one.name, type(one).__name__, (one.resource_arn or "") if isinstance(one, Task) else "") for one in states}
