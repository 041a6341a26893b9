"""The reports: transcripts of commands in tests/reports, one directory a case, and what holds for every report."""

from __future__ import annotations

import json
import re
import shlex
import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner
from jsonschema import Draft202012Validator

import analyzer
from analyzer import Source, analyze, make_context, report
from analyzer.analyze import Analysis
from analyzer.cli import main
from analyzer.errors import OptionError
from analyzer.maps import index, service_map
from analyzer.report.coverage import coverage_data, coverage_text
from analyzer.report.diagram import MERMAID_LIMIT, dot, mermaid
from analyzer.report.document import document, schema_text
from analyzer.report.entries import certainty_counts, entries
from analyzer.report.paint import Paint, printable, to_json, wrap

if TYPE_CHECKING:
    from collections.abc import Callable

CASES = Path(__file__).parent / "reports"
SAMPLES = sorted((Path(__file__).parent.parent / "samples").glob("*/definition.asl.*"))
CONTEXT = make_context(arn="arn:aws:states:eu-west-1:111122223333:stateMachine:Test", logging=True)


def transcript(commands: str) -> str:
    """Run *commands*, one a line, and write down what each printed where, and its exit code."""
    parts = []
    for command in commands.splitlines():
        arguments = shlex.split(command)
        assert arguments[0] == "asl-iam"
        done = CliRunner().invoke(main, arguments[1:], prog_name="asl-iam")
        error = f"--- standard error\n{done.stderr}" if done.stderr else ""
        # Colours are shown as they are written in most languages, so that a transcript is plain text.
        parts.append(f"$ {command}\n{done.stdout}{error}--- exit {done.exit_code}\n".replace("\x1b", "\\e"))
    return "\n".join(parts)


