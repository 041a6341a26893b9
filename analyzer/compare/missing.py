"""What is missing: a request that the machine makes for certain, and that is denied.

One that hangs on a value of the run time, on an assumption or on what only the deployment knows is not called missing as long
as the declared policy allows a part of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from analyzer.compare.catalogue import applies
from analyzer.compare.contain import Gap, Open, gap
from analyzer.compare.declared import Declared
from analyzer.compare.findings import Finding, finding
from analyzer.compare.globs import STAR, covers, read
from analyzer.compare.needs import Needs, example, show, show_pattern, shown, state_place, terms_of_grant
from analyzer.compare.statements import Place, Request, Rights
from analyzer.permissions import Certainty, Grant
from analyzer.symbols import names_a_part, spell

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


def missing(needs: Needs, declared: Declared) -> Iterator[Finding]:
    """Yield what the machine needs and is not declared, and what may be missing."""
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
        yield _about(finding("not-decided", needs.machine, message, place), grant, needs)
    for group in _of_one_value(alike.values()):
        grants = [grant for grant, _ in group]
        place = state_place(needs.analysis, grants[0])
        names = tuple(dict.fromkeys(str(grant.action) for grant in grants))
        others = len({grant.resource for grant in grants}) - 1
        where = f"`{show(grants[0].resource)}`" + (f" and {others} more that the value may name" if others else "")
        message = f"{place.title} needs {', '.join(names)} on {where}{_under(grants[0])}, which is not declared"
        made = finding("missing-permission", needs.machine, message, place, help=_consequence(grants[0]))
        denied = group[0][1]
        if read(grants[0].resource) == STAR:
            denied = replace(example(denied.action, STAR, needs), context=denied.context)
        yield replace(_about(made, grants[0], needs), actions=names, request=shown(denied))


def _of_one_value(groups: Iterable[list[tuple[Grant, Request]]]) -> list[list[tuple[Grant, Request]]]:
    """Put together what one value, which is not known, may name of several types of resource: it is one request."""
    made: dict[tuple[object, ...], list[tuple[Grant, Request]]] = {}
    for number, group in enumerate(groups):
        first = group[0][0]
        actions = tuple(grant.action for grant, _ in group)
        known = first.certainty is Certainty.EXACT
        key = (number,) if known else (first.reasons[0].pointer, first.reasons[0].rule, first.level, actions, first.condition)
        made.setdefault(key, []).extend(group)
    return list(made.values())


def _gap(grant: Grant, rights: Rights) -> Gap:
    return gap(grant.action, read(grant.resource), terms_of_grant(grant.condition), rights)


def _siblings(grant: Grant, needs: Needs) -> Iterator[Grant]:
    """Yield what the same value may name besides, of other types of resource."""
    own = grant.reasons[0]
    for other in needs.grants:
        same = (other.action, other.reasons[0].pointer, other.reasons[0].rule) == (grant.action, own.pointer, own.rule)
        if same and other.resource != grant.resource and other.certainty is not Certainty.EXACT:
            yield other


def _consequence(grant: Grant) -> str:
    return FAILS["machine" if grant.reasons[0].state is None else grant.level]


def _about(made: Finding, grant: Grant, needs: Needs) -> Finding:
    reason = grant.reasons[0]
    steps = [step for step in reason.flow if step.pointer and not names_a_part(step.what)]
    way = tuple(Place(step.what, needs.analysis.machine.source, step.pointer) for step in steps)
    own = replace(made, actions=(str(grant.action),), resource=show(grant.resource), state=reason.state, page=reason.source)
    return replace(own, way=way)


def _under(grant: Grant) -> str:
    if not grant.condition:
        return ""
    return " when " + " and ".join(f"{key} is `{'` or `'.join(map(spell, values))}`" for _, key, values in grant.condition)


def _doubt(grant: Grant, needs: Needs, rights: Rights) -> str | None:
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
    unsure = (one for one in rights.clauses if one.open and not one.denies)
    perhaps = next((one for one in unsure if one.concerns(grant.action, wanted, needs.loosen.meet)), None)
    if perhaps is not None:
        return f"{perhaps.place.title} is {perhaps.open}"
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


def _elsewhere(grant: Grant, needs: Needs, rights: Rights) -> str | None:
    """Return why a permission is not missing where what the value names may be of another type of resource, that is declared."""
    for other in _siblings(grant, needs) if grant.certainty is not Certainty.EXACT else ():
        for clause in rights.of(other.action):
            if any(needs.loosen.meet(resource, read(other.resource)) for resource in clause.resources):
                return f"what it names is known only to the run time, and {clause.place.title} allows a part of that"
    return None
