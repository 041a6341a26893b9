"""What is in excess: a request that is allowed and that no state needs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import groupby

from analyzer.compare.catalogue import applies, example_arns, expand, is_asked_for
from analyzer.compare.contain import Open, beyond
from analyzer.compare.declared import Declared
from analyzer.compare.findings import Finding, finding
from analyzer.compare.globs import STAR, covers, matches
from analyzer.compare.needs import Needs, elsewheres, example, instances, places_of_needs, show_pattern, shown, sibling, together
from analyzer.compare.statements import Clause, Place, Request, Rights
from analyzer.diagnostics import Diagnostic, Severity
from analyzer.symbols import spell

_ERROR = Severity.ERROR
_UNREAD = frozenset(("unresolved-task-resource", "retired-service"))
_READ = frozenset(("other-region", "other-partition", "needless-credentials", "policy-too-large"))
"""Warnings that leave open what a state needs, and errors that do not."""

MOST = 1_000_000
"""The most pairs of an action and a resource that are looked at in the policies of one role."""

UNNEEDED = ", which no state needs"
"""How the message of an action ends that nothing needs at all."""


def excess(own: Needs, declared: Declared, others: Sequence[Needs] = (), unread: Sequence[str] = ()) -> Iterator[Finding]:
    """Yield what is declared and no state needs, and what cannot be told.

    *others* are the machines that share the role, and *unread* those of them whose needs nobody knows.
    """
    not_understood = [one for one in own.analysis.diagnostics if one.id in _UNREAD or _is_unread(one)]
    if not_understood:
        # What a state that is not understood needs, nobody knows: it may be all that is declared.
        told = [one for one in not_understood if _is_unread(one)] or not_understood[:1]
        yield from map(partial(_not_understood, own), told)
        return
    shared = [one.machine for one in others if any(_is_unread(each) or each.id in _UNREAD for each in one.analysis.diagnostics)]
    for machine in [*shared, *unread][:1]:
        message = f"what is in excess cannot be told, since `{machine}` shares the role, and its definition is not understood"
        yield finding("not-decided", own.machine, message, declared.place, help="mend that definition first")
        return
    needs = together(own, others)
    possible = {action: one.message for each in (own, *others) for one in each.analysis.diagnostics for action in one.actions}
    left = MOST
    for clause in declared.rights.clauses:
        left -= sum(len(expand(pattern)) for pattern in clause.actions) * len(clause.resources)
        if left < 0:
            message = f"{clause.place.title} and what follows: too many actions on too many resources to look at"
            yield finding("not-decided", needs.machine, message, clause.place)
            return
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


def _is_unread(found: Diagnostic) -> bool:
    """Tell whether it is an error that leaves open what a state needs."""
    return found.severity is _ERROR and found.id not in _READ


def _not_understood(needs: Needs, found: Diagnostic) -> Finding:
    """Say that a part of the definition is not understood: for an error, what is needed is as little known as what is not."""
    place = Place("the machine", needs.analysis.machine.source, found.pointer)
    what, severity = ("what is needed and what is in excess", _ERROR) if _is_unread(found) else ("what is in excess", None)
    message = f"{what} cannot be told, since the definition is not understood: {spell(found.message)}"
    return finding("not-decided", needs.machine, message, place, severity=severity, help="mend the definition first")


def _denials(rights: Rights, clause: Clause) -> tuple[Clause, ...]:
    return () if clause.open else tuple(one for one in rights.clauses if one.denies)


def _unneeded(needs: Needs, clause: Clause, actions: Iterable[str], possible: Mapping[str, str]) -> Iterator[Finding]:
    """Yield what is to say about actions that no state needs: one finding for each text that means some of them."""
    left = set(actions)
    for pattern in dict.fromkeys(clause.actions):
        meant = [action for action in expand(pattern) if any(applies(action, one) for one in clause.resources)]
        own = [action for action in meant if action in left]
        left -= set(own)
        surely = [action for action in own if action not in possible]
        for action in [action for action in own if action in possible]:
            message = f"{clause.place.title} allows {action}, which may be needed: {possible[action]}"
            yield _excessive("not-decided", needs, clause, message, (action,), None)
        if not surely:
            continue
        resource = next(one for one in clause.resources if applies(surely[0], one))
        message = f"{clause.place.title} allows {pattern}{UNNEEDED}"
        if len(meant) > len(surely):
            number = f"{len(surely):,} actions" if len(surely) > 1 else "an action"
            message = f"{clause.place.title} allows {pattern}, and with it {number} that no state needs"
        yield _excessive("excess-permission", needs, clause, message, (pattern,), example(surely[0], resource, needs))


def _excessive(
    id: str, needs: Needs, clause: Clause, message: str, actions: tuple[str, ...], request: Request | None, resource: str = ""
) -> Finding:
    title = clause.place.title
    return finding(
        id, needs.machine, message, clause.place, actions=actions, statement=title, request=request, resource=resource or None
    )


def _too_wide(needs: Needs, clause: Clause, resource: str, requests: Sequence[Request]) -> Finding | None:
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
    if request is None:
        return None
    context = "".join(f" with {key} `{spell(value)}`" for key, value in request.context)
    message = f"{where}; no state needs {request.action} on `{request.resource}`{context}"
    if request.resource == show_pattern(resource) and not context:
        message = f"{where}, where no state needs {request.action if len(names) > 1 else 'it'}"
    return _excessive("excess-permission", needs, clause, message, names, request, show_pattern(resource))


def _narrow(request: Request, resource: str, needs: Needs) -> Request | None:
    """Write the counterexample as an ARN of the kind that is needed, where the pattern holds one.

    Nothing when everything is allowed and everything of the kind is needed, in the machine's own account and Region.
    """
    own = [one for clause in needs.rights.of(request.action) for one in clause.resources]
    if any(matches(one, request.resource) for one in own):
        return shown(request)
    places = places_of_needs(needs)
    tried = [sibling(one, places) for one in own]
    if resource != STAR:
        tried += [*example_arns(request.action, places), *instances(resource, places)]
        for elsewhere in elsewheres(places):
            tried += [*example_arns(request.action, elsewhere), *instances(resource, elsewhere)]
    for arn in tried:
        if matches(resource, arn) and is_asked_for(request.action, arn) and not any(matches(one, arn) for one in own):
            return shown(replace(request, resource=arn))
    return None if resource == STAR else shown(request)