@pytest.mark.parametrize("case", sorted(path.parent.name for path in CASES.glob("*/commands.txt")))
def test_commands_print_what_the_transcript_shows(
    case: str, expect: Callable[[Path, str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a case prints, to the byte, on which stream and with which exit code."""
    monkeypatch.chdir(CASES / case)
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    expect(CASES / case / "transcript.txt", transcript((CASES / case / "commands.txt").read_text("utf-8")))


def analysed(path: Path) -> Analysis:
    """Analyse the definition at *path*."""
    return analyze(Source(path.read_text("utf-8"), path.name), CONTEXT)


def definitions() -> list[Path]:
    """Return every sample and every case that can be analysed."""
    return [
        *SAMPLES,
        *sorted(path for path in CASES.glob("*/*.*") if path.name in ("definition.json", "definition.yaml", "good.json")),
    ]


def chain(length: int) -> Analysis:
    """Analyse a machine of *length* states in a row."""
    states: dict[str, Any] = {f"S{number}": {"Type": "Pass", "Next": f"S{number + 1}"} for number in range(1, length)}
    states[f"S{length}"] = {"Type": "Succeed"}
    return analyze(Source(json.dumps({"StartAt": "S1", "States": states}), "chain.json"), CONTEXT)


# --------------------------------------------------------------------------------------------------------- JSON document


@pytest.mark.parametrize("path", definitions(), ids=lambda path: path.parent.name)
def test_the_document_follows_its_schema(path: Path) -> None:
    """What `--format json` prints is valid by the schema that `asl-iam schema` prints."""
    printed = json.loads(report(analysed(path), "json"))
    assert [error.message for error in Draft202012Validator(json.loads(schema_text())).iter_errors(printed)] == []
    assert printed["machines"][0]["source"]["path"] == path.name


def objects(value: Any) -> list[dict[str, Any]]:
    """Return every object inside *value*."""
    children = list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else []
    return ([value] if isinstance(value, dict) else []) + [found for child in children for found in objects(child)]


def test_the_schema_is_strict() -> None:
    """The schema itself is valid, and every object it describes lists its fields: a field it does not know is an error."""
    schema = json.loads(schema_text())
    Draft202012Validator.check_schema(schema)
    assert [found for found in objects(schema) if found.get("type") == "object" and "additionalProperties" not in found] == []
    printed = document([analysed(SAMPLES[0])])
    printed["machines"][0]["grants"][0]["surprise"] = 1
    assert not Draft202012Validator(schema).is_valid(printed)


@pytest.mark.parametrize("path", definitions(), ids=lambda path: path.parent.name)
def test_the_grants_of_the_document_are_the_grants_of_the_analysis(path: Path) -> None:
    """Grouping loses no pair of action and resource and makes none up, in the document as in the report for people."""
    analysis = analysed(path)
    wanted = {(grant.action, grant.resource, grant.role) for grant in analysis.grants}
    [machine] = json.loads(report(analysis, "json"))["machines"]
    assert {
        (entry["action"], resource, entry["role"]) for entry in machine["grants"] for resource in entry["resources"]
    } == wanted
    grouped = {
        (action, on, entry.role) for entry in entries(analysis.grants) for action in entry.actions for on in entry.resources
    }
    assert grouped == wanted


@pytest.mark.parametrize("path", definitions(), ids=lambda path: path.parent.name)
@pytest.mark.parametrize("form", ["text", "json", "policy", "trust"])
def test_the_same_definition_gives_the_same_bytes(path: Path, form: str) -> None:
    """Nothing in a report depends on when, where or after what it was made."""
    assert report(analysed(path), form) == report(analysed(path), form)


def test_a_place_that_is_not_known_is_null() -> None:
    """A diagnostic about the machine as a whole has no line; one about a state has the line of the state."""
    text = '{"StartAt": "A", "States": {\n "A": {"Type": "Succeed"},\n "B": {"Type": "Succeed"}}}'
    [machine] = json.loads(report(analyze(Source(text, "x")), "json"))["machines"]
    places = {found["id"]: (found["line"], found["column"], found["pointer"]) for found in machine["diagnostics"]}
    assert places["unknown-account"] == (None, None, "")
    assert places["unreachable-state"] == (3, 2, "/States/B")
    assert (machine["name"], machine["arn"]) == (None, None)


@pytest.mark.parametrize(("form", "count"), [("policy", 0), ("policy", 2), ("trust", 2), ("sarif", 1)])
def test_a_form_that_cannot_be_is_refused(form: str, count: int) -> None:
    """A form that does not exist, and a single document of several machines, are mistakes in how the library is used."""
    with pytest.raises(OptionError):
        report([chain(1)] * count, form)


# -------------------------------------------------------------------------------------------------------- text for people


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Prüfung 注文 ✓", "Prüfung 注文 ✓"),
        ("a\nb\tc", "a\\nb\\tc"),
        ("\x1b[31m", "\\x1b[31m"),
        ("\u202eabc\u2066", "\\u202eabc\\u2066"),
        ("no\u00a0break\u200b", "no\\xa0break\\u200b"),
        ("\udcff", "\\udcff"),
    ],
)
def test_what_a_terminal_could_act_on_is_written_as_an_escape(text: str, shown: str) -> None:
    """Letters of every language stay; control, format and lone surrogate characters become visible."""
    assert printable(text) == shown


def test_json_stays_the_same_value_when_it_is_made_printable() -> None:
    """Escaping what does not print changes how JSON looks, never what it says."""
    value = {"name\x1b": ["\u202e", "é", "\U000e0001", "\n", "注文"]}
    assert json.loads(to_json(value)) == value
    assert to_json(value).replace("\n", "").isprintable()


def test_nothing_is_lost_where_lines_are_broken() -> None:
    """A message longer than the report is wide keeps its words; a single long word stays in one piece."""
    words = " ".join(["word"] * 40 + ["x" * 100])
    lines = wrap(words, "- ", "  ")
    assert " ".join(line[2:] for line in lines) == words
    assert max(len(line) for line in lines if "x" not in line) <= 80


@pytest.mark.parametrize("path", definitions(), ids=lambda path: path.parent.name)
def test_a_report_fits_eighty_columns(path: Path) -> None:
    """Only what must stay in one piece is longer: an ARN, an address, a line of JSON."""
    report_part = report(analysed(path)).partition("\nPolicy of the execution role")[0]
    lines = [line for line in report_part.splitlines() if " " in line.strip().removeprefix("as ")]
    assert [line for line in lines if len(line) + sum(unicodedata.east_asian_width(char) == "W" for char in line) > 80] == []


def test_colour_changes_nothing_but_colour() -> None:
    """Without its escape sequences a coloured report is the plain one."""
    for path in definitions():
        coloured = report(analysed(path), color=True)
        assert "\x1b[" in coloured
        assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == report(analysed(path))


def test_a_permission_that_two_states_need_counts_once() -> None:
    """The summary counts what the policy has to allow, as sure as the surest reason for it."""
    task = {"Type": "Task", "Resource": "arn:aws:states:::dynamodb:putItem", "Parameters": {"TableName": "orders"}}
    definition = {"StartAt": "A", "States": {"A": {**task, "Next": "B"}, "B": {**task, "End": True}}}
    analysis = analyze(Source(json.dumps(definition), "x"), make_context(account="111122223333", region="eu-west-1"))
    assert certainty_counts(analysis.grants)["exact"] == 1
    assert "\n1 permission · 1 exact · " in report(analysis)


# --------------------------------------------------------------------------------------------------------------- diagrams


@pytest.mark.parametrize(("states", "drawn", "note"), [(99, 99, None), (100, 100, None), (123, 100, "23 more states not shown")])
def test_a_mermaid_diagram_has_a_limit(states: int, drawn: int, note: str | None) -> None:
    """A diagram too large to read is cut, and says so; Graphviz draws everything."""
    analysis = chain(states)
    text = mermaid(analysis)
    assert len(re.findall(r'^  s\d+[\[({]+"', text, re.MULTILINE)) == drawn
    assert len(re.findall(r"^  s\d+ --> s\d+$", text, re.MULTILINE)) == drawn - 1
    assert re.findall(r'left_out\["(.*)"\]', text) == ([note] if note else [])
    assert len(re.findall(r'^  s\d+ \[label="', dot(analysis), re.MULTILINE)) == states
    assert MERMAID_LIMIT == 100


def test_a_label_ends_where_it_should() -> None:
    """Whatever a state is called, its label holds no character that Mermaid, Markdown, HTML or Graphviz would act on."""
    for code in (*range(1, 256), 0x202E, 0x2028, 0xFEFF):
        name = chr(code) + "x" + chr(code)
        definition = {"StartAt": name, "States": {name: {"Type": "Succeed"}}}
        analysis = analyze(Source(json.dumps(definition), "x"), CONTEXT)
        [label] = re.findall(r'^  s1\(\["(.*)"\]\)$', mermaid(analysis), re.MULTILINE)
        assert re.fullmatch(r"(?:[\w ,:?!]|#\d+;)+", label)
        [quoted] = re.findall(r'^  s1 \[label="(.*)", shape=oval\];$', dot(analysis), re.MULTILINE)
        assert re.fullmatch(r'(?:[^"\\]|\\["\\])+', quoted)


# --------------------------------------------------------------------------------------------------------------- coverage


def test_what_is_covered_is_shown_whole() -> None:
    """Every operation of every map stands in the overview, and every action with its page under its service."""
    covered = index()
    overview = coverage_text(covered, None, Paint())
    for entry in coverage_data(covered, sorted(covered.services)):
        shown = coverage_text(covered, entry["service"], Paint())
        flat = " ".join(shown.split())
        for operation in entry["operations"]:
            direct = {row["operation"]: f"{row['kind']} ARN" for row in covered.direct if row["service"] == entry["service"]}
            label = direct.get(operation["operation"], operation["operation"])
            assert f"\n{label}" in shown
            assert entry["service"] == "machine" or f"  {label}" in overview
            for grant in operation["grants"]:
                assert all(action in flat for action in grant["actions"])
                assert all(resource in shown for resource in grant["resources"])
                assert grant["source"] in shown
        assert {operation["operation"] for operation in entry["operations"]} == set(service_map(entry["service"]).operations)


# -------------------------------------------------------------------------------------------------------------- interface


def test_every_public_name_is_the_thing_and_not_the_module_of_that_name() -> None:
    """`analyzer.analyze` and `analyzer.report` are functions, whatever was imported before."""
    for name in analyzer.__all__:
        assert getattr(analyzer, name).__name__ == name
    with pytest.raises(AttributeError, match="nothing"):
        getattr(analyzer, "nothing")  # noqa: B009 - the name is not known to a type checker
