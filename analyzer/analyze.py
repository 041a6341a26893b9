"""The pipeline, on one screen: each stage takes frozen values and returns new ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from analyzer.asl.model import Machine, Task
from analyzer.asl.parse import parse
from analyzer.context import Context, settle_partition
from analyzer.dataflow.run import propagate
from analyzer.dataflow.start import reads_values, start
from analyzer.diagnostics import Diagnostic, sort_diagnostics
from analyzer.graph import not_taken, reachable, unreachable_states
from analyzer.integrations import calls_of, labels_of
from analyzer.maps import index
from analyzer.permissions import EXECUTION, Grant, TargetRole, permissions
from analyzer.policy import Policy, minimise, review_size, target_trust_policy, trust_policy
from analyzer.sources import parse_document
from analyzer.text import Json, Source


class TargetPolicy(NamedTuple):
    """What a role named by `Credentials` needs: the permissions of the calls made under it, and who may take it on."""

    role: TargetRole
    policy: Policy
    trust: Json


@dataclass(frozen=True, slots=True)
class Analysis:
    """Everything derived from one definition."""

    machine: Machine
    context: Context
    policy: Policy
    trust: Json
    targets: tuple[TargetPolicy, ...]
    grants: tuple[Grant, ...]
    diagnostics: tuple[Diagnostic, ...]


def analyze(source: Source, context: Context = Context()) -> Analysis:  # noqa: B008 - frozen
    """Derive the least policy under which every path of the definition in *source* can run.

    Raises `SourceError` when *source* is not a definition at all; whatever is wrong inside it is a diagnostic.
    """
    document, reading = parse_document(source)
    machine, problems = parse(source, document, workflow_type=context.type)
    context = settle_partition(context, (state.resource_arn or "" for state in machine.states() if isinstance(state, Task)))
    reached = reachable(machine)
    states = [state for state in machine.states() if state.pointer in reached]
    flow = propagate(machine, start(context, index().trust["source_arn"])) if reads_values(states) else {}
    taken = [state for state in states if not flow or state.pointer in flow]
    calls, misnamed = calls_of(taken, flow, context, index())
    grants, roles, findings = permissions(calls, context)
    by_role: dict[str, list[Grant]] = {}
    for grant in grants:
        by_role.setdefault(grant.role, []).append(grant)
    trust, doubts = trust_policy(context, index(), labels_of(calls))
    targets: list[TargetPolicy] = []
    target_doubts: list[Diagnostic] = []
    for role in roles:
        target_trust, found = target_trust_policy(role, context, index())
        targets.append(TargetPolicy(role, minimise(by_role.get(role.arn, ()), role.arn), target_trust))
        target_doubts.extend((*found, *review_size(targets[-1].policy, f"`{role.arn}`")))
    policy = minimise(by_role.get(EXECUTION, ()))
    everything = (
        *not_taken([state for state in states if flow and state.pointer not in flow]),
        *reading,
        *problems,
        *unreachable_states(machine, reached),
        *misnamed,
        *findings,
        *doubts,
        *target_doubts,
        *review_size(policy, "the execution role"),
    )
    return Analysis(machine, context, policy, trust, tuple(targets), grants, sort_diagnostics(everything))
