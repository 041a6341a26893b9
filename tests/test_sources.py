"""Finding definitions and reading texts: what is accepted, what is refused, and in which words."""

from __future__ import annotations

import io
import json
import sys
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.errors import NotADefinition, SourceError, SourceNotFound, SyntaxProblem
from analyzer.sources import find, parse_any, parse_document, read_source
from analyzer.text import Source

if TYPE_CHECKING:
    from pathlib import Path

DEFINITION = '{"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}'


def value(text: str, key: str = "x") -> object:
    """Return what *key* of the definition *text* holds."""
    return parse_document(Source(text, "test"))[0][key]


def refusal(text: str) -> SourceError:
    """Return the error *text* is refused with."""
    with pytest.raises(SourceError) as caught:
        parse_document(Source(text, "test"))
    return caught.value


# ----------------------------------------------------------------------------------------------------------------- JSON

JSON_REFUSALS = {
    '{"a": "b\nc"}': (1, 9, "a line break or control character inside a string"),
    '{"a": "b': (1, 7, "a string that does not end"),
    '{"a": "\\x"}': (1, 8, "an escape that JSON does not have"),
    '{"a" 1}': (1, 6, "the colon after a key is missing"),
    '{"a": 1\n "b": 2}': (2, 2, "a comma or a closing bracket is missing before this"),
    "{} x": (1, 4, "more text after the end of the document"),
    "{}\n// x": (2, 1, "a JSON5 comment (`//`): JSON has no comments"),
    '{"a": 1 # x\n}': (1, 9, "a JSON5 comment (`#`): JSON has no comments"),
    '{"a": [1, 2, ]}': (1, 12, "a trailing comma: JSON allows none before a closing bracket"),
    '{"a": True}': (1, 7, "`True` is not a JSON value"),
    "{\"a\": 'b'}": (1, 7, "a string in single quotes: JSON knows double quotes only"),
    '{"a": .5}': (1, 7, "`.` where a value is expected"),
    '{"a": -Infinity}': (1, 7, "`-Infinity` is not a number JSON can hold"),
    '{"a": 1e999}': (1, 7, "`1e999` is not a number JSON can hold"),
    '{"a": ' + "9" * 500 + "}": (1, 7, "a number of 500 digits"),
    '{"a": "\\ud800"}': (1, 8, "an escape that is half of a surrogate pair, which is no character"),
    "[" * 100_000: (1, 201, "nested deeper than 200 levels"),
}


@pytest.mark.parametrize(("text", "expected"), JSON_REFUSALS.items(), ids=lambda part: str(part)[:40])
def test_what_is_not_strict_json_is_named(text: str, expected: tuple[int, int, str]) -> None:
    """The error says which construct it is, at its line and column, and what to do."""
    error = refusal(text)
    assert isinstance(error, SyntaxProblem)
    assert (error.line, error.column, str(error)) == expected
    assert error.help


def test_a_surrogate_pair_is_one_character() -> None:
    """Both halves together are fine; only a lone one is refused."""
    assert value('{"States": 1, "x": "\\ud83d\\ude00"}') == "😀"


def test_four_hundred_digits_are_still_a_number() -> None:
    """The limit on digits lets every number pass that something could mean."""
    assert value('{"States": 1, "x": ' + "9" * 400 + "}") == int("9" * 400)


def test_a_repeated_key_is_reported_where_it_is_repeated() -> None:
    """Every object is looked at, the last value counts, and the pointer leads to the key."""
    text = '{"States": {"A": {"x": 1, "y": 2, "x": 3}, "B": 1, "B": 2}}'
    document, diagnostics = parse_document(Source(text, "test"))
    assert document == {"States": {"A": {"x": 3, "y": 2}, "B": 2}}
    assert [(found.pointer, found.state) for found in diagnostics] == [(("States", "B"), "B"), (("States", "A", "x"), "A")]


@given(
    st.dictionaries(
        st.text(max_size=5), st.integers() | st.text(max_size=5) | st.none() | st.floats(allow_nan=False, allow_infinity=False)
    )
)
def test_json_is_read_as_the_standard_library_reads_it(made: dict[str, object]) -> None:
    """A strict JSON text comes back as it was written, without a diagnostic."""
    made["States"] = {}
    assert parse_document(Source(json.dumps(made), "test")) == (made, ())


# ----------------------------------------------------------------------------------------------------------------- YAML

