"""What the SQL text of a call touches: derived parameters that the maps read like those the caller gave.

A call whose map names an SQL text gets one more parameter, `Sql`, an object of lists: `Sql.Selects[].Table` is each table
that is read, `Sql.Creates[].Database` the database of each one that is made. A text that is not known, or not understood,
makes all of `Sql` unknown, so that every rule that hangs on it applies.
"""

from __future__ import annotations

from collections.abc import Mapping

from analyzer.dataflow.sql_readers import LISTS, Touched, Unreadable, read
from analyzer.dataflow.values import (
    DERIVED,
    HOLE,
    Flow,
    Literal,
    OneOf,
    Presence,
    Record,
    Sequence,
    Text,
    Unknown,
    Value,
    look,
    texts,
)
from analyzer.maps import SqlText

LONGEST = 262_144
"""The longest text that is read; the services take no longer one."""


def with_sql(arguments: Value, source: SqlText) -> Value:
    """Return *arguments* with what their SQL text touches."""
    if not isinstance(arguments, Record):
        return arguments  # wholly unknown, and so is what is derived from it
    records: list[Record] = []
    doubts: list[Unknown] = []
    for entry in look(arguments, source.statement):
        for text in texts(entry.value) if entry.value is not None else ():
            outcome = _read(text, source, arguments)
            if isinstance(outcome, Unknown):
                doubts.append(outcome)
            else:
                records.append(outcome)
    fields = {name: Sequence(tuple(item for one in records for item in _items(one, name))) for name in LISTS}
    known = Record({name: items for name, items in fields.items() if items.items})
    derived: Value = OneOf((known, doubts[0])) if doubts and records else doubts[0] if doubts else known
    return Record({**arguments.fields, DERIVED: derived})


def _items(record: Record, name: str) -> tuple[Value, ...]:
    items = record.fields.get(name)
    return items.items if isinstance(items, Sequence) else ()


def _read(text: Text, source: SqlText, arguments: Value) -> Record | Unknown:
    """Read one text: what it touches, or why that is not known."""
    if text.text.strip() == HOLE:
        return Unknown(", ".join(text.reasons), text.flow)
    if len(text.text) > LONGEST:
        return Unknown("SQL text, which is longer than any service takes", text.flow)
    touched = Touched()
    try:
        read(text.text, source.dialect, touched)
    except Unreadable as error:
        return Unknown(f"SQL text, which is {error}", text.flow)
    lists: dict[str, list[Value]] = {}
    for verb, named in touched.found:
        lists.setdefault(verb, []).append(_item(verb, dict(named), text, source, arguments))
    return Record({verb: Sequence(tuple(items)) for verb, items in lists.items()})


def _item(verb: str, parts: Mapping[str, str], text: Text, source: SqlText, arguments: Value) -> Record:
    """Return one name as an object. An unquoted hole may hold the parts before it, too."""
    fields: dict[str, Value] = {}
    said = ".".join(parts.values()).replace(HOLE, "*")
    flow = (*text.flow, Flow((), f"SQL {verb.lower()} `{said}`")) if said else text.flow
    for part in LISTS[verb]:
        written = parts.get(part)
        if written is None:
            fields.update(_default(part, source, arguments))
        elif written == HOLE:
            fields[part] = Unknown(", ".join(text.reasons), flow)
        elif HOLE in written:
            fields[part] = Text(written, text.reasons, flow)
        else:
            fields[part] = Literal(written, flow)
    return Record(fields)


def _default(part: str, source: SqlText, arguments: Value) -> dict[str, Value]:
    """Return what stands for a part that the text does not write, where something does."""
    path, _, last = source.defaults.get(part, "").partition("|")
    choices = [found.value for found in look(arguments, path) if found.value is not None] if path else []
    if last and not any(found.presence is Presence.YES for found in (look(arguments, path) if path else ())):
        choices.append(Literal(last, (Flow((), f"default `{last}` of the {part.lower()}"),)))
    return {part: choices[0] if len(choices) == 1 else OneOf(tuple(choices))} if choices else {}
