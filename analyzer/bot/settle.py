"""Exactly one comment, with the newest text: what to do next is worked out from what is there, until nothing is left to do.

A forge knows neither transactions nor conditional writes. So a run keeps no plan: before each write it reads what is there, and
after it, once more. Whatever another run, a lost answer or an end in the middle has left is a state like any other.

* The oldest comment stays, others are deleted, after their text was moved there if it is the newest.
* A text is newer when its commit is the head of the request now; else by the time of its commit; else by the number of its run.
  A force-push to an older commit is thus right as soon as the forge says what the head is.
* A run whose commit is no longer the head writes nothing of its own. It still tidies up.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from analyzer.bot.dialect import MARKER
from analyzer.bot.forge import Forge, ForgeError, Sticky, Unsure
from analyzer.errors import OptionError

STEPS = 60
"""The most writes of one run; there is one to a comment that should not be there."""

REPEATED = 3
"""How often the same write may seem to be needed again before the forge is believed that it was done."""

FAILURES = 5
"""How often a write may be tried whose answer does not come."""

_MARKER = re.compile(
    r"(?:<!-- |\[//\]: # \()asl-iam:v1"
    r" id=(?P<id>[\w.-]+) head=(?P<head>[0-9a-f]*) time=(?P<time>[0-9]{1,12}) run=(?P<run>[0-9]{1,24})"
    r" digest=(?P<digest>[0-9a-f]{64})(?: -->|\))"
)
_LATEST = 10**12 - 1
"""The latest time that a marker can hold. A commit has any time that its author likes."""

_ID = re.compile(r"[A-Za-z0-9](?:[\w.]|-(?!-)){0,63}", re.ASCII)


class Marker(NamedTuple):
    """The hidden first line of a comment: whose it is, which commit it speaks of, and what it says."""

    id: str
    head: str
    time: int
    run: int
    digest: str

    def line(self, form: str = MARKER) -> str:
        """Return the line, in the *form* that the forge does not show."""
        said = f"asl-iam:v1 id={self.id} head={self.head} time={self.time} run={self.run} digest={self.digest}"
        return form.replace("{}", said)

    @property
    def says(self) -> tuple[str, str]:
        """What tells whether the comment would be another one."""
        return self.head, self.digest


@dataclass(frozen=True, slots=True)
class Post:
    """What a run wants to say. When it is *quiet*, there is nothing to say, and nobody is told so who was told nothing before."""

    marker: Marker
    body: str
    quiet: bool = False
    form: str = MARKER

    @property
    def text(self) -> str:
        """The whole comment."""
        return f"{self.marker.line(self.form)}\n{self.body}"


class Create(NamedTuple):
    """Write a new comment."""


class Update(NamedTuple):
    """Give a comment another text."""

    number: int
    text: str


class Delete(NamedTuple):
    """Delete a comment."""

    number: int


class Done(NamedTuple):
    """Nothing is left to do, and why."""

    why: str


Step = Create | Update | Delete | Done


def post(body: str, id: str, *, head: str = "", time: int = 0, run: int = 0, quiet: bool = False, form: str = MARKER) -> Post:
    """Make what is posted of *body*. Raises `OptionError` for an *id* that a marker cannot hold."""
    if not _ID.fullmatch(id):
        raise OptionError(f"`{id}` is no id of a comment: use letters, digits, `.`, `_` and single `-`")
    digest = hashlib.sha256(body.encode("utf-8", "surrogatepass")).hexdigest()
    return Post(Marker(id, head, min(max(0, time), _LATEST), run, digest), body, quiet, form)


def marker_of(text: str) -> Marker | None:
    """Return the marker that *text* begins with; nothing for a comment of somebody else."""
    found = _MARKER.match(text)
    return Marker(found["id"], found["head"], int(found["time"]), int(found["run"]), found["digest"]) if found else None


def plan(own: Post, comments: Sequence[Sticky], head: str | None) -> Step:
    """Return the next step, where *comments* are there and the request stands at *head*, if that is known."""
    ours = [(one.number, marker, one.text) for one in comments if (marker := marker_of(one.text)) and marker.id == own.marker.id]
    ours.sort()
    outdated = bool(head and own.marker.head) and head != own.marker.head

    def age(marker: Marker) -> tuple[bool, int, int]:
        return bool(head) and marker.head == head, marker.time, marker.run

    if not ours:
        return Done("outdated" if outdated else "nothing to say") if outdated or own.quiet else Create()
    best = max((marker for _, marker, _ in ours), key=age)
    text = next(text for _, marker, text in ours if marker == best)
    if not outdated and age(own.marker) >= age(best):
        best, text = (own.marker, own.text) if own.marker.says != best.says else (best, text)
    number, first, _ = ours[0]
    if first.says != best.says:
        return Update(number, text)
    if len(ours) > 1:
        return Delete(ours[-1][0])
    return Done("outdated" if first.says != own.marker.says else "written")


def settle(forge: Forge, own: Post, pause: Callable[[float], None]) -> Done:
    """Write, move and delete until nothing is left to do. Raises `ForgeError` when the forge does not let it."""
    failures = repeated = 0
    made: Sticky | None = None
    before: Step | None = None
    for _ in range(STEPS):
        comments = forge.comments()
        if made is not None and all(one.number != made.number for one in comments):
            comments = [*comments, made]  # lists may be a moment behind what was written
        step = plan(own, comments, forge.head())
        repeated = repeated + 1 if step == before else 0
        if isinstance(step, Done) or repeated == REPEATED:
            return step if isinstance(step, Done) else Done("written")
        before = step
        try:
            made = _do(step, forge, own, made)
        except Unsure as error:
            # It may have been done all the same: look again before anything is written twice.
            failures += 1
            if failures == FAILURES:
                raise
            repeated = 0
            pause(max(error.wait, 2.0**failures))
    raise ForgeError(f"the comment does not come to rest after {STEPS} writes")


def _do(step: Create | Update | Delete, forge: Forge, own: Post, made: Sticky | None) -> Sticky | None:
    """Take *step*, and return the comment that was *made*, as long as it may be missing from lists."""
    if isinstance(step, Create):
        return forge.create(own.text)
    if isinstance(step, Update):
        forge.update(step.number, step.text)
    else:
        forge.delete(step.number)
    return None if made is not None and made.number == step.number else made
