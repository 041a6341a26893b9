"""What there is to say → the Markdown of one comment: a verdict, a table, and per machine what is behind it.

A forge takes a comment of a certain length. What does not fit is left out by whole sections, in the order of `DROPPED`, and the
comment says so: nothing is ever cut in two.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from urllib.parse import quote

from analyzer.bot.dialect import HTML, Dialect
from analyzer.bot.review import Block, Machine, Permission, Review, Spot, Why
from analyzer.permissions import EXECUTION
from analyzer.report.entries import CERTAINTIES
from analyzer.report.paint import count

BUDGET = HTML.budget
"""Bytes of a comment on GitHub."""

DROPPED = ("graph", "suggested policy", "reasons", "findings", "policy diff")
"""What is left out, first to last, where a comment would be too long: of the last machine first.

Before that goes what has no room even alone, since nothing else would be left beside it. Rows of the table
that do not fit go, too.
"""

NOTHING = "✅ No state machine needs other permissions than before."
INCOMPLETE = "⚠️ Some inputs could not be analysed and are not part of this: see the log of the run."
SETTINGS = "⚠️ This request changes {}, which says what is assumed and what is lived with."
GIVEN = (
    "This is what a run of the request itself found. Whoever opened the request can change that run, so look at the files, too."
)
"""What is said where a run that may write comments on what one that may not has left."""

_SPARE = 1_000
"""Bytes for what is said about what was left out, and for the marker."""

_LINE = re.compile("#|&line=")
"""Where in an address the line begins."""

_PAGE = re.compile(r"https://[A-Za-z0-9.-]+/[A-Za-z0-9._/#%=&?-]*")
_PLURALS = {"graph": "graphs", "suggested policy": "suggested policies", "policy diff": "policy diffs"}
_PLACES = {
    "diff": "Where the role is declared, one click in the diff puts this, at {}.",
    "outside": "This is not suggested in the diff, which does not show all lines that it changes: `asl-iam write` puts it there.",
    "form": "This is not suggested in the diff, where a forge could not put it there as it is: `asl-iam write` does.",
    "many": "This is not suggested in the diff, where enough other suggestions are: `asl-iam write` puts it there.",
}
_ROLES = {"added": "new", "removed": "removed", "changed": "changed", "same": "same permissions"}


@dataclass(frozen=True, slots=True)
class Links:
    """How lines of files are linked: an address with `{revision}`, `{path}` and `{line}` in it; without one, they are named.

    `prefix` leads from the top of the repository to where paths begin.
    """

    form: str = ""
    head: str = ""
    base: str = ""
    prefix: str = ""

    def to(self, spot: Spot, *, base: bool = False) -> str:
        """Return the address of *spot* in the head, or in the *base*; nothing when there is none."""
        revision = self.base if base else self.head
        if not self.form or not revision:
            return ""
        path = quote(self.prefix + spot.path, safe="/")
        address = self.form.replace("{revision}", quote(revision, safe="")).replace("{path}", path)
        return address.replace("{line}", str(spot.line)) if spot.line is not None else _LINE.split(address, maxsplit=1)[0]


@dataclass(frozen=True, slots=True)
class _Section:
    """A part of what is said about a machine, that stays or goes as a whole."""

    kind: str
    machine: int
    text: str


def comment(
    review: Review, links: Links = Links(), budget: int | None = None, dialect: Dialect = HTML, *, given: bool = False
) -> str:
    """Write *review* in at most *budget* bytes, by default the *dialect*'s. When there is nothing to say, that is one line.

    One that is *given* was not made by this run.
    """
    warned = [*([INCOMPLETE] if review.incomplete else []), *([GIVEN] if given else [])]
    warned += [SETTINGS.format(dialect.cell(review.settings))] if review.settings else []
    if not review.machines:
        return "\n\n".join((NOTHING, *warned)) + "\n"
    first = [f"**{verdict(review)}**", *warned]
    rows = [_row(machine, dialect) for machine in review.machines]
    frames = [(_summary(machine, dialect), dialect.closed) for machine in review.machines]
    each = (section for number, machine in enumerate(review.machines) for section in _sections(number, machine, links, dialect))
    sections = [section for section in each if section.kind not in dialect.without]
    foot = dialect.foot.format(_FOOT)
    left = (dialect.budget if budget is None else budget) - _SPARE - sum(_size(text) for text in (*first, *_HEAD, foot))
    rows, hidden = _rows_that_fit(rows, left)
    left -= sum(map(_size, rows))
    kept = _that_fit(sections, frames, left)
    said = _left_out(sections, kept, hidden)
    parts = ["\n\n".join(first), "\n".join((*_HEAD, *rows)), *([said] if said else [])]
    for number, own in groupby(kept, key=lambda section: section.machine):
        opened, closed = frames[number]
        parts += [opened, *(section.text for section in own), *([closed] if closed else [])]
    return "\n\n".join((*parts, foot)) + "\n"


def verdict(review: Review) -> str:
    """Say in one line what the pull request does to permissions."""
    needy = sum(machine.added > 0 for machine in review.machines)
    added, removed = (sum(getattr(machine, side) for machine in review.machines) for side in ("added", "removed"))
    wildcards = sum(machine.wildcards for machine in review.machines)
    errors = sum(remark.severity == "error" for machine in review.machines for remark in machine.remarks)
    sums = f" (+{added:,} −{removed:,})" if added or removed else ""
    need = f"{needy:,} need{'s' if needy == 1 else ''} new permissions{sums}" if needy else f"none needs new permissions{sums}"
    parts = [count(review.total, "state machine"), need]
    parts += [f"{count(wildcards, 'wildcard')} to close"] if wildcards else []
    return " · ".join(parts + ([count(errors, "error")] if errors else []))


# ---------------------------------------------------------------------------------------------------------------- table

_HEAD = ("| Machine | Added | Removed | Widest resource | Status |", "|---|--:|--:|---|---|")
_FOOT = (
    "Written by asl-iam, and written anew when the head of this request changes. Permissions are compared with the merge base."
)


def _row(machine: Machine, dialect: Dialect) -> str:
    cell = dialect.cell
    widest = max((one for one in machine.permissions if one.added), key=_width, default=None)
    resource = cell(widest.resource) if widest is not None else ""
    return f"| {cell(machine.name)} | {machine.added:,} | {machine.removed:,} | {resource} | {_status(machine)} |"


def _width(permission: Permission) -> tuple[int, int, str]:
    """Order permissions by how much they leave open: by what is not known, then by how little is written."""
    known = [str(one) for one in CERTAINTIES]
    wildcards = permission.resource.count("*")
    unsure = known.index(permission.certainty) if permission.certainty in known else 0
    return unsure if wildcards else -1, -len(permission.resource), permission.resource


def _status(machine: Machine) -> str:
    severities = [remark.severity for remark in machine.remarks]
    parts = [_ROLES.get(machine.kind, machine.kind)]
    parts += [count(severities.count(one), one) for one in ("error", "warning") if one in severities]
    return ("❌ " if "error" in severities else "⚠️ " if "warning" in severities else "") + ", ".join(parts)


# ------------------------------------------------------------------------------------------------------------- sections


def _summary(machine: Machine, dialect: Dialect) -> str:
    cell = dialect.cell
    title = f"{cell(machine.name)} · {cell(machine.path)} · +{machine.added:,} −{machine.removed:,}"
    return dialect.opened.replace("{}", title)


def _place(machine: Machine, dialect: Dialect) -> str:
    """Say in one line whether the diff offers the suggested policy, too; nothing where it has no place in a template."""
    at = " and ".join(dialect.cell(f"{one.path}:{one.start}") for one in machine.edits)
    return _PLACES.get(machine.place, "").format(at) if at or machine.place != "diff" else ""


def _sections(number: int, machine: Machine, links: Links, dialect: Dialect) -> Iterator[_Section]:
    """Yield the sections about a machine, in the order in which they are read."""
    made = {
        "policy diff": _blocks(machine.differences, dialect),
        "reasons": _reasons(machine.permissions, links, dialect),
        "findings": _findings(machine, links, dialect),
        "suggested policy": _blocks(machine.suggestion, dialect, "Suggested policy of the "),
        "graph": _graph(machine.diagram, dialect),
    }
    made["suggested policy"] = "\n\n".join(filter(None, (_place(machine, dialect), made["suggested policy"])))
    return (_Section(kind, number, text) for kind, text in made.items() if text)


def _graph(diagram: str, dialect: Dialect) -> str:
    return f"States that need something else now:\n\n{dialect.fenced(diagram, 'mermaid')}" if diagram else ""


def _blocks(blocks: Sequence[Block], dialect: Dialect, what: str = "Changes in the ") -> str:
    return "\n\n".join(f"{what}{dialect.cell(one.title)}:\n\n{dialect.fenced(one.text, one.language)}" for one in blocks)


def _reasons(permissions: Sequence[Permission], links: Links, dialect: Dialect) -> str:
    if not permissions:
        return ""
    cell, line = dialect.cell, dialect.line
    lines = ["| | Action | Resource | Needed by | Page |", "|---|---|---|---|---|"]
    for one in permissions:
        resource = cell(one.resource) + (f"{line}if {cell(one.condition)}" if one.condition else "")
        resource += f"{line}as {cell(one.role)}" if one.role != EXECUTION else ""
        resource += f"{line}{one.certainty}" if one.added and one.certainty != CERTAINTIES[0] else ""
        states = line.join(_state(why, links, dialect, base=not one.added) for why in one.reasons)
        pages = line.join(_page(page, dialect) for page in dict.fromkeys(why.page for why in one.reasons))
        lines.append(f"| {'+' if one.added else '−'} | {cell(one.action)} | {resource} | {states} | {pages} |")
    return "\n".join(lines)


def _state(why: Why, links: Links, dialect: Dialect, *, base: bool) -> str:
    shown = dialect.cell(why.state) if why.state is not None else "the machine itself"
    return _linked(shown, why.spot, links, dialect, base=base)


def _linked(shown: str, spot: Spot, links: Links, dialect: Dialect, *, base: bool = False) -> str:
    """Link *shown* to a line; where nothing is linked, name the line."""
    address = links.to(spot, base=base)
    line = f":{spot.line}" if spot.line is not None else ""
    return f"[{shown}]({address})" if address else f"{shown} {dialect.cell(spot.path + line)}".lstrip()


def _page(page: str, dialect: Dialect) -> str:
    return f"[page]({page})" if _PAGE.fullmatch(page) else dialect.cell(page)


def _findings(machine: Machine, links: Links, dialect: Dialect) -> str:
    cell = dialect.cell
    lines = []
    for one in machine.remarks:
        where = ""
        if one.spot is not None:
            line = f":{one.spot.line}" if one.spot.line is not None else ""
            linked = bool(links.to(one.spot))
            where = f" · {_linked(cell(one.spot.path + line) if linked else '', one.spot, links, dialect)}"
        lines.append(dialect.line.join((f"* **{one.severity}** {cell(one.id)}{where}", cell(one.message), cell(one.help))))
    if machine.older:
        lines.append(f"* {count(machine.older, 'finding')} about the declared role in the base already: see `asl-iam check`")
    return "\n".join(lines)


# --------------------------------------------------------------------------------------------------------------- length


def _size(text: str) -> int:
    """Count the bytes of a part, with the blank line after it."""
    return len(text.encode("utf-8", "surrogatepass")) + 2


def _rows_that_fit(rows: Sequence[str], room: int) -> tuple[list[str], int]:
    """Return the first rows that fit into *room*, and how many there are more."""
    kept = []
    for row in rows:
        room -= _size(row)
        if room < 0:
            break
        kept.append(row)
    return kept, len(rows) - len(kept)


def _that_fit(sections: Sequence[_Section], frames: Sequence[tuple[str, str]], room: int) -> list[_Section]:
    """Return the sections that stay: those that `DROPPED` names first, of the last machines, have gone."""
    around = [_size(opened) + _size(closed) for opened, closed in frames]
    parts = [0] * len(frames)
    for section in sections:
        parts[section.machine] += 1
    size = sum(_size(section.text) for section in sections) + sum(around[number] for number, own in enumerate(parts) if own)
    gone = set()
    alone = [_size(section.text) + around[section.machine] > room for section in sections]
    for number in sorted(range(len(sections)), key=lambda one: (not alone[one], DROPPED.index(sections[one].kind), -one)):
        if size <= room:
            break
        section = sections[number]
        gone.add(number)
        parts[section.machine] -= 1
        size -= _size(section.text) + (0 if parts[section.machine] else around[section.machine])
    return [section for number, section in enumerate(sections) if number not in gone]


def _left_out(sections: Sequence[_Section], kept: Sequence[_Section], hidden: int) -> str:
    """Say what is not there."""
    missing: Iterable[tuple[str, int]] = (
        (kind, sum(one.kind == kind for one in sections) - sum(one.kind == kind for one in kept)) for kind in DROPPED
    )
    parts = [f"{number:,} {kind if number == 1 else _PLURALS.get(kind, kind)}" for kind, number in missing if number]
    parts += [f"{count(hidden, 'row')} of the table"] if hidden else []
    more = "The summary of a run on GitHub has more, `asl-iam diff` and `asl-iam analyze` show all of it."
    return f"Left out, to keep this short: {', '.join(parts)}. {more}" if parts else ""
