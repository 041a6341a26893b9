"""What `check` has to say: one frozen noun, one table of every kind, and what somebody decided to live with."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from analyzer.compare.statements import Place, Request
from analyzer.diagnostics import RANK, Entry, Severity

_E, _W, _N = Severity.ERROR, Severity.WARNING, Severity.NOTE

RULES: dict[str, Entry] = {
    "missing-permission": Entry(_E, "a state needs a permission that is not declared", "allow it"),
    "excess-permission": Entry(_W, "a permission is declared that no state needs", "take it out of the statement"),
    "trust-principal": Entry(_E, "the wrong services or accounts may take the role", "name the service of Step Functions alone"),
    "trust-source": Entry(
        _W, "the trust policy is not pinned to the machine", "name it with aws:SourceArn and aws:SourceAccount"
    ),
    "not-decided": Entry(_N, "something that cannot be compared", "look at it yourself"),
    "stale-baseline": Entry(_E, "an entry of the baseline that no longer occurs", "remove it, or run with --update-baseline"),
}
"""Every id that `check` can report."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One difference between what a machine needs and what its role is declared to allow.

    `machine` is what the machine is called in reports. `place` is where to look first: the state, or the statement. `request`
    is the counterexample: a request that is needed and denied, or allowed and not needed. `way` is where the value came by that
    names the resource, back to where it first stands; each place is called by what stands there.
    """

    id: str
    severity: Severity
    machine: str
    message: str
    help: str
    place: Place
    actions: tuple[str, ...] = ()
    resource: str | None = None
    state: str | None = None
    statement: str | None = None
    request: Request | None = None
    page: str | None = None
    reason: str = ""
    way: tuple[Place, ...] = ()

    def key(self) -> tuple[str, ...]:
        """Return what makes the finding the same one in another run: nothing of lines, messages or order."""
        own = (self.statement or "", ",".join(self.actions), self.resource or "", self.state or "")
        return (self.id, self.machine, *own)


def finding(
    id: str, machine: str, message: str, place: Place, *, severity: Severity | None = None, help: str = "", **more: object
) -> Finding:
    """Make a finding with the severity and, unless given, the help of its row."""
    entry = RULES[id]
    return Finding(id, severity or entry.severity, machine, message, help or entry.fix, place, **more)  # type: ignore[arg-type]


def sort_findings(found: Iterable[Finding]) -> tuple[Finding, ...]:
    """Order findings: by machine, then by severity and id, then by what they are about; none twice."""
    unique = {(*one.key(), one.message): one for one in found}
    return tuple(sorted(unique.values(), key=lambda one: (one.machine, RANK[one.severity], one.id, one.key(), one.message)))


@dataclass(frozen=True, slots=True)
class Ignore:
    """A finding that somebody decided to live with, and why. What is empty fits everything; texts are patterns with `*`."""

    id: str
    reason: str
    machine: str = ""
    action: str = ""
    resource: str = ""

    def fits(self, found: Finding) -> bool:
        """Tell whether *found* is meant: with several actions, when all of them are."""
        return (
            found.id == self.id
            and (not self.machine or fnmatchcase(found.machine, self.machine))
            and (not self.action or (bool(found.actions) and all(_same(one, self.action) for one in found.actions)))
            and (not self.resource or fnmatchcase(found.resource or "", self.resource))
        )


def _same(action: str, pattern: str) -> bool:
    return fnmatchcase(action.lower(), pattern.lower())


@dataclass(frozen=True, slots=True)
class Sorted:
    """Findings to report, those that are lived with (each with its reason), and the ignores that fit nothing."""

    open: tuple[Finding, ...]
    ignored: tuple[tuple[Finding, str], ...] = ()
    unused: tuple[Ignore, ...] = field(default=())


def ignore(found: Sequence[Finding], ignores: Sequence[Ignore]) -> Sorted:
    """Sort out what the *ignores* fit."""
    left, ignored = [], []
    used: set[Ignore] = set()
    for one in found:
        fitting = [each for each in ignores if each.fits(one)]
        used.update(fitting)
        if fitting:
            ignored.append((one, fitting[0].reason))
        else:
            left.append(one)
    return Sorted(tuple(left), tuple(ignored), tuple(each for each in ignores if each not in used))
