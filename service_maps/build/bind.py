"""Which parameter of an API operation names which part of an ARN.

The service authorization data gives an ARN format its variables (`${TableName}`), the API model gives an operation its
parameters (`TableName`); nobody publishes which is which. Names mostly agree: those of the parameters, or those of their
shapes, as `Id` may be a `CampaignId`. What is not certain stays unbound and becomes a wildcard in its own place: a wrong
binding would deny a request in production.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

VARIABLE = re.compile(r"\$\{([^}]*)\}")
MADE = re.compile(r"(Batch)?(Create|Start|Import|Copy|Run|Register|Allocate|Request)(?=[A-Z]|$)")
"""Operations that make the resource: its id is not in the request."""

_PLACES = {1: "{partition}", 3: "{region}", 4: "{account}"}
_SUFFIXES = ("identifier", "name", "arn", "id")
_GENERIC = ("arn", "resourcearn", "resourceid", "resourceidentifier", "resource")
_LIKE = {"id": ("id", "identifier", ""), "name": ("name", "identifier", ""), "identifier": ("identifier", "id", "name", "")}


@dataclass(frozen=True, slots=True)
class Parameter:
    """A text parameter of an operation: its path, whether it is an ARN and of what type, and the name of its shape.

    `outer` says that it names what the operation is about as a whole: nothing stands before it in the path of the request.
    """

    path: str
    arn: bool
    required: bool
    shape: str
    kind: str
    outer: bool


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


def fold(name: str) -> str:
    """Fold *name* so that `DBInstanceIdentifier` and `DbInstanceIdentifier` are the same parameter."""
    return re.sub(r"[^a-z0-9]", "", name.casefold())


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
                path, _is_arn(name, inner), name in shape.required_members, fold(inner.name), _kind_of(inner), plain or labels == [name]
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
        return Bound(_write(arn, {}), {})
    settled = any(aliases.get(name) for name in variables) or set(variables) <= set(aliases)
    whole = _whole(arn, variables, kind, operation, known) if not settled else None
    if whole is not None:
        # The parameter is the ARN itself. Where it is not known, its type is.
        return Bound(_write(arn, {variables[0]: f"{{{whole}}}"}), {whole: "arn"})
    chosen: dict[str, str] = {}
    form = "name-or-arn" if len(variables) == 1 else "last-part"
    read: dict[str, str] = {}
    for name in variables:
        path = aliases[name] if name in aliases else next(_candidates(name, kind, operation, variables, known, chosen, only), "")
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


def _noun(operation: str) -> str:
    """Return what an operation is about: `DeleteBudgetAction` is about a budget action."""
    return fold(re.sub(r"^(Batch)?[A-Z][a-z]+", "", operation))


def _stem(name: str) -> tuple[str, str]:
    folded = fold(name)
    for suffix in _SUFFIXES:
        if folded.endswith(suffix) and len(folded) > len(suffix):
            return folded[: -len(suffix)], suffix
    return ("", folded) if folded in _SUFFIXES else (folded, "")


def _whole(arn: str, variables: list[str], kind: str, operation: str, known: Mapping[str, Parameter]) -> str | None:
    """Return the parameter that is the whole ARN of the type: `TopicArn`, or `ResourceArn` where nothing else names it."""
    stems = {fold(kind), _stem(variables[-1])[0]} - {"", "resource"}
    arns = {folded: one for folded, one in known.items() if one.arn}
    named = any(fold(name) in known for name in variables)
    for folded, one in arns.items():
        # `SnapshotArns` beside `SnapshotName` are other things: files to make it from.
        if _stem(folded.removesuffix("s"))[0] in stems and not (named and one.path.endswith("[]")):
            return one.path
    if named or (MADE.match(operation) and _noun(operation) in (fold(kind), fold(kind) + "s")):
        return None if named else next((known[name].path for name in _GENERIC if name in arns), None)
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
        if one.required and len(stem := folded.removesuffix("arn")) > 3 and fold(kind).endswith(stem)
    ]
    if len(ends) == 1:
        return ends[0].path
    return next((known[name].path for name in _GENERIC if name in arns), None)


def _candidates(
    variable: str,
    kind: str,
    operation: str,
    variables: list[str],
    known: Mapping[str, Parameter],
    chosen: Mapping[str, str],
    only: bool,
) -> Iterator[str]:
    """Yield the parameters that may be *variable*, the surest first. A name is never taken for an id, nor the reverse."""
    stem, suffix = _stem(variable)
    noun = _noun(operation)
    folded_kind = fold(kind)
    generic = stem in ("", "resource")
    last = variable == variables[-1]
    own = noun in (folded_kind, folded_kind + "s", stem, stem + "s")
    names = [fold(variable)]
    for base in [folded_kind, ""] if generic else [stem, folded_kind] if len(variables) == 1 and suffix else [stem]:
        if base or own:
            names += [base + end for end in _LIKE.get(suffix, ("", "name", "id", "identifier")) if base + end]
            names += [base + "arn"] if base else []
    spellings = [spelling for name in names for spelling in (name, name + "s")]
    if own and last and not (suffix == "id" and operation.startswith(("Create", "Start", "Import"))):
        bare = ["name", "id"] if stem == folded_kind else []
        names += {"name": ["name", "identifier"], "id": ["id", "identifier"], "": bare}.get(suffix, [suffix])
    for name in names:
        for spelling in (name, name + "s"):
            one = known.get(spelling)
            if one is not None and one.path not in chosen.values() and not (one.arn and spelling in _GENERIC):
                yield one.path
    made = suffix in ("id", "identifier") and MADE.match(operation)
    shapes = [
        one.path
        for one in known.values()
        if one.shape in spellings and _stem(one.shape)[0] not in ("", "resource") and (last or not one.arn)
    ]
    makes = MADE.match(operation) and (own or noun.endswith(folded_kind))
    if len(shapes) == 1 and shapes[0] not in chosen.values() and not makes:
        yield shapes[0]
    near = own or (
        only and (noun.startswith((folded_kind, stem or folded_kind)) or noun.endswith((folded_kind, folded_kind + "s")))
    )
    if near and last and not (own and made):
        bare = [] if own else [known[name] for name in _LIKE.get(suffix, ()) if name in known]
        if len(bare) == 1 and bare[0].required and bare[0].outer and not (_plain(known) and re.match(f"{MADE.pattern}|Put", operation)):
            yield bare[0].path
    if near and not made and last:
        if not fold(variable).endswith(("resourceid", "withpath")):
            yield from _sole(stem, suffix, folded_kind, known, chosen)
    elif only and not made and len(variables) == 1 and len(stem) > 4:
        yield from _sole(stem, suffix, stem, {name: one for name, one in known.items() if one.required}, chosen)


    if "Tag" in operation and len(variables) == 1:
        yield from (known[name].path for name in ("resourceid", "resourceidentifier") if name in known and not known[name].arn)


def _plain(known: Mapping[str, Parameter]) -> bool:
    """Tell whether no parameter stands in the path of the request, so that all of them may describe what is made."""
    return all(one.outer for one in known.values()) and len(known) > 1


def _sole(stem: str, suffix: str, kind: str, known: Mapping[str, Parameter], chosen: Mapping[str, str]) -> Iterator[str]:
    """Yield the one parameter that is called by the end of the variable's words, or longer: `JobId` for `ExportJobId`."""
    classes = {"id": ("id", "identifier"), "identifier": ("id", "identifier"), "name": ("name",), "": ("name",)}.get(suffix, ())
    found = []
    for folded, one in known.items():
        own_stem, own_suffix = _stem(folded.removesuffix("s") if one.path.endswith("[]") else folded)
        if (
            own_suffix in classes
            and own_stem
            and (stem.endswith(own_stem) or kind.endswith(own_stem) or (stem and own_stem.endswith(stem)))
        ):
            found.append(one.path)
    if len(found) == 1 and found[0] not in chosen.values():
        yield found[0]
