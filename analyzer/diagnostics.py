"""What the analyzer has to say about a definition: one frozen noun and one table of every thing it can say.

Ids are kebab words, stable, and usable in an ignore. Messages follow one grammar: lower case, no full stop, one
line, back-quotes round what the user wrote; the help always names a next step.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from analyzer.text import Pointer


class Severity(StrEnum):
    """How much a diagnostic matters."""

    __hash__ = str.__hash__

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


RANK = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.NOTE: 2}

_LONGEST = 4_000
"""Characters of a message: some more than those of the longest ARN."""


class Entry(NamedTuple):
    """One row of the catalogue: what an id means, why it matters and what to do."""

    severity: Severity
    title: str
    fix: str


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One thing to tell about a definition. `pointer` says where; a line and a column are found only when shown.

    `actions` are the IAM actions it speaks of, and `resources` the patterns that it says are granted, where a program has to know
    them.
    """

    id: str
    severity: Severity
    message: str
    pointer: Pointer = ()
    state: str | None = None
    help: str = ""
    on_key: bool = False
    actions: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()


_E, _W, _N = Severity.ERROR, Severity.WARNING, Severity.NOTE

CATALOGUE: dict[str, Entry] = {
    # -- the definition itself: Step Functions would refuse it
    "unknown-type": Entry(_E, "a state has no Type, or one that does not exist", "use one of the eight state types"),
    "missing-field": Entry(_E, "a field that the state type needs is missing", "add the field"),
    "unknown-field": Entry(_W, "a field that the state type does not have", "remove it or correct its spelling"),
    "wrong-field-type": Entry(_E, "a field holds a value of another type than the language asks for", "correct the value"),
    "invalid-value": Entry(_E, "a value outside of what the field allows", "write one of the values the field allows"),
    "malformed-path": Entry(_E, "a path that is none, or a call of no intrinsic function", "start it with `$`"),
    "conflicting-fields": Entry(_E, "fields that exclude each other", "keep one of them"),
    "wrong-query-language": Entry(_E, "a field of the other query language", "use the fields of the state's own query language"),
    "missing-start": Entry(_E, "StartAt is missing or names no state", "name a state of the same scope"),
    "dangling-transition": Entry(
        _E, "Next, Default or a Catch leads to no state of the same scope", "name a state of the same scope"
    ),
    "conflicting-end": Entry(_E, "a state has both Next and End, or neither", "keep exactly one"),
    "duplicate-state": Entry(
        _E, "two states of the machine have the same name", "rename one: names are unique across all scopes"
    ),
    "duplicate-key": Entry(_E, "an object has the same key twice; parsers keep the last", "remove one"),
    "unreachable-state": Entry(
        _W, "no transition leads to a state, so its permissions are left out", "remove the state or lead to it"
    ),
    "untaken-state": Entry(_W, "the values rule out every way to a state", "check the choices that lead to it"),
    "half-expression": Entry(_E, "a JSONata string has only one of its two delimiters", "write {% ... %} with nothing around it"),
    "malformed-expression": Entry(_E, "a text between {% and %} that is no JSONata", "correct the expression"),
    "express-only": Entry(_E, "something an EXPRESS workflow cannot do", "use a STANDARD workflow"),
    # -- task resources
    "malformed-resource-arn": Entry(_E, "a Resource that no integration understands", "correct the ARN"),
    "unknown-integration": Entry(
        _E, "an optimized integration that does not exist", "use an existing one, or an aws-sdk integration"
    ),
    "unsupported-pattern": Entry(_E, "a suffix the integration does not support", "use a supported one"),
    "needless-credentials": Entry(
        _E, "Credentials on a task that takes on no role", "remove the field: the execution role makes the call"
    ),
    "unknown-operation": Entry(_E, "an operation that the service does not have", "correct its name"),
    "retired-service": Entry(_W, "a service that AWS has retired", "remove the task"),
    "unresolved-task-resource": Entry(_W, "the Resource of a task is a placeholder", "give its value with --substitution"),
    # -- values
    "unresolved-resource": Entry(
        _W, "a value that is known only at run time widens a resource", "give the value or accept the pattern"
    ),
    "unresolved-substitution": Entry(
        _W, "a ${placeholder} without a value widens a resource", "give its value with --substitution"
    ),
    "unresolved-condition": Entry(_N, "a value that is known only at run time left a condition out", "give the value"),
    "assumed-permission": Entry(_W, "a permission that hangs on something the definition does not show", "supply the fact"),
    "possible-permission": Entry(
        _N,
        "a permission that may be needed, depending on something outside the definition",
        "check the fact; nothing was granted",
    ),
    "beyond-iam": Entry(_N, "what something else than IAM decides", "see to it beside the policy"),
    "unreadable-value": Entry(_W, "a literal that does not have the form its parameter asks for", "correct the value"),
    "other-account": Entry(_W, "a resource of another account, which must allow the role itself", "check the resource policy"),
    "other-region": Entry(
        _E, "a resource of another Region: Step Functions makes no calls across Regions", "use a resource of the machine's Region"
    ),
    "other-partition": Entry(
        _E, "an integration of another partition, which no execution can call", "write the partition of the machine's Region"
    ),
    "parameter-as-name": Entry(
        _N,
        "a parameter of the template without a default is written into ARNs as a name",
        "give the parameter a Default or an AllowedPattern that shows what it holds",
    ),
    "parameter-default": Entry(
        _W,
        "a parameter that holds more than a name is written out as its default, so that the policy fits no other value",
        "for a deployment with another value, give that with --substitution",
    ),
    "input-of-parents": Entry(
        _W,
        "the input of a machine is taken from those that start it in the same run",
        "if anything else starts it, analyse it with --any-input, or say what comes with --input-schema",
    ),
    "unverified-permission": Entry(_W, "a permission that no source settles", "test the workflow with the policy"),
    # -- the machine's surroundings
    "unknown-account": Entry(_W, "the machine's account is not known", "give it with --account or --arn"),
    "unknown-region": Entry(_W, "the machine's Region is not known", "give it with --region or --arn"),
    "unknown-name": Entry(_W, "the machine's name is not known", "give it with --name or --arn"),
    "unknown-role": Entry(_W, "the execution role is not known, so a target role cannot name it", "give it with --role"),
    "unpinned-name": Entry(_W, "a name that only a circular reference could give", "give the resource a name in the template"),
    "policy-split": Entry(
        _W,
        "a policy is larger than IAM allows inline, and is split",
        "give the role all of its documents: `--format json` has them, and `--format policy -o FILE` writes one file for each",
    ),
    "policy-too-large": Entry(
        _E,
        "a policy is larger than a role can hold",
        "make several machines of it, have the account's quota of managed policies for a role raised, or accept a wider pattern",
    ),
    "possible-widening": Entry(
        _N, "a wider pattern would make a policy smaller that is too large", "accept what else it grants; nothing was widened"
    ),
}
"""Every id the analyzer can report."""


