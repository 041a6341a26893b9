"""What changed between two sets of machines: machines, permissions with the states that caused them, and trust."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from analyzer.analyze import Analysis
from analyzer.compare.conditions import make_term
from analyzer.compare.contain import gap
from analyzer.compare.globs import ANY, STAR, read
from analyzer.compare.statements import Clause, Place, Rights
from analyzer.permissions import Condition, Grant
from analyzer.symbols import spell
from analyzer.text import Json

Key = tuple[str, str]
"""What makes a machine the same one in both sets: its path, and what its template calls it."""


@dataclass(frozen=True, slots=True)
class Change:
    """A permission that is there on one side only, and the states that need it there; `None` is the machine itself."""

    action: str
    resource: str
    condition: Condition
    role: str
    states: tuple[str | None, ...]
    pages: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MachineChange:
    """What became of one machine: `added`, `removed` or `changed`, and its permissions and trust policies."""

    name: str
    path: str
    kind: str
    added: tuple[Change, ...] = ()
    removed: tuple[Change, ...] = ()
    trust: tuple[tuple[str, Json, Json], ...] = ()


def changes(base: Mapping[Key, Analysis], head: Mapping[Key, Analysis]) -> tuple[MachineChange, ...]:
    """Return what changed, in the order of paths and names. A machine that needs and trusts what it did is not in it."""
    found = []
    for key in sorted(base.keys() | head.keys()):
        before, after = base.get(key), head.get(key)
        kind = "added" if before is None else "removed" if after is None else "changed"
        made = MachineChange(
            key[1],
            key[0],
            kind,
            tuple(_beyond(_grants(after), _grants(before))),
            tuple(_beyond(_grants(before), _grants(after))),
            tuple(_trust(before, after)) if kind == "changed" else (),
        )
        if kind != "changed" or made.added or made.removed or made.trust:
            found.append(made)
    return tuple(found)


def _grants(analysis: Analysis | None) -> tuple[Grant, ...]:
    return analysis.grants if analysis is not None else ()


def _beyond(own: Iterable[Grant], other: Iterable[Grant]) -> Iterator[Change]:
    """Yield what *own* grants and *other* does not: a pattern that others hold together is no change."""
    rights: dict[str, _Rights] = {}
    same = set()
    for grant in other:
        same.add((grant.role, grant.action, grant.resource, grant.condition))
        terms = tuple(make_term(*line) for line in grant.condition)
        clause = Clause(Place(""), (grant.action,), (read(grant.resource),), terms)
        rights.setdefault(grant.role, _Rights({}, {})).add(clause)
    alike: dict[tuple[str, str, str, Condition], list[Grant]] = {}
    for grant in own:
        alike.setdefault((grant.role, grant.action, grant.resource, grant.condition), []).append(grant)
    for key in sorted(alike):
        role, action, resource, condition = key
        terms = tuple(make_term(*line) for line in condition)
        pattern = read(resource)
        near = rights[role].near(action, pattern) if role in rights else ()
        if key in same or gap(action, pattern, terms, Rights(tuple(near))) is None:
            continue
        reasons = [reason for grant in alike[key] for reason in grant.reasons]
        spelled = tuple((operator, spell(name), tuple(map(spell, values))) for operator, name, values in condition)
        states = tuple(dict.fromkeys(reason.state for reason in reasons))
        yield Change(action, spell(resource), spelled, spell(role), states, tuple(dict.fromkeys(one.source for one in reasons)))


class _Rights(NamedTuple):
    """Clauses of one action and one resource each, so that thousands of names are not compared with each other.

    `by_ends` has them by the lengths of the text before the first wildcard and after the last one, then by action and both texts;
    `counting` has all clauses of the actions of which one counts characters, with `?`.
    """

    by_ends: dict[tuple[int, int], dict[tuple[str, str, str], list[Clause]]]
    counting: dict[str, list[Clause]]

    def add(self, clause: Clause) -> None:
        """Put a clause where it is found again."""
        [action], [pattern] = clause.actions, clause.resources
        start, end = _ends(pattern)
        if ANY in pattern and action not in self.counting:
            self.counting[action] = list(self._of(action))
        if action in self.counting:
            self.counting[action].append(clause)
        self.by_ends.setdefault((len(start), len(end)), {}).setdefault((action, start, end), []).append(clause)

    def near(self, action: str, pattern: str) -> Iterator[Clause]:
        """Yield the clauses that can have a part in holding *pattern*: those whose ends are ends of its own.

        Any other one asks for a character where *pattern* leaves it open, which only helps where another clause takes all texts
        from a length on, and the shorter ones are left: `a` and `?*a` hold `*a`.
        """
        if action in self.counting:
            yield from self.counting[action]
            return
        start, end = _ends(pattern)
        for (before, after), alike in self.by_ends.items():
            if before <= len(start) and after <= len(end):
                yield from alike.get((action, start[:before], end[len(end) - after :]), ())

    def _of(self, action: str) -> Iterator[Clause]:
        for alike in self.by_ends.values():
            for (one, _, _), clauses in alike.items():
                if one == action:
                    yield from clauses


def _ends(pattern: str) -> tuple[str, str]:
    """Return what *pattern* begins and ends with; without wildcards, all of it is both."""
    wild = [place for place, char in enumerate(pattern) if char in (STAR, ANY)]
    return (pattern[: wild[0]], pattern[wild[-1] + 1 :]) if wild else (pattern, pattern)


def _trust(before: Analysis | None, after: Analysis | None) -> Iterator[tuple[str, Json, Json]]:
    """Yield the trust policies that are others now: whose, before and after."""
    if before is None or after is None:
        return
    if before.trust != after.trust:
        yield "execution", _spelled(before.trust), _spelled(after.trust)
    old, new = ({target.role.arn: target.trust for target in one.targets} for one in (before, after))
    for arn in sorted(old.keys() & new.keys()):
        if old[arn] != new[arn]:
            yield spell(arn), _spelled(old[arn]), _spelled(new[arn])


def _spelled(value: Json) -> Json:
    if isinstance(value, str):
        return spell(value)
    if isinstance(value, dict):
        return {spell(key): _spelled(one) for key, one in value.items()}
    return [_spelled(one) for one in value] if isinstance(value, list) else value
