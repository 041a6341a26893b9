"""What a machine needs against what its role is declared to allow: missing, excess, trust, and what is not decided.

A permission is missing when a request that the machine makes for certain is denied. One that hangs on a value of the run time,
on an assumption or on what only the deployment knows is not called missing as long as the declared policy allows a part of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from analyzer.analyze import Analysis
from analyzer.compare.catalogue import applies, example_arn, expand
from analyzer.compare.conditions import Term, make_term
from analyzer.compare.contain import Gap, Open, beyond, gap
from analyzer.compare.declared import Declared
from analyzer.compare.findings import Finding, finding, sort_findings
from analyzer.compare.globs import ANY, STAR, covers, matches, read, written
from analyzer.compare.loosen import Loosen, loosen
from analyzer.compare.statements import Clause, Place, Request, Rights
from analyzer.compare.trust import trust_findings
from analyzer.diagnostics import Severity
from analyzer.permissions import EXECUTION, Certainty, Condition, Grant
from analyzer.symbols import spell

UNNEEDED = ", which no state needs"
"""How the message of an action ends that nothing needs at all."""

FAILS: Mapping[str, str] = {
    "call": "without it the request is denied, and what needs it fails",
    "data": "without it the data cannot be read or written, and the state fails",
    "poll": "the state cannot follow what it started and fails",
    "cancel": "what it started goes on when the execution is stopped",
    "managed_rule": "the machine cannot be created or updated: Step Functions is not authorized to create the managed rule",
    "pass_role": "the state fails: the role may not be passed on",
    "tag": "the state fails: what it makes may not be tagged",
    "encryption": "the state fails where its data is encrypted or decrypted",
    "machine": "without it Step Functions cannot do what the machine is set up for",
}
"""What will happen without a permission, by the level of its grant."""


@dataclass(frozen=True, slots=True)
class _Needs:
    """What a machine needs: its grants, the same as rights, and its name in reports."""

    machine: str
    analysis: Analysis
    grants: tuple[Grant, ...]
    rights: Rights
    loosen: Loosen


def check(analysis: Analysis, machine: str, declared: Declared) -> tuple[Finding, ...]:
    """Return every difference between what *analysis* derived and what is *declared*."""
    grants = tuple(grant for grant in analysis.grants if grant.role == EXECUTION)
    needs = _Needs(machine, analysis, grants, Rights(tuple(map(_clause, grants))), loosen(analysis))
    return sort_findings(
        (
            *_missing(needs, declared),
            *_excess(needs, declared),
            *_targets(needs),
            *(finding("not-decided", machine, f"{place.title} {why}", place) for place, why in declared.unread),
            *trust_findings(machine, analysis.trust, declared, needs.loosen),
        )
    )


def _clause(grant: Grant) -> Clause:
    return Clause(Place(""), (grant.action,), (read(grant.resource),), _terms(grant.condition))


def _terms(condition: Condition) -> tuple[Term, ...]:
    return tuple(make_term(*line) for line in condition)


def state_place(analysis: Analysis, grant: Grant) -> Place:
    """Return where the state stands that a grant is for."""
    reason = grant.reasons[0]
    title = f"state `{reason.state}`" if reason.state is not None else "the machine"
    return Place(title, analysis.machine.source, reason.pointer)


# -------------------------------------------------------------------------------------------------------------- missing


def _missing(needs: _Needs, declared: Declared) -> Iterator[Finding]:
    alike: dict[tuple[str, str, str, str], list[tuple[Grant, Request]]] = {}
    partly: dict[tuple[object, ...], tuple[Grant, str]] = {}
    for grant, found in [(grant, _gap(grant, declared.rights)) for grant in needs.grants]:
        if found is None:
            continue
        doubt = found.why if isinstance(found, Open) else _doubt(grant, needs, declared.rights)
        if doubt is None and isinstance(found, Request):
            key = (state_place(needs.analysis, grant).title, grant.resource, grant.level, str(found.context))
            alike.setdefault(key, []).append((grant, found))
        elif doubt:
            # What a value may name, of several types of resource, is one question.
            partly.setdefault((grant.action, grant.reasons[0].pointer, grant.reasons[0].rule, doubt), (grant, doubt))
    for grant, doubt in partly.values():
        place = state_place(needs.analysis, grant)
        message = f"{place.title}: {grant.action} on `{show(grant.resource)}`: {doubt}"
        yield _about(finding("not-decided", needs.machine, message, place), grant)
    for group in alike.values():
        grants = [grant for grant, _ in group]
        place = state_place(needs.analysis, grants[0])
        names = tuple(dict.fromkeys(str(grant.action) for grant in grants))
        message = (
            f"{place.title} needs {', '.join(names)} on `{show(grants[0].resource)}`{_under(grants[0])}, which is not declared"
        )
        made = finding("missing-permission", needs.machine, message, place, help=_consequence(grants[0]))
        yield replace(_about(made, grants[0]), actions=names, request=_shown(group[0][1]))


def _gap(grant: Grant, rights: Rights) -> Gap:
    return gap(grant.action, read(grant.resource), _terms(grant.condition), rights)


def _siblings(grant: Grant, needs: _Needs) -> Iterator[Grant]:
    """Yield what the same value may name besides, of other types of resource."""
    own = grant.reasons[0]
    for other in needs.grants:
        same = (other.action, other.reasons[0].pointer, other.reasons[0].rule) == (grant.action, own.pointer, own.rule)
        if same and other.resource != grant.resource and other.certainty is not Certainty.EXACT:
            yield other


def _consequence(grant: Grant) -> str:
    return FAILS["machine" if grant.reasons[0].state is None else grant.level]


def _about(made: Finding, grant: Grant) -> Finding:
    reason = grant.reasons[0]
    return replace(made, actions=(str(grant.action),), resource=show(grant.resource), state=reason.state, page=reason.source)


def _under(grant: Grant) -> str:
    if not grant.condition:
        return ""
    return " when " + " and ".join(f"{key} is `{'` or `'.join(map(spell, values))}`" for _, key, values in grant.condition)


def _doubt(grant: Grant, needs: _Needs, rights: Rights) -> str | None:
    """Return why a permission that is not declared may still not be missing, nothing when it is, `""` when nothing is to say."""
    wanted = read(grant.resource)
    near = [
        (clause, resource)
        for clause in rights.of(grant.action)
        for resource in clause.resources
        if needs.loosen.meet(resource, wanted) and applies(grant.action, resource)
    ]
    narrowed = next((clause for clause, _ in near if clause.terms and not grant.condition), None)
    if narrowed is not None and any(covers(resource, wanted) for resource in narrowed.resources):
        return (
            f"{narrowed.place.title} allows it under a condition on {narrowed.terms[0].shown}, which is not known of the request"
        )
    if grant.certainty is Certainty.ASSUMED:
        given = grant.reasons[0].note
        return f"{near[0][0].place.title} allows a part of what is assumed" if near else f"needed if {given}, and not declared"
    if not near:
        return _elsewhere(grant, needs, rights)
    names = needs.loosen.left_open(grant)
    if names and any(needs.loosen.mentions(resource, names) for _, resource in near):
        return ""  # the same reference stands on both sides
    shown = show_pattern(near[0][1])
    if grant.certainty in (Certainty.PATTERN, Certainty.UNKNOWN):
        what = "the deployment" if names else "the run time"
        return f"what it is called is known only to {what}, and {near[0][0].place.title} allows `{shown}`"
    if any(needs.loosen.may_cover(resource, wanted) for _, resource in near):
        return f"{near[0][0].place.title} allows `{shown}`, and only the deployment knows whether that is the same"
    return None


def _elsewhere(grant: Grant, needs: _Needs, rights: Rights) -> str | None:
    """Return why a permission is not missing where what the value names may be of another type of resource, that is declared."""
    for other in _siblings(grant, needs) if grant.certainty is not Certainty.EXACT else ():
        for clause in rights.of(other.action):
            if any(needs.loosen.meet(resource, read(other.resource)) for resource in clause.resources):
                return f"what it names is known only to the run time, and {clause.place.title} allows a part of that"
    return None


# --------------------------------------------------------------------------------------------------------------- excess


def _excess(needs: _Needs, declared: Declared) -> Iterator[Finding]:
    possible = {action: one.message for one in needs.analysis.diagnostics for action in one.actions}
    for clause in declared.rights.clauses:
        found = list(beyond(Rights((clause, *_denials(declared.rights, clause))), needs.rights))
        found = [one for one in found if one.clause is clause]
        if clause.open:
            yield from (
                finding("not-decided", needs.machine, f"{clause.place.title} is {clause.open}", clause.place) for _ in found
            )
            continue
        unneeded = [one for one in found if not needs.rights.of(one.action)]
        yield from _unneeded(needs, clause, dict.fromkeys(one.action for one in unneeded), possible)
        wide = [one for one in found if needs.rights.of(one.action) and isinstance(one.gap, Request)]
        for resource, group in groupby(sorted(wide, key=lambda one: one.resource), key=lambda one: one.resource):
            if (
                made := _too_wide(needs, clause, resource, [one.gap for one in group if isinstance(one.gap, Request)])
            ) is not None:
                yield made
        for one in found:
            if isinstance(one.gap, Open) and needs.rights.of(one.action):
                message = f"{clause.place.title} allows {one.action} on `{show_pattern(one.resource)}`: {one.gap.why}"
                yield finding(
                    "not-decided", needs.machine, message, clause.place, actions=(one.action,), statement=clause.place.title
                )


def _denials(rights: Rights, clause: Clause) -> tuple[Clause, ...]:
    return () if clause.open else tuple(one for one in rights.clauses if one.denies)


def _unneeded(needs: _Needs, clause: Clause, actions: Iterable[str], possible: Mapping[str, str]) -> Iterator[Finding]:
    """Yield what is to say about actions that no state needs: one finding for each text that means some of them."""
    left = set(actions)
    for pattern in dict.fromkeys(clause.actions):
        meant = expand(pattern)
        own = [action for action in meant if action in left]
        maybe = [action for action in own if action in possible]
        left -= set(own)
        surely = [action for action in own if action not in possible]
        for action in maybe:
            message = f"{clause.place.title} allows {action}, which may be needed: {possible[action]}"
            yield _excessive("not-decided", needs, clause, message, (action,), None)
        if not surely:
            continue
        request = _example(surely[0], clause.resources[0] if clause.resources else STAR, needs)
        message = f"{clause.place.title} allows {pattern}{UNNEEDED}"
        if len(meant) > len(own):
            message = f"{clause.place.title} allows {pattern}: no state needs {len(surely):,} of its {len(meant):,} actions"
        yield _excessive("excess-permission", needs, clause, message, (pattern,), request)


def _excessive(
    id: str, needs: _Needs, clause: Clause, message: str, actions: tuple[str, ...], request: Request | None, resource: str = ""
) -> Finding:
    title = clause.place.title
    return finding(
        id, needs.machine, message, clause.place, actions=actions, statement=title, request=request, resource=resource or None
    )


def _too_wide(needs: _Needs, clause: Clause, resource: str, requests: Sequence[Request]) -> Finding | None:
    """Say that needed actions are allowed on more than is needed; nothing where only the deployment knows whether it is more."""
    names = tuple(dict.fromkeys(request.action for request in requests))
    needed = [one for action in names for own in needs.rights.of(action) for one in own.resources]
    shown = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
    where = f"{clause.place.title} allows {shown} on `{show_pattern(resource)}`"
    # Where the resource itself is needed, it is a condition that is left out.
    if not any(covers(one, resource) for one in needed) and any(needs.loosen.may_cover(one, resource) for one in needed):
        if any(needs.loosen(one) == needs.loosen(resource) for one in needed):
            return None
        message = f"{where}: only the deployment knows whether that is more than is needed"
        return _excessive("not-decided", needs, clause, message, names, None, show_pattern(resource))
    request = _narrow(requests[0], resource, needs)
    context = "".join(f" with {key} `{spell(value)}`" for key, value in request.context)
    message = f"{where}; no state needs {request.action} on `{request.resource}`{context}"
    return _excessive("excess-permission", needs, clause, message, names, request, show_pattern(resource))


def _narrow(request: Request, resource: str, needs: _Needs) -> Request:
    """Write the counterexample as an ARN of the kind that is needed, where the pattern holds one."""
    own = [one for clause in needs.rights.of(request.action) for one in clause.resources]
    if not any(matches(one, request.resource) for one in own):
        places = _places(needs)
        tried = [*map(_sibling, own), example_arn(request.action, places), instance(resource, places)]
        for arn in tried:
            if arn is not None and matches(resource, arn) and not any(matches(one, arn) for one in own):
                return _shown(replace(request, resource=arn))
    return _shown(request)


def _sibling(pattern: str) -> str:
    """Return an ARN like those of *pattern*, with another last part."""
    head = max(pattern.rfind("/"), pattern.rfind(":")) + 1
    return pattern[:head].replace(STAR, "other").replace(ANY, "x") + "other"


def _example(action: str, resource: str, needs: _Needs) -> Request:
    """Return a request for *action* on something that *resource* matches, as an ARN where IAM has one for the action."""
    places = _places(needs)
    arn = example_arn(action, places)
    if arn is None or not matches(resource, arn):
        arn = "*" if resource == STAR else instance(resource, places)
    return _shown(Request(action, arn))


def instance(pattern: str, places: Mapping[str, str]) -> str:
    """Return an ARN that *pattern* matches, in *places* where it leaves them open."""
    fields = pattern.split(":", 5)
    if len(fields) == 6:
        for at, name in ((1, "partition"), (3, "region"), (4, "account")):
            fields[at] = places[name] if fields[at] == STAR else fields[at]
    return ":".join(fields).replace(STAR, "other").replace(ANY, "x")


def _places(needs: _Needs) -> dict[str, str]:
    """Return where the machine lives, with the places that documentation writes for what is not known."""
    return {key: needs.analysis.context.places("")[key] or value for key, value in _UNKNOWN.items()}


_UNKNOWN = {"partition": "aws", "region": "us-east-1", "account": "111122223333"}


def _shown(request: Request) -> Request:
    return replace(
        request, resource=spell(request.resource), context=tuple((key, spell(value)) for key, value in request.context)
    )


def show(pattern: str) -> str:
    """Write a pattern of a grant for people."""
    return spell(pattern)


def show_pattern(pattern: str) -> str:
    """Write a pattern that was read for people."""
    return written(pattern)


def _targets(needs: _Needs) -> Iterator[Finding]:
    for target in needs.analysis.targets:
        message = f"the policy of the role `{spell(target.role.arn)}`, which `Credentials` names, is not among what was given"
        yield finding(
            "not-decided", needs.machine, message, Place("the machine", needs.analysis.machine.source), severity=Severity.NOTE
        )
