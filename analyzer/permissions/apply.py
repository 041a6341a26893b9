"""Calls × service maps → grants: each call takes the rules of its operation, and each rule names its resources.

Nothing is granted without a reason, and nothing that cannot be known is passed over in silence: it becomes the
narrowest pattern that is still sufficient, and a diagnostic.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import product

from analyzer.context import Context
from analyzer.dataflow.values import HOLE, Flow, Value, texts
from analyzer.diagnostics import Diagnostic
from analyzer.integrations import MACHINE, Call, labels_of
from analyzer.maps import GrantRule, ServiceMap, SqlText, service_map
from analyzer.permissions.facts import is_fact, known_facts, settle
from analyzer.permissions.fill import NOTHING, Filled, absent, fill
from analyzer.permissions.grant import EXECUTION, Action, Certainty, Condition, Grant, Reason, TargetRole
from analyzer.permissions.patterns import as_exact, as_pattern, in_partition, is_arn, knows_wildcards
from analyzer.permissions.report import assumption, because, doubt, dropped, hole, misplaced, possible, remark
from analyzer.permissions.when import holds


def permissions(
    calls: Iterable[Call], context: Context
) -> tuple[tuple[Grant, ...], tuple[TargetRole, ...], tuple[Diagnostic, ...]]:
    """Return every grant the *calls* need, the roles they are made under, and what there is to say about them."""
    grants: list[Grant] = []
    targets: dict[str, TargetRole] = {}
    reports: list[Diagnostic] = []
    facts = known_facts(context)
    calls = tuple(calls)
    maps = [call for call in calls if (call.service, call.operation) == (MACHINE, "distributedMap")]
    for made in calls:
        mapped = service_map(made.service)
        operation = mapped.operations[made.operation]
        call = made if operation.sql is None else _read_sql(made, operation.sql)
        if call.pattern in operation.unverified:
            reports.append(doubt(call, operation.unverified[call.pattern]))
        if operation.note is not None:
            reports.append(remark(call, operation.note))
        for target in (None,) if call.role is None else _roles(call.role, context):
            if target is not None:
                targets.setdefault(target.arn, target)
            variables = _variables(context, target)
            assumed: dict[str, list[Action]] = {}
            own: dict[Grant, None] = {}
            for written in operation.grants:
                if call.pattern not in written.only:
                    continue
                places = [variables, *_as_children(call, variables, maps, written)] if maps else [variables]
                for place, (rule, asked) in product(places, settle(written, call, mapped, variables, facts)):
                    found, problems = _apply(rule, asked, mapped, context, target, place)
                    own.update(dict.fromkeys(found))
                    reports.extend(problems)
                    if found and found[0].certainty is Certainty.ASSUMED:
                        assumed.setdefault(because(rule, asked), []).extend(grant.action for grant in found)
            grants.extend(own)
            reports.extend(assumption(reason, actions, call) for reason, actions in assumed.items())
    return tuple(grants), tuple(targets.values()), tuple(reports)


def _read_sql(call: Call, source: SqlText) -> Call:
    from analyzer.dataflow.sql import with_sql

    return call._replace(arguments=with_sql(call.arguments, source))


def _roles(role: Value, context: Context) -> Iterator[TargetRole]:
    """Yield every role that *role* may be."""
    for text in texts(role):
        written = in_partition(text.text, context.partition)
        whole = written if is_arn(written) else f"arn:{context.partition}:iam::{HOLE}:role/{HOLE}"
        account = whole.split(":", 5)[4]
        yield TargetRole(as_pattern(whole), account if account and HOLE not in account else None, HOLE not in whole)


def _apply(
    rule: GrantRule, call: Call, mapped: ServiceMap, context: Context, target: TargetRole | None, variables: Mapping[str, str]
) -> tuple[list[Grant], list[Diagnostic]]:
    """Apply one rule of a map to one call in its pattern; *variables* are what its texts may name of the surroundings."""
    decided = holds(rule.when, call.arguments)
    if decided is False or (rule.level == "managed_rule" and _is_foreign(target, context)):
        return [], []
    if rule.external is not None:
        return [], [possible(rule, call)]
    assumed = decided is None or rule.assume is not None
    problems: list[Diagnostic] = []
    if rule.unverified is not None:
        problems.append(doubt(call, rule.unverified))
    condition, flow = _condition(rule, call, mapped, variables, problems)
    grants: list[Grant] = []
    widened: dict[tuple[tuple[tuple[str, str], ...], ...], list[Filled]] = {}
    for filled in _resources(rule, call, mapped, variables):
        if (filled.holes and not assumed) or filled.unreadable:
            widened.setdefault((filled.holes, filled.unreadable), []).append(filled)
        problems.extend(misplaced(filled, call, None if rule.other_regions else context.region, variables["account"]))
        certainty = Certainty.ASSUMED if assumed else filled.certainty
        reason = Reason(call.state, call.pointer, call.rule, rule.source, rule.assume or "", (*filled.flow, *flow))
        role = EXECUTION if target is None else target.arn
        resource = as_pattern(filled.text)
        grants.extend(
            Grant(Action(action), resource, condition, rule.level, certainty, role, (reason,)) for action in rule.actions
        )
    problems.extend(hole(rule, call, alike) for alike in widened.values())
    return grants, problems


def _is_foreign(target: TargetRole | None, context: Context) -> bool:
    """Tell whether a call is made in another account, where Step Functions polls and needs no managed rule.

    https://docs.aws.amazon.com/step-functions/latest/dg/concepts-access-cross-acct-resources.html
    """
    return target is not None and target.account is not None and context.account is not None and target.account != context.account


def _variables(context: Context, target: TargetRole | None) -> dict[str, str]:
    account = context.account if target is None else target.account
    return {**context.places(HOLE), "account": account or HOLE}


def _as_children(call: Call, variables: Mapping[str, str], maps: list[Call], rule: GrantRule) -> Iterator[dict[str, str]]:
    """Yield what the machine is called where *call* is made by the children of Distributed Maps, and *rule* names the machine.

    They run as `stateMachine:NAME/LABEL`. No page says which of the two names IAM sees, so both are granted.
    """
    if call.service == MACHINE or not any("{machine}" in template.text for template in rule.resources):
        return
    around = [one for one in maps if call.pointer[: len(one.pointer)] == one.pointer]
    for label in labels_of(around[-1:]):
        yield {**variables, "machine": f"{variables['machine']}/{label}"}


def _resources(rule: GrantRule, call: Call, mapped: ServiceMap, variables: Mapping[str, str]) -> Iterator[Filled]:
    for template in rule.resources:
        if template.text == "*":
            yield Filled(HOLE, Certainty.EXACT)
        else:
            yield from (one for one in fill(template, call.arguments, variables, mapped.forms) if one.text != NOTHING)


def _condition(
    rule: GrantRule, call: Call, mapped: ServiceMap, variables: Mapping[str, str], problems: list[Diagnostic]
) -> tuple[Condition, tuple[Flow, ...]]:
    """Fill the conditions of a rule. One whose value is not known, or not given, is left out: it could only deny.

    A text of which a part is not known is compared by a pattern.
    """
    if not rule.condition:
        return (), ()
    made = []
    flow: list[Flow] = []
    for operator, key, templates in rule.condition:
        if any(absent(template, call.arguments) for template in templates):
            continue
        filled = [one for template in templates for one in fill(template, call.arguments, variables, mapped.forms)]
        if any(HOLE in one.text for one in filled):
            operator = operator.replace("StringEquals", "StringLike")  # noqa: PLW2901 - the same test, as a pattern
        globs = knows_wildcards(operator)
        open_ends = [one for one in filled if one.certainty is Certainty.UNKNOWN or (HOLE in one.text and not globs)]
        if open_ends:
            problems.extend(dropped(key, call, one) for one in open_ends if one.holes and not is_fact(one.holes[0][0]))
            continue
        flow.extend(step for one in filled for step in one.flow)
        write = as_pattern if globs else as_exact
        made.append((operator, key, tuple(sorted({write(one.text) for one in filled}))))
    return tuple(sorted(made)), tuple(flow)