YAML_VALUES = {
    "Yes": "Yes",
    "off": "off",
    "2012-10-17": "2012-10-17",
    "12:30": "12:30",
    "012345678901": "012345678901",
    "1_000": "1_000",
    "true": True,
    "FALSE": False,
    "~": None,
    "": None,
    "42": 42,
    "-7": -7,
    "0x1f": 31,
    "0o17": 15,
    ".5": 0.5,
    "1e3": 1000.0,
    '"42"': "42",
    "!!str 42": "42",
    '!!int "42"': 42,
    "!Sub a-${B}": {"Fn::Sub": "a-${B}"},
    "!Ref Table": {"Ref": "Table"},
    "!Condition Big": {"Condition": "Big"},
    "!GetAtt Table.Arn": {"Fn::GetAtt": ["Table", "Arn"]},
    "!GetAtt Nested.Outputs.Arn": {"Fn::GetAtt": ["Nested", "Outputs.Arn"]},
    "!GetAtt [Table, Arn]": {"Fn::GetAtt": ["Table", "Arn"]},
    "!Join ['-', [a, !Ref B]]": {"Fn::Join": ["-", ["a", {"Ref": "B"}]]},
    "{1: a, null: b, yes: c}": {"1": "a", "null": "b", "yes": "c"},
}


@pytest.mark.parametrize(("text", "expected"), YAML_VALUES.items())
def test_yaml_scalars_are_those_of_the_1_2_core_schema(text: str, expected: object) -> None:
    """What YAML 1.1 would turn into booleans, dates and octal numbers stays text; short tags become their long form."""
    found = value(f"States: 1\nx: {text}\n")
    assert (found, type(found)) == (expected, type(expected))


YAML_REFUSALS = {
    "States: .nan": (1, 9, "`.nan` is not a JSON number"),
    "States: !Secret x": (1, 9, "the YAML tag `!Secret` has no meaning in a definition"),
    "States: {[a]: b}": (1, 10, "a key that is not a text"),
    "States: 1\n---\nStates: 2": (2, 1, "more than one YAML document"),
    "States: &a [*a]": (1, 12, "nested deeper than 200 levels"),
    "States:\n  <<: 5": (2, 7, "a merge key (`<<`) that gives no mapping"),
    "States: " + "{a: " * 300 + "1" + "}" * 300: (1, 809, "nested deeper than 200 levels"),
    "- " * 50_000: (1, 1999, "nested deeper than 200 levels"),
}


@pytest.mark.parametrize(("text", "expected"), YAML_REFUSALS.items(), ids=lambda part: str(part)[:40])
def test_what_a_definition_cannot_be_in_yaml_is_named(text: str, expected: tuple[int, int, str]) -> None:
    """The error says what it is, at its line and column."""
    error = refusal(text)
    assert isinstance(error, SyntaxProblem)
    assert str(error) == expected[2]
    assert error.line == expected[0]
    assert error.help


def test_a_merge_key_gives_only_what_is_not_there() -> None:
    """What a mapping says itself wins over what it merges, and the first of several merged mappings over the next."""
    assert value("States: 1\na: &a {k: 1, l: 1}\nb: &b {k: 2, m: 2}\nx: {<<: [*a, *b], l: 3}") == {"k": 1, "l": 3, "m": 2}


