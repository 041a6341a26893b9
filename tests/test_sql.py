"""What SQL texts touch, as a table in `tests/sql.txt`, and that no text is too much for the reader."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from analyzer.dataflow.sql import LONGEST, with_sql
from analyzer.dataflow.sql_readers import LISTS, Touched, Unreadable, read
from analyzer.dataflow.values import DERIVED, HOLE, Literal, OneOf, Record, Sequence, Text, Unknown, Value, look
from analyzer.maps import SqlText

SOURCE = SqlText("Query", "athena", {"Catalog": "Context.Catalog|main", "Database": "Context.Database|default"})


def blocks() -> list[str]:
    """Return every block of the table."""
    text = re.sub(r"^#.*\n", "", (Path(__file__).parent / "sql.txt").read_text(encoding="utf-8"), flags=re.MULTILINE)
    return [block for block in re.split(r"\n\s*\n", text) if block.strip()]


@pytest.mark.parametrize("block", blocks(), ids=lambda block: " ".join(block.split())[:60])
def test_a_text_touches(block: str) -> None:
    """A text touches exactly the names that its block lists, each by what is done to it."""
    dialect, rest = block.strip().split(" ", 1)
    at = re.search(rf"\n  (?:{'|'.join(LISTS)}|nothing|unreadable)\b", rest)
    assert at is not None
    text, expected = rest[: at.start()], {" ".join(line.split()) for line in rest[at.start() :].splitlines() if line.strip()}
    assert touched(text.replace("®", HOLE), dialect) == expected


def touched(text: str, dialect: str) -> set[str]:
    """Return what the reader finds in *text*, a line for each name."""
    found = Touched()
    try:
        read(text, dialect, found)
    except Unreadable:
        return {"unreadable"}
    lines = {f"{verb} {' '.join(text for _, text in parts) or '-'}".replace(HOLE, "?") for verb, parts in found.found}
    return lines or {"nothing"}


@pytest.mark.parametrize("dialect", ["athena", "partiql"])
@pytest.mark.parametrize(
    "text",
    [
        "",
        ";",
        "(" * 5000,
        "SELECT " + "(" * 2000 + "1" + ")" * 2000,
        "'",
        "\x00",
        "SELECT * FROM " + "a." * 50 + "b",
        "🦆",
        HOLE * 3,
    ],
)
def test_no_text_is_too_much(text: str, dialect: str) -> None:
    """A text that is broken, empty or endless is unreadable or touches nothing; the reader does not fail."""
    assert isinstance(touched(text, dialect), set)


def arguments(query: Value, **context: Value) -> Record:
    """Return the arguments of a call with the text *query* in the *context*."""
    return Record({"Query": query, "Context": Record(context)})


def found(value: Value, path: str) -> list[object]:
    """Return what stands at *path* of the derived parameter, unknown values as `...`."""
    entries = [entry.value for entry in look(value, f"{DERIVED}.{path}")]
    return [entry.value if isinstance(entry, Literal) else ... if isinstance(entry, Unknown) else entry for entry in entries]


def test_the_context_completes_a_name() -> None:
    """A name without catalog and database takes those of the call, and what stands for them where the call has none."""
    query = Literal("SELECT * FROM a JOIN b.c ON true")
    given = with_sql(arguments(query, Database=Literal("sales")), SOURCE)
    assert found(given, "Selects[].Database") == ["sales", "b"]
    assert found(given, "Selects[].Catalog") == ["main", "main"]
    assert found(with_sql(arguments(query), SOURCE), "Selects[].Database") == ["default", "b"]


def test_a_context_known_at_run_time_leaves_the_database_open() -> None:
    """What the call gives only at run time may be any text; nothing is assumed in its place but what stands for its absence."""
    given = with_sql(arguments(Literal("SELECT * FROM a"), Database=Unknown("path `$.db`")), SOURCE)
    assert found(given, "Selects[].Database") == [...]


def test_a_text_that_is_not_known_leaves_everything_open() -> None:
    """A text that is computed, or not understood, makes every list unknown; one that is known beside it stays known."""
    assert found(with_sql(arguments(Unknown("path `$.q`")), SOURCE), "Creates[].Table") == [...]
    assert found(with_sql(arguments(Literal("SELEKT")), SOURCE), "Creates[].Table") == [...]
    assert found(with_sql(arguments(Literal("SELECT 1 -- " + "x" * LONGEST)), SOURCE), "Creates[].Table") == [...]
    both = with_sql(arguments(OneOf((Literal("SELECT * FROM a"), Unknown("path `$.q`")))), SOURCE)
    assert found(both, "Selects[].Table") == ["a", ...]


def test_a_hole_keeps_what_is_known_around_it() -> None:
    """A name of which a part is a placeholder is a text with a hole, and says which placeholder."""
    query = Text("TABLE marts.daily_" + HOLE, ("placeholder `${Stage}`",))
    [entry] = look(with_sql(arguments(query), SOURCE), f"{DERIVED}.Selects[].Table")
    assert isinstance(entry.value, Text)
    assert (entry.value.text, entry.value.reasons) == (f"daily_{HOLE}", ("placeholder `${Stage}`",))


def test_several_texts_add_up() -> None:
    """The texts of an array touch what each of them touches."""
    source = SqlText("Queries[].Text", "partiql", {})
    queries = [Record({"Text": Literal(text)}) for text in ('SELECT * FROM "a"', 'DELETE FROM "b"')]
    given = with_sql(Record({"Queries": Sequence(tuple(queries))}), source)
    assert found(given, "Selects[].Table") == ["a"]
    assert found(given, "Deletes[].Table") == ["b"]
