"""Analyses of the base and of the head → what there is to say about them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from difflib import unified_diff
from itertools import chain
from types import MappingProxyType
from typing import NamedTuple

from analyzer.analyze import Analysis
from analyzer.bot.review import Block, Machine, Permission, Remark, Review, Spot, Why
from analyzer.compare.changes import Change, Key, MachineChange, changes
from analyzer.compare.findings import Finding
from analyzer.compare.moves import moves
from analyzer.diagnostics import RANK, Severity
from analyzer.permissions import EXECUTION, Condition, Grant
from analyzer.policy import Policy
from analyzer.render import render
from analyzer.render.spell import spelled
from analyzer.report.check import grouped, position_of, together
from analyzer.report.diagram import mermaid
from analyzer.report.entries import CERTAINTIES
from analyzer.report.paint import to_json
from analyzer.report.problems import place
from analyzer.text import Json, Position, Source, locate

Suggest = Callable[[Analysis], Sequence[Block]]
"""Writes the policies of one machine in the language of its repository."""

UNRESOLVED = frozenset({"unresolved-resource", "unresolved-substitution"})
"""The diagnostics of a wildcard that somebody can close."""

LONGEST = 4_000
"""The lines of a policy that is compared line by line. A longer one fits into no comment."""

DRAWN = 40_000
"""Characters of a diagram. Mermaid refuses to draw more than 50,000."""


class Side(NamedTuple):
    """The machines of one side, the folder that paths are told from, and what `check` finds about the machines."""

    analyses: Mapping[Key, Analysis]
    root: str = "."
    findings: Mapping[Key, Sequence[Finding]] = MappingProxyType({})


def gather(
    base: Side,
    head: Side,
    suggest: Suggest | None = None,
    *,
    incomplete: bool = False,
) -> Review:
    """Return what is to say about *head* to somebody who knows *base*.

    A machine that was moved is compared with what it was. Policies are suggested in the language of their template, unless
    *suggest* writes them. When the reading is *incomplete*, a machine that is not there may just be unreadable: none is called
    removed then.
    """
    moved = moves(base.analyses, head.analyses)
    base = _at_new_places(base, moved)
    changed = {(one.path, one.name): one for one in changes(base.analyses, head.analyses)}
    made = []
    for key in sorted(base.analyses.keys() | head.analyses.keys()):
        change, before, after = changed.get(key), base.analyses.get(key), head.analyses.get(key)
        if (after is None and incomplete) or (change is None and key not in moved and not _touched(before, after)):
            continue
        sides = _Machine(before, base.root), _Machine(after, head.root)
        findings = base.findings.get(key, ()), head.findings.get(key, ())
        machine = _machine(key, change, sides, findings, suggest or policies)
        if key in moved:
            machine = replace(machine, remarks=(*machine.remarks, _moved(*moved[key])))
        if change is not None or machine.remarks:
            made.append(machine)
    return Review(tuple(made), len(head.analyses), incomplete)


def _at_new_places(base: Side, moved: Mapping[Key, Key]) -> Side:
    """Return *base* with the machines that moved since where they are now."""
    now = {old: new for new, old in moved.items()}
    analyses = {now.get(key, key): one for key, one in base.analyses.items()}
    return base._replace(analyses=analyses, findings={now.get(key, key): found for key, found in base.findings.items()})


def _moved(path: str, name: str) -> Remark:
    help = "it is compared with what it needed there; in another stack it has another role"
    return Remark("note", "moved-machine", f"this was `{name}` in `{path}`", help, None)


def policies(analysis: Analysis) -> list[Block]:
    """Write the policies of a machine in the language of its template, else as IAM reads them.

    Of a role that needs nothing there is none. Other roles that a machine takes on are seldom of the same template: JSON it is.
    """
    form, analysis = _form(analysis), spelled(analysis)
    documents = {title: document for title, document in _documents(analysis).items() if document["Statement"]}
    made = [Block(title, "json", to_json(document)) for title, document in documents.items()]
    if form is None or not analysis.policy.statements:
        return made
    return [Block(_title(EXECUTION), _LANGUAGES[form], render([analysis], form)), *made[1:]]


def _form(analysis: Analysis) -> str | None:
    """Return the form to render in that the template of a machine is written in; nothing for a definition that stands alone."""
    found = analysis.found
    if found is None:
        return None
    if found.dialect == "cloudformation" and found.template.endswith(".json"):
        return "cloudformation-json"
    return {"terraform-plan": "terraform"}.get(found.dialect, found.dialect) if found.dialect in _FORMS else None


_LANGUAGES = {"cloudformation": "yaml", "cloudformation-json": "json", "sam": "yaml", "serverless": "yaml", "terraform": "hcl"}
_FORMS = frozenset((*_LANGUAGES, "terraform-plan"))


class _Machine(NamedTuple):
    """A machine as it is on one side, if it is there."""

    analysis: Analysis | None
    root: str

    def spot(self, source: Source, position: Position | None) -> Spot:
        """Return a place as the repository knows it. For what lies outside of the folder stands the template, else its name."""
        name = self._file_of(source)
        position = position if name == source.name else None  # the lines are those of a text that stands in no file
        path = os.path.relpath(name, self.root).replace(os.sep, "/")
        if ".." in path.split("/"):
            found = self.analysis.found if self.analysis is not None else None
            other = os.path.relpath(found.template, self.root).replace(os.sep, "/") if found is not None else ".."
            return Spot(path.rpartition("/")[2] if ".." in other.split("/") else other)
        return Spot(path, position.line if position is not None else None)

    def _file_of(self, source: Source) -> str:
        """Return the file that *source* is of: a definition that a template puts together is called `template (machine)`."""
        found = self.analysis.found if self.analysis is not None else None
        files = (found.template, *found.files) if found is not None else ()
        if not files or source.name in files:
            return source.name
        return next((file for file in files if source.name.startswith(f"{file} (")), source.name)


def _touched(before: Analysis | None, after: Analysis | None) -> bool:
    """Tell whether anything that was written about a machine is another text now."""
    if before is None or after is None:
        return True
    old, new = before.found, after.found
    roles = (old.role if old is not None else None, new.role if new is not None else None)
    return before.machine.source.text != after.machine.source.text or roles[0] != roles[1]


def _machine(
    key: Key,
    change: MachineChange | None,
    sides: tuple[_Machine, _Machine],
    findings: tuple[Sequence[Finding], Sequence[Finding]],
    suggest: Suggest,
) -> Machine:
    old, new = (one._replace(analysis=spelled(one.analysis)) if one.analysis is not None else one for one in sides)
    told = list(_new_diagnostics(old, new))
    permissions: tuple[Permission, ...] = ()
    if change is not None:
        permissions = tuple(chain(_permissions(change.added, new, added=True), _permissions(change.removed, old, added=False)))
    states = {why.state for one in permissions if one.added for why in one.reasons if why.state is not None}
    drawn = mermaid(new.analysis, states) if new.analysis is not None and states else ""
    after = sides[1].analysis
    known = {one.key() for one in findings[0]}
    fresh, old_ones = [one for one in findings[1] if one.key() not in known], [one for one in findings[1] if one.key() in known]
    return Machine(
        name=key[1],
        path=key[0],
        kind=change.kind if change is not None else "same",
        permissions=permissions,
        differences=tuple(_differences(old.analysis, new.analysis)) if change is not None else (),
        suggestion=tuple(suggest(after)) if after is not None and change is not None else (),
        remarks=(*_found(fresh, new), *(one for one, _ in told)),
        older=len(tuple(_found(old_ones, new))),
        wildcards=sum(wild for _, wild in told),
        diagram=drawn if len(drawn) <= DRAWN else "",
    )


_Called = tuple[str, str, Condition, str]


def _permissions(found: Iterable[Change], side: _Machine, *, added: bool) -> Iterator[Permission]:
    if side.analysis is None:
        return
    source = side.analysis.machine.source
    grants: dict[_Called, list[Grant]] = {}
    for grant in side.analysis.grants:
        grants.setdefault((grant.action, grant.resource, grant.condition, grant.role), []).append(grant)
    for change in found:
        alike = grants.get((change.action, change.resource, change.condition, change.role), [])
        reasons = (reason for grant in alike for reason in grant.reasons)
        places = ((one, locate(source, one.pointer) if one.pointer else None) for one in reasons)
        whys = dict.fromkeys(Why(one.state, side.spot(source, position), one.source) for one, position in places)
        surest = min((grant.certainty for grant in alike), key=CERTAINTIES.index, default=CERTAINTIES[0])
        said = " and ".join(f"{name} {operator} {' or '.join(values)}" for operator, name, values in change.condition)
        yield Permission(added, change.action, change.resource, said, change.role, str(surest), tuple(whys))


def _new_diagnostics(before: _Machine, after: _Machine) -> Iterator[tuple[Remark, bool]]:
    """Yield the errors and warnings that the base has not, and whether each is of a wildcard."""
    known = {(one.id, one.message) for one in before.analysis.diagnostics} if before.analysis is not None else set()
    if after.analysis is None:
        return
    source = after.analysis.machine.source
    for one in after.analysis.diagnostics:
        if one.severity is not Severity.NOTE and (one.id, one.message) not in known:
            spot = after.spot(source, place(source, one))
            yield Remark(str(one.severity), one.id, one.message, one.help, spot), one.id in UNRESOLVED


def _found(findings: Sequence[Finding], side: _Machine) -> Iterator[Remark]:
    for group in grouped(sorted(findings, key=lambda each: RANK[each.severity])):
        one = group[0]
        if one.severity is not Severity.NOTE:
            source = one.place.source
            spot = None if source is None else side.spot(source, position_of(one.place))
            yield Remark(str(one.severity), one.id, together(group), one.help, spot)


def _documents(analysis: Analysis) -> dict[str, Json]:
    """Return the policies of a machine, each under the name of its role."""
    made = {EXECUTION: analysis.policy, **{target.role.arn: target.policy for target in analysis.targets}}
    return {_title(role): policy.to_dict() for role, policy in made.items() if _is_worth(role, policy)}


def _is_worth(role: str, policy: Policy) -> bool:
    return role == EXECUTION or bool(policy.statements)


def _title(role: str) -> str:
    return "execution role" if role == EXECUTION else f"role {role}"


def _differences(before: Analysis | None, after: Analysis | None) -> Iterator[Block]:
    if before is None or after is None:
        return  # the whole policy is suggested, or gone
    yield from _changed(_documents(before), _documents(after), "policy of the ")
    yield from _changed(_trusts(before), _trusts(after), "trust policy of the ")


def _trusts(analysis: Analysis) -> dict[str, Json]:
    return {_title(EXECUTION): analysis.trust, **{_title(one.role.arn): one.trust for one in analysis.targets}}


def _changed(old: Mapping[str, Json], new: Mapping[str, Json], what: str) -> Iterator[Block]:
    for title in dict.fromkeys((*new, *old)):
        before, after = (to_json(side[title]).splitlines() if title in side else [] for side in (old, new))
        if before != after and len(before) + len(after) <= 2 * LONGEST:
            lines = list(unified_diff(before, after, lineterm=""))[2:]  # without the two lines that name files
            yield Block(what + title, "diff", "\n".join(lines))
