"""Which parameter of an API operation names which part of an ARN.

The service authorization data gives an ARN format its variables (`${TableName}`), the API model gives an operation its
parameters (`TableName`); nobody publishes which is which. Names mostly agree: those of the parameters, or those of their
shapes, as `Id` may be a `CampaignId`. What is not certain stays unbound and becomes a wildcard in its own place: a wrong
binding would deny a request in production.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from service_maps.build.candidates import GENERIC, MADE, Parameter, Variable, candidates, fold, noun, stem

VARIABLE = re.compile(r"\$\{([^}]*)\}")
_PLACES = {1: "{partition}", 3: "{region}", 4: "{account}"}


@dataclass(frozen=True, slots=True)
class Bound:
    """An ARN format with parameters in the place of variables, how each is read, and the variables that have none.

    `tail` says that the only variable without one is the last: what the operation is about, in what it names.
    """

    arn: str
    read: Mapping[str, str]
    open: tuple[str, ...] = ()
    tail: bool = False

    @property
    def full(self) -> bool:
        """Tell whether every variable has a parameter."""
        return not self.open


def parameters(shape: Any) -> dict[str, Parameter]:
    """Return the text parameters of an operation by folded name."""
    found: dict[str, Parameter] = {}
    members = shape.members if shape is not None else {}
    labels = [name for name, member in members.items() if member.serialization.get("location") == "uri"]
    plain = not any("location" in member.serialization for member in members.values())
    for name, member in members.items():
        inner = member.member if member.type_name == "list" else member
        if inner.type_name == "string" and not inner.enum:
            path = name + "[]" if inner is not member else name
            found[fold(name)] = Parameter(
                path,
                _is_arn(name, inner),
                name in shape.required_members,
                fold(inner.name),
                _kind_of(inner),
                plain or labels == [name],
            )
    return found


def bind(arn: str, kind: str, operation: str, known: Mapping[str, Parameter], aliases: Mapping[str, str], *, only: bool) -> Bound:
    """Bind the variables of the ARN format of resource type *kind* to the parameters *known* of *operation*.

    *aliases* are reviewed answers, `{variable: parameter path}`; an empty path leaves the variable open,
    `Path|text` says what an absent parameter means, and `Path as form` how the parameter is read.
    *only* says that the action has no other required type: then a parameter called `Id` can be of no other thing.
    """
    arn = _pseudo(arn)
    variables = VARIABLE.findall(arn)
    if not variables:
        # A format may end with a wildcard instead of a variable. A parameter that is the whole ARN still says which one.
        whole = _whole(arn, [kind], kind, operation, known) if arn.endswith(":*") else None
        return Bound(_write(arn, {}), {}) if whole is None else Bound(f"{arn[:-1]}{{{whole}}}", {whole: "arn"})
    settled = any(aliases.get(name) for name in variables) or set(variables) <= set(aliases)
    whole = _whole(arn, variables, kind, operation, known) if not settled else None
    if whole is not None:
        # The parameter is the ARN itself. Where it is not known, its type is.
        return Bound(_write(arn, {variables[0]: f"{{{whole}}}"}), {whole: "arn"})
    chosen: dict[str, str] = {}
    form = "name-or-arn" if len(variables) == 1 else "last-part"
    read: dict[str, str] = {}
    for name in variables:
        variable = Variable(name, kind, operation, only, alone=len(variables) == 1, last=name == variables[-1])
        found = (path for path in candidates(variable, known) if path not in chosen.values())
        path = aliases[name] if name in aliases else next(found, "")
        path, _, own = path.partition(" as ")
        if path:
            chosen[name] = path
            read[path.partition("|")[0]] = own or form
    holes = {name: f"{{{path}}}" for name, path in chosen.items()}
    left = tuple(name for name in variables if name not in chosen)
    return Bound(_write(arn, holes), read, left, tail=left == (variables[-1],))


def _write(arn: str, holes: Mapping[str, str]) -> str:
    return VARIABLE.sub(lambda match: holes.get(match[1], "*"), arn)


def _pseudo(arn: str) -> str:
    """Take the machine's own partition, Region and account for what stands in their fields, however it is called."""
    fields = arn.split(":", 5)
    for place, text in _PLACES.items():
        if place < len(fields) and VARIABLE.fullmatch(fields[place]):
            fields[place] = text
    return ":".join(fields)


def _is_arn(name: str, shape: Any) -> bool:
    """Tell whether a parameter takes nothing but ARNs: one of an optional ARN (`(arn:...)?.+`) takes names as well."""
    return fold(name).endswith(("arn", "arns")) or bool(re.match(r"\^?arn(?!.*\|[^)]*$)", _pattern(shape)))


def _pattern(shape: Any) -> str:
    return str((shape.metadata or {}).get("pattern", ""))


def _kind_of(shape: Any) -> str:
    """Return the last word before a `/` or `:` in the pattern of an ARN: the type of the resource."""
    pattern = _pattern(shape)
    if not pattern.lstrip("^(?:").startswith("arn") or "|" in re.sub(r"\([^()]*\)|\[[^]]*\]", "", pattern):
        return ""
    words = re.findall(r"([a-z][a-z0-9_-]+)\\?[/:]", re.sub(r"\[[^]]*\]", "[]", pattern))
    return words[-1] if len(words) > 1 else ""


def _whole(arn: str, variables: list[str], kind: str, operation: str, known: Mapping[str, Parameter]) -> str | None:
    """Return the parameter that is the whole ARN of the type: `TopicArn`, or `ResourceArn` where nothing else names it."""
    stems = {fold(kind), stem(variables[-1])[0]} - {"", "resource"}
    arns = {folded: one for folded, one in known.items() if one.arn}
    named = any(fold(name) in known for name in variables)
    for folded, one in arns.items():
        # `SnapshotArns` beside `SnapshotName` are other things: files to make it from.
        if stem(folded.removesuffix("s"))[0] in stems and not (named and one.path.endswith("[]")):
            return one.path
    if named or (MADE.match(operation) and noun(operation) in (fold(kind), fold(kind) + "s")):
        return None if named else next((known[name].path for name in GENERIC if name in arns), None)
    words = re.findall(r"([a-z][a-z0-9_-]+)[/:]\$", arn.split(":", 5)[-1])
    by_shape = [
        one
        for one in arns.values()
        if one.shape.removesuffix("arn") in stems or (one.required and words and one.kind == words[-1])
    ]
    if len(by_shape) == 1:
        return by_shape[0].path
    ends = [
        one
        for folded, one in arns.items()
        if one.required and len(base := folded.removesuffix("arn")) > 3 and fold(kind).endswith(base)
    ]
    if len(ends) == 1:
        return ends[0].path
    return next((known[name].path for name in GENERIC if name in arns), None)
