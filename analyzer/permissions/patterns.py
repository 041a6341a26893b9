"""Text with holes → what IAM understands: the only place where a wildcard is written.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html#policy-vars-specialchars
"""

from __future__ import annotations

import re
from functools import lru_cache

from analyzer.dataflow.values import HOLE, ONE

_SPECIAL = re.compile(f"[*?${HOLE}{ONE}]")
_HOLES = re.compile(f"{HOLE}+")
_WILDCARD = re.compile(r"(?<!\$\{)\*")
_ESCAPE_OR_WILDCARD = re.compile(r"\$\{([*?$])\}|[*?]")


def as_pattern(text: str) -> str:
    """Write *text* as an IAM pattern: a hole becomes `*`, one unknown character `?`, and what the user wrote itself.

    A literal `*`, `?` or `$` is escaped as `${*}`, `${?}` or `${$}`.
    """
    if not _SPECIAL.search(text):
        return text
    escaped = re.sub(r"[*?$]", lambda match: "${" + match[0] + "}", text)
    return _HOLES.sub("*", escaped).replace(ONE, "?")


def in_partition(text: str, partition: str) -> str:
    """Return *text* with its partition filled when it is an ARN of an unknown one: no call leaves the machine's own."""
    fields = text.split(":", 2)
    if len(fields) == 3 and fields[0] == "arn" and HOLE in fields[1]:
        return f"arn:{partition}:{fields[2]}"
    return text


def is_arn(text: str) -> bool:
    """Tell whether IAM takes *text* for an ARN: it has six parts and names its partition and its service."""
    fields = text.split(":", 5)
    return len(fields) == 6 and all(field and HOLE not in field for field in fields[:3])


def knows_wildcards(operator: str) -> bool:
    """Tell whether the condition *operator* takes `*` and `?` of its values for wildcards.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
    """
    return operator.endswith("Like") or operator.startswith("Arn")


def as_exact(text: str) -> str:
    """Write *text* for an operator that knows no wildcards: only the start of a policy variable is escaped."""
    return text.replace("${", "${$}{")


def covers(wide: str, narrow: str) -> bool:
    """Tell whether the pattern *wide* matches everything that the pattern *narrow* matches.

    Exact for `*` and escaped text: the text under a `*` of *narrow* may be any, so only a `*` of *wide* can match it.
    A `?` of *wide* is only known to match a `?`. Takes linear time for real patterns, and never more than the product of
    their lengths.
    """
    if wide == narrow:
        return True
    first, *pieces = _pieces(wide)
    if not pieces:
        return False
    # A character outside every alphabet stands for the text under each `*` of the narrow side.
    text = HOLE.join(_pieces(narrow))
    last = pieces.pop()
    at, end = len(first), len(text) - len(last)
    if at > end or not text.startswith(first) or not text.endswith(last):
        return False
    for piece in pieces:
        found = text.find(piece, at, end)
        if found < 0:
            return False
        at = found + len(piece)
    return True


def fixed_ends(pattern: str) -> tuple[str, str] | None:
    """Return the text before the first and after the last wildcard of *pattern*, or `None` when it has none."""
    pieces = _WILDCARD.split(pattern)
    return (pieces[0], pieces[-1]) if len(pieces) > 1 else None


@lru_cache(maxsize=4096)
def _pieces(pattern: str) -> tuple[str, ...]:
    """Split *pattern* at its wildcards into the texts between them, as they are meant."""
    pieces = _ESCAPE_OR_WILDCARD.sub(lambda match: match[1] or (HOLE if match[0] == "*" else ONE), pattern)
    return tuple(pieces.split(HOLE))
