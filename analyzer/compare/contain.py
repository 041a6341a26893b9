"""Whether one policy allows all that another one does: exact, or not decided, and a request as proof of every no.

Each action is a question of its own, since its resources and conditions may come from several statements. An action on a
pattern under terms is *held* when statements whose terms are implied have patterns that hold the pattern together. It is *not
held* when there is a request that it allows and none of the statements does. Whatever is neither stays open, with the reason.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from analyzer.compare.catalogue import applies, expand
from analyzer.compare.conditions import Context, Term, contexts, holds, implies, split
from analyzer.compare.globs import Undecided, readable, uncovered
from analyzer.compare.statements import Clause, Request, Rights


@dataclass(frozen=True, slots=True)
class Open:
    """A question that is not decided, and why."""

    why: str


Gap = Request | Open | None
"""The answer: a request that is not allowed, an open question, or nothing when everything is."""


@dataclass(frozen=True, slots=True)
class Excess:
    """What a clause allows beyond something else: one of its actions on one of its resources."""

    clause: Clause
    action: str
    resource: str
    gap: Request | Open


def gap(action: str, resource: str, terms: Sequence[Term], rights: Rights) -> Gap:
    """Return what of *action* on *resource* under *terms* the *rights* do not allow."""
    found: Gap = None
    for single in split(terms):
        found = _gap(action, resource, single, rights.of(action))
        if found is not None:
            break
    for clause in rights.open_about(action, resource):
        # A Deny only takes away, and what is said by exclusion may only add.
        if clause.denies != isinstance(found, Request):
            return Open(f"{clause.place.title} is {clause.open}")
    return found


def _gap(action: str, resource: str, terms: Sequence[Term], clauses: Sequence[Clause]) -> Gap:
    sure = [one for one in clauses if all(implies(terms, term) for term in one.terms)]
    try:
        missed = uncovered(resource, _resources(sure))
        if missed is None:
            return None
        for context in contexts(terms, [one.terms for one in clauses]):
            answers = [(one, _met(one.terms, context)) for one in clauses]
            letting = [one for one, answer in answers if answer is not False]
            missed = uncovered(resource, _resources(letting))
            if missed is not None:
                names = {term.key: term.shown for term in (*(each for one in clauses for each in one.terms), *terms)}
                carried = tuple(sorted((names[key], value) for key, value in context.items()))
                return Request(action, readable(missed, _resources(letting)), carried)
    except Undecided as reason:
        return Open(str(reason))
    doubtful = next((one for one in clauses if one not in sure), None)
    whose = f"{doubtful.place.title} allows it" if doubtful else "it is allowed"
    return Open(f"{whose} under conditions that are not compared")


def _resources(clauses: Iterable[Clause]) -> list[str]:
    return [resource for clause in clauses for resource in clause.resources]


def _met(terms: Iterable[Term], context: Context) -> bool | None:
    answers = [holds(term, context) for term in terms]
    return False if False in answers else None if None in answers else True


def beyond(rights: Rights, other: Rights) -> Iterator[Excess]:
    """Yield what *rights* allow and *other* does not: nothing when *rights* are contained in *other*.

    An action on a resource that it cannot be asked for is not allowed, whatever is written.
    """
    undecided = any(clause.open for clause in other.clauses)
    for clause in rights.clauses:
        if clause.open:
            yield Excess(clause, ", ".join(clause.actions), "", Open(f"{clause.place.title} is {clause.open}"))
            continue
        answered: dict[tuple[tuple[int, ...], str], Gap] = {}
        for action in dict.fromkeys(name for pattern in clause.actions for name in expand(pattern)):
            alike = tuple(map(id, other.of(action)))
            for resource in clause.resources:
                if not applies(action, resource):
                    continue
                # Actions that the same statements of the other side allow have the same answer.
                key = (alike, resource)
                if key not in answered or undecided:
                    answered[key] = gap(action, resource, clause.terms, other)
                found = answered[key]
                if isinstance(found, Request):
                    found = _after_denials(Request(action, found.resource, found.context), rights)
                if found is not None:
                    yield Excess(clause, action, resource, found)


def _after_denials(request: Request, rights: Rights) -> Request | Open:
    """Return *request*, unless a Deny of the same policies may take it away again."""
    for clause in rights.open_about(request.action, request.resource):
        if clause.denies:
            return Open(f"{clause.place.title} is {clause.open}")
    return request
