"""What no definition shows, where a template or a configuration tells it: the key of a queue, the roles of a task definition.

A grant that hangs on such a fact names the resource that has it. Where the fact is known, the grant is exact, or not there at
all; where it is not, the rule of the map says what becomes of it, as without any fact.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from analyzer.context import Context
from analyzer.dataflow.evaluate import substitute
from analyzer.dataflow.values import HOLE, PLACEHOLDER, Flow, Literal, OneOf, Record, Text, Unknown, Value, alternatives, texts
from analyzer.integrations import Call
from analyzer.maps import FactRule, GrantRule, ServiceMap
from analyzer.permissions.fill import NOTHING, Filled, absent, fill
from analyzer.permissions.patterns import as_pattern, in_partition
from analyzer.symbols import spell

FACT = "Fact"
"""The parameter that a call has besides its own where a rule hangs on a fact: `Fact.key` is the key that is spoken of."""


def is_fact(parameter: str) -> bool:
    """Tell whether *parameter* is none of the call's own."""
    return parameter.startswith(f"{FACT}.")


_SURROUNDINGS = {1: "AWS::Partition", 3: "AWS::Region", 4: "AWS::AccountId"}
"""Which part of an ARN is of the machine's surroundings."""

_HOLES = re.compile(f"{HOLE}+")


Known = Mapping[tuple[str, str], tuple[Value, ...]]
"""What is known: by kind of fact and ARN, a value for each thing that the resource has."""


def known_facts(context: Context) -> Known:
    """Read the facts of *context*. One about a resource that nobody can tell from others yet is left out."""
    given = context.all_substitutions() if context.facts else {}
    table: dict[tuple[str, str], tuple[Value, ...]] = {}
    for (kind, arn), found in context.facts.items():
        values = tuple(_told(one, f"{kind} of `{arn}`") for text in found for one in alternatives(substitute(text, (), given)))
        for text in texts(substitute(arn, (), given)):
            name = _spelled(in_partition(text.text, context.partition), ", ".join(text.reasons))
            if name is not None:
                table[kind, name] = values
    return table


def _told(value: Value, what: str) -> Value:
    """Return *value* with where it comes from: it stands nowhere in the definition."""
    return replace(value, flow=(Flow((), what),)) if isinstance(value, Literal | Text | Unknown) else value


def settle(
    rule: GrantRule, call: Call, mapped: ServiceMap, variables: Mapping[str, str], known: Known
) -> Iterator[tuple[GrantRule, Call]]:
    """Yield *rule* and *call* as they are to be applied: once for each thing that is known, once for all that is not."""
    if rule.fact is None:
        yield rule, call
        return
    named = [template for template in rule.fact.of if not absent(template, call.arguments)]
    asked = [one for of in named for one in fill(of, call.arguments, variables, mapped.forms) if one.text != NOTHING]
    own = call.role is None or variables["account"] != HOLE  # else an account that is not written is anybody's
    answers = [_answer(rule.fact, one, known, own=own) for one in asked]
    settled = rule._replace(assume=None, external=None)
    for value in dict.fromkeys(value for found in answers if found is not None for value in found):
        yield settled, _with(call, rule.fact.kind, value)
    if None in answers or not answers:
        yield rule, _with(call, rule.fact.kind, Unknown(f"{rule.fact.kind} that the definition does not show"))


def _answer(rule: FactRule, asked: Filled, known: Known, *, own: bool) -> Sequence[Value] | None:
    """Return what the resource that *asked* names has; `None` when that is not known."""
    reasons = ", ".join(reason for _, reason in asked.holes)
    for name in (_spelled(asked.text, reasons, own=own), as_pattern(asked.text)):
        found = None if name is None else known.get((rule.kind, name))
        if found is not None:
            return found or (None if rule.none_is_open else ())
    return None


def _with(call: Call, kind: str, value: Value) -> Call:
    return call._replace(arguments=_added(call.arguments, Record({kind: value})))


def _added(arguments: Value, fact: Record) -> Value:
    if isinstance(arguments, Record):
        return replace(arguments, fields={**arguments.fields, FACT: fact})
    if isinstance(arguments, OneOf):
        return OneOf(tuple(_added(choice, fact) for choice in arguments.choices))
    return arguments  # wholly unknown, and so is what would be added


def _spelled(text: str, reasons: str, *, own: bool = True) -> str | None:
    """Return an ARN with a placeholder for each thing that only the deployment knows; nothing when that cannot be said.

    A part of the machine's surroundings that is not known is the machine's *own*. So two ARNs of which parts are not known
    compare as the same exactly when the template refers to one resource in both.
    """
    spelled = spell(text)
    if HOLE not in spelled:
        return spelled
    fields = spelled.split(":", 5)
    names = PLACEHOLDER.findall(reasons)
    if len(fields) != 6 or reasons != ", ".join(f"placeholder `${{{name}}}`" for name in names):
        return None
    for at, name in _SURROUNDINGS.items() if own else ():
        fields[at] = f"${{{name}}}" if fields[at] == HOLE else fields[at]
    inner = [name for name in names if not name.startswith("AWS::")]
    if any(HOLE in field for field in fields[:5]) or len(_HOLES.findall(fields[5])) != len(inner):
        return None
    waiting = iter(inner)
    fields[5] = _HOLES.sub(lambda _: f"${{{next(waiting)}}}", fields[5])
    return ":".join(fields)
