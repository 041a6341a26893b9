"""The actions that IAM has: what a pattern of actions means, and an ARN that an action can be asked for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from analyzer.compare.globs import ANY, STAR, by_part, covers, matches, overlap, read
from analyzer.maps import read_compiled
from analyzer.symbols import FIRST

_HOLE = re.compile(r"\$\{([^}]*)\}")


@dataclass(frozen=True, slots=True)
class Service:
    """The actions of one prefix: folded name → the name as AWS writes it, and the places of the ARNs of its resource types."""

    actions: Mapping[str, tuple[str, tuple[int, ...]]]
    arns: tuple[str, ...]


@lru_cache(maxsize=1)
def _raw() -> Mapping[str, Mapping[str, object]]:
    services: Mapping[str, Mapping[str, object]] = read_compiled("actions.json")["services"]
    return services


@lru_cache(maxsize=512)
def service(prefix: str) -> Service | None:
    """Return the actions of *prefix*, in lower case; nothing for a prefix that IAM does not have."""
    raw = _raw().get(prefix)
    if raw is None:
        return None
    actions: dict[str, tuple[str, tuple[int, ...]]] = {}
    for token in str(raw["actions"]).split():
        name, _, places = token.partition(":")
        actions[name.lower()] = (name, tuple(map(int, places.split(","))) if places else ())
    arns = raw["arns"]
    return Service(actions, tuple(arns) if isinstance(arns, list) else ())


def known(action: str) -> str | None:
    """Return *action* as AWS writes it; nothing when there is none of that name. IAM ignores the case."""
    prefix, _, name = action.lower().partition(":")
    found = service(prefix)
    entry = found.actions.get(name) if found is not None else None
    return None if entry is None else f"{prefix}:{entry[0]}"


@lru_cache(maxsize=1024)
def expand(pattern: str) -> tuple[str, ...]:
    """Return the actions that *pattern* means, in order. A name without wildcards means itself, known or not."""
    if "*" not in pattern and "?" not in pattern:
        return (known(pattern) or pattern,)
    folded = pattern.lower()
    head, colon, tail = folded.partition(":")
    if not colon:
        head, tail = (folded, "*") if folded.endswith("*") else ("", "")
    prefix, name = read(head), read(tail)
    services = [head] if STAR not in prefix and ANY not in prefix else sorted(each for each in _raw() if matches(prefix, each))
    made = []
    for each in services:
        found = service(each)
        for low, (as_written, _) in found.actions.items() if found is not None else ():
            if matches(name, low):
                made.append(f"{each}:{as_written}")
    return tuple(made)


def grants(patterns: Iterable[str], action: str) -> bool:
    """Tell whether one of the *patterns*, as they are written, means *action*."""
    folded = action.lower()
    return any(matches(read(pattern.lower()), folded) for pattern in patterns)


def _arns(action: str) -> tuple[str, ...] | None:
    """Return the ARNs that *action* can be asked for, as AWS writes them; nothing at all for an action that is not known."""
    prefix, _, name = action.lower().partition(":")
    found = service(prefix)
    entry = found.actions.get(name) if found is not None else None
    return None if found is None or entry is None else tuple(found.arns[place] for place in entry[1])


def example_arns(action: str, places: Mapping[str, str]) -> tuple[str, ...]:
    """Return an ARN of each resource type that *action* can be asked for, with *places* for the partition, Region and account.

    None for an action that IAM limits to no resource, or does not know.
    """
    return tuple(_HOLE.sub(lambda match: places.get(match[1].lower(), "other"), arn) for arn in _arns(action) or ())


def is_asked_for(action: str, arn: str) -> bool:
    """Tell whether *arn* has the form of a resource that *action* can be asked for, as far as the action is known."""
    arns = _arns(action)
    return arns is None or any(matches(_open(one), arn) for one in arns)


def applies(action: str, resource: str) -> bool:
    """Tell whether *action* can be asked for on something that *resource*, a pattern that was read, matches.

    An action without resource types is asked for on `*` alone: a statement that names an ARN does not grant it. What the ARN of
    one resource type says more exactly is none of another one: `bucket/*` names objects and no bucket.
    """
    arns = _arns(action)
    if arns is None or resource == STAR or (resource.count(":") < 5 and max(resource, default="") >= FIRST):
        return True  # a reference that nobody can read may be any ARN
    if not arns:
        return False
    exact = _exact(action.partition(":")[0].lower(), resource)
    for arn in arns:
        own = _open(arn)
        if _overlap(own, resource) and not any(other != own and _covers(own, other) for other in exact):
            return True
    return False


@lru_cache(maxsize=16_384)
def _exact(prefix: str, resource: str) -> tuple[str, ...]:
    """Return the ARNs of resource types that hold all of *resource*."""
    found = service(prefix)
    return tuple(_open(arn) for arn in (found.arns if found is not None else ()) if _covers(_open(arn), resource))


def _overlap(one: str, other: str) -> bool:
    return all(overlap(mine, theirs) for mine, theirs in by_part(one, other))


def _covers(wide: str, narrow: str) -> bool:
    return all(covers(outer, inner) for outer, inner in by_part(wide, narrow))


@lru_cache(maxsize=4096)
def _open(arn: str) -> str:
    return _HOLE.sub(STAR, arn)
