"""Patterns of IAM as sets of texts: whether several together hold another one, and a text that shows it when they do not.

A pattern is *read* first: `*` and `?` become characters that no real text has, an escape the character it means, and a policy
variable a symbol. A symbol is text that nobody knows: it is held by the same symbol and by `*`, and by nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

from analyzer.dataflow.values import HOLE, ONE
from analyzer.symbols import FIRST, spell, symbol

STAR, ANY = HOLE, ONE
"""`*` and `?` of a pattern that was read."""

BOUND = 20_000
"""The most states of the automaton that are looked at before the question counts as open."""

_MANY, _FEW = "\ue021", "\ue022"
"""Fresh letters, which no pattern has: what stands for the text under a `*` and under a `?`."""

_WORDS, _LETTERS = ("other", "x", "0", "other-1", "_"), ("x", "0", "_", "y")
"""What is written for fresh letters where people read them: for the text under a `*`, for the character under a `?`."""

_TOKEN = re.compile(r"\$\{([*?$])\}|\$\{([^{}]+)\}|[*?]")
_WILD = re.compile(f"[{STAR}{ANY}]+")
_FRESH = re.compile(f"{_MANY}+|{_FEW}")
_RESERVED = re.compile("[\ue000-\ue0ff]")


class Undecided(Exception):
    """The question is too large to be answered; the message says why."""


@lru_cache(maxsize=16_384)
def read(pattern: str) -> str:
    """Read a pattern as IAM writes it. Neighbouring wildcards are put into one order, so that equal ones are the same text."""
    meant = _TOKEN.sub(_meant, _RESERVED.sub("\ufffd", pattern))
    return _WILD.sub(lambda match: ANY * match[0].count(ANY) + STAR * (STAR in match[0]), meant)


@lru_cache(maxsize=4096)
def read_exact(text: str) -> str:
    """Read a text of an operator that knows no wildcards: variables and escapes mean the same there."""
    return _TOKEN.sub(lambda match: match[0] if match[0] in "*?" else _meant(match), _RESERVED.sub("\ufffd", text))


def _meant(match: re.Match[str]) -> str:
    if match[1]:
        return match[1]
    if match[2]:
        return symbol(match[2]) or symbol(match[2].encode("unicode_escape").decode("ascii")) or STAR
    return STAR if match[0] == "*" else ANY


@lru_cache(maxsize=16_384)
def written(pattern: str) -> str:
    """Write a pattern that was read, as people write it: symbols as `${Name}`."""
    escaped = re.sub(r"[*?]|\$(?=\{)", lambda match: "${" + match[0] + "}", pattern)
    return spell(escaped.replace(STAR, "*").replace(ANY, "?"))


def uncovered(narrow: str, wide: Sequence[str]) -> str | None:
    """Return a text that *narrow* matches and none of *wide* does; `None` when there is none. All are patterns that were read.

    Where no pattern of *wide* has a `?`, one of them holds *narrow* or none do: a fresh letter under each wildcard of *narrow*
    can only be matched by a `*`, which then matches whatever stands there. With `?`, an automaton is walked.
    Raises `Undecided` when that takes more than `BOUND` states.
    """
    shortest = narrow.replace(STAR, _MANY).replace(ANY, _FEW)
    most = 0
    for pattern in wide:
        asked = pattern.count(ANY)
        if not asked and matches(pattern, shortest):
            return None
        most = max(most, asked)
    if not most:
        return shortest
    long = narrow.replace(STAR, _MANY * (most + 1)).replace(ANY, _FEW)
    if not any(matches(pattern, long) for pattern in wide):
        return long
    return _walk(narrow, wide)


def covers(wide: str, narrow: str) -> bool:
    """Tell whether the pattern *wide* holds all that *narrow* matches. A question that is too large counts as no."""
    try:
        return uncovered(narrow, (wide,)) is None
    except Undecided:
        return False


def matches(pattern: str, text: str) -> bool:
    """Tell whether the pattern, which was read, matches *text*."""
    if ANY in pattern:
        automaton = _automaton(pattern)
        reached = 1
        for char in text:
            reached = automaton.step(reached, char)
            if not reached:
                return False
        return bool(reached & automaton.end)
    pieces = _pieces(pattern)
    first, last = pieces[0], pieces[-1]
    if len(pieces) == 1:
        return text == first
    at, end = len(first), len(text) - len(last)
    if at > end or not text.startswith(first) or not text.endswith(last):
        return False
    for piece in pieces[1:-1]:
        found = text.find(piece, at, end)
        if found < 0:
            return False
        at = found + len(piece)
    return True


@lru_cache(maxsize=16_384)
def _pieces(pattern: str) -> tuple[str, ...]:
    return tuple(pattern.split(STAR))


class _Automaton:
    """The positions in a pattern as bits: which of them a character leads to, and the last one."""

    __slots__ = ("any", "chars", "end", "single", "stars")

    def __init__(self, pattern: str) -> None:
        self.stars = self.any = self.single = 0
        self.chars: dict[str, int] = {}
        place = 1
        for char in pattern:
            if char == STAR:
                self.stars |= place
                continue
            if char == ANY:
                self.any |= place
            else:
                self.chars[char] = self.chars.get(char, 0) | place
            self.single |= place if char < FIRST else 0
            place <<= 1
        self.end = place

    def step(self, reached: int, char: str) -> int:
        """Return the positions after *char*. A `?` matches no part of a symbol, whose length nobody knows."""
        single = 0 if char >= FIRST else self.any
        return (reached & self.stars) | (reached & (single | self.chars.get(char, 0))) << 1

    def step_any(self, reached: int) -> int:
        """Return the positions after some one character, which is no part of a symbol."""
        return (reached & self.stars) | (reached & self.single) << 1


@lru_cache(maxsize=4096)
def _automaton(pattern: str) -> _Automaton:
    return _Automaton(pattern)


def _walk(narrow: str, wide: Sequence[str]) -> str | None:
    """Walk all automata side by side, by one character at a time, until only *narrow* can end."""
    own, others = _automaton(narrow), [_automaton(pattern) for pattern in dict.fromkeys(wide)]
    first = (1, *(1 for _ in others))
    seen = {first}
    waiting: list[tuple[tuple[int, ...], str]] = [(first, "")]
    for state, text in waiting:  # grows while it is walked: the shortest text is found first
        mine, *theirs = state
        if mine & own.end and not any(reached & other.end for reached, other in zip(theirs, others, strict=True)):
            return text
        # Characters that lead nowhere in particular from here all do the same, so one of them is tried for all.
        letters = {_MANY} | {char for reached, one in zip(state, (own, *others), strict=True) for char in _leading(reached, one)}
        for char in sorted(letters):
            after = own.step(mine, char)
            if after:
                following = (after, *(other.step(reached, char) for reached, other in zip(theirs, others, strict=True)))
                if following not in seen:
                    seen.add(following)
                    waiting.append((following, text + char))
        if len(seen) > BOUND:
            raise Undecided("its patterns have too many `?` to be compared")
    return None


def _leading(reached: int, automaton: _Automaton) -> Iterable[str]:
    return (char for char, places in automaton.chars.items() if reached & places)


def overlap(one: str, other: str) -> bool:
    """Tell whether there is a text that both patterns match, which were read."""
    if STAR not in one and ANY not in one:
        return matches(other, one)
    if STAR not in other and ANY not in other:
        return matches(one, other)
    automaton = _automaton(other)
    reached = 1
    for char in one:
        if char == STAR:  # any text leads on to every later place
            reached = -(reached & -reached) & (automaton.end * 2 - 1)
        else:
            reached = automaton.step_any(reached) if char == ANY else automaton.step(reached, char)
        if not reached:
            return False
    return bool(reached & automaton.end)


def by_part(one: str, other: str) -> Iterator[tuple[str, str]]:
    """Yield the six parts of two ARNs side by side, so that a `*` stays in its part; what is no ARN is one part."""
    mine, theirs = one.split(":", 5), other.split(":", 5)
    yield from zip(mine, theirs, strict=True) if len(mine) == len(theirs) == 6 else [(one, other)]


def readable(text: str, wide: Iterable[str]) -> str:
    """Write a text of `uncovered` with words in the place of fresh letters, still one that none of *wide* matches."""
    tried = list(wide)
    for letter in _LETTERS:
        for word in _WORDS:
            shown = _FRESH.sub(lambda match, own=(word, letter): own[match[0] == _FEW], text)  # type: ignore[misc]
            if not any(matches(pattern, shown) for pattern in tried):
                return shown
    return text
