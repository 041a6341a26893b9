"""Grants as people read them: state by state, one entry for what one rule gives under one certainty."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from analyzer.analyze import Analysis
from analyzer.asl.model import Machine, State, inner_scopes
from analyzer.dataflow.values import Flow
from analyzer.integrations import MACHINE
from analyzer.permissions import Certainty, Condition, Grant, Reason

CERTAINTIES = tuple(Certainty)
"""From what is surest to what is least sure."""


class Entry(NamedTuple):
    """What one reason needs: actions on resources. `role` is the execution role's or a target role's."""

    reason: Reason
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    condition: Condition
    level: str
    certainty: Certainty
    role: str


def states_in_order(machine: Machine) -> Iterator[State]:
    """Yield every state as it is written, the states inside a Parallel or Map right after it."""
    waiting = [*machine.scope.states.values()][::-1]
    while waiting:
        state = waiting.pop()
        yield state
        inner = [child for scope in inner_scopes(state) for child in scope.states.values()]
        waiting.extend(reversed(inner))


def entries_by_state(analysis: Analysis) -> dict[str | None, list[Entry]]:
    """Group the grants by the state that needs them, in the order of the definition; `None`, the machine, comes last."""
    order: list[str | None] = [*dict.fromkeys(state.name for state in states_in_order(analysis.machine)), None]
    found: dict[str | None, list[Entry]] = {name: [] for name in order}
    for entry in entries(analysis.grants):
        found.setdefault(entry.reason.state, []).append(entry)
    return {name: group for name, group in found.items() if group}


def entries(grants: tuple[Grant, ...]) -> list[Entry]:
    """Join grants that differ in their action or their resource only, without ever pairing two that were not."""
    pairs: dict[tuple[Reason, Condition, str, Certainty, str], dict[str, dict[str, None]]] = {}
    for grant in grants:
        for reason in grant.reasons:
            same = pairs.setdefault((reason, grant.condition, grant.level, grant.certainty, grant.role), {})
            same.setdefault(grant.action, {})[grant.resource] = None
    made = []
    for (reason, condition, level, certainty, role), resources_of in pairs.items():
        actions_on: dict[tuple[str, ...], list[str]] = {}
        for action, resources in resources_of.items():
            actions_on.setdefault(tuple(sorted(resources)), []).append(action)
        made += [Entry(reason, tuple(found), on, condition, level, certainty, role) for on, found in actions_on.items()]
    return made


def certainty_counts(grants: tuple[Grant, ...]) -> dict[Certainty, int]:
    """Count distinct permissions by certainty; one that several reasons give counts once, as its surest."""
    surest: dict[tuple[str, str, Condition, str], Certainty] = {}
    for grant in grants:
        key = (grant.action, grant.resource, grant.condition, grant.role)
        surest[key] = min(surest.get(key, grant.certainty), grant.certainty, key=CERTAINTIES.index)
    return {certainty: sum(found is certainty for found in surest.values()) for certainty in CERTAINTIES}


def flow_text(flow: Flow) -> str:
    """Say what stands where a value came from, with the name of the parameter: `TableName: path $.table`."""
    name = next((step for step in reversed(flow.pointer) if isinstance(step, str)), "").removesuffix(".$")
    return f"{name}: {flow.what}" if name else flow.what


def rule_name(rule: str) -> str:
    """Return the rule as reports show it: what a machine needs for itself has no service in front."""
    return rule.removeprefix(f"{MACHINE}:")
