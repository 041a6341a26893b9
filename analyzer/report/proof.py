"""A proof that nothing in a policy can be taken out: for each pair, the request that fails without it, and the state."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from analyzer.analyze import Analysis
from analyzer.permissions import EXECUTION
from analyzer.policy import condition_block
from analyzer.policy.prove import Witness, prove
from analyzer.report.entries import rule_name
from analyzer.report.explain import action_matcher, place_of
from analyzer.report.paint import Paint, count, printable, wrap
from analyzer.text import Json


@dataclass(frozen=True, slots=True)
class Proof:
    """The witness of one pair in the policy of a role of a machine."""

    analysis: Analysis
    role: str
    witness: Witness


def proofs(analysis: Analysis, glob: str) -> list[Proof]:
    """Return what stands for each pair whose action *glob* matches, of the execution role and of each target role."""
    matches = action_matcher(glob)
    policies = [(EXECUTION, analysis.documents), *((target.role.arn, target.documents) for target in analysis.targets)]
    return [
        Proof(analysis, role, witness)
        for role, documents in policies
        for witness in prove(documents, analysis.grants, role)
        if matches(witness.action)
    ]


def proof_text(found: Sequence[Proof], paint: Paint) -> str:
    """Write every pair with its request, and how many have one."""
    proven = sum(one.witness.request is not None for one in found)
    pairs = count(len(found), "pair") + " of action and resource"
    parts = ["\n".join(_proof(one, paint)) for one in found]
    return (
        "\n\n".join([*parts, f"{proven:,} of {pairs} {'has' if proven == 1 else 'have'} a request that fails without it"]) + "\n"
    )


def proof_data(found: Sequence[Proof]) -> list[dict[str, Json]]:
    """Return the pairs as data: one flat object for each."""
    return [_row(one) for one in found]


def _proof(one: Proof, paint: Paint) -> Iterator[str]:
    witness = one.witness
    yield f"{paint(witness.action, 'action')} · {witness.statement}"
    yield f"  on     {printable(witness.resource)}"
    for operator, key, values in witness.condition:
        yield from wrap(f"{key} {operator} {' or '.join(values)}", "  if     ", "         ")
    if one.role != EXECUTION:
        yield f"  as     {printable(one.role)}"
    if witness.request is None:
        yield f"  {paint('no request fails without it', 'error')}"
        return
    yield f"  fails  {printable(witness.request.resource)}"
    for key, value in witness.request.context:
        yield from wrap(f"with {key} {value}", "         ", "         ")
    for state, rule in dict.fromkeys((reason.state, reason.rule) for reason in witness.reasons):
        who = "the machine itself" if state is None else f"state {printable(state)}"
        yield f"  in     {paint(who, 'title')} · {rule_name(rule)}"


def _row(one: Proof) -> dict[str, Json]:
    witness, source = one.witness, one.analysis.machine.source
    request = witness.request
    return {
        "source": source.name,
        "role": one.role,
        "statement": witness.statement,
        "action": witness.action,
        "resource": witness.resource,
        "condition": condition_block(witness.condition) or None,
        "request": request and {"action": request.action, "resource": request.resource, "context": dict(request.context)},
        "needed_by": [
            {"state": reason.state, **place_of(source, reason.pointer), "rule": reason.rule} for reason in witness.reasons
        ],
    }
