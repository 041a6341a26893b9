"""Whether a policy grants more than executions ask for: what was asked for is generalised, and compared with each pattern.

That every request is allowed says nothing against `*`. Here, of all that one pattern allowed in many executions, the
tightest pattern is made; a pattern that is strictly looser than that is a finding. It may only mean that too little was
seen, so each is given its kind, and `looseness.txt` says which kinds there may be, and why.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, reduce
from pathlib import Path

from corpus.globs import holds
from engine.authorization import Made
from engine.iam import matches
from engine.requests import table

from analyzer.analyze import Analysis
from analyzer.permissions import EXECUTION, Grant

ENOUGH = 6
"""Of fewer different texts, what they have in common is chance."""

OFTEN = 60
"""Of a state that called less often, what it never asked for is chance."""

PART = 2
"""Shorter texts that are in the middle of all are chance too."""


def generalise(texts: Iterable[str]) -> str:
    """Return the tightest pattern found for *texts*: what they all begin and end with, and what is in the middle of all.

    There may be several patterns of which none is tighter than the other; this one takes the longest common part first.
    """
    different = sorted(set(texts))
    if len(different) == 1:
        return escaped(different[0])
    start = _same_start(different)
    rests = [text[len(start) :] for text in different]
    end = _same_start([rest[::-1] for rest in rests])[::-1]
    middles = [rest[: len(rest) - len(end)] for rest in rests]
    return escaped(start) + _middle(middles) + escaped(end)


def escaped(text: str) -> str:
    """Write *text* as a pattern that matches it alone."""
    return re.sub(r"[*?$]", lambda match: "${" + match[0] + "}", text)


def _same_start(texts: list[str]) -> str:
    """Return what all *texts* begin with. Of sorted texts the first and the last differ the most."""
    first, last = min(texts), max(texts)
    return next((first[:at] for at, letter in enumerate(first) if last[at : at + 1] != letter), first)


def _middle(middles: list[str]) -> str:
    part = _longest_common(middles)
    if len(part) < PART:
        return "*"
    left, right = zip(*((before, after) for before, _, after in (text.partition(part) for text in middles)), strict=True)
    sides = [_middle(list(side)) if any(side) else "" for side in (left, right)]
    return sides[0] + escaped(part) + sides[1]


def _longest_common(texts: list[str]) -> str:
    """Return the longest text that is a part of all *texts*, the first of several."""
    shortest = min(texts, key=len)
    for size in range(len(shortest), 0, -1):
        for at in range(len(shortest) - size + 1):
            if all(shortest[at : at + size] in text for text in texts):
                return shortest[at : at + size]
    return ""


@dataclass(frozen=True, order=True)
class Loose:
    """A pattern that is looser than what was asked for: of which kind, for which action, and the tighter one.

    `tighter` is empty when nothing was asked for, `origin` says what the values in the pattern were made by.
    """

    kind: str
    action: str
    pattern: str
    tighter: str
    origin: str = ""
    state: str = ""

    def __str__(self) -> str:
        """Return the finding on one line."""
        seen = f"asked for by {self.tighter}" if self.tighter else "not asked for"
        return f"{self.kind}: `{self.state}` has {self.action} on {self.pattern}, {seen} ({self.origin})"


@cache
def explanations() -> tuple[tuple[str, str, str], ...]:
    """Return the lines of `looseness.txt`: kind, text of the origin, reason."""
    lines = Path(__file__).with_name("looseness.txt").read_text("utf-8").splitlines()
    rows = [line.split("|") for line in lines if line and not line.startswith("#")]
    return tuple((kind.strip(), text.strip(), why.strip()) for kind, text, why in rows)


def explained(loose: Loose) -> str:
    """Return why a pattern may be so loose, nothing when no line of `looseness.txt` says it."""
    return next((why for kind, text, why in explanations() if kind == loose.kind and text in loose.origin), "")


@dataclass
class Seen:
    """What was asked for in the executions of one machine, and in how many of them each state did."""

    requests: dict[tuple[str, str], set[str]] = field(default_factory=dict)
    states: Counter[str] = field(default_factory=Counter)

    def add(self, made: Iterable[Made]) -> None:
        """Note what an execution asked for."""
        self.states.update({one.state for one in made})
        for one in made:
            self.requests.setdefault((one.role, one.request.action.lower()), set()).add(one.request.resource)


def findings(analysis: Analysis, seen: Seen) -> Iterator[Loose]:
    """Yield every pattern of the policies of *analysis* that is strictly looser than the generalisation of what was *seen*."""
    grants: dict[tuple[str, str, str], list[Grant]] = {}
    for grant in analysis.grants:
        grants.setdefault((grant.role, grant.action, grant.resource), []).append(grant)
    emitted = {
        (EXECUTION, action, resource) for s in analysis.policy.statements for action in s.actions for resource in s.resources
    }
    for target in analysis.targets:
        statements = target.policy.statements
        emitted |= {(target.role.arn, action, resource) for s in statements for action in s.actions for resource in s.resources}
    for role, action, pattern in sorted(emitted):
        # What has no resource is asked for by `*`, which is then no wildcard.
        found = sorted({arn for arn in _asked(seen.requests, role, action) if matches(pattern, arn)})
        tighter = generalise(found) if found else ""
        if not found or ((pattern != "*" or found != ["*"]) and (holds(pattern, tighter) and not holds(tighter, pattern))):
            own = grants[role, action, pattern]
            origin = "; ".join(sorted({step.what for grant in own for reason in grant.reasons for step in reason.flow}))
            yield Loose(kind_of(own, found, seen), action, pattern, tighter, origin, own[0].reasons[0].state or "")


def _asked(requests: Mapping[tuple[str, str], set[str]], role: str, action: str) -> set[str]:
    """Return what was asked for by *action*, under *role* as policies name it: as the machine itself, or by a pattern."""
    own = [
        arns
        for (asked_as, asked), arns in requests.items()
        if asked == action.lower() and (asked_as == "" if role == EXECUTION else asked_as != "" and matches(role, asked_as))
    ]
    return reduce(set.union, own, set())


_KNOWN = {line.action for lines in table().values() for line in lines}


def kind_of(grants: list[Grant], found: list[str], seen: Seen) -> str:
    """Return the kind of a finding: a word for what stands between what is granted and what was seen."""
    often = max(seen.states[grant.reasons[0].state or ""] for grant in grants)
    if all(str(grant.certainty) == "assumed" for grant in grants):
        return "assumed"
    if all(grant.action not in _KNOWN for grant in grants):
        return "not in the table"
    if not often:
        return "never called"
    if not found:
        return "never asked for" if often >= OFTEN else "too little seen"
    return "looser" if len(found) >= ENOUGH or often >= OFTEN else "too little seen"
