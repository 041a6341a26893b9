"""What a machine needs against what its role is declared to allow: missing, excess, trust, and what is not decided."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from analyzer.analyze import Analysis, machine_name
from analyzer.compare.declared import Declared
from analyzer.compare.excess import excess
from analyzer.compare.findings import Finding, finding, sort_findings
from analyzer.compare.missing import missing
from analyzer.compare.needs import Needs, needs_of, together
from analyzer.compare.statements import Place
from analyzer.compare.trust import trust_findings
from analyzer.symbols import spell


def check(
    analysis: Analysis, machine: str, declared: Declared, sharing: Sequence[Analysis] = (), unread: Sequence[str] = ()
) -> tuple[Finding, ...]:
    """Return every difference between what *analysis* derived and what is *declared*.

    *sharing* are the other machines of the same role, which may need what this one does not, and *unread* what those of them are
    called that could not be analysed.
    """
    needs = needs_of(analysis, machine)
    others = [needs_of(one, machine_name(one)) for one in sharing]
    return sort_findings(
        (
            *(_unless_unread(one, declared) for one in missing(needs, declared)),
            *excess(needs, declared, others, unread),
            *_targets(needs),
            *(finding("not-decided", machine, f"{place.title} {why}", place) for place, why in declared.unread),
            *_boundary(machine, declared),
            *trust_findings(
                machine, analysis.trust, declared, together(needs, others).loosen, [one.trust for one in sharing], unread
            ),
        )
    )


def _boundary(machine: str, declared: Declared) -> Iterator[Finding]:
    if declared.boundary is not None:
        message = f"the permissions boundary `{declared.boundary}` may take away what is declared, and is not compared"
        yield finding("not-decided", machine, message, declared.place)


def _unless_unread(one: Finding, declared: Declared) -> Finding:
    """Return *one*, as not decided where it may be allowed by a policy that is not known."""
    if one.id != "missing-permission" or not declared.unread:
        return one
    message = f"{one.message}, unless {declared.unread[0][0].title} allows it"
    return replace(
        finding("not-decided", one.machine, message, one.place), actions=one.actions, resource=one.resource, state=one.state
    )


def _targets(needs: Needs) -> Iterator[Finding]:
    for target in needs.analysis.targets:
        message = f"the policy of the role `{spell(target.role.arn)}`, which `Credentials` names, is not among what was given"
        yield finding("not-decided", needs.machine, message, Place("the machine", needs.analysis.machine.source))
