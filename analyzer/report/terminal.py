"""An analysis as a person reads it: what each state may do and why, what is doubtful, and the policies themselves."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from analyzer.analyze import Analysis, machine_name
from analyzer.asl.model import Task
from analyzer.diagnostics import Severity
from analyzer.permissions import EXECUTION, Certainty
from analyzer.policy import Policy
from analyzer.report.document import policy_document
from analyzer.report.entries import Entry, certainty_counts, entries_by_state, flow_text, rule_name
from analyzer.report.paint import WIDTH, Paint, count, printable, to_json, wrap
from analyzer.report.problems import problems_lines
from analyzer.symbols import names_a_part
from analyzer.text import Json

MARKS = {Certainty.EXACT: "✓", Certainty.PATTERN: "~", Certainty.ASSUMED: "+", Certainty.UNKNOWN: "?"}
"""One character for each certainty; the ones that are not exact also say their word."""

PURPOSES = {
    "poll": "to follow the job",
    "cancel": "to stop the job",
    "managed_rule": "to hear of its end",
    "pass_role": "to pass the role on",
    "tag": "to tag what it makes",
    "encryption": "to use the key",
    "data": "to reach its data",
}
"""What a grant is for, by level, where it is not the call itself."""


def text_report(analyses: Sequence[Analysis], paint: Paint) -> str:
    """Write one report for each of *analyses*, and for several a line that sums them up."""
    parts = ["\n".join(_machine(analysis, paint)) for analysis in analyses]
    if len(parts) > 1:
        parts.append(f"{paint(count(len(parts), 'machine'), 'title')} · {_summary(analyses, paint)}")
    return f"\n\n{paint('─' * WIDTH, 'quiet')}\n\n".join(parts) + "\n"


def _machine(analysis: Analysis, paint: Paint) -> Iterator[str]:
    yield from _header(analysis, paint)
    by_state = entries_by_state(analysis)
    for state, entries in by_state.items():
        yield ""
        yield from _entries("The machine itself" if state is None else state, entries, paint)
    if not by_state:
        yield from ("", "Nothing is granted.")
    if analysis.diagnostics:
        yield ""
        yield from problems_lines(analysis.machine.source, analysis.diagnostics, paint, named=False)
    yield from _policies(analysis, paint)
    yield ""
    yield _summary([analysis], paint)


def _header(analysis: Analysis, paint: Paint) -> Iterator[str]:
    machine = analysis.machine
    states = list(machine.states())
    tasks = sum(isinstance(state, Task) for state in states)
    title = printable(machine_name(analysis))
    about = f"{analysis.context.type} · {machine.language} · {count(len(states), 'state')}, {count(tasks, 'task')}"
    one_line = len(title) + len(about) + 3 <= WIDTH
    yield from (f"{paint(title, 'title')} · {about}",) if one_line else (paint(title, "title"), about)
    yield paint(printable(machine.source.name), "quiet")


def _entries(title: str, entries: list[Entry], paint: Paint) -> Iterator[str]:
    """Write the entries of a state. The page that says so follows the last of the entries that rest on it."""
    rules = ", ".join(dict.fromkeys(rule_name(entry.reason.rule) for entry in entries))
    yield f"{paint(printable(title), 'title')} · {rules}"
    for entry, following in zip(entries, [*entries[1:], None], strict=True):
        yield from _entry(entry, paint)
        if following is None or following.reason.source != entry.reason.source:
            yield "      " + paint(entry.reason.source, "quiet")


def _entry(entry: Entry, paint: Paint) -> Iterator[str]:
    lines = wrap(", ".join(entry.actions), "    ", "      ")
    about = (PURPOSES.get(entry.level), None if entry.certainty is Certainty.EXACT else paint(entry.certainty, entry.certainty))
    said = "".join(f" · {word}" for word in about if word)
    mark = f"  {paint(MARKS[entry.certainty], entry.certainty)} {paint(lines[0].strip(), 'action')}"
    yield "\n".join([mark, *(paint(line, "action") for line in lines[1:])]) + said
    yield from (f"      {printable(resource)}" for resource in entry.resources)
    if entry.role != EXECUTION:
        yield f"      as {printable(entry.role)}"
    for operator, key, values in entry.condition:
        yield from wrap(f"if {key} {operator} {' or '.join(values)}", "      ", "         ")
    for what in _doubts(entry):
        yield from wrap(what, "      ", "        ")


def _doubts(entry: Entry) -> Iterator[str]:
    """Say what keeps an entry from being exact."""
    if entry.reason.note:
        yield f"assumed: {entry.reason.note}"
    if entry.certainty is not Certainty.EXACT:
        yield from (flow_text(flow) for flow in entry.reason.flow if flow.what != "constant" and not names_a_part(flow.what))


def _policies(analysis: Analysis, paint: Paint) -> Iterator[str]:
    nothing = ": nothing is granted, and IAM takes no empty one" if not analysis.policy.statements else ""
    yield from _documents(f"Policy of the execution role{nothing}", analysis.documents, paint)
    yield from _document("Trust policy of the execution role", analysis.trust, paint)
    for target in analysis.targets:
        role = printable(target.role.arn)
        yield from _documents(f"Policy of {role}", target.documents, paint)
        yield from _document(f"Trust policy of {role}", target.trust, paint)


def _documents(title: str, documents: Sequence[Policy], paint: Paint) -> Iterator[str]:
    """Write a policy; where it takes several documents, each with its number and what it is to the role."""
    for number, document in enumerate(documents, 1):
        part = f", {number} of {len(documents)}, {'inline' if number == 1 else 'a managed policy'}" if len(documents) > 1 else ""
        yield from _document(title + part, policy_document(document)[0], paint)


def _document(title: str, document: Json, paint: Paint) -> Iterator[str]:
    yield from ("", paint(title, "title"), to_json(document))


def _summary(analyses: Sequence[Analysis], paint: Paint) -> str:
    """Count what was found; what there is none of is left out."""
    counts = [certainty_counts(analysis.grants) for analysis in analyses]
    totals = {certainty: sum(found[certainty] for found in counts) for certainty in Certainty}
    parts = [paint(count(sum(totals.values()), "permission"), "title")]
    parts += [paint(f"{number:,} {certainty}", certainty) for certainty, number in totals.items() if number]
    for severity in Severity:
        number = sum(found.severity is severity for analysis in analyses for found in analysis.diagnostics)
        if number:
            parts.append(paint(count(number, severity), severity))
    return " · ".join(parts)
