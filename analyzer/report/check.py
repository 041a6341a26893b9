"""The findings of `check` → text for people, and the JSON document `asl-iam/check-v1`.

`check-v1.json` beside this file describes the document. It only ever gains fields.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import analyzer
from analyzer.compare.excess import UNNEEDED
from analyzer.compare.findings import Finding, Sorted
from analyzer.compare.statements import Place, Request
from analyzer.maps import index
from analyzer.report.paint import Paint, count, printable, wrap
from analyzer.text import Json, Position, locate, pointer_text

SCHEMA = "asl-iam/check-v1"

SHOWN = 4
"""The actions of a statement that are named before the rest is counted."""

_WORDS = {
    "missing-permission": ("missing", "error"),
    "excess-permission": ("excess", "warning"),
    "trust-principal": ("trust", "warning"),
    "trust-source": ("trust", "warning"),
    "not-decided": ("open", "note"),
    "stale-baseline": ("stale", "error"),
}
"""What each id is called in front of its findings, and its look."""


@dataclass(frozen=True, slots=True)
class Checked:
    """One machine that was checked: what it is called, where it stands, and what it was compared with."""

    machine: str
    path: str
    against: str


def position_of(place: Place) -> Position | None:
    """Return where a place stands in its text."""
    return locate(place.source, place.pointer) if place.source is not None and place.pointer else None


def check_text(machines: Sequence[Checked], found: Sorted, paint: Paint) -> str:
    """Write the findings, machine by machine, and the sums."""
    lines: list[str] = []
    for machine in machines:
        own = [one for one in found.open if one.machine == machine.machine]
        lines.append(f"{paint(printable(machine.machine), 'title')} · {printable(machine.path)} · {printable(machine.against)}")
        lines += _lines(own, paint) if own else ["  nothing missing, nothing in excess"]
        lines.append("")
    known = {machine.machine for machine in machines}
    lines += _lines([one for one in found.open if one.machine not in known], paint)
    return "\n".join([*lines, _sums(found)]) + "\n"


def _lines(found: Sequence[Finding], paint: Paint) -> list[str]:
    lines = []
    for group in grouped(found):
        one = group[0]
        word, look = _WORDS[one.id]
        first, *rest = wrap(together(group), f"  {word:8} ", " " * 11)
        lines += [first[:2] + paint(first[2:10], look) + first[10:], *rest]
        if one.request is not None and one.id == "excess-permission" and one.resource is None:
            lines += wrap(f"such as {_request(one.request)}", " " * 11, " " * 11)
        if one.severity == "error" or one.id == "trust-source":
            lines += wrap(one.help, " " * 11, " " * 11)
        lines += [f"{' ' * 11}{paint(where, 'quiet')}" for where in [_where(one.place)] if where]
    return lines


def grouped(found: Sequence[Finding]) -> list[list[Finding]]:
    """Put the actions of one statement that no state needs together; everything else stays alone."""
    groups: dict[tuple[object, ...], list[Finding]] = {}
    for number, one in enumerate(found):
        alone = one.id != "excess-permission" or one.resource is not None or not one.message.endswith(UNNEEDED)
        groups.setdefault((number,) if alone else (one.machine, one.place.title, one.place.pointer), []).append(one)
    return list(groups.values())


def together(group: Sequence[Finding]) -> str:
    """Say in one sentence what a group says: of one finding, its message."""
    if len(group) == 1:
        return group[0].message
    names = [action for one in group for action in one.actions]
    shown = ", ".join(names[:SHOWN]) + (f" and {len(names) - SHOWN:,} more" if len(names) > SHOWN else "")
    return f"{group[0].statement} allows {shown}{UNNEEDED}"


def _request(request: Request) -> str:
    context = "".join(f" with {key} {value}" for key, value in request.context)
    return f"{request.action} on {request.resource}{context}"


def _where(place: Place) -> str:
    if place.source is None:
        return ""
    position = position_of(place)
    at = f":{position.line}:{position.column}" if position else ""
    return f"--> {printable(place.source.name)}{at}"


def _sums(found: Sorted) -> str:
    words = ["missing", "excess", "trust", "open", "stale"]
    numbers = {word: sum(_WORDS[one.id][0] == word for one in found.open) for word in words}
    names = {"trust": "of trust", "open": "not decided", "stale": "stale in the baseline"}
    made = [f"{numbers[word]:,} {names.get(word, word)}" for word in words if word != "stale" or numbers[word]]
    return " · ".join([*made, *([f"{len(found.ignored):,} ignored"] if found.ignored else [])])


def check_document(machines: Sequence[Checked], found: Sorted) -> dict[str, Json]:
    """Return the document of the findings."""
    tool = {"name": "asl-iam", "version": analyzer.__version__, "maps": index().version}
    return {
        "schema": SCHEMA,
        "tool": tool,
        "machines": [{"name": one.machine, "path": one.path, "against": one.against} for one in machines],
        "findings": [_row(one) for one in found.open],
        "ignored": [{**_row(one), "reason": reason} for one, reason in found.ignored],
    }


def _row(one: Finding) -> dict[str, Json]:
    position = position_of(one.place)
    source = one.place.source
    return {
        "id": one.id,
        "severity": str(one.severity),
        "machine": one.machine,
        "message": one.message,
        "help": one.help,
        "actions": list(one.actions),
        "resource": one.resource,
        "state": one.state,
        "statement": one.statement,
        "counterexample": _example(one.request),
        "page": one.page,
        "path": source.name if source is not None else None,
        "pointer": pointer_text((*source.base, *one.place.pointer)) if source is not None else "",
        "line": position.line if position else None,
        "column": position.column if position else None,
    }


def _example(request: Request | None) -> Json:
    if request is None:
        return None
    return {"action": request.action, "resource": request.resource, "context": dict(request.context)}


def sums(found: Sorted) -> Iterator[str]:
    """Yield what to say besides: the ignores that fit nothing."""
    for one in found.unused:
        yield f"note: {count(1, 'ignore')} of the configuration fits nothing: {one.id}, because {one.reason}"
