"""How the SDK operations came by their rules: the numbers that `asl-iam maps` shows and the tests hold a floor under.

Actions: `same name` (an IAM action is called like the operation), `rule` (one rule for a family: `Batch…`, `…V2`, the HTTP
verb), `written` (by hand, with its page), `named` (newer than the authorization data, and a page of AWS names the action),
`none` (by hand, or said by the API model: no IAM action authorizes it), `retired` (AWS has ended the service, and a page says
so: no permission makes the call succeed), `AWS` (its own operation files). Where no source says which action it is, the
operation's own name is granted, and that is reported: `own name` (newer than the authorization data, in a service of which the
data knows ten operations or more, all but one in twenty by their own name), `unverified` (any other) and `no entry` (the
service is not in the data).

Resources, of the operations whose action has resource types: `full` (every variable of every ARN that must or may be
granted has a parameter; a list of children counts when its parent has one), `written`, `made by the service` (the operation
makes the resource, and its id is not in the request: `type/*` is the least there is), `partial` and `open`. Apart stands
`nothing names it`: the request carries nothing that could name a resource, by its parameters (pages, filters, numbers) or by
an override that says so; no binding could be better.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from service_maps.build.bind import Bound
from service_maps.build.candidates import MADE, fold

VERIFIED = ("AWS", "named", "none", "retired", "rule", "same name", "written")
DOUBTFUL = ("own name", "unverified", "no entry")
BOUND = ("full", "made by the service", "written")
_WORST_FIRST = ("open", "partial", "nothing names it", "made by the service", "full", "written", "no resource type", "no action")
_LIST = re.compile(r"(List|Search)(?=[A-Z])")
_ASIDE = re.compile(
    r"token|marker|cursor|dryrun|^(aws)?accountids?$|filter|sort|order|time$|date$|^(max|min|limit)|description|^type$|status|tags|"
    r"idempotency|requestid$|version$|locale|language|reason|comment|message$|ownerid|^owner$|region|pagesize|keyword|search"
)


@dataclass(slots=True)
class Coverage:
    """The operations by how their actions are known and how their resources are bound; and what AWS says otherwise."""

    how: dict[str, list[str]] = field(default_factory=dict)
    bound: dict[str, list[str]] = field(default_factory=dict)
    differences: list[str] = field(default_factory=list)

    def note(self, table: str, kind: str, operation: str) -> None:
        """Count *operation* under *kind* of one of the two tables; of several actions, under the one that is bound worst."""
        kinds: dict[str, list[str]] = getattr(self, table)
        before = next((one for one in _WORST_FIRST if kinds.get(one, [""])[-1] == operation), None)
        if before is not None and _WORST_FIRST.index(before) <= _WORST_FIRST.index(kind):
            return
        if before is not None:
            kinds[before].pop()
        kinds.setdefault(kind, []).append(operation)

    def counts(self) -> dict[str, dict[str, int]]:
        """Return the two tables as numbers."""
        return {
            "actions": {kind: len(names) for kind, names in sorted(self.how.items())},
            "resources": {kind: len(names) for kind, names in sorted(self.bound.items())},
        }

    def shares(self) -> dict[str, float]:
        """Return what the numbers come to, for those who read them: of the actions, and of the resources, in per cent."""
        return {
            "actions verified": round(100 * self.known(), 1),
            "actions verified or by name": round(100 * self.known("own name"), 1),
            "resources as narrow as the request": round(100 * self.full(), 1),
            "resources at least in part": round(100 * self.full("partial"), 1),
        }

    def known(self, *more: str) -> float:
        """Return the share of all operations whose actions are verified, or verified to be none, or of the kinds *more*."""
        return sum(len(self.how.get(kind, ())) for kind in (*VERIFIED, *more)) / sum(map(len, self.how.values()))

    def full(self, *more: str) -> float:
        """Return the share of the operations with resource types that are bound as far as a request goes, or are of *more*."""
        counted = sum(len(self.bound.get(kind, ())) for kind in (*BOUND, "partial", "open"))
        return sum(len(self.bound.get(kind, ())) for kind in (*BOUND, *more)) / counted


def how_bound(operation: str, shape: Any, formats: list[Bound], reviewed: set[str]) -> str:
    """Return the kind of a binding. *reviewed* are the variables of which an override says the request does not have them."""
    left = [b for b in formats if set(b.open) - reviewed]
    named = any(b.read for b in formats)
    if not left and named:
        return "full"
    tails = all(b.tail for b in left)
    if left and tails and MADE.match(operation):
        return "made by the service"
    if left and tails and named and _LIST.match(operation):
        return "full"
    members = shape.members.items() if shape is not None else ()
    if not left or not any(_names_something(name, member) for name, member in members):
        return "nothing names it"
    return "partial" if named else "open"


def _names_something(name: str, shape: Any) -> bool:
    """Tell whether a parameter could name a resource: no page, filter, order, time, number, choice or free text does."""
    while shape.type_name == "list":
        shape = shape.member
    chosen = bool(getattr(shape, "enum", None))
    return shape.type_name in ("string", "structure", "map") and not chosen and not _ASIDE.search(fold(name))
