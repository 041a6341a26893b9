"""Edits as comments in the diff, each of them once: as with the one comment, what to do next is worked out from what is there.

* An edit that is there is left alone, even when its thread is resolved: somebody has looked at it.
* What this tool offered before and would not offer now is withdrawn, unless somebody answered it.
* A run whose commit is not the head of the request writes nothing.
* An edit that the forge does not take is told, and is no failure: the one comment has the policy, too.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol, runtime_checkable

from analyzer.bot.escape import cell
from analyzer.bot.forge import ForgeError, Rejected, Unsure
from analyzer.bot.review import Edit, Review
from analyzer.bot.settle import FAILURES
from analyzer.bot.suggest import MOST
from analyzer.report.paint import printable

SUGGESTION = "suggestion"

STEPS = 100
"""The most writes of one run."""

_MARKER = re.compile(r"<!-- asl-iam:edit id=(?P<id>[\w.-]+) digest=(?P<digest>[0-9a-f]{64}) -->")


class Offered(NamedTuple):
    """A comment in the diff that the owner of the token has written. `current` is whether the diff still shows its lines."""

    number: int
    text: str
    current: bool = True
    answered: bool = False


@runtime_checkable
class Reviewed(Protocol):
    """The comments in the diff of one request."""

    def offered(self) -> list[Offered]:
        """Return all comments in the diff that the owner of the token has begun a thread with."""

    def head(self) -> str | None:
        """Return the commit that the request stands at now; nothing where that is not known."""

    def fence(self, edit: Edit) -> str:
        """Return the language of the block of code that makes *edit* one to be applied."""

    def offer(self, edit: Edit, commit: str, text: str) -> int:
        """Write a comment at the lines of *edit*, as they are in *commit*. Raises `Rejected` where there can be none."""

    def withdraw(self, number: int) -> None:
        """Delete a comment in the diff. One that is not there any more is no error."""


class Create(NamedTuple):
    """Offer an edit."""

    edit: Edit


class Withdraw(NamedTuple):
    """Delete a comment."""

    number: int


def edits_of(review: Review) -> list[tuple[Edit, ...]]:
    """Return the edits to offer for *review*, by machine: of each all or none, and no more than a reviewer looks at."""
    made: list[tuple[Edit, ...]] = []
    for machine in review.machines:
        if machine.place == "diff" and machine.edits and sum(map(len, made)) + len(machine.edits) <= MOST:
            made.append(machine.edits)
    return made


def digest(edit: Edit) -> str:
    """Return what tells an edit from others: where it is, what it replaces, and what it puts there."""
    said = f"{edit.path}\0{edit.start}\0{edit.line}\0{edit.replaces}\0{edit.text}"
    return hashlib.sha256(said.encode("utf-8", "surrogatepass")).hexdigest()


def offer_text(edit: Edit, id: str, language: str = SUGGESTION) -> str:
    """Write the comment for *edit*. Its fence is longer than any inside, so that nothing there ends it.

    An edit holds nothing that does not print; that of a document which somebody else wrote is held to it once more.
    """
    lines = ["\t".join(map(printable, line.split("\t"))) for line in edit.text.split("\n")]
    fence = "`" * max(3, *(len(run) + 1 for line in lines for run in re.findall("`+", line)), 3)
    first = f"<!-- asl-iam:edit id={id} digest={digest(edit)} -->"
    return "\n".join(
        (first, f"Policy of {cell(edit.title)}, as its definition needs it:", "", fence + language, *lines, fence, "")
    )


def plan(edits: Sequence[Edit], there: Sequence[Offered], id: str) -> Create | Withdraw | None:
    """Return the next step, where comments are *there*; nothing when there is none left."""
    ours = [(one, found["digest"]) for one in sorted(there) if (found := _MARKER.match(one.text)) and found["id"] == id]
    wanted = {digest(edit): edit for edit in edits}
    kept: set[str] = set()
    gone = []
    for one, said in ours:
        if one.current and said in wanted and said not in kept:
            kept.add(said)
        elif not one.answered:
            gone.append(one.number)
    missing = next((edit for said, edit in wanted.items() if said not in kept), None)
    if missing is not None:
        return Create(missing)
    return Withdraw(gone[-1]) if gone else None


def settle(forge: Reviewed, groups: Sequence[Sequence[Edit]], commit: str, id: str, pause: Callable[[float], None]) -> list[str]:
    """Offer and withdraw until nothing is left to do, and return what there is to tell. Of a group are offered all or none.

    Raises `ForgeError` when the forge does not let it.
    """
    wanted = {digest(edit): edit for group in groups for edit in group}
    told: list[str] = []
    made: dict[int, Offered] = {}
    withdrawn: set[int] = set()
    failures = 0
    for _ in range(STEPS):
        listed = {one.number: one for one in forge.offered() if one.number not in withdrawn}
        # Lists may be a moment behind what was written, and the place of a new comment may be worked out later.
        step = plan(tuple(wanted.values()), [*{**listed, **made}.values()], id)
        if step is None:
            return [*told, f"{len(wanted)} in the diff"] if wanted else told
        if forge.head() != commit:
            return [*told, "outdated"]
        try:
            if isinstance(step, Withdraw):
                forge.withdraw(step.number)
                withdrawn.add(step.number)
                made.pop(step.number, None)
                continue
            text = offer_text(step.edit, id, forge.fence(step.edit))
            number = forge.offer(step.edit, commit, text)
            made[number] = Offered(number, text)
        except Rejected as error:
            if isinstance(step, Withdraw):
                raise
            told.append(f"none at {step.edit.path}:{step.edit.line}: {error}")
            for edit in next(group for group in groups if step.edit in group):
                wanted.pop(digest(edit), None)
        except Unsure as error:
            # It may have been done all the same: look again before anything is written twice.
            failures += 1
            if failures == FAILURES:
                raise
            pause(max(error.wait, 2.0**failures))
    raise ForgeError(f"the suggestions do not come to rest after {STEPS} writes")
