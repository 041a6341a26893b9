"""Run every case and look at what comes out: crashes, coverage, certainty, and what must never be emitted."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from analyzer.analyze import Analysis, analyze
from analyzer.diagnostics import Severity
from analyzer.errors import SourceError
from analyzer.integrations import SUFFIXES
from analyzer.maps import index
from analyzer.permissions import EXECUTION
from corpus.cases import Case
from corpus.globs import expand, has_resource_types
from corpus.tasks import Task, tasks_of

NEVER = ("undefined", "$.", "States.Format(", "{%")
"""What no policy may contain (a `$` of a name is written `${$}`)."""

WAITING = ("poll", "cancel", "managed_rule")
"""The levels of grants that only a task waiting for its job has (and a Distributed Map, which waits for its children)."""

NEEDS_NOTHING = frozenset({"eks:call", "eks:runJob"})
"""Integrations decided outside IAM, so that a task of theirs without a grant is covered all the same.
https://docs.aws.amazon.com/step-functions/latest/dg/connect-eks.html"""


@dataclass(frozen=True)
class Outcome:
    """What became of one case: an analysis, a refusal (the source is no definition), or a crash."""

    case: Case
    analysis: Analysis | None = None
    refused: str = ""
    crash: str = ""

    @property
    def errors(self) -> list[str]:
        """The error diagnostics."""
        found = self.analysis.diagnostics if self.analysis else ()
        return [f"{d.id}: {d.message}" for d in found if d.severity is Severity.ERROR]


@dataclass
class Tally:
    """The figures of one run; every list names the offenders."""

    definitions: int = 0
    refused: int = 0
    crashes: list[str] = field(default_factory=list)
    invalid: int = 0
    undiagnosed: list[str] = field(default_factory=list)
    valid: int = 0
    accused: list[str] = field(default_factory=list)
    tasks: Counter[str] = field(default_factory=Counter)
    covered: int = 0
    uncovered: list[str] = field(default_factory=list)
    rejected: list[str] = field(default_factory=list)
    unreachable: int = 0
    certainty: Counter[str] = field(default_factory=Counter)
    forbidden: list[str] = field(default_factory=list)
    bare: Counter[str] = field(default_factory=Counter)


def run(case: Case) -> Outcome:
    """Analyse one case. Whatever is raised that is no `SourceError` is a crash."""
    if case.source is None:
        return Outcome(case, refused=case.refused)
    try:
        return Outcome(case, analyze(case.source, case.context))
    except SourceError as error:
        return Outcome(case, refused=str(error))
    except Exception as error:  # noqa: BLE001 - telling a crash from a refusal is what this is for
        return Outcome(case, crash=f"{case.id}: {type(error).__name__}: {error}")


def harden(case: Case) -> Case:
    """Return *case* as an EXPRESS machine with everything on and nothing known: other ways through the same code."""
    known = replace(case.context, region=None, account=None, name=None, partition="", substitutions={})
    on = replace(known, type="EXPRESS", logging=True, tracing=True, kms_key="alias/any")
    return replace(case, id=f"{case.id} (hardened)", context=on, expected=None, valid=None)


def measure(outcomes: Iterable[Outcome]) -> Tally:
    """Count what the *outcomes* show."""
    tally = Tally()
    for outcome in outcomes:
        _measure(outcome, tally)
    return tally


def _measure(outcome: Outcome, tally: Tally) -> None:
    case, analysis = outcome.case, outcome.analysis
    if outcome.crash:
        tally.crashes.append(outcome.crash)
    _weigh_validity(outcome, tally)
    if analysis is None:
        tally.refused += bool(outcome.refused)
        return
    tally.definitions += 1
    tally.certainty.update(str(grant.certainty) for grant in analysis.grants)
    tally.forbidden.extend(f"{case.id}: {fault}" for fault in forbidden(analysis))
    tally.bare.update(bare_stars(analysis))
    for task in tasks_of(analysis.machine.document, case.context.all_substitutions()):
        tally.tasks[task.kind] += 1
        if task.kind == "optimized":
            verdict = judge(task, analysis)
            tally.covered += verdict == "covered"
            tally.unreachable += verdict == "unreachable"
            {"uncovered": tally.uncovered, "rejected": tally.rejected}.get(verdict, []).append(
                f"{case.id}: {task.state}: {task.name}"
            )


def _weigh_validity(outcome: Outcome, tally: Tally) -> None:
    """Hold what the analysis says against what the corpus says about the definition."""
    case = outcome.case
    if case.valid is False:
        tally.invalid += 1
        if not outcome.refused and not outcome.errors:
            tally.undiagnosed.append(case.id)
    if case.valid is True:
        tally.valid += 1
        complaints = [outcome.refused] if outcome.refused else outcome.errors
        tally.accused.extend(f"{case.id}: {complaint}" for complaint in complaints)


