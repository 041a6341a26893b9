"""The pipeline, on one screen: each stage takes frozen values and returns new ones."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

from analyzer.asl.model import Machine, QueryLanguage, State, Task
from analyzer.asl.parse import parse
from analyzer.context import Context, settle_partition
from analyzer.dataflow.run import propagate
from analyzer.dataflow.start import reads_values, start
from analyzer.dataflow.values import HOLE, Value
from analyzer.diagnostics import Diagnostic, diagnostic, sort_diagnostics
from analyzer.graph import not_taken, reachable, unreachable_states
from analyzer.integrations import calls_of, labels_of
from analyzer.maps import index
from analyzer.nested import Member, Start, children, input_of, starts_of
from analyzer.permissions import EXECUTION, Grant, TargetRole, permissions
from analyzer.policy import Policy, minimise, review_size, split, target_trust_policy, trust_policy
from analyzer.sources import as_definition, parse_document
from analyzer.symbols import has_symbol
from analyzer.text import Json, Source

if TYPE_CHECKING:
    from analyzer.templates.model import Found


class TargetPolicy(NamedTuple):
    """What a role named by `Credentials` needs: the permissions of the calls made under it, and who may take it on."""

    role: TargetRole
    policy: Policy
    trust: Json

    @property
    def documents(self) -> tuple[Policy, ...]:
        """The policy as the role can have it: the first document inline, the others managed policies."""
        return split(self.policy)


@dataclass(frozen=True, slots=True)
class Analysis:
    """Everything derived from one definition. `starts` are the executions of other machines that it starts."""

    machine: Machine
    context: Context
    policy: Policy
    trust: Json
    targets: tuple[TargetPolicy, ...]
    grants: tuple[Grant, ...]
    diagnostics: tuple[Diagnostic, ...]
    starts: tuple[Start, ...] = ()
    found: Found | None = None

    @property
    def documents(self) -> tuple[Policy, ...]:
        """The policy as the execution role can have it: the first document inline, the others managed policies."""
        return split(self.policy)


def machine_name(analysis: Analysis) -> str:
    """Return what to call a machine: what its template calls it, its name, or its file without folders and endings."""
    if analysis.found is not None:
        return analysis.found.name
    base = os.path.basename(analysis.machine.source.name)
    return analysis.context.name or base.partition(".")[0] or base


def analyze(
    source: Source,
    context: Context = Context(),  # noqa: B008 - frozen
    given: Value | None = None,
    found: Found | None = None,
) -> Analysis:
    """Derive the least policy under which every path of the definition in *source* can run.

    *given* describes every input it is started with; without it, that is what *context* promises of the input. *found* is the
    template's machine that *source* was read for, and holds the definition.
    Raises `SourceError` when *source* is not a definition at all; whatever is wrong inside it is a diagnostic.
    """
    document, reading = parse_document(source) if found is None else (as_definition(source, found.document), found.diagnostics)
    machine, problems = parse(source, document, workflow_type=context.type)
    context = settle_partition(context, (state.resource_arn or "" for state in machine.states() if isinstance(state, Task)))
    reached = reachable(machine)
    states = [state for state in machine.states() if state.pointer in reached]
    flow = propagate(machine, start(context, index().trust["source_arn"], given)) if reads_values(states) else {}
    taken = [state for state in states if not flow or state.pointer in flow]
    calls, misnamed = calls_of(taken, flow, context, index())
    grants, roles, findings = permissions(calls, context)
    by_role: dict[str, list[Grant]] = {}
    for grant in grants:
        by_role.setdefault(grant.role, []).append(grant)
    labels = labels_of(calls)
    trust, doubts = trust_policy(context, index(), labels)
    targets: list[TargetPolicy] = []
    target_doubts: list[Diagnostic] = []
    for role in roles:
        target_trust, said = target_trust_policy(role, context, index(), labels)
        own = by_role.get(role.arn, ())
        targets.append(TargetPolicy(role, minimise(own, role.arn), target_trust))
        target_doubts.extend((*said, *review_size(targets[-1].policy, own, f"`{role.arn}`")))
    policy = minimise(by_role.get(EXECUTION, ()))
    everything = (
        *not_taken([state for state in states if flow and state.pointer not in flow]),
        *reading,
        *problems,
        *(_mistakes(states) if "{%" in source.text or found is not None else ()),
        *unreachable_states(machine, reached),
        *misnamed,
        *findings,
        *doubts,
        *target_doubts,
        *review_size(policy, by_role.get(EXECUTION, ()), "the execution role"),
        *((*_taken_for_names(found, context), *_taken_as_usual(found, context)) if found is not None else ()),
    )
    return Analysis(
        machine, context, policy, trust, tuple(targets), grants, sort_diagnostics(everything), starts_of(calls), found
    )


def analyze_nested(analyses: Sequence[Analysis]) -> tuple[Analysis, ...]:
    """Analyse once more, with the input they pass, each machine that others of *analyses* start.

    One whose input is promised already keeps to that. https://docs.aws.amazon.com/step-functions/latest/dg/concepts-nested-workflows.html
    """
    settled = list(analyses)
    if len(settled) == 1 or not any(one.starts for one in settled):
        return tuple(settled)
    for child, parents in children([_member(one) for one in settled]).items():
        before = settled[child]
        found = input_of(_member(before), [_member(settled[parent]) for parent in parents])
        if found is None or before.context.assumptions or before.context.input_schema is not None:
            continue
        given, passing = found
        after = analyze(before.machine.source, before.context, given, before.found)
        told = after.diagnostics
        if (after.policy, after.targets, told) != (before.policy, before.targets, before.diagnostics):
            message = f"its input is taken to be what {_listed(passing)} pass{'es' if len(passing) == 1 else ''}"
            told = sort_diagnostics((*told, diagnostic("input-of-parents", message)))
        settled[child] = replace(after, diagnostics=told)
    return tuple(settled)


def _mistakes(states: Sequence[State]) -> Iterator[Diagnostic]:
    """Find what is no JSONata; what reads it is loaded only where there may be some."""
    if any(state.language is QueryLanguage.JSONATA for state in states):
        from analyzer.dataflow.jsonata.syntax import mistakes

        yield from mistakes(states)


def _taken_for_names(found: Found, context: Context) -> Iterator[Diagnostic]:
    """Say which parameters of a template are kept as plain names, although nothing in the template says that they are."""
    kept = sorted(name for name in found.unsure if has_symbol(str(context.substitutions.get(name))))
    if kept:
        named = _listed([f"`${{{name}}}`" for name in kept])
        yield diagnostic("parameter-as-name", f"{named} {'is' if len(kept) == 1 else 'are'} taken for a plain name, not an ARN")


def _taken_as_usual(found: Found, context: Context) -> Iterator[Diagnostic]:
    """Say which parameters are taken for their defaults, where all else that only the deployment knows is kept."""
    if not any(has_symbol(str(text)) for text in context.substitutions.values()):
        return
    taken = sorted(name for name in found.usual if context.substitutions.get(name) in found.texts.get(name, ()))
    if taken:
        named = _listed([f"`${{{name}}}`" for name in taken])
        yield diagnostic(
            "parameter-default", f"{named} {'is' if len(taken) == 1 else 'are'} taken for what the template gives by default"
        )


def _member(analysis: Analysis) -> Member:
    arn = analysis.context.fill(index().trust["source_arn"], HOLE)
    found, context = analysis.found, analysis.context
    title = found.name if found is not None else context.name or analysis.machine.source.name
    return Member(title, arn, analysis.starts)


def _listed(names: Sequence[str]) -> str:
    shown = [*names[:3], *([f"{len(names) - 3} more"] if len(names) > 3 else [])]
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"
