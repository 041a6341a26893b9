"""Whether every request of an execution is allowed by the policies that were derived for its machine."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from engine.iam import Request, allows, matches
from engine.interpreter import MACHINE, MACHINE_ARN, ROLE_ARN, Execution
from engine.outcome import Called
from engine.requests import Asked, Home, asked, under

from analyzer import analyze, make_context
from analyzer.analyze import Analysis
from analyzer.text import Source

Json = Any

HOME = Home(MACHINE_ARN.split(":")[3], MACHINE_ARN.split(":")[4], MACHINE)


@dataclass(frozen=True)
class Made:
    """A request that a state made: as the execution role (`role` is empty) or as the role of its `Credentials`."""

    state: str
    request: Request
    role: str = ""

    def __str__(self) -> str:
        """Return the request as a report shows it."""
        return f"`{self.state}` needs {self.request}" + (f" as {self.role}" if self.role else "")


@dataclass
class Ledger:
    """What became of the calls of some executions."""

    outcomes: Counter[str] = field(default_factory=Counter)
    unmapped: Counter[str] = field(default_factory=Counter)
    made: list[Made] = field(default_factory=list)
    denied: list[Made] = field(default_factory=list)

    def __add__(self, other: Ledger) -> Ledger:
        """Return both ledgers in one."""
        return Ledger(
            self.outcomes + other.outcomes,
            self.unmapped + other.unmapped,
            self.made + other.made,
            self.denied + other.denied,
        )


def policies(source: Source) -> Analysis:
    """Return what the analyzer derives for the machine that the engine runs, knowing no more than its ARN and its role."""
    return analyze(source, make_context(arn=MACHINE_ARN, role=ROLE_ARN))


def settle(states: Mapping[str, Mapping[str, Json]], analysis: Analysis, execution: Execution, number: int = 0) -> Ledger:
    """Return what the calls of *execution* asked for and whether it was allowed. *states* are its states by their names.

    *number* tells executions apart: what AWS makes up is not the same in all of them.
    """
    ledger, here = Ledger(), replace(HOME, execution=number)
    for called in execution.called:
        resource = str(states[called.state].get("Resource"))
        answer, made = _calls(resource, called, here, is_plain="Credentials" not in states[called.state])
        ledger.outcomes[answer] += 1
        if answer == "unmapped":
            ledger.unmapped[resource] += 1
        ledger.made += made
    for entered in execution.entered:
        if is_distributed(state := states[entered.state]):
            settings = {"Label": state.get("Label"), **state["ItemProcessor"]["ProcessorConfig"]}
            ledger.made += [Made(entered.state, request) for request in asked("distributed-map", settings, here).requests]
    policy = analysis.policy.to_dict()
    judged = {made: allows(policy, made.request) if not made.role else _allows_as(analysis, made) for made in set(ledger.made)}
    ledger.denied = [made for made in ledger.made if not judged[made]]
    return ledger


def _calls(resource: str, called: Called, here: Home, *, is_plain: bool) -> tuple[str, list[Made]]:
    """Return what became of a call, and what it asked for. Under another role, that role is taken on first."""
    parameters = called.input if called.parameters is None else called.parameters
    if is_plain:
        answer = asked(resource, parameters, here)
        return answer.outcome, [Made(called.state, request) for request in answer.requests]
    home = under(here, called.role) if isinstance(called.role, str) else None
    if home is None:
        return "refused", []
    answer = asked(resource, parameters, home)
    taken_on = Made(called.state, Request("sts:AssumeRole", called.role))
    return answer.outcome, [taken_on, *(Made(called.state, own, called.role) for own in _of_a_role(answer, home))]


def _of_a_role(answer: Asked, home: Home) -> Iterator[Request]:
    """Yield what is asked for as another role. In another account, a job is polled: there is no managed rule.

    https://docs.aws.amazon.com/step-functions/latest/dg/concepts-access-cross-acct-resources.html
    """
    for request in answer.requests:
        if home.account == HOME.account or ":rule/StepFunctions" not in request.resource:
            yield request


def _allows_as(analysis: Analysis, made: Made) -> bool:
    """Tell whether the policies derived for a target role, whose ARN may be a pattern, allow a request."""
    own = [target.policy.to_dict() for target in analysis.targets if matches(target.role.arn, made.role)]
    return any(allows(policy, made.request) for policy in own)


def is_distributed(state: Mapping[str, Json]) -> bool:
    """Tell whether *state* is a Distributed Map."""
    processor = state.get("ItemProcessor") or {}
    return bool(state.get("Type") == "Map" and processor.get("ProcessorConfig", {}).get("Mode") == "DISTRIBUTED")
