"""How this room speaks of a call: one grammar for where it stands and what is not known about it."""

from __future__ import annotations

from analyzer.diagnostics import Diagnostic, diagnostic
from analyzer.integrations import Call
from analyzer.maps import GrantRule
from analyzer.permissions.fill import Filled
from analyzer.permissions.patterns import as_pattern


def describe_place(call: Call) -> str:
    """Name the state of *call*, or the machine when no state makes it."""
    return f"state `{call.state}`" if call.state is not None else "the machine"


def describe_hole(rule: GrantRule, call: Call, filled: Filled) -> Diagnostic:
    """Say which parameter widens a resource, why it is not known, and what would close it."""
    name, reason = filled.holes[0] if filled.holes else ("a value", "not known")
    placeholder = "placeholder" in reason
    shown = f"`{as_pattern(filled.text)}`"
    said = "is not given" if reason == "it is not given" else reason if reason.startswith("its") else f"is the {reason}"
    return diagnostic(
        "unresolved-substitution" if placeholder else "unresolved-resource",
        f"{describe_place(call)}: `{name}` {said}, so {_list(rule.actions)} is granted on {shown}",
        call.pointer,
        state=call.state,
        help="give its value with --substitution NAME=VALUE"
        if placeholder
        else "write the value as a constant where it is one, or accept every resource of the pattern",
    )


def _list(actions: tuple[str, ...]) -> str:
    return ", ".join(actions[:3]) + (", ..." if len(actions) > 3 else "")  # noqa: PLR2004 - a message stays on one line
