"""What is wrong, shown where it is wrong: the message, the place, the line with carets under it, the next step."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby

from analyzer.diagnostics import CATALOGUE, Diagnostic, Severity
from analyzer.errors import SourceError
from analyzer.report.paint import WIDTH, Paint, printable, wrap
from analyzer.text import Position, Source, line_of, locate

_LEAD = 24
"""How much of a cut line is left before the marked part."""


def place(source: Source, diagnostic: Diagnostic) -> Position | None:
    """Return where *diagnostic* stands. What is said about the whole machine stands nowhere in particular."""
    return locate(source, diagnostic.pointer, key=diagnostic.on_key) if diagnostic.pointer else None


def failure_lines(error: SourceError, source: Source | None, paint: Paint) -> list[str]:
    """Show why an input could not be analysed, with the line where reading stopped when there is one."""
    lines = _heading("error", None, str(error), paint)
    position = None
    if error.line is not None:
        column = error.column or 1
        position = Position(error.line, column, error.line, column + 1)
    shown = excerpt(source or Source("", error.name), position, paint, "error")
    return [*lines, *shown, *_help(error.help, position, paint)]


def notes_lines(source: Source, notes: Iterable[Diagnostic], paint: Paint) -> list[str]:
    """Show notes as a list: a heading for each id, one item for each note, with its line and without excerpt."""
    by_id: dict[str, list[Diagnostic]] = {}
    for note in notes:
        by_id.setdefault(note.id, []).append(note)
    lines = []
    for id, group in by_id.items():
        lines += _heading("note", id, CATALOGUE[id].title, paint)
        for note in group:
            position = place(source, note)
            at = f"line {position.line}, " if position else ""
            lines += wrap(f"{at}{note.message}", "  - ", "    ")
    return lines


def problems_lines(source: Source, diagnostics: Iterable[Diagnostic], paint: Paint, *, named: bool = True) -> list[str]:
    """Show all diagnostics of a source: errors and warnings in full with a blank line between, then the notes.

    What is said of the same place in the same way shares one excerpt. *named* is whether what stands nowhere in
    particular is shown with the name of the source.
    """
    lines: list[str] = []
    notes = []
    for _, same in groupby(diagnostics, key=lambda found: (found.severity, found.id, found.pointer, found.on_key, found.help)):
        group = list(same)
        if group[0].severity is Severity.NOTE:
            notes += group
            continue
        position = place(source, group[0])
        for found in group:
            lines += _heading(found.severity, found.id, found.message, paint)
        if position or named:
            lines += excerpt(source, position, paint, group[0].severity)
        lines += [*_help(group[0].help, position, paint), ""]
    lines += notes_lines(source, notes, paint)
    return lines[:-1] if lines and not lines[-1] else lines


def excerpt(source: Source, position: Position | None, paint: Paint, role: str) -> list[str]:
    """Show the place, `--> file:line:column`, and the line with carets under the marked part."""
    name = printable(source.name)
    if position is None:
        return [f"  {paint('-->', 'quiet')} {name}"]
    number = str(position.line)
    bar = " " * len(number) + " |"
    lines = [f"{' ' * len(number)}{paint('-->', 'quiet')} {name}:{position.line}:{position.column}"]
    line = line_of(source, position.line)
    if line.strip():
        before, marked, after = _cut(line, position, WIDTH - len(bar) - 1)
        carets = " " * _columns(before) + paint("^" * max(1, _columns(marked)), role)
        lines += [
            paint(bar, "quiet"),
            f"{paint(number + ' |', 'quiet')} {before}{marked}{after}",
            f"{paint(bar, 'quiet')} {carets}",
        ]
    return lines


def _heading(severity: str, id: str | None, message: str, paint: Paint) -> list[str]:
    label = f"{severity}[{id}]" if id else severity
    first, *rest = wrap(f"{label}: {message}", rest="  ")
    return [paint(label, severity) + first.removeprefix(label), *rest]


def _help(help: str, position: Position | None, paint: Paint) -> list[str]:
    if not help:
        return []
    indent = " " * (len(str(position.line)) + 1 if position else 2)
    first, *rest = wrap(f"help: {help}", f"{indent}= ", f"{indent}  ")
    return [first.replace("help:", paint("help:", "title"), 1), *rest]


def _cut(line: str, position: Position, width: int) -> tuple[str, str, str]:
    """Split *line* into what is before, in and after the marked part, cut to *width*: some sources are one long line."""
    start = min(position.column - 1, len(line))
    end = max(start, min(position.end_column - 1, len(line)) if position.end_line == position.line else len(line))
    first, last = 0, len(line)
    if len(line) > width:
        first = max(0, min(start - _LEAD, len(line) - width))
        last = min(len(line), first + width)
    while True:
        before = ("…" if first else "") + _shown(line[first:start])
        marked = _shown(line[start : min(end, last)])
        after = _shown(line[end:last]) + ("…" if last < len(line) else "")
        # Wide characters and escapes take more columns than one: the end gives way, then the beginning.
        if _columns(before + marked + after) <= width:
            return before, marked, after
        first, last = (first, last - 1) if last > start + 1 else (first + 1, last)


def _shown(text: str) -> str:
    return printable(text.replace("\t", "    "))


def _columns(text: str) -> int:
    """Count the columns *text* takes: East Asian characters are two wide, combining ones take none."""
    if text.isascii():
        return len(text)
    import unicodedata

    return sum(0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)
