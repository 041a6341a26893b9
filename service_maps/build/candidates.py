"""Which parameters may be a variable of an ARN format, the surest first.

Names are compared without their case and marks, as a stem and an ending: `DbInstanceIdentifier` is `dbinstance` and
`identifier`. A name is never taken for an id, nor the reverse.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

MADE = re.compile(r"(Batch)?(Create|Start|Import|Copy|Run|Register|Allocate|Request)(?=[A-Z]|$)")
"""Operations that make the resource: its id is not in the request."""

GENERIC = ("arn", "resourcearn", "resourceid", "resourceidentifier", "resource")
_SUFFIXES = ("identifier", "name", "arn", "id")
_LIKE = {"id": ("id", "identifier", ""), "name": ("name", "identifier", ""), "identifier": ("identifier", "id", "name", "")}
_CLASSES = {"id": ("id", "identifier"), "identifier": ("id", "identifier"), "name": ("name",), "": ("name",)}


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


@dataclass(frozen=True)
class Variable:
    """A variable of the ARN format of a resource type, in an operation. `only`: the action has no other required type."""

    name: str
    kind: str
    operation: str
    only: bool
    alone: bool
    last: bool

    @cached_property
    def words(self) -> tuple[str, str]:
        """Return the stem and the ending of the variable's name."""
        return stem(self.name)

    @cached_property
    def type(self) -> str:
        """Return the folded name of the resource type."""
        return fold(self.kind)

    @cached_property
    def own(self) -> bool:
        """Tell whether the operation is about this resource, and nothing of it: `GetQueue`."""
        return noun(self.operation) in (self.type, self.type + "s", self.words[0], self.words[0] + "s")

    @cached_property
    def near(self) -> bool:
        """Tell whether the operation is about this resource or something of it: `GetQueuePolicy`."""
        about = noun(self.operation)
        begins = about.startswith((self.type, self.words[0] or self.type))
        return self.own or (self.only and (begins or about.endswith((self.type, self.type + "s"))))

    @cached_property
    def made(self) -> bool:
        """Tell whether the operation makes ids of this class."""
        return self.words[1] in ("id", "identifier") and MADE.match(self.operation) is not None


def fold(name: str) -> str:
    """Fold *name* so that `DBInstanceIdentifier` and `DbInstanceIdentifier` are the same parameter."""
    return re.sub(r"[^a-z0-9]", "", name.casefold())


def stem(name: str) -> tuple[str, str]:
    """Split a name into its stem and what kind of name it is: `BudgetId` is `budget` and `id`."""
    folded = fold(name)
    for suffix in _SUFFIXES:
        if folded.endswith(suffix) and len(folded) > len(suffix):
            return folded[: -len(suffix)], suffix
    return ("", folded) if folded in _SUFFIXES else (folded, "")


def noun(operation: str) -> str:
    """Return what an operation is about: `DeleteBudgetAction` is about a budget action."""
    return fold(re.sub(r"^(Batch)?[A-Z][a-z]+", "", operation))


def candidates(variable: Variable, known: Mapping[str, Parameter]) -> Iterator[str]:
    """Yield the paths of the parameters that may be *variable*."""
    spellings = [spelling for name in _names(variable) for spelling in (name, name + "s")]
    for spelling in [*spellings, *(spelling for name in _bare(variable) for spelling in (name, name + "s"))]:
        one = known.get(spelling)
        if one is not None and not (one.arn and spelling in GENERIC):
            yield one.path
    yield from _by_shape(variable, spellings, known)
    yield from _by_place(variable, known)
    if "Tag" in variable.operation and variable.alone:
        yield from (known[name].path for name in ("resourceid", "resourceidentifier") if name in known and not known[name].arn)


def _names(variable: Variable) -> list[str]:
    """List what a parameter is called that names this variable whatever the operation is about."""
    base, suffix = variable.words
    names = [fold(variable.name)]
    bases = [base, variable.type] if variable.alone and suffix else [base]
    for one in [variable.type, ""] if base in ("", "resource") else bases:
        if one or variable.own:
            names += [one + end for end in _LIKE.get(suffix, ("", "name", "id", "identifier")) if one + end]
            names += [one + "arn"] if one else []
    return names


def _bare(variable: Variable) -> list[str]:
    """List what it may be called beside, where the operation is about it: `Name` of `GetQueue`."""
    base, suffix = variable.words
    if not variable.own or not variable.last or (suffix == "id" and variable.operation.startswith(("Create", "Start", "Import"))):
        return []
    either = ["name", "id"] if base == variable.type else []
    return {"name": ["name", "identifier"], "id": ["id", "identifier"], "": either}.get(suffix, [suffix])


def _by_shape(variable: Variable, spellings: list[str], known: Mapping[str, Parameter]) -> Iterator[str]:
    """Yield the one parameter whose shape is called like the variable: `Id`, a `CampaignId`."""
    found = [
        one.path
        for one in known.values()
        if one.shape in spellings and stem(one.shape)[0] not in ("", "resource") and (variable.last or not one.arn)
    ]
    makes = MADE.match(variable.operation) and (variable.own or noun(variable.operation).endswith(variable.type))
    if len(found) == 1 and not makes:
        yield found[0]


def _by_place(variable: Variable, known: Mapping[str, Parameter]) -> Iterator[str]:
    """Yield the parameter that can be of nothing else, as the operation is about this resource or something of it."""
    base, suffix = variable.words
    if variable.near and variable.last and not variable.own:
        found = [known[end] for end in _LIKE.get(suffix, ()) if end in known]
        # Where no parameter stands in the path of the request, all of them may describe what is made.
        plain = all(one.outer for one in known.values()) and len(known) > 1
        describes = plain and re.match(f"{MADE.pattern}|Put", variable.operation)
        if len(found) == 1 and found[0].required and found[0].outer and not describes:
            yield found[0].path
    if variable.near and variable.last and not variable.made:
        if not fold(variable.name).endswith(("resourceid", "withpath")):
            yield from _sole(base, suffix, variable.type, known)
    elif variable.only and variable.alone and not variable.made and len(base) > 4:
        yield from _sole(base, suffix, base, {name: one for name, one in known.items() if one.required})


def _sole(base: str, suffix: str, kind: str, known: Mapping[str, Parameter]) -> Iterator[str]:
    """Yield the one parameter that is called by the end of the variable's words, or longer: `JobId` for `ExportJobId`."""
    found = []
    for folded, one in known.items():
        own_base, own_suffix = stem(folded.removesuffix("s") if one.path.endswith("[]") else folded)
        alike = base.endswith(own_base) or kind.endswith(own_base) or (base and own_base.endswith(base))
        if own_base and alike and own_suffix in _CLASSES.get(suffix, ()):
            found.append(one.path)
    if len(found) == 1:
        yield found[0]
