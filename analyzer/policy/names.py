"""What statements are called: a Sid says what it is for."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from analyzer.permissions import Action
from analyzer.policy.model import Packed, Statement


def named(packed: Iterable[Packed]) -> tuple[Statement, ...]:
    """Give each statement a Sid that says what it is for: the service, and the action or the kind of resource."""
    taken: dict[str, int] = {}
    statements = []
    for actions, resources, condition in packed:
        sid = sid_of(actions, resources)
        statements.append(Statement(numbered(sid, taken), actions, resources, condition))
    return tuple(statements)


def numbered(sid: str, taken: dict[str, int]) -> str:
    """Return *sid*, with a number when it is *taken*, and take it. *taken* holds the last number of each name."""
    name = sid
    while sid in taken:
        taken[name] += 1
        sid = f"{name}{'N' if name[-1].isdigit() else ''}{taken[name]}"
    taken[sid] = 1
    return sid


def sid_of(actions: tuple[Action, ...], resources: tuple[str, ...]) -> str:
    """Return what a statement is called as long as no other one is."""
    services = "".join(_pascal(prefix) for prefix in dict.fromkeys(action.partition(":")[0] for action in actions))
    if len(actions) == 1:
        return services + actions[0].partition(":")[2]
    kinds = {_kind(resource) for resource in resources}
    return services + (kinds.pop() if len(kinds) == 1 else "")


def _kind(resource: str) -> str:
    """Return the kind of resource an ARN names, `Job` of `arn:aws:glue:us-east-1:111122223333:job/load`, or nothing."""
    fields = resource.split(":", 5)
    if len(fields) < 6 or not fields[4]:
        return ""
    match = re.match(r"/?([A-Za-z-]+)[/:]", fields[5])
    return _pascal(match[1]) if match else ""


@lru_cache(maxsize=1024)
def _pascal(name: str) -> str:
    return "".join(word[:1].upper() + word[1:] for word in re.split(r"[^A-Za-z0-9]+", name))
