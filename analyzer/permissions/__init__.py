"""Calls × service maps → grants: each call takes the rules of its operation, and each rule names its resources.

Nothing is granted without a reason, and nothing that cannot be known is passed over in silence: it becomes the
narrowest pattern that is still sufficient, and a diagnostic.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from analyzer.context import Context
from analyzer.dataflow.values import HOLE, Flow, Value, texts
from analyzer.diagnostics import Diagnostic, diagnostic
from analyzer.integrations import MACHINE, Call
from analyzer.maps import GrantRule, Operation, ServiceMap, Template, service_map
from analyzer.permissions.fill import Filled, absent, fill
from analyzer.permissions.grant import EXECUTION, Action, Certainty, Condition, Grant, Reason, TargetRole
from analyzer.permissions.patterns import as_exact, as_pattern
from analyzer.permissions.report import describe_hole, describe_place
from analyzer.permissions.when import holds

__all__ = ["EXECUTION", "Action", "Certainty", "Condition", "Grant", "Reason", "TargetRole", "permissions"]


def permissions(calls: Iterable[Call], context: Context) -> tuple[tuple[Grant, ...], tuple[TargetRole, ...], tuple[Diagnostic, ...]]:
    """Return every grant the *calls* need, the roles they are made under, and what there is to say about them."""
    grants: list[Grant] = []
    targets: dict[str, TargetRole] = {}
    reports: dict[Diagnostic, None] = {}
    for call in calls:
        mapped = service_map(call.service)
        operation = mapped.operations[call.operation]
        reports.update(dict.fromkeys(_notes(call, operation)))
        for target in _roles(call, context):
            if target is not None:
                targets.setdefault(target.arn, target)
            for rule in operation.grants:
                found, problems = _apply(rule, call, mapped, context, target)
                grants.extend(found)
                reports.update(dict.fromkeys(problems))
    return tuple(grants), tuple(targets.values()), tuple(reports)


def _roles(call: Call, context: Context) -> Iterator[TargetRole | None]:
    """Yield the roles under which *call* is made: `None` for the machine's own."""
    if call.role is None:
        yield None
        return
    for text in texts(call.role):
        fields = text.text.split(":", 5)
        account = fields[4] if len(fields) == 6 and fields[4] and HOLE not in fields[4] else None  # noqa: PLR2004 - an ARN's fields
        whole = text.text if len(fields) == 6 else f"arn:{context.partition}:iam::{HOLE}:role/{HOLE}"  # noqa: PLR2004
        yield TargetRole(as_pattern(whole), account, HOLE not in whole)


def _notes(call: Call, operation: Operation) -> Iterator[Diagnostic]:
    if (doubt := operation.unverified.get(call.pattern)) is not None:
        yield diagnostic("unverified-permission", f"{describe_place(call)}: {doubt}", call.pointer, state=call.state)


def _apply(
    rule: GrantRule, call: Call, mapped: ServiceMap, context: Context, target: TargetRole | None
) -> tuple[list[Grant], list[Diagnostic]]:
    """Apply one rule of a map to one call."""
    if call.pattern not in rule.only:
        return [], []
    decided = holds(rule.when, call.arguments)
    if decided is False or (rule.level == "managed_rule" and _is_foreign(target, context)):
        return [], []
    if rule.external is not None:
        return [], [_possible(rule, call)]
    problems: list[Diagnostic] = []
    variables = _variables(context, target)
    condition, flow = _condition(rule, call, mapped, variables, problems)
    grants = []
    for template in rule.resources:
        for filled in _resources(template, call, mapped, variables):
            certainty = filled.certainty
            if decided is None or rule.assume is not None:
                certainty = Certainty.ASSUMED
            elif certainty is not Certainty.EXACT:
                problems.append(describe_hole(rule, call, filled))
            problems.extend(_place_problems(filled, call, context, target))
            reason = Reason(call.state, call.pointer, call.rule, rule.source, rule.assume or "", (*filled.flow, *flow))
            role = EXECUTION if target is None else target.arn
            for action in rule.actions:
                grants.append(
                    Grant(Action(action), as_pattern(filled.text), condition, rule.level, certainty, role, (reason,))
                )
    if rule.unverified is not None:
        problems.append(diagnostic("unverified-permission", f"{describe_place(call)}: {rule.unverified}", call.pointer, state=call.state))
    if rule.assume is not None or decided is None:
        problems.append(_assumed(rule, call))
    return grants, problems


