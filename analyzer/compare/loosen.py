"""What only the deployment knows: texts that may turn out to be the same, though they are not written the same.

A pattern is *loosened* when the pseudo parameters in it become `*`, a parameter its default, and a reference that leads out of
the template anything. Two patterns that meet only then are neither the same nor different yet.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from analyzer.analyze import Analysis
from analyzer.compare.globs import STAR, covers, overlap, read
from analyzer.permissions import Grant
from analyzer.symbols import FIRST, spell, symbol
from analyzer.templates.model import PSEUDO

_SYMBOLS = re.compile(f"[{FIRST}-\U000ffffc]+\U000ffffd")
_OPEN = re.compile(r"placeholder `\$\{([^}]*)\}`")


@dataclass(frozen=True, slots=True)
class Loosen:
    """Loosens patterns; `known` says what each symbol may be: a text, or `*`. A symbol it does not have stays."""

    known: Mapping[str, str]
    kept: frozenset[str]

    def __call__(self, pattern: str) -> str:
        """Return *pattern* with what only the deployment knows loosened."""
        if max(pattern, default="") < FIRST:
            return pattern
        made = _SYMBOLS.sub(lambda match: match[0] if match[0] in self.kept else self.known.get(match[0], STAR), pattern)
        return re.sub(f"{STAR}+", STAR, made)

    def left_open(self, grant: Grant) -> frozenset[str]:
        """Return the placeholders that nobody knows a text for and that widened *grant*."""
        steps = (flow.what for reason in grant.reasons for flow in reason.flow)
        return frozenset(name for what in steps for name in _OPEN.findall(what))

    def mentions(self, pattern: str, names: frozenset[str]) -> bool:
        """Tell whether *pattern* has one of the placeholders *names* in it."""
        return any((made := symbol(name)) is not None and made in pattern for name in names)

    def meet(self, one: str, other: str) -> bool:
        """Tell whether there may be an ARN that both patterns match, once the deployment is known."""
        return all(overlap(self(mine), self(theirs)) for mine, theirs in _parts(one, other))

    def may_cover(self, wide: str, narrow: str) -> bool:
        """Tell whether *wide* may turn out to hold all that *narrow* matches."""
        return all(
            covers(self(outer), inner) or (self(inner) != inner and overlap(self(outer), self(inner)))
            for outer, inner in _parts(wide, narrow)
        )


def _parts(one: str, other: str) -> Iterator[tuple[str, str]]:
    """Yield the parts of two ARNs side by side, so that what is loosened stays in its part; what is no ARN is one part."""
    mine, theirs = one.split(":", 5), other.split(":", 5)
    yield from zip(mine, theirs, strict=True) if len(mine) == len(theirs) == 6 else [(one, other)]


def loosen(analysis: Analysis) -> Loosen:
    """Return what loosens the patterns of a machine and of its role."""
    found = analysis.found
    known: dict[str, str] = {}
    kept: set[str] = set()
    for name in PSEUDO:
        if (made := symbol(name)) is not None:
            known[made] = STAR
    for name in found.names if found is not None else ():
        made = symbol(name)
        given = found.texts.get(name, ()) if found is not None else ()
        if made is None:
            continue
        if len(given) == 1 and "${" not in given[0]:
            known[made] = read(given[0])
        else:
            kept.add(made)
    own = analysis.context.name
    if own is not None and spell(own) != own:
        kept.add(own)
    return Loosen(known, frozenset(kept))
