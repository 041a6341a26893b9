"""Text with holes → what IAM understands: the only place where a wildcard is written.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html#policy-vars-specialchars
"""

from __future__ import annotations

import re

from analyzer.dataflow.values import HOLE

_HOLES = re.compile(f"{HOLE}+")


def as_pattern(text: str) -> str:
    """Write *text* as an IAM pattern: each hole becomes `*`, and what the user wrote matches only itself.

    A literal `*`, `?` or `$` is escaped as `${*}`, `${?}` or `${$}`.
    """
    escaped = re.sub(r"[*?$]", lambda match: "${" + match[0] + "}", text)
    return _HOLES.sub("*", escaped)


def as_exact(text: str) -> str:
    """Write *text* for an operator that knows no wildcards: only the start of a policy variable is escaped."""
    return text.replace("${", "${$}{")


def covers(wide: str, narrow: str) -> bool:
    """Tell whether the pattern *wide* matches everything that the pattern *narrow* matches.

    Exact for patterns of `*` and escaped text: a `*` of *narrow* can only be matched by a `*` of *wide*, because it
    stands for text that no literal and no other pattern could foresee.
    """
    if wide == narrow:
        return True
    if "*" not in wide.replace("${*}", ""):
        return False
    glob = "".join(".*" if token == "*" else re.escape(token) for token in _tokens(wide))
    # One character outside every alphabet stands for the text under each `*` of the narrow side.
    sample = "".join(HOLE if token == "*" else token for token in _tokens(narrow))
    return re.fullmatch(glob, sample, re.DOTALL) is not None


def _tokens(pattern: str) -> list[str]:
    return re.findall(r"\$\{[*?$]\}|.", pattern, re.DOTALL)