def _is_foreign(target: TargetRole | None, context: Context) -> bool:
    """Tell whether a call is made in another account, where Step Functions polls and needs no managed rule.

    https://docs.aws.amazon.com/step-functions/latest/dg/concepts-access-cross-acct-resources.html
    """
    return target is not None and target.account is not None and context.account is not None and target.account != context.account


def _variables(context: Context, target: TargetRole | None) -> dict[str, str]:
    account = context.account if target is None else target.account
    return {
        "partition": context.partition or HOLE,
        "region": context.region or HOLE,
        "account": account or HOLE,
        "machine": context.name or HOLE,
    }


def _resources(template: Template, call: Call, mapped: ServiceMap, variables: Mapping[str, str]) -> tuple[Filled, ...]:
    if template.text == "*":
        return (Filled(HOLE, Certainty.EXACT),)
    return fill(template, call.arguments, variables, mapped.forms)


def _condition(
    rule: GrantRule, call: Call, mapped: ServiceMap, variables: Mapping[str, str], problems: list[Diagnostic]
) -> tuple[Condition, tuple[Flow, ...]]:
    """Fill the conditions of a rule. One whose value is not known is left out: it could only deny."""
    made = []
    flow: list[Flow] = []
    for operator, key, templates in rule.condition:
        values: dict[str, None] = {}
        known = True
        for template in templates:
            if absent(template, call.arguments):
                known = False
                continue
            for filled in fill(template, call.arguments, variables, mapped.forms):
                like = operator.endswith("Like") or operator.startswith("Arn")
                if filled.certainty is Certainty.UNKNOWN or (filled.certainty is not Certainty.EXACT and not like) or (HOLE in filled.text and not like):
                    known = False
                    if filled.holes:
                        name, reason = filled.holes[0]
                        problems.append(
                            diagnostic(
                                "unresolved-condition",
                                f"{describe_place(call)}: no condition on `{key}`, because `{name}` is the {reason}",
                                call.pointer,
                                state=call.state,
                            )
                        )
                    continue
                flow.extend(filled.flow)
                values[as_pattern(filled.text) if like else as_exact(filled.text)] = None
        if known and values:
            made.append((operator, key, tuple(sorted(values))))
    return tuple(sorted(made)), tuple(flow)


def _possible(rule: GrantRule, call: Call) -> Diagnostic:
    actions = ", ".join(rule.actions)
    return diagnostic(
        "possible-permission",
        f"{describe_place(call)}: {actions} is needed too if {rule.external}",
        call.pointer,
        state=call.state,
        help="check it, and add the permission by hand if so; nothing was granted for it",
    )


def _assumed(rule: GrantRule, call: Call) -> Diagnostic:
    actions = ", ".join(rule.actions)
    because = rule.assume or f"the arguments are known only at run time ({_reason(call.arguments)})"
    return diagnostic(
        "assumed-permission",
        f"{describe_place(call)}: {actions} was granted on the assumption that {because}",
        call.pointer,
        state=call.state,
        help="replace the pattern with the resource that is really meant, or drop the statement if there is none",
    )


def _reason(value: Value) -> str:
    return next((text.reasons[0] for text in texts(value) if text.reasons), "not given")


def _place_problems(filled: Filled, call: Call, context: Context, target: TargetRole | None) -> Iterator[Diagnostic]:
    """Say what an ARN the definition names gives away: another Region, another account, an unreadable text."""
    for name, text in filled.unreadable:
        yield diagnostic(
            "unreadable-value",
            f"{describe_place(call)}: `{name}` is `{text}`, which is not understood; its whole resource type is granted",
            call.pointer,
            state=call.state,
        )
    fields = filled.text.split(":", 5)
    if len(fields) < 6 or call.service == MACHINE:  # noqa: PLR2004 - an ARN's fields
        return
    region, account = fields[3], fields[4]
    home = context.account if target is None else target.account
    if region and HOLE not in region and context.region and region != context.region:
        yield diagnostic(
            "other-region",
            f"{describe_place(call)}: `{as_pattern(filled.text)}` is in {region}, the machine in {context.region}",
            call.pointer,
            state=call.state,
        )
    if account and HOLE not in account and home and account != home:
        yield diagnostic(
            "other-account",
            f"{describe_place(call)}: `{as_pattern(filled.text)}` belongs to account {account}, which must allow the role itself",
            call.pointer,
            state=call.state,
            help="add the role to the resource's own policy, or make the call under a role of that account with Credentials",
        )