def judge(task: Task, analysis: Analysis) -> str:
    """Say whether an optimized *task* is covered, rejected with an error, unreachable, or simply missed.

    Covered is a task whose integration and pattern a map has, and for which something is granted: the action of the
    operation's own name too, where IAM has one. Or a task that needs nothing, because IAM does not decide about it.
    """
    if any(
        d.id in ("unreachable-state", "untaken-state") and task.pointer[: len(d.pointer)] == d.pointer
        for d in analysis.diagnostics
    ):
        return "unreachable"
    errors = [d for d in analysis.diagnostics if d.severity is Severity.ERROR]
    if any(
        d.pointer[: len(task.pointer)] == task.pointer for d in errors if d.id in ("unknown-integration", "unsupported-pattern")
    ):
        return "rejected"
    operations = index().services.get(task.service, {}).get("operations", {})
    if task.pattern not in operations.get(task.operation, ()):
        return "uncovered"
    granted = {str(grant.action) for grant in analysis.grants if any(reason.pointer == task.pointer for reason in grant.reasons)}
    own = expand(f"{task.service}:{task.operation}") if task.pattern in SUFFIXES.values() else frozenset()
    return "covered" if (granted and own <= granted) or _needs_nothing(task) else "uncovered"


def _needs_nothing(task: Task) -> bool:
    if f"{task.service}:{task.operation}" in NEEDS_NOTHING:
        return True
    # https://docs.aws.amazon.com/step-functions/latest/dg/connect-api-gateway.html: only IAM_ROLE is the role's matter.
    arguments = (task.body or {}).get("Parameters") or (task.body or {}).get("Arguments") or {}
    kind = arguments.get("AuthType", "NO_AUTH") if isinstance(arguments, dict) else None
    return f"{task.service}:{task.operation}" == "apigateway:invoke" and kind in ("NO_AUTH", "RESOURCE_POLICY")


def forbidden(analysis: Analysis) -> Iterator[str]:
    """Yield what a policy of *analysis* contains that no policy may contain."""
    roles = [(EXECUTION, analysis.policy), *((target.role.arn, target.policy) for target in analysis.targets)]
    for role, policy in roles:
        reasons: dict[tuple[str, str], set[tuple[str, str, str]]] = {}
        for grant in analysis.grants:
            if grant.role == role and grant.reasons:
                values = {(operator, key, value) for operator, key, values in grant.condition for value in values}
                reasons.setdefault((grant.action, grant.resource), set()).update(values)
        for statement in policy.to_dict()["Statement"]:
            yield from _faults(statement, reasons, doubted(analysis))
    yield from (
        f"{grant.action}: a {grant.level} grant for {reason.rule}"
        for grant in analysis.grants
        for reason in grant.reasons
        if grant.level in WAITING and ".sync" not in reason.rule and not reason.rule.startswith("machine:")
    )


def doubted(analysis: Analysis) -> set[str]:
    """Return the actions of states that carry a warning that no source settles their permission."""
    states = {problem.state for problem in analysis.diagnostics if problem.id == "unverified-permission"}
    return {grant.action for grant in analysis.grants if states & {reason.state for reason in grant.reasons}}


def _faults(
    statement: dict[str, Any], reasons: dict[tuple[str, str], set[tuple[str, str, str]]], doubts: set[str]
) -> Iterator[str]:
    text = json.dumps(statement, ensure_ascii=False)
    yield from (f"{part!r} in {text}" for part in NEVER if part in text)
    actions, resources = as_list(statement.get("Action")), as_list(statement.get("Resource"))
    if not actions or not all(actions):
        yield f"an empty Action in {text}"
    if not resources or not all(resources):
        yield f"an empty Resource in {text}"
    yield from (f"{action} is not an IAM action" for action in actions if expand(action) != {action} and action not in doubts)
    # Statements join the values of a key; each value must come from a grant of the same action on the same resource.
    block = statement.get("Condition", {})
    condition = {(op, key, value) for op, keys in block.items() for key, values in keys.items() for value in as_list(values)}
    for action in actions:
        for resource in resources:
            if (action, resource) not in reasons or not condition <= reasons[action, resource]:
                yield f"{action} on {resource} has no reason"


def bare_stars(analysis: Analysis) -> Iterator[str]:
    """Yield the actions granted on `*` although IAM lets them be limited: allowed where the map says why."""
    for statement in analysis.policy.to_dict()["Statement"]:
        if "*" in as_list(statement["Resource"]):
            yield from (action for action in as_list(statement["Action"]) if has_resource_types(action))


def as_list(value: Any) -> list[Any]:
    """Return *value* as a list, as IAM reads it: a single one may stand without brackets."""
    return list(value) if isinstance(value, (list, tuple)) else [] if value is None else [value]
