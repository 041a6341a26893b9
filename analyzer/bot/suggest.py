"""What `write` would make of a template → the edits that can be offered in the diff of a request, each applied by one click.

A forge takes an edit only of lines that its diff shows, all of them in one stretch, and may put its own line ends. So an edit is
offered when the lines it replaces are shown and nothing about them is in doubt, and only together with all others that one
policy needs: what is left out would leave a policy that is neither the old one nor the new one.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Sequence
from difflib import SequenceMatcher
from typing import NamedTuple

from analyzer.bot.review import Edit
from analyzer.report.paint import printable

MOST = 10
"""Edits on one request: more of them are no review any more."""

TALLEST, LONGEST = 100, 20_000
"""Lines that one edit replaces, and characters that it puts there. GitLab takes no more than 100 lines above the last one."""

NEAR = 3
"""Unchanged lines between two edits that make them one: a diff shows as many around each."""

CONTEXT = 3

_COMPARED = 4_000
"""Lines that are compared one by one. What differs in more of them is one edit, and too tall."""

_HUNK = re.compile(rb"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")


class Stretch(NamedTuple):
    """Lines of the head that a diff shows together, from `first` on: what line of the base each of them is, if any."""

    first: int
    olds: tuple[int | None, ...]

    @property
    def last(self) -> int:
        """The last line. It is before the first one where lines were only taken away."""
        return self.first + len(self.olds) - 1


class Shown(NamedTuple):
    """What the diff of a request shows of a file: its path in the head and in the base, and its stretches."""

    path: str
    old_path: str
    stretches: tuple[Stretch, ...]


class Offer(NamedTuple):
    """The edits for one policy. `place` is `diff`, or says why there are none; it is empty when none are needed."""

    edits: tuple[Edit, ...] = ()
    place: str = ""


# ------------------------------------------------------------------------------------------------------ what a diff shows


def shown_in(diff: bytes) -> tuple[Stretch, ...]:
    """Return the stretches that the unified *diff* of one file shows.

    Lines are counted as the heads of the hunks say: what a line looks like is anybody's.
    """
    found = []
    lines = iter(diff.split(b"\n"))
    for line in lines:
        head = _HUNK.match(line)
        if head is None:
            continue
        old, first = int(head[1]), int(head[3])
        old_left, new_left = (1 if head[group] is None else int(head[group]) for group in (2, 4))
        olds: list[int | None] = []
        while old_left > 0 or new_left > 0:
            text = next(lines, None)
            if text is None:
                return ()
            sign = text[:1]
            if sign == b"\\":  # "No newline at end of file"
                continue
            if sign != b"+":
                old, old_left = old + 1, old_left - 1
            if sign != b"-":
                olds.append(None if sign == b"+" else old - 1)
                new_left -= 1
        found.append(Stretch(first, tuple(olds)))
    return tuple(found)


def shown_between(before: str, after: str) -> tuple[Stretch, ...]:
    """Return the stretches that a diff of two texts shows, where there is no git to ask."""
    old, new = before.split("\n"), after.split("\n")
    if max(len(old), len(new)) > _COMPARED:
        return ()
    made = []
    for group in SequenceMatcher(None, old, new, autojunk=False).get_grouped_opcodes(CONTEXT):
        olds: list[int | None] = []
        for tag, i1, i2, j1, j2 in group:
            olds += range(i1 + 1, i2 + 1) if tag == "equal" else [None] * (j2 - j1)
        made.append(Stretch(group[0][3] + 1, tuple(olds)))
    return tuple(made)


# --------------------------------------------------------------------------------------------------------------- edits


class _Hunk(NamedTuple):
    """*lines* in the place of those from `start` up to `end`, counted from 0."""

    start: int
    end: int
    lines: tuple[str, ...]


def offer(title: str, before: str, after: str, shown: Shown, valid: Callable[[str], bool]) -> Offer:
    """Return what makes *after* of *before*, the text of a file at the head, or why that cannot be offered.

    Each edit alone must leave a *valid* text: somebody may take one and not the others.
    """
    if before == after:
        return Offer()
    if "\r" in before + after:
        return Offer(place="form")  # forges change the line ends of what they put into a file
    old, new = before.split("\n"), after.split("\n")
    hunks = _hunks(old, new)
    if len(hunks) > MOST or any(not valid(_with(old, [hunk])) for hunk in hunks):
        hunks = _joined(hunks, old, len(old))
    placed = [_placed(hunk, old, shown.stretches) for hunk in hunks]
    if "outside" in placed:
        return Offer(place="outside")
    made = [one for one in placed if isinstance(one, _Hunk)]
    if len(made) < len(hunks):
        return Offer(place="form")
    parts = [f", part {number} of {len(made)}" if len(made) > 1 else "" for number in range(1, len(made) + 1)]
    return Offer(tuple(_edit(title + part, hunk, old, shown) for part, hunk in zip(parts, made, strict=True)), "diff")


def applied(before: str, edits: Iterable[Edit]) -> str:
    """Return the text that *edits* make of *before*, as a forge applies them."""
    return _with(before.split("\n"), [_Hunk(one.start - 1, one.line, tuple(one.text.split("\n"))) for one in edits])


def apart(one: Edit, others: Iterable[Edit]) -> bool:
    """Tell whether *one* has no line in common with *others*."""
    return all(one.path != other.path or one.line < other.start or other.line < one.start for other in others)


def _with(old: Sequence[str], hunks: Iterable[_Hunk]) -> str:
    lines = list(old)
    for hunk in sorted(hunks, reverse=True):
        lines[hunk.start : hunk.end] = hunk.lines
    return "\n".join(lines)


def _hunks(old: Sequence[str], new: Sequence[str]) -> list[_Hunk]:
    """Return how *old* becomes *new*; what is near is one."""
    least = min(len(old), len(new))
    head = next((number for number in range(least) if old[number] != new[number]), least)
    tail = next((number for number in range(least - head) if old[-1 - number] != new[-1 - number]), least - head)
    left, right = old[head : len(old) - tail], new[head : len(new) - tail]
    if max(len(left), len(right)) > _COMPARED:
        return [_Hunk(head, head + len(left), tuple(right))]
    codes = SequenceMatcher(None, left, right, autojunk=False).get_opcodes()
    found = [_Hunk(head + i1, head + i2, tuple(right[j1:j2])) for tag, i1, i2, j1, j2 in codes if tag != "equal"]
    return _joined(found, old, NEAR)


def _joined(hunks: Sequence[_Hunk], old: Sequence[str], gap: int) -> list[_Hunk]:
    """Make one of hunks that have no more than *gap* lines between them."""
    made: list[_Hunk] = []
    for hunk in hunks:
        if made and hunk.start - made[-1].end <= gap:
            last = made.pop()
            hunk = _Hunk(last.start, hunk.end, (*last.lines, *old[last.end : hunk.start], *hunk.lines))  # noqa: PLW2901
        made.append(hunk)
    return made


def _placed(hunk: _Hunk, old: Sequence[str], stretches: Sequence[Stretch]) -> _Hunk | str:
    """Return *hunk* as it can be offered, or why it cannot.

    An edit has lines to replace and lines to put there: what only inserts, or only takes away, repeats the line above it, or
    else the one below.
    """
    candidates = [hunk]
    if hunk.start == hunk.end or not any(hunk.lines):
        above = _Hunk(hunk.start - 1, hunk.end, (*old[max(0, hunk.start - 1) : hunk.start], *hunk.lines))
        below = _Hunk(hunk.start, hunk.end + 1, (*hunk.lines, *old[hunk.end : hunk.end + 1]))
        candidates = [one for one in (above, below) if one.start >= 0 and one.end <= len(old) and any(one.lines)]
    # After the last line end of a text, no line stands. A last line without one may get one from the forge.
    fitting = [one for one in candidates if one.end < len(old)]
    if not fitting or any(not _plain(line) for line in hunk.lines):
        return "form"
    inside = [one for one in fitting if any(one.start + 1 >= each.first and one.end <= each.last for each in stretches)]
    if not inside:
        return "outside"
    [best, *_] = inside
    fits = best.end - best.start <= TALLEST and sum(map(len, best.lines)) + len(best.lines) <= LONGEST
    return best if fits else "form"


def _plain(line: str) -> bool:
    """Tell whether *line* says what it shows: who takes an edit has only looked at it."""
    return all(part == printable(part) for part in line.split("\t"))


def _edit(title: str, hunk: _Hunk, old: Sequence[str], shown: Shown) -> Edit:
    replaced = "\n".join(old[hunk.start : hunk.end]).encode("utf-8", "surrogatepass")
    stretch = next(one for one in shown.stretches if one.first <= hunk.end <= one.last)
    return Edit(
        title=title,
        path=shown.path,
        start=hunk.start + 1,
        line=hunk.end,
        text="\n".join(hunk.lines),
        replaces=hashlib.sha256(replaced).hexdigest(),
        old_path=shown.old_path,
        old_line=stretch.olds[hunk.end - stretch.first],
    )
