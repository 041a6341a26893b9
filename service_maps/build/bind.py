"""Which parameter of an API operation names which part of an ARN.

The service authorization data gives an ARN format its variables (`${TableName}`), the API model gives an operation its
parameters (`TableName`); nobody publishes which is which. Names mostly agree. What is not certain stays unbound and
becomes a wildcard in its own place: a wrong binding would deny a request in production.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

VARIABLE = re.compile(r"\$\{([^}]*)\}")
_PLACES = {1: "{partition}", 3: "{region}", 4: "{account}"}
_SUFFIXES = ("identifier", "name", "arn", "id")
_GENERIC = ("arn", "resourcearn", "resourceid", "resourceidentifier", "resource")


@dataclass(frozen=True, slots=True)
class Bound:
    """An ARN format with parameters in the place of variables, how each is read, and whether every variable has one."""

    arn: str
    read: Mapping[str, str]
    full: bool


def fold(name: str) -> str:
    """Fold *name* so that `DBInstanceIdentifier` and `DbInstanceIdentifier` are the same parameter."""
    return re.sub(r"[^a-z0-9]", "", name.casefold())


def parameters(shape: Any) -> dict[str, tuple[str, bool]]:
    """Return the text parameters of an operation: folded name → (path, whether it is an ARN)."""
    found: dict[str, tuple[str, bool]] = {}
    for name, member in (shape.members if shape is not None else {}).items():
        inner = member.member if member.type_name == "list" else member
        if inner.type_name == "string":
            found[fold(name)] = (name + "[]" if inner is not member else name, _is_arn(name, inner))
    return found


def bind(arn: str, kind: str, operation: str, known: Mapping[str, tuple[str, bool]], aliases: Mapping[str, str]) -> Bound:
    """Bind the variables of the ARN format of resource type *kind* to the parameters *known* of *operation*.

    *aliases* are reviewed answers, `{variable: parameter path}`; an empty path leaves the variable open.
    """
    arn = _pseudo(arn)
    variables = VARIABLE.findall(arn)
    if not variables:
        return Bound(_write(arn, {}), {}, full=True)
    whole = _whole(variables, kind, known) if not set(variables) & set(aliases) else None
    if whole is not None:
        # The parameter is the ARN itself. Where it is not known, its type is.
        return Bound(_write(arn, {variables[0]: f"{{{whole}}}"}), {whole: "arn"}, full=True)
    chosen: dict[str, str] = {}
    for name in variables:
        path = aliases[name] if name in aliases else next(_candidates(name, kind, operation, variables, known, chosen), "")
        if path:
            chosen[name] = path
    form = "name-or-arn" if len(variables) == 1 else "last-part"
    holes = {name: f"{{{path}}}" for name, path in chosen.items()}
    return Bound(_write(arn, holes), dict.fromkeys(chosen.values(), form), full=len(chosen) == len(variables))


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
    pattern = str((shape.metadata or {}).get("pattern", ""))
    return fold(name).endswith(("arn", "arns")) or pattern.lstrip("^(?:").startswith("arn")


def _stem(name: str) -> tuple[str, str]:
    folded = fold(name)
    for suffix in _SUFFIXES:
        if folded.endswith(suffix) and len(folded) > len(suffix):
            return folded[: -len(suffix)], suffix
    return ("", folded) if folded in _SUFFIXES else (folded, "")


def _whole(variables: list[str], kind: str, known: Mapping[str, tuple[str, bool]]) -> str | None:
    """Return the parameter that is the whole ARN of the type: `TopicArn`, or `ResourceArn` where nothing else names it."""
    stems = {fold(kind), _stem(variables[-1])[0]} - {"", "resource"}
    for folded, (path, is_arn) in known.items():
        if is_arn and folded.removesuffix("s").removesuffix("arn") in stems:
            return path
    if any(fold(name) in known for name in variables):
        return None
    return next((known[name][0] for name in _GENERIC if name in known and known[name][1]), None)


def _candidates(
    variable: str,
    kind: str,
    operation: str,
    variables: list[str],
    known: Mapping[str, tuple[str, bool]],
    chosen: Mapping[str, str],
) -> Iterator[str]:
    """Yield the parameters that may be *variable*, the surest first. A name is never taken for an id, nor the reverse."""
    stem, suffix = _stem(variable)
    noun = fold(re.sub(r"^(Batch)?[A-Z][a-z]+", "", operation))
    folded_kind = fold(kind)
    generic = stem in ("", "resource")
    own = noun in (folded_kind, folded_kind + "s", stem, stem + "s")
    like = {"id": ("id", "identifier", ""), "name": ("name", "identifier", ""), "identifier": ("identifier", "id", "name", "")}
    names = [fold(variable)]
    for base in [folded_kind, ""] if generic else [stem]:
        if base or own:
            names += [base + end for end in like.get(suffix, ("", "name", "id", "identifier")) if base + end]
            names += [base + "arn"] if base else []
    if own and variable == variables[-1] and not (suffix == "id" and operation.startswith(("Create", "Start", "Import"))):
        bare = ["name", "id"] if stem == folded_kind else []
        names += {"name": ["name", "identifier"], "id": ["id", "identifier"], "": bare}.get(suffix, [suffix])
    for name in names:
        for spelling in (name, name + "s"):
            path, is_arn = known.get(spelling, ("", False))
            if path and path not in chosen.values() and not (is_arn and spelling in _GENERIC):
                yield path
    made = suffix in ("id", "identifier") and re.match(
        r"(Batch)?(Create|Start|Import|Allocate|Copy|Register|Request|Run)", operation
    )
    if own and not made and variable == variables[-1] and not fold(variable).endswith(("resourceid", "withpath")):
        yield from _sole(stem, suffix, folded_kind, known, chosen)


def _sole(stem: str, suffix: str, kind: str, known: Mapping[str, tuple[str, bool]], chosen: Mapping[str, str]) -> Iterator[str]:
    """Yield the one parameter that is called by the end of the variable's words, or longer: `JobId` for `ExportJobId`."""
    classes = {"id": ("id", "identifier"), "identifier": ("id", "identifier"), "name": ("name",), "": ("name",)}.get(suffix, ())
    found = []
    for folded, (path, _) in known.items():
        own_stem, own_suffix = _stem(folded.removesuffix("s") if path.endswith("[]") else folded)
        if (
            own_suffix in classes
            and own_stem
            and (stem.endswith(own_stem) or kind.endswith(own_stem) or (stem and own_stem.endswith(stem)))
        ):
            found.append(path)
    if len(found) == 1 and found[0] not in chosen.values():
        yield found[0]
