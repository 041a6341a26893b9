"""Why a permission is there: the state, the action, the resource, where each value came from, and the page."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from analyzer.analyze import Analysis
from analyzer.permissions import EXECUTION
from analyzer.policy import condition_block
from analyzer.report.entries import Entry, entries_by_state, flow_text, rule_name
from analyzer.report.paint import Paint, printable, wrap
from analyzer.report.problems import excerpt
from analyzer.text import Json, Source, locate, pointer_text


def matching(analysis: Analysis, glob: str) -> list[Entry]:
    """Return what *glob* matches of the permissions of *analysis*, in the order of the definition."""
    matches = action_matcher(glob)
    found = []
    for entries in entries_by_state(analysis).values():
        for entry in entries:
            actions = tuple(action for action in entry.actions if matches(action))
            if actions:
                found.append(
                    Entry(entry.reason, actions, entry.resources, entry.condition, entry.level, entry.certainty, entry.role)
                )
    return found


def explanation_text(found: Sequence[tuple[Analysis, Entry]], paint: Paint) -> str:
    """Write every entry with the lines of its source that it rests on."""
    return "\n\n".join("\n".join(_entry(analysis.machine.source, entry, paint)) for analysis, entry in found) + "\n"


def explanation_data(found: Sequence[tuple[Analysis, Entry]]) -> list[dict[str, Json]]:
    """Return the entries as data: one flat object for each, with lines and columns."""
    return [_row(analysis.machine.source, entry) for analysis, entry in found]


def action_matcher(glob: str) -> Callable[[str], bool]:
    """Return what tells whether *glob* matches an action.

    `*` and `?` are wildcards and case does not matter, as in a policy. A glob without a colon matches the service
    (`sqs`) or the name of the action (`PutItem`).
    """
    pattern = re.compile(re.escape(glob).replace(r"\*", ".*").replace(r"\?", "."), re.IGNORECASE | re.DOTALL)

    def matches(action: str) -> bool:
        return any(map(pattern.fullmatch, (action,) if ":" in glob else (action, *action.split(":"))))

    return matches


def _entry(source: Source, entry: Entry, paint: Paint) -> Iterator[str]:
    reason = entry.reason
    state = (
        f"state {paint(printable(reason.state), 'title')}" if reason.state is not None else paint("the machine itself", "title")
    )
    yield f"{state} · {rule_name(reason.rule)}"
    if reason.pointer:
        yield from excerpt(source, locate(source, reason.pointer), paint, "note")[:1]
    lines = wrap(", ".join(entry.actions), "  needs  ", "         ")
    yield from (line[:9] + paint(line[9:], "action") for line in lines)
    for number, resource in enumerate(entry.resources):
        yield f"  {'on' if number == 0 else '':5}  {printable(resource)}"
    if entry.role != EXECUTION:
        yield f"  as     {printable(entry.role)}"
    for operator, key, values in entry.condition:
        yield from wrap(f"{key} {operator} {' or '.join(values)}", "  if     ", "         ")
    yield f"  level  {entry.level}, {paint(entry.certainty, entry.certainty)}"
    if reason.note:
        yield from wrap(reason.note, "  given  ", "         ")
    for flow in reason.flow:
        yield from wrap(flow_text(flow), "  from   ", "         ")
        if flow.pointer:
            yield from ("    " + line for line in excerpt(source, locate(source, flow.pointer), paint, "note"))
    yield f"  page   {paint(reason.source, 'quiet')}"


def _row(source: Source, entry: Entry) -> dict[str, Json]:
    reason = entry.reason
    return {
        "source": source.name,
        "state": reason.state,
        **place_of(source, reason.pointer),
        "actions": list(entry.actions),
        "resources": list(entry.resources),
        "condition": condition_block(entry.condition) or None,
        "level": entry.level,
        "certainty": entry.certainty,
        "role": entry.role,
        "rule": reason.rule,
        "note": reason.note or None,
        "value_from": [{"what": flow.what, **place_of(source, flow.pointer)} for flow in reason.flow],
        "page": reason.source,
    }


def place_of(source: Source, pointer: tuple[str | int, ...]) -> dict[str, Json]:
    """Return where *pointer* stands: as a pointer, and by line and column where it can be located."""
    position = locate(source, pointer) if pointer else None
    return {
        "pointer": pointer_text(pointer),
        "line": position.line if position else None,
        "column": position.column if position else None,
    }
