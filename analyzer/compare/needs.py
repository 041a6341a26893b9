"""What a machine needs, as rights to compare with, and how it is written for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from analyzer.analyze import Analysis
from analyzer.compare.catalogue import example_arns, is_asked_for
from analyzer.compare.conditions import Term, make_term
from analyzer.compare.globs import ANY, STAR, matches, read, written
from analyzer.compare.loosen import Loosen, loosen, merged
from analyzer.compare.statements import Clause, Place, Request, Rights
from analyzer.permissions import EXECUTION, Condition, Grant
from analyzer.symbols import spell, spell_for_people

_UNKNOWN = {"partition": "aws", "region": "us-east-1", "account": "111122223333"}
"""The places that documentation writes for what is not known."""


@dataclass(frozen=True, slots=True)
class Needs:
    """What a machine needs: its grants, the same as rights, and its name in reports."""

    machine: str
    analysis: Analysis
    grants: tuple[Grant, ...]
    rights: Rights
    loosen: Loosen


def together(own: Needs, others: Sequence[Needs]) -> Needs:
    """Return what all the machines of one role need, as that of the *own* one: its rights are those of all."""
    if not others:
        return own
    clauses = tuple(clause for one in (own, *others) for clause in one.rights.clauses)
    return replace(own, rights=Rights(clauses), loosen=merged([own.loosen, *(one.loosen for one in others)]))


def needs_of(analysis: Analysis, machine: str) -> Needs:
    """Return what the execution role of *machine* needs."""
    grants = tuple(grant for grant in analysis.grants if grant.role == EXECUTION)
    return Needs(machine, analysis, grants, Rights(tuple(map(_clause, grants))), loosen(analysis))


def _clause(grant: Grant) -> Clause:
    return Clause(Place(""), (grant.action,), (read(grant.resource),), terms_of_grant(grant.condition))


def terms_of_grant(condition: Condition) -> tuple[Term, ...]:
    """Return the condition of a grant as the terms of a clause."""
    return tuple(make_term(*line) for line in condition)


def state_place(analysis: Analysis, grant: Grant) -> Place:
    """Return where the state stands that a grant is for."""
    reason = grant.reasons[0]
    title = f"state `{reason.state}`" if reason.state is not None else "the machine"
    return Place(title, analysis.machine.source, reason.pointer)


def elsewheres(places: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """Yield places like *places* in another Region, and in another account."""
    yield {**places, "region": "eu-west-1" if places["region"] != "eu-west-1" else "us-east-1"}
    yield {**places, "account": "444455556666"}


def sibling(pattern: str, places: Mapping[str, str]) -> str:
    """Return an ARN like those of *pattern*, with another last part."""
    fields = instance(pattern, places).split(":", 5)
    head, slash, _ = fields[-1].rpartition("/" if "/" in fields[-1] else ":")
    return ":".join([*fields[:-1], f"{head}{slash}other"])


def example(action: str, resource: str, needs: Needs) -> Request:
    """Return a request for *action* on something that *resource* matches, as an ARN where IAM has one for the action."""
    places = places_of_needs(needs)
    if resource == STAR:
        return shown(Request(action, next(iter(example_arns(action, places)), "*")))
    tried = [*example_arns(action, places), *instances(resource, places)]
    fitting = (arn for arn in tried if matches(resource, arn) and is_asked_for(action, arn))
    return shown(Request(action, next(fitting, instance(resource, places))))


def instance(pattern: str, places: Mapping[str, str]) -> str:
    """Return an ARN that *pattern* matches, in *places* where it leaves them open."""
    fields = pattern.split(":", 5)
    if len(fields) == 6:
        for at, name in ((1, "partition"), (3, "region"), (4, "account")):
            fields[at] = places[name] if fields[at] == STAR else fields[at]
    return ":".join(fields).replace(STAR, "other").replace(ANY, "x")


def instances(pattern: str, places: Mapping[str, str]) -> tuple[str, ...]:
    """Return ARNs that *pattern* may match; behind a `*` at its end, further parts may follow."""
    arn = instance(pattern, places)
    return (arn, f"{arn}:other", f"{arn}/other") if pattern.endswith(STAR) else (arn,)


def places_of_needs(needs: Needs) -> dict[str, str]:
    """Return where the machine lives, with the places that documentation writes for what is not known."""
    return {key: needs.analysis.context.places("")[key] or value for key, value in _UNKNOWN.items()}


def shown(request: Request) -> Request:
    """Write the symbols of a request for people."""
    return replace(
        request, resource=spell(request.resource), context=tuple((key, spell(value)) for key, value in request.context)
    )


def show(pattern: str) -> str:
    """Write a pattern of a grant for people."""
    return spell_for_people(pattern)


def show_pattern(pattern: str) -> str:
    """Write a pattern that was read for people."""
    return written(pattern)
