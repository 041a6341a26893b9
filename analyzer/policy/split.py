"""A policy → the documents that hold it: one inline, and managed ones for what is left.

Nothing is widened to fit: where a policy is too large for a role, `size` says what to do about it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from analyzer.permissions import Action
from analyzer.policy.model import Policy, Statement, is_any_of, policy_size
from analyzer.policy.names import numbered


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a role holds. The characters are fixed; an account may raise the number of managed policies.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
    """

    inline: int = 10_240
    """Characters of all inline policies of a role, white space not counted."""
    managed: int = 6_144
    """Characters of a managed policy, white space not counted."""
    attached: int = 10
    """Managed policies of a role."""

    @property
    def total(self) -> int:
        """What a role holds in all, when every document is full."""
        return self.inline + self.attached * self.managed


LIMITS = Limits()
"""What holds in every account."""

_NUMBER = len("N9999")
"""Characters kept for the number of a Sid, which is given last."""


def split(policy: Policy, limits: Limits = LIMITS) -> tuple[Policy, ...]:
    """Return the documents that together hold *policy*: the first one inline, each other one a managed policy.

    A policy that fits inline is its own only document. Else statements stay whole, but for those larger than a document;
    only when that takes more documents than a role can have, they are cut to fill every document. A policy that does not
    fit even so is in too many documents, or has one that is too large: `fits` tells.
    """
    size = policy_size(policy.to_dict())
    if size <= limits.inline:
        return (policy,)
    documents = _fill(policy, limits, cut=False)
    if len(documents) > 1 + limits.attached and size <= limits.total:
        documents = min(documents, _fill(policy, limits, cut=True), key=len)
    return _named(documents, dict.fromkeys((statement.sid for statement in policy.statements), 1))


def fits(documents: Sequence[Policy], limits: Limits = LIMITS) -> bool:
    """Tell whether a role can have all *documents*, of which the first one is inline."""
    inline, *managed = (policy_size(document.to_dict()) for document in documents)
    return inline <= limits.inline and len(managed) <= limits.attached and all(size <= limits.managed for size in managed)


def _named(documents: list[list[Statement]], taken: dict[str, int]) -> tuple[Policy, ...]:
    """Give every piece of a statement but the first a Sid that is not *taken* yet."""
    seen: set[str] = set()
    named = []
    for document in documents:
        statements = []
        for statement in document:
            sid = numbered(statement.sid, taken) if statement.sid in seen else statement.sid
            seen.add(statement.sid)
            statements.append(statement._replace(sid=sid))
        named.append(Policy(tuple(statements)))
    return tuple(named)


def _fill(policy: Policy, limits: Limits, *, cut: bool) -> list[list[Statement]]:
    """Put each statement into the first document with room for it.

    One that has no room is cut when *cut* says so, or when no document has room for it whole: what is left of the last
    document takes the first piece.
    """
    frame = policy_size(Policy(()).to_dict()) - 1
    empty = limits.managed - frame
    documents: list[list[Statement]] = [[]]
    room = [limits.inline - frame]
    waiting = deque((statement, _size(statement)) for statement in policy.statements)
    while waiting:
        statement, size = waiting.popleft()
        place = next((number for number, left in enumerate(room) if size <= left), None)
        if place is None and (cut or size > empty):
            pieces = _pieces(statement, size, room[-1], empty) or ([] if documents[-1] else _halves(statement))
            if pieces:
                waiting.extendleft((piece, _size(piece)) for piece in reversed(pieces))
                continue
            if not documents[-1]:
                place = len(documents) - 1  # a pair that is larger than a document has one for itself
        if place is None:
            documents.append([])
            room.append(empty)
            waiting.appendleft((statement, size))
            continue
        documents[place].append(statement)
        room[place] -= size
    return documents


def _size(statement: Statement) -> int:
    """Return the most characters that *statement* takes in a document, with the comma after it and a number to its Sid."""
    return policy_size(statement.to_dict()) + 1 + _NUMBER


def _pieces(statement: Statement, size: int, first: int, other: int) -> list[Statement]:
    """Share out one list of *statement*, the longest that will do, so that its *first* piece and each *other* have that room."""
    for side, texts in sorted(_sides(statement), key=lambda side: -policy_size(side[1])):
        beside = size - policy_size(texts) + 1
        ends = [0]
        left = first - beside
        for number, text in enumerate(texts):
            taken = policy_size(text) + 1
            if taken > left:
                ends.append(number)
                left = other - beside
            left -= taken
            if left < 0:
                break
        else:
            if ends[1] > 0:
                return [_with(statement, side, texts[start:end]) for start, end in pairwise([*ends, len(texts)])]
    return []


def _halves(statement: Statement) -> list[Statement]:
    """Cut the longest list of *statement* in two; a statement of one pair has none."""
    found = max(_sides(statement), key=lambda side: policy_size(side[1]), default=None)
    if found is None:
        return []
    side, texts = found
    return [_with(statement, side, texts[: len(texts) // 2]), _with(statement, side, texts[len(texts) // 2 :])]


def _sides(statement: Statement) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield the lists that may be shared out to several statements, each with its name."""
    if len(statement.actions) > 1:
        yield "actions", statement.actions
    if len(statement.resources) > 1:
        yield "resources", statement.resources
    if len(statement.condition) == 1:
        [(operator, _, values)] = statement.condition
        if len(values) > 1 and is_any_of(operator):
            yield "values", values


def _with(statement: Statement, side: str, texts: tuple[str, ...]) -> Statement:
    """Return *statement* with *texts* in the place of one of its lists."""
    if side == "actions":
        return statement._replace(actions=tuple(map(Action, texts)))
    if side == "resources":
        return statement._replace(resources=texts)
    [(operator, key, _)] = statement.condition
    return statement._replace(condition=((operator, key, texts),))
