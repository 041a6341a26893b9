"""How this room speaks of a call: what widens a grant, what was assumed, and what a literal gives away."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from analyzer.dataflow.values import DERIVED, HOLE, Unknown, look
from analyzer.diagnostics import Diagnostic, diagnostic
from analyzer.integrations import MACHINE, Call
from analyzer.maps import GrantRule
from analyzer.permissions.facts import is_fact
from analyzer.permissions.fill import NOT_GIVEN, NOT_UNDERSTOOD, TOO_MANY, Filled
from analyzer.permissions.patterns import as_pattern
from analyzer.symbols import BARE, has_symbol
from analyzer.text import Pointer

_MADE_UP = re.compile(r"placeholder `\$\{([^{}]+?)(?:#made| \*)\}`")
_FUNCTION = re.compile(r"placeholder `\$\{Fn(?:::\w+)?\}`")
"""The placeholders of what a deployment makes up, and of a function that could not be worked out."""

_SHOWN = 200
"""Characters of a value that a message shows."""


def hole(rule: GrantRule, call: Call, alike: list[Filled]) -> Diagnostic:
    """Say which parameter widens the resources of a rule, why it is not known, and what would close it."""
    filled = alike[0]
    name, reason = filled.holes[0]
    more = f" and {len(alike) - 1} more" if len(alike) > 1 else ""
    granted = f"so {_actions(rule)} {_verb(rule, 'is', 'are')} granted on `{as_pattern(filled.text)}`{more}"
    if filled.unreadable:
        name, text = filled.unreadable[0]
        message = f"`{name}` is `{text[:_SHOWN]}`, which is not understood, {granted}"
        return _say("unreadable-value", call, message, pointer=filled.written or call.pointer)
    message = f"{_called(name)} {_why(reason)}, {granted}"
    if "placeholder" in reason:
        said = _say("unresolved-substitution", call, message, _mended(reason), filled.written or call.pointer)
        return replace(said, resources=tuple(as_pattern(one.text) for one in alike))
    help = "say what the input may hold with --assume PATH=VALUE or --input-schema, or accept the pattern"
    if reason == NOT_GIVEN:
        help = "give it, since the call fails without what it needs, or accept the pattern"
    if any(step.what.startswith("result of the state") for step in filled.flow):
        help = "a task's answer is not known before it runs; write the value as a constant where it is one, or accept the pattern"
    return _say("unresolved-resource", call, message, help, filled.written or call.pointer)


def dropped(key: str, call: Call, filled: Filled) -> Diagnostic:
    """Say that a condition that would narrow a grant was left out."""
    name, reason = filled.holes[0]
    return _say("unresolved-condition", call, f"no condition on `{key}`, because `{name}` {_why(reason)}")


def possible(rule: GrantRule, call: Call) -> Diagnostic:
    """Say which permission may be needed, depending on something outside the definition."""
    said = _say("possible-permission", call, f"{_actions(rule)} {_verb(rule, 'is', 'are')} needed too if {rule.external}")
    return replace(said, actions=rule.actions)


def because(rule: GrantRule, call: Call) -> str:
    """Return the assumption a rule rests on: its own, or that of a test which hangs on a value that is not known."""
    if rule.assume is not None:
        return rule.assume
    unknown = [entry.value for entry in (*look(call.arguments, DERIVED), *look(call.arguments, ""))]
    reason = next((value.reason for value in unknown if isinstance(value, Unknown)), "arguments")
    return f"values known only at run time ask for it ({reason})"


def assumption(reason: str, actions: Iterable[str], call: Call) -> Diagnostic:
    """Say which permissions of a call were granted on one assumption."""
    names = sorted(set(actions))
    listed = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
    message = f"{listed} {'was' if len(names) == 1 else 'were'} granted on the assumption that {reason}"
    help = "put the resource that is really meant in the place of the pattern, or drop the statement if there is none"
    return _say("assumed-permission", call, message, help)


def remark(call: Call, sentence: str) -> Diagnostic:
    """Say what no policy of IAM decides."""
    return _say("beyond-iam", call, sentence)


def doubt(call: Call, sentence: str) -> Diagnostic:
    """Say that no source settles a permission."""
    return _say("unverified-permission", call, sentence)


def misplaced(filled: Filled, call: Call, region: str | None, account: str) -> Iterator[Diagnostic]:
    """Say what an ARN the definition names gives away: another Region, another account."""
    fields = filled.text.split(":", 5)
    if len(fields) < 6 or call.service == MACHINE:
        return
    if region and fields[3] and HOLE not in fields[3] and fields[3] != region and not has_symbol(region + fields[3]):
        message = f"`{as_pattern(filled.text)}` is in {fields[3]}, the machine in {region}"
        yield _say("other-region", call, message, pointer=filled.written or call.pointer)
    if (
        fields[4].isdigit() and HOLE not in (account, *fields[4]) and fields[4] != account and not has_symbol(account)
    ):  # `aws` is everybody's
        help = (
            "make the call under a role of that account with Credentials, or name the role in the resource's policy if it has one"
        )
        yield _say(
            "other-account",
            call,
            f"`{as_pattern(filled.text)}` belongs to account {fields[4]}, which must allow the role itself",
            help,
        )


def _called(name: str) -> str:
    """Return what a parameter is called; a fact is no parameter that a definition could have."""
    return f"the {name.partition('.')[2].replace('_', ' ')} of what it names" if is_fact(name) else f"`{name}`"


def _why(reason: str) -> str:
    """Say why a parameter is not known."""
    name = _made_up(reason)
    if name is not None:
        return f"names `{name}` with something that its deployment makes up"
    if reason in (NOT_GIVEN, NOT_UNDERSTOOD, TOO_MANY):
        return reason
    return f"is the {reason.replace(BARE + '}', '}')}"


def _made_up(reason: str) -> str | None:
    """Return the resource that a placeholder is about which stands for what a deployment makes up beside a name."""
    match = _MADE_UP.search(reason)
    return match[1] if match else None


def _mended(reason: str) -> str:
    """Say what closes a placeholder whose name is none of the template's, so that no --substitution does."""
    if _made_up(reason) is not None:
        return "accept the pattern: only a reference in the language of the template is narrower"
    return "write the value out where it is, or accept the pattern" if _FUNCTION.search(reason) else ""


def _say(id: str, call: Call, message: str, help: str = "", pointer: Pointer | None = None) -> Diagnostic:
    place = f"state `{call.state}`" if call.state is not None else "the machine"
    return diagnostic(id, f"{place}: {message}", call.pointer if pointer is None else pointer, state=call.state, help=help)


def _actions(rule: GrantRule) -> str:
    return ", ".join(rule.actions[:3]) + (", ..." if len(rule.actions) > 3 else "")


def _verb(rule: GrantRule, one: str, many: str) -> str:
    return one if len(rule.actions) == 1 else many
