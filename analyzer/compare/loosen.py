"""What only the deployment knows: texts that may turn out to be the same, though they are not written the same.

A pattern is *loosened* when the pseudo parameters in it become `*`, a parameter its default, and a reference that leads out of
the template anything. Two patterns that meet only then are neither the same nor different yet.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from analyzer.analyze import Analysis
from analyzer.compare.globs import STAR, by_part, covers, overlap, read
from analyzer.permissions import Grant
from analyzer.symbols import FIRST, symbol
from analyzer.templates.model import PSEUDO

_SYMBOLS = re.compile(f"[{FIRST}-\U000ffffc]+\U000ffffd")
_OPEN = re.compile(r"placeholder `\$\{([^}]*)\}`")


@dataclass(frozen=True, slots=True)
class Loosen:
    """Loosens patterns; `known` says what each symbol may be: a text, or `*`. A symbol it does not have stays."""

    known: Mapping[str, str]
    generated: Mapping[str, str]

    def __call__(self, pattern: str) -> str:
        """Return *pattern* with what only the deployment knows loosened; a name that it makes is its own and stays."""
        return self._put(pattern, {}, frozenset())

    def _put(self, pattern: str, more: Mapping[str, str], kept: frozenset[str]) -> str:
        if max(pattern, default="") < FIRST:
            return pattern

        def meant(match: re.Match[str]) -> str:
            if match[0] in kept:
                return match[0]
            made = more.get(match[0]) or self.known.get(match[0])
            return made if made is not None else match[0] if match[0] in self.generated else STAR

        return re.sub(f"{STAR}+", STAR, _SYMBOLS.sub(meant, pattern))

    def _named(self, pattern: str) -> bool:
        return any(name in pattern for name in self.generated)

    def left_open(self, grant: Grant) -> frozenset[str]:
        """Return the placeholders that nobody knows a text for and that widened *grant*."""
        steps = (flow.what for reason in grant.reasons for flow in reason.flow)
        return frozenset(name for what in steps for name in _OPEN.findall(what))

    def mentions(self, pattern: str, names: frozenset[str]) -> bool:
        """Tell whether *pattern* has one of the placeholders *names* in it."""
        return any((made := symbol(name)) is not None and made in pattern for name in names)

    def meet(self, one: str, other: str) -> bool:
        """Tell whether there may be an ARN that both patterns match, once the deployment is known."""
        return all(self._meet(mine, theirs) or self._meet(theirs, mine) for mine, theirs in by_part(one, other))

    def _meet(self, one: str, other: str) -> bool:
        # The deployment makes names of what the template calls a thing: another thing has another name.
        more = {} if self._named(one) and self._named(other) else self.generated
        kept = _shared(one, other)
        return overlap(self._put(one, more, kept), self._put(other, {}, kept))

    def may_cover(self, wide: str, narrow: str) -> bool:
        """Tell whether *wide* may turn out to hold all that *narrow* matches."""
        return all(self._may_cover(outer, inner) for outer, inner in by_part(wide, narrow))

    def _may_cover(self, outer: str, inner: str) -> bool:
        kept = _shared(outer, inner)
        if covers(self._put(outer, {}, kept), inner):
            return True
        loosened = self._put(inner, {}, kept) != inner or (self._named(inner) and not self._named(outer))
        return loosened and self._meet(inner, outer)


def _shared(one: str, other: str) -> frozenset[str]:
    """Return the symbols that both patterns have: whatever they stand for, it is the same."""
    return frozenset(_SYMBOLS.findall(one)) & frozenset(_SYMBOLS.findall(other))


def loosen(analysis: Analysis) -> Loosen:
    """Return what loosens the patterns of a machine and of its role."""
    found = analysis.found
    known = {made: STAR for name in PSEUDO if (made := symbol(name)) is not None}
    generated: dict[str, str] = {}
    for name in found.names if found is not None else ():
        made, given = symbol(name), found.texts.get(name, ()) if found is not None else ()
        if made is None or found is None:
            continue
        if name in found.generated:
            generated[made] = f"{STAR}{name.partition('.')[0].removesuffix('#name')}-{STAR}"
        elif len(given) == 1 and "${" not in given[0]:
            known[made] = read(given[0])
    own = found.own_name if found is not None else None
    if own is not None and (made := symbol(own)) is not None:
        generated.setdefault(made, f"{STAR}{own.partition('.')[0]}-{STAR}")
    return Loosen(known, generated)


def merged(given: Iterable[Loosen]) -> Loosen:
    """Return what loosens as each of *given* does; of one template, they agree on what both know."""
    made = list(given)
    known = {name: text for one in made for name, text in one.known.items()}
    return Loosen(known, {name: text for one in made for name, text in one.generated.items()})
