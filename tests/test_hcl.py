"""HCL: what its expressions give, and what becomes of texts that nobody writes by mistake."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analyzer.errors import SourceError, SyntaxProblem
from analyzer.sources import read_source
from analyzer.templates import Found, machines_in, project_of
from analyzer.templates.hcl import template_parts
from analyzer.templates.hcl_evaluate import evaluate
from analyzer.templates.hcl_functions import settled
from analyzer.templates.hcl_values import Ref
from analyzer.templates.project import Project
from analyzer.templates.terraform_module import Configuration, read_module
from analyzer.text import Source

if TYPE_CHECKING:
    from collections.abc import Iterator

TESTS = Path(__file__).parent
CASES = TESTS / "templates" / "terraform"
AROUND = """
variable "env" { default = "dev" }
variable "on" { type = bool }
variable "count" { default = 3 }
variable "open" {}
variable "map" { default = { a = "1" } }
locals {
  word = "word"
  deep = { a = { b = ["x", "y"] } }
  rows = [{ id = "1" }, { id = "2" }]
  loop = local.pool
  pool = local.loop
}
resource "aws_sqs_queue" "q" {
  name          = "q-${var.env}"
  delay_seconds = 5
}
resource "aws_nonesuch" "t" {}
data "aws_caller_identity" "me" {}
data "aws_region" "me" {}
data "aws_partition" "me" {}
data "aws_ssm_parameter" "p" { name = "/p" }
module "remote" { source = "hashicorp/consul/aws" }
"""
MACHINE = """
resource "aws_sfn_state_machine" "m" {
  name       = "m"
  role_arn   = "arn:aws:iam::111122223333:role/m"
  definition = %s
}
"""


def table() -> Iterator[tuple[str, str]]:
    """Yield the expressions of `hcl_expressions.txt`, each with what it gives."""
    for line in (TESTS / "hcl_expressions.txt").read_text("utf-8").splitlines():
        if line.strip() and not line.startswith("#"):
            expression, _, value = line.rpartition(" => ")
            yield expression.strip(), value


@pytest.mark.parametrize(("expression", "value"), list(table()))
def test_an_expression_gives(expression: str, value: str, tmp_path: Path) -> None:
    """Each expression of the table gives what stands beside it."""
    source = Source(f"{AROUND}\nlocals {{\n  it = {expression}\n}}\n", str(tmp_path / "main.tf"))
    module = read_module(Configuration(Project(str(tmp_path)), str(tmp_path)), str(tmp_path), own=source)
    assert module is not None
    written = next(block.body.attributes["it"] for block in module.blocks("locals") if "it" in block.body.attributes)
    scope = module.scope()
    given = evaluate(written, scope)
    if isinstance(given, Ref):
        texts = scope.known.texts.get(given.name, ())
        shown = " | ".join([f"${{{given.name}}}", *map(json.dumps, texts)])
        shown = shown if texts or given.name.startswith("AWS::") else f"? {shown}"
        assert shown == value
    else:
        assert settled(given, written, scope) == json.loads(value)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("a ${b} c", ["a ", "b", " c"]),
        ("$${a} %%{b} $c", ["${a} %{b} $c"]),
        ("a  ${~ b ~}\n  c", ["a", "b", "c"]),
        ('${f("}", "${x}")}', ["", 'f("}", "${x}")', ""]),
        ("${ {a = 1} }", ["", "{a = 1}", ""]),
        ("}${a}{", ["}", "a", "{"]),
    ],
)
def test_a_template_is_cut_into_its_parts(text: str, parts: list[str]) -> None:
    """Texts and interpolations follow each other; quotes and braces inside an interpolation do not end it."""
    assert [part if isinstance(part, str) else part.written for part in template_parts(text, "x")] == parts


def read(text: str, folder: Path) -> list[Found | SourceError]:
    """Return what is found in a `main.tf`."""
    (folder / "main.tf").write_text(text, "utf-8")
    source = Source(text, str(folder / "main.tf"))
    return list(machines_in(source, Project(str(folder))) or ())


def problem(text: str, folder: Path) -> SourceError:
    """Return the one thing that is wrong with a configuration."""
    [error] = read(text, folder)
    assert isinstance(error, SourceError)
    return error


@pytest.mark.parametrize(
    ("definition", "message", "line", "column"),
    [
        ("<<EOF\n{\n  }\n", "the heredoc `EOF` never ends", 5, 16),
        ("<<EOF\n EOF x\n", "the heredoc `EOF` never ends", 5, 16),
        ('"a" /* and so on', "a comment never ends", 5, 20),
        ("[" * 100_000, "nested deeper than 200 levels", 5, 1),
        ('"' + "${[" * 100_000, "nested deeper than 200 levels", 5, 1),
        ("<<EOF\n" + "${[" * 100_000 + "\nEOF", "nested deeper than 200 levels", 1, 1),
        ("= 1", "the text is no HCL", 5, 16),
        ('"${"', "the text is no HCL", None, None),
        ("<<EOF\n${1 2}\nEOF", "the text is no HCL", None, None),
        ("<<EOF\n${1)\n  y = (2}\nEOF", "an interpolation never ends", None, None),
        ('"x"' + " " * 2_000_000, "larger than 1024 KiB", None, None),
    ],
    ids=["heredoc", "mark", "comment", "nesting", "string", "template", "syntax", "quote", "interpolation", "escape", "size"],
)
def test_what_is_no_hcl_is_refused(definition: str, message: str, line: int | None, column: int | None, tmp_path: Path) -> None:
    """A text that cannot be read is a syntax problem, at its place where that is known."""
    error = problem(MACHINE % definition, tmp_path)
    assert isinstance(error, SyntaxProblem)
    assert str(error) == message
    if line is not None:
        assert (error.line, error.column) == (line, column)


def test_lines_are_counted_past_heredocs(tmp_path: Path) -> None:
    """What stands behind a heredoc is reported at its own line."""
    assert problem(MACHINE % "<<EOF\n{\n\n}\nEOF" + "x = = 1", tmp_path).line == 11


@pytest.mark.parametrize(
    "step",
    [
        "[local.a{n}, local.a{n}]",
        "{{ x = local.a{n}, y = local.a{n} }}",
        '"${{local.a{n}}}${{local.a{n}}}"',
        "concat([local.a{n}], [local.a{n}])",
        "flatten([local.a{n}, local.a{n}])",
        'join("", [local.a{n}, local.a{n}])',
        'format("%s%s", local.a{n}, local.a{n})',
        'replace(local.a{n}, "x", local.a{n})',
        "jsonencode([local.a{n}, local.a{n}])",
        "[for x in [1, 2] : local.a{n}]",
        "local.a{n} * local.a{n}",
        "var.on ? local.a{n} : [local.a{n}, 1]",
    ],
)
@pytest.mark.parametrize("first", ['"xxxxxxxxxx"', "[1]", "9999999999"])
def test_values_that_double_with_each_name_end(step: str, first: str, tmp_path: Path) -> None:
    """Sixty names, each made of two of the one before, are refused or left open, and do not fill the memory."""
    names = "".join(f"  a{n + 1} = {step.format(n=n)}\n" for n in range(60))
    found = read(
        f"locals {{\n  a0 = {first}\n{names}}}\n" + MACHINE % "jsonencode({ StartAt = local.a60, States = {} })", tmp_path
    )
    assert len(found) == 1


def test_modules_that_call_each_other_many_times_end(tmp_path: Path) -> None:
    """Ten calls in each of five folders are a hundred thousand modules: so many are not read."""
    for depth in range(6):
        calls = "".join(f'module "m{n}" {{\n  source = "../d{depth + 1}"\n}}\n' for n in range(10))
        (tmp_path / f"d{depth}").mkdir()
        (tmp_path / f"d{depth}" / "main.tf").write_text(calls + MACHINE % '"{}"', "utf-8")
    source = read_source(str(tmp_path / "d0" / "main.tf"))
    found = list(machines_in(source, Project(str(tmp_path))) or ())
    assert any("is called too deep or too often" in str(one) for one in found)
    assert len(found) < 2_000


def test_many_blank_lines_cost_no_more_than_others(tmp_path: Path) -> None:
    """A grammar that looks for the end of a heredoc from each of its lines would not come back from this."""
    text = MACHINE % ("<<EOF\n" + '{"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}' + " \n" * 300_000 + "EOF")
    [found] = read(text, tmp_path)
    assert isinstance(found, Found)


@pytest.mark.parametrize("way", ["file", "folder"])
def test_a_link_out_of_the_project_is_not_followed(way: str, tmp_path: Path) -> None:
    """What a link leads to outside is as absent as what a path leads to."""
    project, outside = tmp_path / "project", tmp_path / "outside"
    project.mkdir()
    outside.mkdir()
    (outside / "flow.json").write_text('{"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}', "utf-8")
    (outside / "main.tf").write_text(MACHINE % 'file("flow.json")', "utf-8")
    if way == "file":
        (project / "flow.json").symlink_to(outside / "flow.json")
        assert "there is no file `flow.json` inside the project" in str(problem(MACHINE % 'file("flow.json")', project))
    else:
        (project / "inner").symlink_to(outside)
        assert read('module "inner" {\n  source = "./inner"\n}\n', project) == []


def test_without_the_library_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message says what to install, and what else can be given."""
    monkeypatch.setitem(sys.modules, "hcl2", None)
    error = problem(MACHINE % '"without the library"', tmp_path)
    assert str(error) == "reading Terraform sources needs python-hcl2 8"
    assert "pip install 'asl-iam[hcl]'" in error.help
    assert "terraform show -json" in error.help


