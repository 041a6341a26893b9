"""A policy that does not fit inline: how it is split, and when it fits nowhere, what makes it large and what would help.

What would help is told with its exact price, what else it would grant, and never done.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from heapq import nlargest

from analyzer.diagnostics import Diagnostic, diagnostic
from analyzer.permissions import Grant
from analyzer.policy.model import Policy, Statement, policy_size
from analyzer.policy.split import LIMITS, Limits, fits, split

_LISTED = 3
"""Services, and states, that an error names."""

_OFFERED = 5
"""Widenings that are told."""


def review_size(policy: Policy, grants: Iterable[Grant], whose: str, limits: Limits = LIMITS) -> tuple[Diagnostic, ...]:
    """Report a *policy* that takes several documents, or more than a role can have. *whose* says which role has it.

    *grants* are those it was made from.
    """
    size = policy_size(policy.to_dict())
    if size <= limits.inline:
        return ()
    documents = split(policy, limits)
    large = f"the policy of {whose} has {size:,} characters, and {limits.inline:,} are allowed inline"
    if fits(documents, limits):
        parts = "a managed policy" if len(documents) == 2 else f"{len(documents) - 1} managed policies"
        return (diagnostic("policy-split", f"{large}: the rest is in {parts}"),)
    room = f"{limits.attached} managed policies of {limits.managed:,} do not hold the rest"
    return (
        diagnostic("policy-too-large", f"{large}; {room}; {_contributors(policy, grants)}"),
        *(diagnostic("possible-widening", _price(one, limits)) for one in widenings(policy)[:_OFFERED]),
    )


def _contributors(policy: Policy, grants: Iterable[Grant]) -> str:
    """Say which services have the largest statements, and which states the longest resources that no other state names."""
    services: dict[str, int] = {}
    for statement in policy.statements:
        size = policy_size(statement.to_dict())
        for service in {action.partition(":")[0] for action in statement.actions}:
            services[service] = services.get(service, 0) + size
    states_of: dict[str, set[str | None]] = {}
    for grant in grants:
        states_of.setdefault(grant.resource, set()).update(reason.state for reason in grant.reasons)
    states: dict[str, int] = {}
    for resource in {resource for statement in policy.statements for resource in statement.resources}:
        if len(found := states_of.get(resource, set())) == 1:
            [state] = found
            name = "the machine itself" if state is None else f"`{state}`"
            states[name] = states.get(name, 0) + policy_size(resource) + 1
    said = f"the largest statements are those of {_largest(services, 'service')}"
    return said + (f"; the most that one state alone names are the resources of {_largest(states, 'state')}" if states else "")


def _largest(sizes: dict[str, int], what: str) -> str:
    first = sorted(sizes.items(), key=lambda item: (-item[1], item[0]))[:_LISTED]
    listed = ", ".join(f"{name} with {size:,} characters" for name, size in first)
    more = len(sizes) - len(first)
    return listed + (f" and {more:,} more {what}{'s' if more > 1 else ''}" if more else "")


@dataclass(frozen=True, slots=True)
class Widening:
    """One pattern in the place of resources of a statement: how many characters it saves, and the policy with it."""

    beginning: str
    replaced: int
    saved: int
    statement: Statement
    policy: Policy


def widenings(policy: Policy, most: int = _OFFERED) -> list[Widening]:
    """Return which patterns in the place of resources of one statement would save most, *most* of them at most.

    A pattern is a beginning that resources have in common, up to a character that parts words, and `*`. Beginnings that the
    same resources have count as one: the longest, which grants the least else.
    """
    ranked = nlargest(
        most,
        (
            (size - len(beginning), -place, beginning)
            for place, statement in enumerate(policy.statements)
            for beginning, size in _beginnings(statement.resources)
        ),
    )
    return sorted(
        (_widen(policy, -place, beginning) for _, place, beginning in ranked), key=lambda one: (-one.saved, one.beginning)
    )


def _beginnings(resources: tuple[str, ...]) -> Iterator[tuple[str, int]]:
    """Yield the longest common beginning of each set of *resources* that share one, with the characters they take."""
    shared: dict[str, tuple[int, int]] = {}
    shorter: dict[str, str] = {}
    for resource in resources:
        start = len(resource) - len(resource.split(":", 5)[-1])
        before = None
        for end in (start, *(match.end() for match in _PARTING.finditer(resource, start, len(resource) - 1))):
            beginning = resource[:end]
            number, size = shared.get(beginning, (0, 0))
            shared[beginning] = number + 1, size + policy_size(resource) + 1
            if before is not None:
                shorter[beginning] = before
            before = beginning
    # A shorter beginning of as many resources is one of the same resources.
    surpassed = {shorter[one] for one in shorter if shared[shorter[one]] == shared[one]}
    yield from ((beginning, size) for beginning, (number, size) in shared.items() if number > 1 and beginning not in surpassed)


_PARTING = re.compile(r"[-_./:]")
"""What parts the words of a name."""


def _widen(policy: Policy, place: int, beginning: str) -> Widening:
    """Put one pattern in the place of the resources of a statement that begin alike."""
    statement = policy.statements[place]
    left = tuple(resource for resource in statement.resources if not resource.startswith(beginning))
    wider = statement._replace(resources=tuple(sorted((*left, beginning + "*"))))
    saved = policy_size(statement.to_dict()) - policy_size(wider.to_dict())
    statements = (*policy.statements[:place], wider, *policy.statements[place + 1 :])
    return Widening(beginning, len(statement.resources) - len(left), saved, statement, Policy(statements))


def _price(one: Widening, limits: Limits) -> str:
    """Say what a widening saves, and what else it grants."""
    actions = one.statement.actions
    granted = actions[0] if len(actions) == 1 else f"{actions[0]} and {len(actions) - 1} more"
    small = policy_size(one.policy.to_dict()) <= limits.total and fits(split(one.policy, limits), limits)
    enough = ", which is enough," if small else ""
    return (
        f"`{one.beginning}*` in the place of {one.replaced:,} resources saves {one.saved:,} characters{enough} "
        f"and also grants {granted} on {_others(one.beginning)}"
    )


def _others(beginning: str) -> str:
    """Say which resources begin so, in the words of an ARN."""
    fields = beginning.split(":", 5)
    kind = re.match(r"([A-Za-z-]+)[/:]", fields[5]) if len(fields) == 6 and fields[4] else None
    if kind is None:
        return f"everything else that begins with `{beginning}`"
    name = fields[5][kind.end() :]
    of_these = f" whose name begins with `{name}`" if name else " of the account and Region"
    return f"every other {kind[1]}{of_these}, and on what is below one"