def diagnostic(
    id: str,
    message: str,
    pointer: Pointer = (),
    *,
    state: str | None = None,
    help: str = "",
    severity: Severity | None = None,
    on_key: bool = False,
) -> Diagnostic:
    """Make a diagnostic with the severity and, unless given, the fix of its catalogue row.

    Raises `KeyError` for an id without a row, so that no report can say something the catalogue does not explain.
    """
    entry = CATALOGUE[id]
    return Diagnostic(id, severity or entry.severity, _line(message), pointer, state, _line(help) or entry.fix, on_key)


def _line(text: str) -> str:
    """Return *text* as the one line it is meant to be: what a user wrote in it may have many, and be of any length."""
    shown = text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
    if shown.isprintable():
        return shown
    return " ".join(shown.splitlines())


def did_you_mean(word: str, known: Iterable[str], cutoff: float = 0.6) -> str:
    """Return `` did you mean `X`?`` for the nearest of *known*, or the whole short list, or an empty string.

    What is less like *word* than *cutoff*, of 1 for the same, is not near.
    """
    from difflib import get_close_matches

    names = sorted(set(known))
    folded = {name.casefold(): name for name in names}
    near = get_close_matches(word.casefold(), folded, n=1, cutoff=cutoff)
    if near:
        return f"did you mean `{folded[near[0]]}`?"
    if 0 < len(names) <= 10:
        return "known here: " + ", ".join(f"`{name}`" for name in names)
    return ""


@dataclass(slots=True)
class Hints:
    """What is left to spend on "did you mean" in one definition: finding the nearest name is slow."""

    left: int = 20_000

    def nearest(self, word: str, known: Collection[str]) -> str:
        """Return a "did you mean" for *word*, or nothing once the definition has used up its share."""
        self.left -= len(known)
        return did_you_mean(word[:80], known) if self.left >= 0 else ""


def sort_diagnostics(found: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """Order diagnostics by severity, then place, then id, without repeats: the one order every report uses."""
    unique = dict.fromkeys(found)
    return tuple(sorted(unique, key=lambda d: (RANK[d.severity], tuple(map(str, d.pointer)), d.id, d.message)))
