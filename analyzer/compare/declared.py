"""What a role is declared to allow: its own statements, managed policies, policy templates and connectors, as clauses.

References in it are given the texts that the analysis of the machine used, so that both sides name the same things alike.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache

from analyzer.compare.statements import LONGEST, Clause, Place, Rights, clause_of, conditioned, titled
from analyzer.dataflow.values import PLACEHOLDER
from analyzer.maps import read_compiled
from analyzer.symbols import spell
from analyzer.templates.model import Role
from analyzer.text import Json, Source

ROLE = Place("the role")

Table = Mapping[str, str | tuple[str, ...]]

_PLACE = re.compile(r"\barn:aws[a-z-]*:[a-z0-9-]+:(?:\*|([a-z]{2,4}(?:-[a-z]+)+-[0-9]))?:(?:\*|([0-9]{12}))?:")
_CONNECTED = re.compile(r"%\{Destination\.(Arn|Name)\}")


@dataclass(frozen=True, slots=True)
class Declared:
    """The policies and the trust policy of one role. `unread` says of each part that is not understood what it is, and why.

    `written` is whether somebody wrote the trust policy: that of a role which SAM makes cannot be written. `boundary` is the
    managed policy that bounds what the role may do.
    """

    title: str
    rights: Rights
    trust: Json = None
    place: Place = ROLE
    unread: tuple[tuple[Place, str], ...] = ()
    written: bool = True
    boundary: str | None = None


@dataclass(frozen=True, slots=True)
class PolicySet:
    """What was read from policy files, or found in a template, before references have their texts."""

    title: str
    statements: tuple[tuple[Json, Place], ...]
    managed: tuple[str, ...] = ()
    others: tuple[Json, ...] = ()
    trust: Json = None
    place: Place = ROLE
    written: bool = True
    unread: tuple[tuple[Place, str], ...] = ()
    known: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    boundary: str | None = None

    def texts(self) -> str:
        """Return all of it as one text, to look for what it names."""
        return json.dumps([[one for one, _ in self.statements], self.managed, self.others, self.trust], default=str)


def from_role(role: Role, source: Source | None, *, traced: bool = False) -> PolicySet:
    """Take the role that a template declares. One that SAM makes is trusted by default, and may write traces if *traced*."""
    title = f"the policies of `{role.name}`" if role.made else f"role `{role.name}`"
    place = Place(title, source, role.pointer)
    statements = tuple((one, Place(titled(one, number), source, role.pointer)) for number, one in enumerate(role.statements, 1))
    managed = (*role.managed, *([compiled_sam()["traced"]] if role.made and traced else []))
    trust = compiled_sam()["trust"] if role.made else role.trust
    added = ((replace(place, title=role.added), "adds what it grants by itself, which is not compared"),) if role.added else ()
    return PolicySet(
        title, statements, managed, role.others, trust, place, written=not role.made, unread=added, boundary=role.boundary
    )


def declare(given: PolicySet, table: Table) -> Declared:
    """Read the policies, with *table* for the texts that placeholders stand for."""
    table = {**given.known, **table}
    clauses: list[Clause] = []
    unread: list[tuple[Place, str]] = list(given.unread)
    for statement, place in (*given.statements, *_expanded(given, table, unread)):
        clause = clause_of(fill(statement, table), place)
        if clause is not None:
            clauses.append(clause)
    return Declared(
        given.title, Rights(tuple(clauses)), fill(given.trust, table), given.place, tuple(unread), given.written, given.boundary
    )


def _expanded(given: PolicySet, table: Table, unread: list[tuple[Place, str]]) -> Iterator[tuple[Json, Place]]:
    for written in given.managed:
        yield from _of_managed(written, given, table, unread)
    for one in given.others:
        other, condition = conditioned(one)
        found = _of_managed(other, given, table, unread) if isinstance(other, str) else _other(other, given, unread)
        for statement, place in found:
            yield {"Fn::If": [condition, statement, None]} if condition else statement, place


def _of_managed(written: str, given: PolicySet, table: Table, unread: list[tuple[Place, str]]) -> Iterator[tuple[Json, Place]]:
    name = spell(str(fill(written, table)).rpartition("/")[2])
    place = Place(f"managed policy `{name}`", given.place.source, given.place.pointer)
    found = _managed().get(name)
    if found is None:
        unread.append((place, "is not among the managed policies that are known here"))
        return
    yield from ((statement, place) for statement in found["statements"])


def _other(other: Json, given: PolicySet, unread: list[tuple[Place, str]]) -> Iterator[tuple[Json, Place]]:
    sam = compiled_sam()
    if not isinstance(other, Mapping) or len(other) != 1:
        unread.append((given.place, "has a policy that is not understood"))
        return
    [(name, parameters)] = other.items()
    if name == "Unread":
        unread.append(
            (Place(f"the policy `{spell(str(parameters))}`", given.place.source, given.place.pointer), "is not understood")
        )
        return
    place = Place(f"policy template `{name}`", given.place.source, given.place.pointer)
    values = parameters if isinstance(parameters, Mapping) else {}
    if name == "Connector":
        place = Place(f"the connector to `{values.get('Id', '')}`", given.place.source, given.place.pointer)
        profile = sam["connectors"].get(sam["types"].get(values.get("Type"), values.get("Type")))
        if profile is None:
            unread.append((place, "leads to a resource that connectors of machines do not know"))
            return
        for category in values.get("Permissions", ()):
            for statement in profile.get(category, ()):
                yield _mapped(statement, lambda text: _CONNECTED.sub(lambda match: str(values.get(match[1], "*")), text)), place
    elif name in sam["templates"]:
        template = sam["templates"][name]
        known = {parameter: str(values[parameter]) for parameter in template["parameters"] if parameter in values}
        for statement in template["statements"]:
            yield _mapped(statement, lambda text: _put(text, known)), place
    else:
        unread.append((place, "is no policy template of SAM"))


def is_known_managed(name: str) -> bool:
    """Tell whether a managed policy, by its name or its ARN, is one of AWS whose statements are known here."""
    return name.rpartition("/")[2] in _managed()


@lru_cache(maxsize=1)
def compiled_sam() -> Json:
    """Return the policy templates and connectors of SAM."""
    return read_compiled("sam_policies.json")


@lru_cache(maxsize=1)
def _managed() -> Json:
    return read_compiled("managed_policies.json")["policies"]


def _put(text: str, known: Mapping[str, str]) -> str:
    return PLACEHOLDER.sub(lambda match: known.get(match[1], match[0]), text)


def _mapped(value: Json, change: Callable[[str], str]) -> Json:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, Mapping):
        return {key: _mapped(one, change) for key, one in value.items()}
    return [_mapped(one, change) for one in value] if isinstance(value, list) else value


def fill(value: Json, table: Table) -> Json:
    """Write in *value* what its placeholders stand for. One that may be several texts, or none, stays: then it is a variable."""
    known: dict[str, str] = {}

    def meant(match: re.Match[str]) -> str:
        name = match[1].removeprefix("!")
        if name not in known:
            known[name] = "${" + name + "}"  # what stands for itself, by way of others or not, stays
            found = table.get(name)
            one = found[0] if isinstance(found, tuple) and len(found) == 1 else found
            if isinstance(one, str):
                made = PLACEHOLDER.sub(meant, one)
                known[name] = made if len(made) <= LONGEST else known[name]
        return known[name]

    return _mapped(value, lambda text: PLACEHOLDER.sub(meant, text) if "${" in text else text)


def places_of(texts: Iterable[str]) -> tuple[str | None, str | None]:
    """Return the one Region and the one account that all ARNs of *texts* name; nothing where there are several, or none."""
    regions, accounts = set(), set()
    for text in texts:
        for region, account in _PLACE.findall(text):
            regions.add(region)
            accounts.add(account)
    regions.discard("")
    accounts.discard("")
    return (regions.pop() if len(regions) == 1 else None), (accounts.pop() if len(accounts) == 1 else None)
