"""What changed between two sets of machines → text for people, and the JSON document `asl-iam/diff-v1`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import analyzer
from analyzer.compare.changes import Change, MachineChange
from analyzer.maps import index
from analyzer.permissions import EXECUTION
from analyzer.policy import condition_block
from analyzer.report.paint import Paint, count, printable, wrap
from analyzer.text import Json

SCHEMA = "asl-iam/diff-v1"
_LOOKS = {"added": "exact", "removed": "error", "changed": "pattern"}


def diff_text(found: Sequence[MachineChange], paint: Paint) -> str:
    """Write the changes, machine by machine, and the sums."""
    lines: list[str] = []
    for one in found:
        lines.append(f"{paint(printable(one.name), 'title')} · {printable(one.path)} · {paint(one.kind, _LOOKS[one.kind])}")
        for mark, look, changed in (("+", "exact", one.added), ("-", "error", one.removed)):
            for change in changed:
                lines += _lines(change, paint(mark, look))
        for role, before, after in one.trust:
            whose = "the execution role" if role == EXECUTION else f"`{printable(role)}`"
            lines += wrap(f"trust policy of {whose}", "  ~ ", "      ")
            lines += [f"      {line}" for line in _trust_lines(before, after)]
        lines.append("")
    return "\n".join([*lines, _sums(found)]) + "\n"


def _lines(change: Change, mark: str) -> list[str]:
    lines = [f"  {mark} {change.action}", f"      {printable(change.resource)}"]
    for operator, key, values in change.condition:
        lines += wrap(f"if {key} {operator} {' or '.join(values)}", "      ", "        ")
    if change.role != EXECUTION:
        lines.append(f"      as {printable(change.role)}")
    return [*lines, *wrap(f"for {_whose(change)}", "      ", "        ")]


def _whose(change: Change) -> str:
    states = [state for state in change.states if state is not None]
    names = ", ".join(f"`{state}`" for state in states)
    own = ["the machine itself"] if None in change.states else []
    return " and ".join([*([f"state{'s' if len(states) > 1 else ''} {names}"] if states else []), *own])


def _trust_lines(before: Json, after: Json) -> Iterator[str]:
    """Yield the parts of a trust policy that are others now, as paths."""
    old, new = dict(_flat(before, "")), dict(_flat(after, ""))
    for path in sorted(old.keys() | new.keys()):
        if old.get(path) != new.get(path):
            yield f"{printable(path)}: {printable(old.get(path, 'nothing'))} → {printable(new.get(path, 'nothing'))}"


def _flat(value: Json, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, one in value.items():
            yield from _flat(one, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list) and value and isinstance(value[0], dict):
        for one in value:
            yield from _flat(one, path)
    else:
        yield path, ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _sums(found: Sequence[MachineChange]) -> str:
    if not found:
        return "nothing changed"
    kinds = [one.kind for one in found]
    made = [f"{kinds.count(kind):,} {kind}" for kind in ("added", "removed", "changed") if kind in kinds]
    added, removed = sum(len(one.added) for one in found), sum(len(one.removed) for one in found)
    return f"{count(len(found), 'machine')} ({', '.join(made)}) · {count(added, 'permission')} added · {removed:,} removed"


def diff_document(found: Sequence[MachineChange]) -> dict[str, Json]:
    """Return the document of the changes."""
    tool = {"name": "asl-iam", "version": analyzer.__version__, "maps": index().version}
    return {"schema": SCHEMA, "tool": tool, "machines": [_machine(one) for one in found]}


def _machine(one: MachineChange) -> dict[str, Json]:
    return {
        "name": one.name,
        "path": one.path,
        "change": one.kind,
        "added": [_row(change) for change in one.added],
        "removed": [_row(change) for change in one.removed],
        "trust": [{"role": role, "before": before, "after": after} for role, before, after in one.trust],
    }


def _row(change: Change) -> dict[str, Json]:
    return {
        "action": change.action,
        "resource": change.resource,
        "condition": condition_block(change.condition) or None,
        "role": change.role,
        "states": list(change.states),
        "pages": list(change.pages),
    }