def test_yaml_may_begin_like_json_where_the_file_is_called_so() -> None:
    """Flow style is YAML. What is neither is refused as the JSON that it begins like."""
    flow = "{StartAt: A, States: {A: {Type: Succeed},}}"
    assert parse_any(Source(flow, "a.asl.YAML"))[0] == {"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}
    for text, name in ((flow, "a.json"), (flow, "a.asl"), ("{StartAt: A, States: ", "a.yaml")):
        with pytest.raises(SyntaxProblem, match="the key `StartAt` has no quotes"):
            parse_any(Source(text, name))


@pytest.mark.parametrize(
    ("key", "help"), [("startAt", "did you mean `StartAt`?"), ("artifacts", "a definition is an object with")]
)
def test_a_key_is_taken_for_a_misspelt_one_only_when_it_is_like_it(key: str, help: str) -> None:
    """The manifest of a CDK assembly is no misspelt definition."""
    error = refusal(json.dumps({key: {}}))
    assert isinstance(error, NotADefinition)
    assert error.help.startswith(help)


@pytest.mark.parametrize("text", ["", "\ufeff \n", "7", '"StartAt"', "[1]", "- StartAt", "null", '{"Resources": {}}', "a: 1"])
def test_what_holds_no_machine_is_no_definition(text: str) -> None:
    """A readable text without `StartAt` and `States` is told apart from one that cannot be read."""
    assert isinstance(refusal(text), NotADefinition)


@given(st.text(max_size=60) | st.text(alphabet="{}[]\":, \n-&*!<ax1#'%\\", max_size=60))
def test_no_text_makes_the_reader_fail_otherwise(text: str) -> None:
    """Whatever the text, there is a document or a `SourceError`."""
    try:
        document, _ = parse_document(Source(text, "test"))
    except SourceError as error:
        document = {"message": str(error)}
    assert isinstance(document, dict)
    assert "\n" not in document.get("message", "")


# ---------------------------------------------------------------------------------------------------------------- files


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a project with definitions, other files, and folders that are left out; stand in it."""
    files = {
        "flows/b.json": DEFINITION,
        "flows/a.asl.yaml": "StartAt: A\nStates: {A: {Type: Succeed}}\n",
        "flows/deep/c.asl": DEFINITION,
        "flows/deep/broken.json": DEFINITION[:-1],
        "flows/package.json": '{"name": "x", "description": "StartAt and States"}',
        "flows/notes.yaml": "text: |\n  StartAt: A\n  States: {}\n",
        "flows/readme.md": DEFINITION,
        "flows/node_modules/d.json": DEFINITION,
        "flows/.cache/e.json": DEFINITION,
        "secret/f.json": DEFINITION,
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    (tmp_path / "flows" / "out.json").symlink_to(tmp_path / "secret" / "f.json")
    (tmp_path / "flows" / "outside").symlink_to(tmp_path / "secret", target_is_directory=True)
    (tmp_path / "flows" / "loop").symlink_to(tmp_path / "flows", target_is_directory=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


FOUND = {
    ("flows",): ["flows/a.asl.yaml", "flows/b.json", "flows/deep/broken.json", "flows/deep/c.asl"],
    (".",): ["flows/a.asl.yaml", "flows/b.json", "flows/deep/broken.json", "flows/deep/c.asl", "secret/f.json"],
    ("flows/*.json",): ["flows/b.json"],
    ("flows/**/*.json",): ["flows/b.json", "flows/deep/broken.json"],
    ("**/[!b]*.asl",): ["flows/deep/c.asl"],
    ("flows/?.json", "flows/b.json", "flows"): ["flows/b.json", "flows/a.asl.yaml", "flows/deep/broken.json", "flows/deep/c.asl"],
    ("flows/package.json",): ["flows/package.json"],
    ("flows/out.json",): ["flows/out.json"],
}


@pytest.mark.usefixtures("tree")
@pytest.mark.parametrize(("paths", "expected"), FOUND.items(), ids=" ".join)
def test_paths_name_these_sources(paths: tuple[str, ...], expected: list[str]) -> None:
    """Directories and patterns yield what looks like a definition, in order, each file once and none outside; files always."""
    assert [source.name for source in find(paths)] == expected


@pytest.mark.usefixtures("tree")
@pytest.mark.parametrize(
    "path", ["nope.json", "flows/.cache/x", "*.toml", "flows/*/*.toml", "a\0b", "secret/../nope", "[z-a].json", "[[]x", "[a--b]"]
)
def test_a_path_that_names_nothing_is_an_error(path: str) -> None:
    """A typing mistake is never taken for "nothing to do"."""
    with pytest.raises(SourceNotFound):
        find([path])


def test_a_directory_without_definitions_is_an_error(tmp_path: Path) -> None:
    """A directory that was named yields at least one definition."""
    with pytest.raises(SourceNotFound, match="no definition in the directory"):
        find([str(tmp_path)])


def test_a_dash_is_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    """``-`` reads the whole of standard input and calls it `<stdin>`."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(DEFINITION.encode())))
    assert find(["-"]) == [Source(DEFINITION, "<stdin>")]


@pytest.mark.parametrize(
    ("data", "line", "column", "message"),
    [
        (b"\xff\xfe{\x00", 1, 1, "the text is UTF-16"),
        (b'{"a":\n "\xc3\xa9\xe9"}', 2, 4, "not UTF-8: the byte 0xe9"),
        (b" " * (10 * 1024 * 1024 + 1), None, None, "larger than 10 MiB"),
    ],
    ids=["utf-16", "latin-1", "too large"],
)
def test_bytes_that_are_no_text_are_named(
    tmp_path: Path, data: bytes, line: int | None, column: int | None, message: str
) -> None:
    """Only UTF-8 of up to 10 MiB is read; the first byte that does not fit is shown at its place."""
    path = tmp_path / "x.json"
    path.write_bytes(data)
    with pytest.raises(SyntaxProblem) as caught:
        read_source(str(path))
    assert (caught.value.line, caught.value.column, str(caught.value)) == (line, column, message)