# ------------------------------------------------------------------------------------------------------------- broken texts

SOURCES = sorted(CASES.glob("*/main.tf"))


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_whatever_is_cut_out_of_sources_nothing_fails(data: st.DataObject) -> None:
    """A configuration with a piece missing, doubled or moved gives machines or says what is wrong."""
    path = data.draw(st.sampled_from(SOURCES))
    text = path.read_text("utf-8")
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(len(text), start + 60)))
    put = data.draw(st.sampled_from(["", text[start:end] * 2, "${", '"', "}", "<<EOF\n", "null", "[*]", "\ue0200\ue021"]))
    source = Source(text[:start] + put + text[end:], str(path))
    for one in machines_in(source, project_of(str(path))) or ():
        assert isinstance(one, Found | SourceError)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_whatever_stands_in_a_plan_nothing_fails(data: st.DataObject) -> None:
    """A plan with any of its values replaced gives machines or says what is wrong."""
    path = CASES / "a-plan-of-what-exists" / "plan.json"
    plan = json.loads(path.read_text("utf-8"))
    holder = plan
    for _ in range(data.draw(st.integers(0, 9))):
        items = list(holder.values()) if isinstance(holder, dict) else holder
        inner = [one for one in items if isinstance(one, dict | list) and one]
        if not inner:
            break
        holder = data.draw(st.sampled_from(inner))
    keys = list(holder) if isinstance(holder, dict) else list(range(len(holder)))
    holder[data.draw(st.sampled_from(keys))] = data.draw(
        st.sampled_from([None, 1, "x", [], {}, [None], ["x"], {"references": ["var.x"]}])
    )
    for one in machines_in(Source(json.dumps(plan), str(path)), project_of(str(path))) or ():
        assert isinstance(one, Found | SourceError)
